"""What commands show a person: a console for words and tables, and a bar for what takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_gptv.progress import Standing, make_bar

if TYPE_CHECKING:
    from rich.console import Console

ENDLESS = 10_000
"""Columns where there is no terminal: whoever reads a pipe wants a line for each thing."""


def open_console() -> Console:
    """Return a console for stdout, without colours of its own choice."""
    from rich import console

    class Console(console.Console):
        def on_broken_pipe(self) -> None:
            """Leave the exit status to `gptv`; Rich would end the process with 1."""
            raise BrokenPipeError

    opened = Console(highlight=False)
    return opened if opened.is_terminal else Console(highlight=False, width=ENDLESS)


class CommandBar:
    """Shows how far a job is; how it ended is told by the command, on stdout.

    Args:
        what: Is done, such as "asked".
    """

    def __init__(self, what: str) -> None:
        self._bar = make_bar(True, what)

    def show(self, standing: Standing) -> None:
        """Show this."""
        self._bar.show(standing)

    def close(self, last_line: str) -> None:
        """Take the bar away."""
        self._bar.close("")
