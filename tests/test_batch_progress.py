"""How far a batch is: a bar where somebody looks, one line where nobody does."""

import contextlib
import os
import re
import sys
import threading
from decimal import Decimal

import pytest

from langchain_gptv.batch import progress
from langchain_gptv.batch.progress import LastLine, NotebookBar, Standing, make_progress

LAST = "3 answered for $0.0050; results in out.jsonl."


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 100 columns to write to, and what it was sent."""
    pty = pytest.importorskip("pty")
    mine, theirs = pty.openpty()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    shown: list[bytes] = []

    def read():
        with contextlib.suppress(OSError):  # the other side was closed
            while data := os.read(mine, 65_536):
                shown.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    screen = os.fdopen(theirs, "w")

    def text():
        screen.close()
        reader.join(5)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(shown).decode())

    yield screen, text
    screen.close()
    reader.join(5)
    os.close(mine)


def test_a_terminal_shows_count_rate_cost_and_failures(terminal, monkeypatch):
    """The bar moves with the work, and one line is left of it."""
    screen, text = terminal
    monkeypatch.setattr(sys, "stderr", screen)
    bar = make_progress(4)
    for finished in (1, 2, 3):
        bar.show(Standing(finished, 1, Decimal("0.0025")))
    bar.close(LAST)
    shown = text()
    assert re.search(r"asked .*3/4 [\d.,]+/s, \$0\.0025, 1 failed", shown)
    assert shown.rstrip().endswith(LAST)


def test_without_a_terminal_there_is_one_line_at_the_end(capsys):
    """A log is not filled with bars."""
    bar = make_progress(4)
    assert isinstance(bar, LastLine)
    bar.show(Standing(1, 0, Decimal()))
    bar.close(LAST)
    assert capsys.readouterr() == ("", f"{LAST}\n")


def test_a_notebook_has_a_bar_of_its_own(capsys, monkeypatch):
    """The bar of tqdm counts with the work, and the line is left under it."""
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    bar = make_progress(4)
    assert isinstance(bar, NotebookBar)
    bar.show(Standing(3, 1, Decimal("0.5")))
    bar.close(LAST)
    out, err = capsys.readouterr()
    assert out == f"{LAST}\n"
    assert "3/4" in err
