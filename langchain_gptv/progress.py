"""How far a long job is: a bar in a terminal or a notebook, and in a log a line a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from langchain_gptv.vision.tables import readable_cost

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn, Task

LOG_EVERY_S = 60.0
"""Between two lines where there is no terminal."""

_NARROW = 70
"""Columns of a terminal below which the words need the room of the bar."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a job is.

    Attributes:
        finished: Items, whether in this run or before, failed ones included.
        total: Items in all; None where nobody knows.
        failed: Of those that are finished.
        cost_usd: US dollars so far; None of a job that costs nothing.
        note: What is under way, such as "page 3 of report.pdf".
        said: What somebody has to know now; told in a line of its own, also in a log.
    """

    finished: int
    total: int | None = None
    failed: int = 0
    cost_usd: Decimal | None = None
    note: str = ""
    said: str = ""

    def __str__(self) -> str:
        parts = [
            "" if self.cost_usd is None else readable_cost(self.cost_usd),
            f"{self.failed:,} failed" if self.failed else "",
            self.note,
        ]
        return ", ".join(filter(None, parts))


class ProgressBar(Protocol):
    """Shows how far a job is."""

    def show(self, standing: Standing) -> None:
        """Show this. From any thread."""

    def close(self, last_line: str) -> None:
        """Show nothing more but one line that says how it ended; '' leaves none."""


class Quiet:
    """Shows nothing at all."""

    def show(self, standing: Standing) -> None:
        """Show nothing."""

    def close(self, last_line: str) -> None:
        """Show nothing."""


class LogLines:
    """A line a minute and one at the end, on stderr: for logs, pipes and cron."""

    def __init__(self, what: str) -> None:
        self._what, self._last = what, time.monotonic()

    def show(self, standing: Standing) -> None:
        """Write a line when the last one is a minute old."""
        self._write(standing.said)
        now = time.monotonic()
        if now - self._last >= LOG_EVERY_S:
            self._last = now
            of = "" if standing.total is None else f" of {standing.total:,}"
            told = f"{self._what} {standing.finished:,}{of}"
            self._write(", ".join(filter(None, (told, str(standing)))))

    def close(self, last_line: str) -> None:
        """Write the line."""
        self._write(last_line)

    def _write(self, line: str) -> None:
        if line:
            sys.stderr.write(f"{line}\n")


class TerminalBar:
    """A bar on stderr, with rate, cost so far and failures."""

    def __init__(self, what: str) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._bar = Progress(*_columns(console), console=console, transient=True)
        self._task = self._bar.add_task(what, total=None, note="")
        self._bar.start()

    def show(self, standing: Standing) -> None:
        """Move the bar."""
        self._print(standing.said)
        self._bar.update(self._task, completed=standing.finished, total=standing.total)
        rate = _readable_rate(self._bar.tasks[0].speed)
        note = ", ".join(filter(None, (rate, str(standing))))
        self._bar.update(self._task, note=note)

    def close(self, last_line: str) -> None:
        """Take the bar away and leave the line."""
        self._bar.stop()
        self._print(last_line)

    def _print(self, line: str) -> None:
        if line:  # above the bar, while there is one
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)


class NotebookBar:
    """tqdm's bar for notebooks, which counts the rate itself."""

    def __init__(self, what: str) -> None:
        self._bar: Any = import_module("tqdm.auto").tqdm(desc=what)

    def show(self, standing: Standing) -> None:
        """Move the bar."""
        if standing.total != self._bar.total:
            self._bar.reset(standing.total)
        self._bar.set_postfix_str(str(standing), refresh=False)
        self._bar.update(standing.finished - self._bar.n)
        if standing.said:
            self._bar.write(standing.said)

    def close(self, last_line: str) -> None:
        """Leave the bar as it is, and the line, which a saved notebook keeps."""
        self._bar.set_postfix_str("")
        self._bar.close()
        if last_line:
            sys.stdout.write(f"{last_line}\n")


def make_bar(wanted: bool | ProgressBar, what: str) -> ProgressBar:
    """Return the bar itself, as `progress_bar` shows it."""
    if not isinstance(wanted, bool):
        return wanted
    return _suitable(what) if wanted else Quiet()


@contextmanager
def progress_bar(wanted: bool | ProgressBar, what: str, resume: str) -> Iterator[ProgressBar]:
    """Show a bar while the block lasts; the block closes it with its last line.

    Args:
        wanted: True takes what suits the place: a notebook, a terminal, or neither.
        what: Is done, such as "asked".
        resume: What Ctrl-C left, and how to go on; the message of its `KeyboardInterrupt`.
    """
    bar = make_bar(wanted, what)
    try:
        yield bar
    except KeyboardInterrupt:
        bar.close("")
        raise KeyboardInterrupt(f"interrupted; {resume}") from None
    except BaseException:
        bar.close("")
        raise


def _suitable(what: str) -> ProgressBar:
    if _in_notebook():
        try:
            return NotebookBar(what)
        except ImportError:
            return LogLines(what)
    return TerminalBar(what) if sys.stderr.isatty() else LogLines(what)


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _columns(console: Console) -> list[ProgressColumn]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    class Note(TextColumn):
        """The one column that is cut, since the others may not wrap. Names are no markup."""

        def render(self, task: Task) -> Text:
            return Text(task.fields["note"], no_wrap=True, overflow="ellipsis")

    whole = Column(no_wrap=True)
    said, count = TextColumn("{task.description}"), MofNCompleteColumn(table_column=whole)
    note = Note("", table_column=Column())
    if console.width < _NARROW:
        return [said, count, note]
    time_left = TimeRemainingColumn(compact=True, table_column=whole.copy())
    return [said, BarColumn(20, table_column=whole.copy()), count, time_left, note]


def _readable_rate(a_second: float | None) -> str:
    if not a_second:
        return ""
    return f"{a_second:,.1f}/s" if a_second >= 1 else f"{a_second * 60:,.1f}/min"
