"""A file of results that survives kill -9, a full disk and a second process: JSON, a line each."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Self

from langchain_gptv.batch.locks import lock_file
from langchain_gptv.exceptions import JournalError

_START = b'{"key":'
_SPARE_BYTES = 2**20
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Record = dict[str, Any]


class Journal:
    """Finished work by key: a line is on the disk before `append` returns, or it is not there.

    What a killed process left of its last line is cut off when the file is opened again. Only one
    process at a time may hold it. For threads of one process it is safe.

    Args:
        path: A file of JSON lines; made when it is not there.

    Attributes:
        path: The file.

    Raises:
        JournalLockedError: Another process, or another `Journal`, has it open.
        JournalError: The file holds something else, or cannot be written.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/described.jsonl"
        >>> with Journal(path) as journal:
        ...     journal.append({"key": "3f9a", "answer": "A cat."})
        >>> with Journal(path) as journal:
        ...     journal["3f9a"]["answer"]
        'A cat.'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._mutex = threading.Lock()
        self._offsets: dict[str, int] = {}
        self._items: set[int] = set()
        self._failed: set[str] = set()
        self._spare = self.path.with_name(f"{self.path.name}.spare")
        self._no_room: JournalError | None = None
        self._file = _open(self.path)
        try:
            lock_file(self._file, self.path)
            self._end, torn = self._read_all()
            self._file.truncate(self._end)
            self._keep_room()
            if torn is not None:  # all of it but the end of its line
                self.append(torn)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, key: object) -> bool:
        return key in self._offsets

    def __getitem__(self, key: str) -> Record:
        with self._mutex:
            self._file.seek(self._offsets[key])
            record: Record = json.loads(self._file.readline())
        return record

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._offsets))

    @property
    def failed(self) -> frozenset[str]:
        """Keys whose last record has `"ok": false`."""
        return frozenset(self._failed)

    def is_done(self, key: str) -> bool:
        """Whether the last record under the key is no failure."""
        return key in self._offsets and key not in self._failed

    def holds(self, key: str, item: str) -> bool:
        """Whether a record under the key names the item, so that a copy of it is told apart."""
        return hash((key, item)) in self._items

    def append(self, record: Mapping[str, Any]) -> None:
        """Write a record and wait until the disk has it. Takes milliseconds; not for an event loop.

        Args:
            record: JSON with a `key`; a later record of the same key stands for it. `"ok": False`
                marks a failure, and `item` may name what it is about.

        Raises:
            JournalError: The disk is full, or fails. Everything before stays.
        """
        line = {"key": record["key"], **record}
        data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with self._mutex:
            self._write(data)
            self._note(record, self._end)
            self._end += len(data)

    def close(self) -> None:
        """Give the file to others; closing twice does no harm."""
        with self._mutex:
            if not self._file.closed:
                self._spare.unlink(missing_ok=True)
                self._file.close()

    def _write(self, data: bytes) -> None:
        try:
            self._put(data)
        except OSError as error:
            if error.errno not in _NO_ROOM or self._no_room is not None:
                raise self._unwritable(error) from None
            # Answers that are under way when the disk fills up are paid for: there is room kept.
            self._no_room = self._unwritable(error)
            self._spare.unlink(missing_ok=True)
            self._write(data)

    def _put(self, data: bytes) -> None:
        try:
            self._file.seek(self._end)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            os.fsync(self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)
            raise

    def check_room(self) -> None:
        """Raise when the disk was full: what is under way is still kept, no more to be begun.

        Raises:
            JournalError: It was.
        """
        if self._no_room is not None:
            raise self._no_room

    def _keep_room(self) -> None:
        try:
            self._spare.write_bytes(os.urandom(_SPARE_BYTES))
        except OSError as error:
            self._spare.unlink(missing_ok=True)
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> JournalError:
        kept = f"The {len(self):,} results that it holds are kept"
        return JournalError(
            error.errno,
            f"'{self.path}' cannot be written: {error.strerror}. {kept}; free some space and run "
            "the same again to go on.",
        )

    def _read_all(self) -> tuple[int, Record | None]:
        """Note every line; return where the last whole one ends, and what follows if it is one."""
        end = 0
        self._file.seek(0)
        for number, line in enumerate(self._lines(), 1):
            if not line.endswith(b"\n") or not line.strip(b"\0\n"):
                return end, self._torn(line, number)
            self._note(self._parsed(line, number), end)
            end += len(line)
        return end, None

    def _lines(self) -> Iterator[bytes]:
        with open(self._file.fileno(), "rb", buffering=2**20, closefd=False) as lines:
            yield from lines

    def _parsed(self, line: bytes, number: int) -> Record:
        try:
            record = json.loads(line)
            if isinstance(record, dict) and isinstance(record["key"], str):
                return record
        except (ValueError, KeyError):
            pass
        raise self._foreign(number)

    def _torn(self, line: bytes, number: int) -> Record | None:
        # A machine that lost power may leave zeros in place of what was written last.
        text = line.strip(b"\0\n")
        if not (text.startswith(_START) or _START.startswith(text)):
            raise self._foreign(number)
        try:
            return self._parsed(line, number)
        except JournalError:
            return None

    def _foreign(self, number: int) -> JournalError:
        return JournalError(
            errno.EINVAL,
            f"'{self.path}', line {number}, is no result of a batch, and the file was left as it "
            "is. Choose another file for the results.",
        )

    def _note(self, record: Mapping[str, Any], offset: int) -> None:
        key = record["key"]
        self._offsets[key] = offset
        self._items.add(hash((key, record.get("item"))))
        if record.get("ok", True):
            self._failed.discard(key)
        else:
            self._failed.add(key)


def _open(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not through a buffer: half a line left in one would follow a full disk.
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        file: IO[bytes] = os.fdopen(handle, "r+b", buffering=0)
    except OSError as error:
        raise JournalError(
            error.errno, f"'{path}' cannot be opened: {error.strerror}. Choose another file."
        ) from None
    _sync_folder(path.parent)
    return file


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file last; Windows has no such thing."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
