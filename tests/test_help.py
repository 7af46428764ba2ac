"""`gptv --help` teaches by example."""

import re

import documents
import pytest
import typer.main
from typer.testing import CliRunner

from langchain_gptv.cli import app

COMMANDS = sorted(typer.main.get_command(app).commands)
WITH_JSON = ["ask", "describe", "read", "tokens", "doctor"]


@pytest.fixture
def shown(monkeypatch):
    """Return what `gptv` prints for some arguments in a terminal of some columns."""

    def run(*args: str, columns: int = 80) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", columns)
        monkeypatch.setenv("NO_COLOR", "1")
        done = CliRunner().invoke(app, args)
        assert done.exit_code == 0, done.output
        return done.output

    return run


@pytest.mark.parametrize("columns", [50, 80])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_narrow_terminal(shown, command, columns):
    """No line is longer, and no colour is sent, in 80 columns and in 50."""
    out = shown(*filter(None, [command, "--help"]), columns=columns)
    assert max(map(len, out.splitlines())) <= columns
    assert "\x1b[" not in out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_parse(shown, command):
    """The lines to type are shown whole and are right."""
    epilog = typer.main.get_command(app).commands[command].epilog
    typed = [line for line in epilog.splitlines() if line.startswith("gptv ")]
    assert len(typed) >= 2
    out = " ".join(shown(command, "--help").split())
    for line in typed:
        assert " ".join(line.split()) in out
        for args in documents.commands(line):
            documents.parse(args)


def test_help_tells_every_exit_status(shown):
    """Those of the documentation are those of the help."""
    page = (documents.DOCS / "cli.md").read_text()
    told = re.findall(r"^\s+(\d+)  (\S.*?)\s*$", shown("--help"), re.MULTILINE)
    assert [status for status, _ in told] == ["0", "1", "2", "130", "141"]
    for status, meaning in told:
        assert f"| {status} | {meaning} |" in page


@pytest.mark.parametrize("command", WITH_JSON)
def test_json_is_an_option_of_each_command_that_tells_something(shown, command):
    """Programs read what people read."""
    assert "--json" in shown(command, "--help")
