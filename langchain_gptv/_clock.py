"""Waiting for a service between two looks at it, which the replay of a cassette leaves out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds that pass; while its waits are skipped, they pass at once.

    Example:
        >>> clock = Clock()
        >>> start = clock.now()
        >>> with clock.skipping():
        ...     clock.wait(3600)
        >>> clock.now() - start > 3600
        True
    """

    def __init__(self) -> None:
        self._skips = 0
        self._skipped_s = 0.0

    def now(self) -> float:
        """Return seconds since some moment, the skipped ones among them."""
        return time.monotonic() + self._skipped_s

    def wait(self, seconds: float) -> None:
        """Let seconds pass."""
        time.sleep(self._left(seconds))

    async def await_for(self, seconds: float) -> None:
        """Let seconds pass without blocking the event loop."""
        await asyncio.sleep(self._left(seconds))

    @contextmanager
    def skipping(self) -> Iterator[None]:
        """Skip the waits of the whole process."""
        self._skips += 1
        try:
            yield
        finally:
            self._skips -= 1

    def _left(self, seconds: float) -> float:
        if not self._skips:
            return seconds
        self._skipped_s += seconds
        return 0


clock = Clock()
"""That of the package."""
