"""The compiled core under sanitizers: `make sanitize-address` and `make sanitize-thread`.

    python tests/core/sanitize.py address | thread [--calls 2000]

`address` finds accesses outside of arrays, undefined behaviour and leaks; `thread` finds races. The
core is built into build/sanitize-address or -thread; then run, and must end well,

    core_pool         the kernels and the pool in a program without Python
    core_memory       kept memory, likewise
    tests/test_core*  through Python, with the tests of the other kernels
    fuzz_core.py      random calls of the module, where that file is there

and planted faults must each be reported: in core_pool, and through Python in a kernel itself.

Python is not built with the sanitizer, so its runtime is loaded first (LD_PRELOAD), and leaks are
looked for in these two alone: Python leaves memory to the system when it ends. Tests that limit the
address space are left out, since a sanitizer reserves terabytes of it. So are those that fork:
`thread` knows of no new threads in a child, and a child of `address` inherits its allocator's lock
as another thread held it. core_pool forks while its threads allocate nothing. Needs GCC on Linux.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

RUNTIMES = {"address": ["libasan.so", "libstdc++.so"], "thread": ["libtsan.so"]}

NOT_RUN = ("test_core_stubs", "test_core_training")
"""Call no kernel that the others do not, and take long."""

OTHERS = (
    *("test_epilogues", "test_fill", "test_adam_kernel"),
    *("test_channels", "test_batch_norm", "test_densities"),
)
"""What neither those tests reach nor the small arrays of the fuzzer."""

LEFT_OUT = "memory or fork or child"

SUPPRESSIONS = """
# A thread's own variables are freed by whoever takes over its stack, which the C library orders.
race:_dl_deallocate_tls
"""

OPTIONS = {
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
    "OPENBLAS_NUM_THREADS": "1",  # its threads meet in ways that the sanitizer does not see
    "PYDIS_PATIENCE": "300",
    "PYTHONSAFEPATH": "1",
}

PLANTED = {
    "address": {
        "overflow": "heap-buffer-overflow",
        "undefined": "signed integer overflow",
        "leak": "detected memory leaks",
    },
    "thread": {"race": "data race"},
}

IN_PYTHON = {
    "address": """
import numpy as np
from pydis import _core
past = np.lib.stride_tricks.as_strided(np.ones(5000, np.float32), (100, 100), (400, 4))
_core.matmul(past, past)
""",
    "thread": """
import ctypes, threading
import numpy as np
from pydis import _core
a = np.ones((300, 300), np.float32)
kernel = threading.Thread(target=lambda: [_core.matmul(a, a) for _ in range(20)])
kernel.start()
for _ in range(1000):
    ctypes.memset(a.ctypes.data, 0, a.nbytes)
kernel.join()
""",
}


def main() -> None:
    """Build, run everything, plant every fault; exit status 1 at the first that is not as told."""
    parser = argparse.ArgumentParser(description="Run the compiled core under sanitizers.")
    parser.add_argument("kind", choices=list(RUNTIMES))
    parser.add_argument("--calls", type=int, default=2000, help="calls of the fuzzer")
    options = parser.parse_args()
    kind, folder = options.kind, ROOT / "build" / f"sanitize-{options.kind}"
    settings = ["cmake.build-type=RelWithDebInfo", f"cmake.define.PYDIS_SANITIZE={kind}"]
    python = build(folder, f"with -fsanitize={kind}", settings)
    program = str(folder / "cmake" / "core_pool")
    leaks = {"ASAN_OPTIONS": "detect_leaks=1"}
    preload = {"LD_PRELOAD": " ".join(map(runtime, RUNTIMES[kind]))}
    # A request for more memory than there is must fail as it does without a sanitizer.
    preload |= {"ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1"}
    preload |= {"PYTHONMALLOC": "malloc"}
    (folder / "suppressions").write_text(SUPPRESSIONS)
    suppressions = f"suppressions={folder / 'suppressions'}"
    preload |= {"TSAN_OPTIONS": f"halt_on_error=1:allocator_may_return_null=1:{suppressions}"}

    must_end_well("core_pool", [program], leaks)
    must_end_well("core_memory", [str(folder / "cmake" / "core_memory")], leaks)
    names = {path.stem for path in (ROOT / "tests").glob("test_core*.py")} | {*OTHERS}
    tests = [str(ROOT / "tests" / f"{name}.py") for name in sorted(names - {*NOT_RUN})]
    pytest = [
        python,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-k",
        f"not ({LEFT_OUT})",
    ]
    must_end_well("tests", [*pytest, *tests], preload)
    fuzzer = ROOT / "tests" / "fuzz_core.py"
    if fuzzer.exists():
        calls = ["--calls", str(options.calls), "--seed", "0", "--seconds", "600"]
        beside = {"PYTHONPATH": str(fuzzer.parent)}
        must_end_well("fuzzer", [python, str(fuzzer), *calls], preload | beside)

    for fault, message in PLANTED[kind].items():
        must_report(f"planted {fault}", [program, "plant", fault], leaks, message)
    message = next(iter(PLANTED[kind].values()))
    must_report("planted in Python", [python, "-c", IN_PYTHON[kind]], preload, message)


def build(folder: Path, how: str, settings: list[str]) -> str:
    """Install another build beside this interpreter's packages; the interpreter that has it."""
    site = folder / "site"
    begin = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    packages = next((folder / "venv" / "lib").glob("python*/site-packages"))
    # A path file is read in order, and the second folder's own path files are not.
    (packages / "other.pth").write_text(f"{site}\n{sysconfig.get_path('purelib')}\n")
    settings = [f"build-dir={folder / 'cmake'}", *settings]
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
    subprocess.run(
        [*install, "--target", site, *(f"-C{setting}" for setting in settings), str(ROOT)],
        env={**os.environ, "PYDIS_REQUIRE_CPP": "1"},
        check=True,
    )
    print(f"built {how} in {time.monotonic() - begin:.0f} s", flush=True)
    return str(folder / "venv" / "bin" / "python")


def runtime(name: str) -> str:
    """Where the compiler has a library of its own."""
    compiler = os.environ.get("CXX", "c++")
    ask = [compiler, f"-print-file-name={name}"]
    return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()


def must_end_well(what: str, command: list[str], environment: dict[str, str]) -> None:
    """Run a command, its output shown; leave with status 1 if it fails."""
    begin = time.monotonic()
    done = subprocess.run(command, env={**os.environ, **OPTIONS, **environment}, check=False)
    if done.returncode != 0:
        sys.exit(f"{what}: exit status {done.returncode}")
    print(f"{what}: passed in {time.monotonic() - begin:.0f} s", flush=True)


def must_report(what: str, command: list[str], environment: dict[str, str], message: str) -> None:
    """Negative control: the command must fail, and with this report."""
    done = subprocess.run(
        command,
        env={**os.environ, **OPTIONS, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0 or message not in done.stderr:
        sys.exit(
            f"{what}: not reported as {message!r}; exit status {done.returncode}\n{done.stderr}"
        )
    print(f"{what}: reported as {message!r}", flush=True)


if __name__ == "__main__":
    main()
