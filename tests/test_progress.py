"""How far a long job is: a bar where somebody looks, a line a minute where nobody does."""

import contextlib
import os
import re
import sys
import threading
from decimal import Decimal

import pytest

from langchain_gptv import progress
from langchain_gptv.progress import LogLines, NotebookBar, Quiet, Standing, make_bar, progress_bar

LAST = "3 answered for $0.0050; results in out.jsonl."


class Screen:
    """A terminal to write to, and what it was sent."""

    def __init__(self):
        pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
        self._mine, theirs = pty.openpty()
        self._shown: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.file = os.fdopen(theirs, "w")

    def _read(self):
        with contextlib.suppress(OSError):  # the other side was closed
            while data := os.read(self._mine, 65_536):
                self._shown.append(data)

    def close(self):
        """End it."""
        if not self.file.closed:
            self.file.close()
            self._reader.join(5)
            os.close(self._mine)

    def lines(self):
        """End it, and return the lines that it showed, without colours."""
        self.close()
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(self._shown).decode())
        return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


@pytest.fixture
def look(monkeypatch):
    """Return a function that makes stderr a terminal of some columns."""
    screen = Screen()

    def start(columns: int) -> Screen:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "stderr", screen.file)
        return screen

    yield start
    screen.close()


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_terminal_shows_count_rate_cost_and_failures(look):
    """The bar moves with the work, and one line is left of it."""
    screen = look(100)
    bar = make_bar(True, "asked")
    for finished in (1, 2, 3):
        bar.show(Standing(finished, 4, 1, Decimal("0.0025"), "[b]a.png"))
    bar.close(LAST)
    *shown, last = screen.lines()
    assert re.search(
        r"asked ━.* 3/4 .*[\d.,]+/s, \$0\.0025, 1 failed, \[b\]a\.png", "\n".join(shown)
    )
    assert last == LAST


@pytest.mark.parametrize("columns", [30, 50, 80])
def test_a_bar_keeps_to_one_line(look, columns):
    """In a narrow terminal the words are cut, and what counts stands first."""
    screen = look(columns)
    bar = make_bar(True, "files")
    for finished in (1, 2, 3):
        bar.show(Standing(finished, 400, 1, Decimal("0.0025"), "a" * 99))
    bar.close("")
    shown = screen.lines()
    assert max(map(len, shown)) <= columns
    assert all(line.startswith("files") for line in shown)
    assert any("3/400" in line for line in shown)


def test_a_rate_below_one_a_second_is_told_by_the_minute():
    """A slow model does not show as 0.0/s."""
    told = [progress._readable_rate(rate) for rate in (None, 0.05, 1.0, 1234.5)]
    assert told == ["", "3.0/min", "1.0/s", "1,234.5/s"]


def test_a_log_has_a_line_a_minute_and_one_at_the_end(capsys, clock):
    """A log is not filled with bars, and a job of hours is not silent."""
    bar = make_bar(True, "asked")
    assert isinstance(bar, LogLines)
    for second in range(0, 150, 10):
        clock[0] = second
        bar.show(Standing(second, 150, 1, Decimal("0.25"), "a.png"))
    bar.close(LAST)
    assert capsys.readouterr() == (
        "",
        "asked 60 of 150, $0.2500, 1 failed, a.png\n"
        f"asked 120 of 150, $0.2500, 1 failed, a.png\n{LAST}\n",
    )


def test_a_notebook_has_a_bar_of_its_own(capsys, monkeypatch):
    """The bar of tqdm counts with the work, and the line is left under it."""
    pytest.importorskip("tqdm", reason="the extra 'notebook' is not installed")
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    bar = make_bar(True, "asked")
    assert isinstance(bar, NotebookBar)
    bar.show(Standing(2, None))
    bar.show(Standing(3, 4, 1, Decimal("0.5")))
    bar.close(LAST)
    out, err = capsys.readouterr()
    assert out == f"{LAST}\n"
    assert "3/4" in err


def test_a_notebook_without_tqdm_has_lines(monkeypatch):
    """Nothing but the bar is missing where the extra is not installed."""
    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert isinstance(make_bar(True, "asked"), LogLines)


def test_no_bar_is_wanted(capsys):
    """False shows nothing, and a bar of one's own is taken as it is."""
    own = make_bar(False, "asked")
    assert isinstance(own, Quiet)
    assert make_bar(own, "asked") is own
    own.show(Standing(1))
    own.close(LAST)
    assert capsys.readouterr() == ("", "")


def test_an_interruption_says_how_to_go_on(look):
    """The bar is taken away, and the interrupt carries the words."""
    screen = look(80)

    def work():
        with progress_bar(True, "asked", "run the same again.") as bar:
            bar.show(Standing(1, 4))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^interrupted; run the same again\.$"):
        work()
    assert all(line.startswith("asked") for line in screen.lines())


def test_what_somebody_has_to_know_now_has_a_line_of_its_own(look, capsys, clock):
    """In a log it does not wait for the minute, and in a terminal it is not cut with the note."""
    now = Standing(1, 4, said="Finishing what is under way; Ctrl-C again leaves it.")
    bar = make_bar(True, "asked")
    bar.show(now)
    bar.show(Standing(2, 4))
    assert capsys.readouterr().err == f"{now.said}\n"
    screen = look(50)
    bar = make_bar(True, "asked")
    bar.show(now)
    bar.close("")
    assert "".join(line.strip() for line in screen.lines()).count(now.said) == 1
