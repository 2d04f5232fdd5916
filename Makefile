# For a new user:  make demo  shows what pydis does;  make test  checks it.
# Another interpreter: make PYTHON=python3.13 test

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml CMakeLists.txt $(wildcard csrc/*)

.PHONY: demo test lint trust clean results sanitize-address sanitize-thread strict

# Needs no compiler: without one pydis is pure Python.
demo: $(VENV)/installed-demo
	$(BIN)/pydis demo

test: lint
	PYDIS_REQUIRE_CPP=1 $(BIN)/python -m pytest

lint: $(VENV)/installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict pydis
	$(BIN)/clang-format --dry-run -Werror csrc/*.hpp csrc/*.cpp tests/core/*.cpp

# The trust report: faults in every function of the library, and which derivations see them.
trust: $(VENV)/installed-test
	$(BIN)/python tests/library_faults.py

# The compiled core built to find faults, and planted faults that it must find (GCC on Linux).
sanitize-address sanitize-thread: sanitize-%: $(VENV)/installed-test
	$(BIN)/python tests/core/sanitize.py $*

# The core without fused multiply-adds: the same bits from every instruction set.
strict: $(VENV)/installed-test
	$(BIN)/python tests/core/strict.py

# All of benchmarks/results/ again, with the rounds and contenders of the committed files, in about
# 50 minutes in which nothing else should run. TORCH_PYTHON is an interpreter with torch and numpy.
STEPS = $(BIN)/python benchmarks/steps_beside_torch.py --torch-python $(TORCH_PYTHON)
CONTENDERS = cpp eager channels_last compile
results: $(VENV)/installed-test
	$(BIN)/python benchmarks/kernels_beside_torch.py --torch-python $(TORCH_PYTHON) \
	    --threads 1 2 --rounds 10
	$(STEPS) beta-vae --threads 1 2 --rounds 8 --contenders numpy $(CONTENDERS)
	$(STEPS) beta-vae --threads 1 2 --rounds 6 --contenders cpp channels_last --busy
	$(STEPS) infogan --threads 1 --rounds 6 --contenders $(CONTENDERS)
	$(STEPS) infogan --threads 2 --rounds 8 --contenders $(CONTENDERS)
	$(STEPS) vae --threads 2 --rounds 6 --contenders $(CONTENDERS)
	$(STEPS) gan --threads 2 --rounds 6 --contenders $(CONTENDERS)
	$(STEPS) conditional-gan --threads 2 --rounds 6 --contenders $(CONTENDERS)
	$(BIN)/python benchmarks/memory.py --rounds 3 --json benchmarks/results/memory.json \
	    | tee benchmarks/results/memory.txt
	$(BIN)/python benchmarks/left_out.py | tee benchmarks/results/left_out.txt
	$(BIN)/pydis bench steps --filter beta-vae --rounds 10 --explain \
	    --json benchmarks/results/steps.json --svg benchmarks/results/steps.svg \
	    | tee benchmarks/results/steps.txt
	$(BIN)/python benchmarks/bench_page.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Both installs are editable: a change in Python needs no new one, a change in C++ makes one.
$(VENV)/installed-demo: $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	touch $@

$(VENV)/installed-test: $(SOURCES) | $(BIN)/python
	PYDIS_REQUIRE_CPP=1 $(BIN)/python -m pip install --quiet --editable '.[all,test,dev]'
	touch $@ $(VENV)/installed-demo

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find pydis tests -name __pycache__ -type d -prune -exec rm -rf {} +
