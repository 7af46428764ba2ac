"""The README keeps its word."""

import re

import pytest
from conftest import ROOT

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.usefixtures("engine")
def test_its_python_runs(monkeypatch, capsys):
    """Every Python block runs, one after another, from the root of a checkout."""
    monkeypatch.chdir(ROOT)
    namespace: dict = {}
    for block in blocks("python"):
        if "langchain.agents" in block:
            pytest.importorskip("langchain", reason="the extra 'agents' is not installed")
        exec(compile(block, "README.md", "exec"), namespace)
    assert "30.54" in capsys.readouterr().out


def test_its_test_command_is_what_ci_runs():
    """`.ci/run` runs the very command that the README gives."""
    command = 'pip install -e ".[all,test]" && pytest'
    assert command in blocks("console")[1]
    assert command.replace("install -e", "install --quiet -e") in (ROOT / ".ci/run").read_text()


def test_it_opens_with_the_two_commands_of_the_set_up():
    """One command runs the main job, one the tests; nothing else is needed before."""
    first, second = (block.strip() for block in blocks("console")[:2])
    assert first.startswith("pip install")
    assert "gptv ask" in first
    assert second.endswith("pytest")


def test_its_files_are_there():
    """Each picture, script and document that it names exists."""
    named = re.findall(r"(?:examples/[\w/.]+\.\w+|\]\((?!http)([\w/.]+)\))", README)
    paths = re.findall(r"examples/[\w/]+\.\w+", README) + [name for name in named if name]
    assert [path for path in paths if not (ROOT / path).exists()] == []
