"""What loaders have done before, in one SQLite file: texts that were paid for, and whole files."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from langchain_core.documents import Document

_TABLES = """
CREATE TABLE IF NOT EXISTS texts (key TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    file TEXT, place INTEGER, id TEXT, text TEXT, metadata TEXT, PRIMARY KEY (file, place));
CREATE TABLE IF NOT EXISTS files (key TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


class LoaderCache:
    """A checkpoint of loaders, so that a second run does only what is new.

    Each description is kept as soon as it is there, by the digests of the picture, the prompt and
    the name of the model; the documents of a file by the digest of its bytes and the loader's
    settings. A write is whole or not there. Safe for threads, and for processes of one machine.

    Args:
        path: Of the file; made with its folder when it is not there.

    Example:
        >>> cache = LoaderCache(":memory:")
        >>> cache.keep_text(cache.key("picture", "prompt", "model"), "A cat.")
        >>> cache.text(cache.key("picture", "prompt", "model"))
        'A cat.'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if os.fspath(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._base = sqlite3.connect(
            path, timeout=60, isolation_level=None, check_same_thread=False
        )
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=NORMAL")
        self._base.executescript(_TABLES)

    @classmethod
    def of(cls, cache: LoaderCache | str | os.PathLike[str] | None) -> LoaderCache | None:
        """Return a cache as it is, and one at a path."""
        return cache if isinstance(cache, LoaderCache) or cache is None else cls(cache)

    @staticmethod
    def key(*parts: object) -> str:
        """Return one key for several values."""
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()

    def text(self, key: str) -> str | None:
        """Return a text that was kept, or None."""
        rows = self._run("SELECT text FROM texts WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def keep_text(self, key: str, text: str) -> None:
        """Keep a text."""
        self._run("INSERT OR REPLACE INTO texts VALUES (?, ?)", key, text)

    def count(self, file: str) -> int | None:
        """Return how many documents a file gave, or None when it was not read to its end."""
        rows = self._run("SELECT count FROM files WHERE key = ?", file)
        return int(rows[0][0]) if rows else None

    def documents(self, file: str) -> Iterator[Document]:
        """Yield the documents of a file, in order."""
        for place in range(self.count(file) or 0):
            rows = self._run(
                "SELECT id, text, metadata FROM documents WHERE file = ? AND place = ?", file, place
            )
            for doc_id, text, metadata in rows:
                yield Document(text, id=doc_id, metadata=json.loads(metadata))

    def keep_document(self, file: str, place: int, document: Document) -> None:
        """Keep one document of a file; the file counts only after `keep_file`."""
        values = document.id, document.page_content, json.dumps(document.metadata)
        self._run("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?)", file, place, *values)

    def keep_file(self, file: str, count: int) -> None:
        """Note that a file was read to its end without a failure."""
        self._run("INSERT OR REPLACE INTO files VALUES (?, ?)", file, count)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._base.execute(statement, values).fetchall()
