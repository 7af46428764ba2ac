"""A file for one process at a time; the system lets go of it when the process dies."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import IO

from langchain_gptv.exceptions import JournalLockedError

_FAR = 2**62
"""Windows locks bytes against reading too: one that no file has does not get in the way."""


def lock_file(file: IO[bytes], path: Path) -> None:
    """Lock an open file until it is closed.

    Raises:
        JournalLockedError: Another process, or another part of this one, holds it.
    """
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        raise JournalLockedError(
            errno.EWOULDBLOCK,
            f"'{path}' is in use by another run. Wait until it has ended, or choose another file.",
        ) from None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        os.lseek(file.fileno(), _FAR, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
