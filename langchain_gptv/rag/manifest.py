"""What an index on disk was made from: files as they were seen, and the documents of each."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, settings TEXT, sha256 TEXT, error TEXT);
CREATE TABLE IF NOT EXISTS documents (doc_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_digest ON documents (sha256);
"""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as it was when it was indexed.

    Attributes:
        path: Absolute.
        size: Bytes.
        mtime_ns: When it was changed.
        settings: How it was read.
    """

    path: str
    size: int
    mtime_ns: int
    settings: str

    @classmethod
    def at(cls, path: Path, settings: str) -> SeenFile:
        """Return a file as it is now.

        Raises:
            OSError: It is not there, or may not be looked at.
        """
        stat = path.stat()
        return cls(os.path.abspath(path), stat.st_size, stat.st_mtime_ns, settings)  # noqa: PTH100


class Manifest:
    """A SQLite file beside an index; each change is whole or not there.

    Documents belong to the bytes of a file, not to its path, so that a copy or a file that was
    moved is known.

    Args:
        path: Of the file; made when it is not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._base = sqlite3.connect(
            path, timeout=60, isolation_level=None, check_same_thread=False
        )
        self._base.executescript(_TABLES)

    def below(self, folder: Path) -> dict[str, SeenFile]:
        """Return the files that are known in a folder and below, by path."""
        start = os.path.join(os.path.abspath(folder), "")  # noqa: PTH100, PTH118
        rows = self._base.execute("SELECT path, size, mtime_ns, settings FROM files ORDER BY path")
        return {row[0]: SeenFile(*row) for row in rows if row[0].startswith(start)}

    def errors(self, folder: Path) -> dict[str, str]:
        """Return why files in a folder and below could not be indexed, as a whole or in part."""
        rows = self._base.execute("SELECT path, error FROM files WHERE error <> ''").fetchall()
        known = self.below(folder)
        return {path: error for path, error in rows if path in known}

    def keep(self, file: SeenFile, sha256: str, doc_ids: Iterable[str], error: str = "") -> None:
        """Note that a file was indexed, as far as it could be."""
        self._base.execute("BEGIN")
        values = file.path, file.size, file.mtime_ns, file.settings, sha256, error
        self._base.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", values)
        rows = [(doc_id, sha256) for doc_id in doc_ids]
        self._base.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?)", rows)
        self._base.execute("COMMIT")

    def forget(self, paths: Iterable[str]) -> None:
        """Forget files; what only they had are `orphans` then."""
        self._base.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in paths])

    def orphans(self) -> list[str]:
        """Return the documents of which no file is left."""
        wanted = "SELECT doc_id FROM documents WHERE sha256 NOT IN (SELECT sha256 FROM files)"
        return [row[0] for row in self._base.execute(wanted)]

    def drop(self, doc_ids: Iterable[str]) -> None:
        """Forget documents."""
        rows = [(doc_id,) for doc_id in doc_ids]
        self._base.executemany("DELETE FROM documents WHERE doc_id = ?", rows)

    def paths_of(self, sha256: str) -> list[str]:
        """Return where the files with these bytes lie."""
        rows = self._base.execute("SELECT path FROM files WHERE sha256 = ? ORDER BY path", [sha256])
        return [row[0] for row in rows]

    def counts(self) -> tuple[int, int]:
        """Return how many files and documents there are."""
        files = self._base.execute("SELECT COUNT(*) FROM files").fetchone()[0]
        return int(files), int(self._base.execute("SELECT COUNT(*) FROM documents").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._base.close()
