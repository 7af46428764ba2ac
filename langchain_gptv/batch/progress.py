"""How far a long job is: a bar in a terminal or a notebook, and elsewhere one line at its end."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import Any, Protocol

from langchain_gptv.vision.tables import readable_cost


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a job is.

    Attributes:
        finished: Items, whether asked now or before, failed ones included.
        failed: Of them.
        cost_usd: US dollars so far.
    """

    finished: int
    failed: int
    cost_usd: Decimal

    def __str__(self) -> str:
        return f"{readable_cost(self.cost_usd)}, {self.failed:,} failed"


class Progress(Protocol):
    """Shows how far a job is."""

    def show(self, standing: Standing) -> None:
        """Show this."""

    def close(self, last_line: str) -> None:
        """Show nothing more but one line that says how it ended."""


class Quiet:
    """Shows nothing at all."""

    def show(self, standing: Standing) -> None:
        """Show nothing."""

    def close(self, last_line: str) -> None:
        """Show nothing."""


class LastLine(Quiet):
    """Shows how it ended, on stderr: for logs, pipes and cron."""

    def close(self, last_line: str) -> None:
        """Write the line."""
        sys.stderr.write(f"{last_line}\n")


class TerminalBar:
    """A bar on stderr, with rate, cost so far and failures."""

    def __init__(self, total: int | None, what: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        said, note = TextColumn("{task.description}"), TextColumn("{task.fields[note]}")
        columns = (said, BarColumn(None), MofNCompleteColumn(), note, TimeLeft(compact=True))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, expand=True)
        self._task = self._bar.add_task(what, total=total, note="")
        self._since = time.monotonic()
        self._first: int | None = None
        self._bar.start()

    def show(self, standing: Standing) -> None:
        """Move the bar."""
        self._first = standing.finished - 1 if self._first is None else self._first
        rate = (standing.finished - self._first) / max(time.monotonic() - self._since, 0.001)
        note = f"{rate:.1f}/s, {standing}"
        self._bar.update(self._task, completed=standing.finished, note=note)

    def close(self, last_line: str) -> None:
        """Take the bar away and leave the line."""
        self._bar.stop()
        self._bar.console.print(last_line, markup=False, highlight=False, soft_wrap=True)


class NotebookBar:
    """tqdm's bar for notebooks."""

    def __init__(self, total: int | None, what: str) -> None:
        self._bar: Any = import_module("tqdm.auto").tqdm(total=total, desc=what)

    def show(self, standing: Standing) -> None:
        """Move the bar."""
        self._bar.set_postfix_str(str(standing), refresh=False)
        self._bar.update(standing.finished - self._bar.n)

    def close(self, last_line: str) -> None:
        """Leave the bar as it is, and the line."""
        self._bar.set_postfix_str("")
        self._bar.close()
        sys.stdout.write(f"{last_line}\n")


def make_progress(total: int | None, what: str = "asked") -> Progress:
    """Return what suits the place: a notebook, a terminal, or neither."""
    if _in_notebook():
        try:
            return NotebookBar(total, what)
        except ImportError:
            return LastLine()
    return TerminalBar(total, what) if sys.stderr.isatty() else LastLine()


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"
