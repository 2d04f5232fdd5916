"""What the README shows is what happens."""

import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

import pydis.bench.commands
import pydis.cli
from pydis.models import VAE
from pydis.training import TrainConfig, commands
from pydis.training.config import to_toml

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_python_example_prints_what_it_says(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    said = re.findall(r"^print\(.*\)\s+# (.*)$", code, re.MULTILINE)
    assert printed == said
    assert len(said) == 2


COMMANDS = re.findall(r"^ {4}(?:\.venv/bin/)?pydis (.*?)(?:\s+#.*)?$", README, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str, monkeypatch, tmp_path):
    """The option parser accepts it; the work itself is replaced."""
    assert len(COMMANDS) >= 4
    done = []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "config.toml").write_text(to_toml(TrainConfig(VAE())))

    def pretend(*arguments: object, **options: object) -> SimpleNamespace:
        done.append(arguments)
        return SimpleNamespace(folder=Path("runs"))

    for module in (pydis.cli, commands):
        monkeypatch.setattr(module, "make_run", pretend)
        monkeypatch.setattr(module, "open_run", pretend)
        monkeypatch.setattr(module, "train_to_end", lambda run: {})
    monkeypatch.setattr(pydis.cli, "_report", lambda run, json: {})
    monkeypatch.setattr(pydis.bench.commands, "run", lambda asked, rows: 0)
    assert pydis.cli.main(shlex.split(command)) == 0
    assert done or command.split(maxsplit=1)[0] in ("info", "verify", "bench")


def test_links_and_pictures_are_here():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 4
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_a_model_of_your_own_is_forty_lines_that_run(capsys):
    page = (ROOT / "docs" / "own_model.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(code.strip().splitlines()) <= 40
    exec(compile(code, "own_model.md", "exec"), {})
    said = re.findall(r"^print\(.*\)\s+# (.*)$", code, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == said == ["(1000, 2)", "True"]


def test_a_derivation_of_your_own_holds(capsys):
    page = (ROOT / "docs" / "derivations.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(code, "derivations.md", "exec"), {})
    said = re.findall(r"^print\(.*\)\s+# (.*)$", code, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == 2
