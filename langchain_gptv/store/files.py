"""A LangChain store over a folder: one file per key, whole or not there."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from langchain_core.stores import BaseStore

from langchain_gptv._files import write_atomically, written_beside

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class FileStore(BaseStore[str, bytes]):
    """A `BaseStore[str, bytes]` over a folder, for threads and processes that share it.

    A file is written beside its place and moved there, so a crash leaves no half of one. Reading
    a file marks it as used.

    Args:
        folder: Made when it is not there.

    Example:
        >>> import tempfile
        >>> files = FileStore(tempfile.mkdtemp())
        >>> files.mset([("cat/1", b"meow")])
        >>> files.mget(["cat/1", "dog"])
        [b'meow', None]
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """Read the files; None where there is none."""
        return [self._read(self._path(key)) for key in keys]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Write the files, each atomically."""
        for key, value in key_value_pairs:
            write_atomically(self._path(key), value)

    def add_new(self, key: str, value: bytes) -> bool:
        """Write a file, or return False when it is there, in one step for all processes."""
        path = self._path(key)
        with written_beside(path, value) as temporary:
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
        return True

    def mdelete(self, keys: Sequence[str]) -> None:
        """Delete the files that are there."""
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, sorted."""
        return (key for key, _ in sorted(self._files(prefix or "")))

    def sizes(self, prefix: str) -> list[tuple[str, int]]:
        """Return (key, bytes) of the files, longest unused first."""
        used = sorted(self._files(prefix), key=lambda found: found[1].st_mtime_ns)
        return [(key, stat.st_size) for key, stat in used]

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not all(_PART.fullmatch(part) for part in parts):
            raise ValueError(
                f"The key {key[:80]!r} cannot be a file name. Use letters, digits and _ . - /"
            )
        return self.folder.joinpath(*parts)

    def _read(self, path: Path) -> bytes | None:
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        with contextlib.suppress(OSError):  # a folder that may only be read
            os.utime(path)
        return data

    def _files(self, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
        below = self.folder.joinpath(*prefix.split("/")[:-1])
        for folder, _, names in os.walk(below):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self.folder).as_posix()
                if key.startswith(prefix) and not name.startswith("."):
                    with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                        yield key, path.stat()
