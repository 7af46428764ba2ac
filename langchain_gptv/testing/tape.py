"""The cassette of one test under pytest, and what is said when the test does not keep to it."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Tape:
    """The cassette of one test.

    Attributes:
        cassette: vcrpy's, once it is open.
        files: Our persister, once the recorder is furnished.
        loaded: How many exchanges came from the file.
        existed: Whether there was a file.
        fresh: Whether the file is recorded anew, so that what it holds is not read.
    """

    cassette: Any = None
    files: Any = None
    loaded: int = 0
    existed: bool = False
    fresh: bool = False

    @property
    def path(self) -> Path:
        """Where it lies, or would lie."""
        return Path(self.cassette._path)

    def unplayed(self) -> list[Any]:
        """Return the requests from the file that the test did not send."""
        if self.cassette.record_mode.value == "all":
            return []
        counts, requests = self.cassette.play_counts, self.cassette.requests[: self.loaded]
        return [each for index, each in enumerate(requests) if not counts[index]]


def check_played(item: pytest.Item, tape: Tape) -> None:
    """Fail a test that leaves exchanges of its cassette unplayed."""
    left = tape.unplayed()
    if left:
        names = ", ".join(f"{each.method} {each.uri}" for each in left[:3])
        pytest.fail(
            f"{len(left)} of {tape.loaded} exchanges in {shown(tape.path)} were not played: "
            f"{names}. If the test no longer sends them, record it again: "
            f"{_command(item, 'rewrite')}",
            pytrace=False,
        )


def explain(item: pytest.Item, tape: Tape, error: BaseException) -> None:
    """Add to the error what differs from the cassette, and the command that records it."""
    from vcr.errors import CannotOverwriteExistingCassetteException as NotInCassette

    while error.__cause__ is not None and not isinstance(error, NotInCassette):
        error = error.__cause__
    if not isinstance(error, NotInCassette):
        return
    if not tape.existed:
        path = shown(tape.path)
        error.add_note(f"There is no cassette {path}. Record it: {_command(item, 'once')}")
        return
    line = _closest(tape, error)
    if line:
        error.add_note(f"Differs from {shown(tape.path)}: {line}")
    error.add_note(f"If the change is wanted, record it again: {_command(item, 'rewrite')}")


def _closest(tape: Tape, error: Any) -> str:
    """Return what differs from the exchange that is most alike."""
    matches = error.cassette.find_requests_with_most_matches(error.failed_request)
    lines = ["; ".join(f"{name}: {text}" for name, text in failed) for *_, failed in matches]
    return min(lines, key=len, default="")


def _command(item: pytest.Item, mode: str) -> str:
    """Return the command that records a test, as typed where pytest was started."""
    start = item.config.invocation_params.dir
    test = item.nodeid.partition("::")[2]
    name = shlex.quote(f"{os.path.relpath(item.path, start)}::{test}")
    options = item.config.option
    blocked = getattr(options, "disable_socket", False) or getattr(options, "allow_hosts", None)
    force = " --force-enable-socket" if blocked else ""
    return f"pytest {name} --record-mode={mode}{force}"


def shown(path: Path) -> str:
    """Return the path as from here."""
    return os.path.relpath(path)
