"""Random access to the few bytes of a file that a header needs."""

from __future__ import annotations

import io
from typing import BinaryIO

from langchain_gptv.exceptions import CorruptImageError

HEAD_BYTES = 4096
"""Bytes read at once from the start: enough for most headers in one system call."""

MAX_STEPS = 100_000
"""Blocks that a walk visits at most, so that a hostile file cannot make it endless."""

_MAX_BLOCK_BYTES = 16 << 20
_MAX_OFFSET = 1 << 62


class Peek:
    """Reads any part of a file by offset; the first bytes are read once and kept.

    A read past the end is a CorruptImageError that names the file, so a parser never sees fewer
    bytes than it asked for.

    Example:
        >>> Peek.over(b"GIF89a").at(3, 3)
        b'89a'
    """

    def __init__(self, file: BinaryIO, head: bytes, *, name: str) -> None:
        self._file = file
        self.head = head
        self.name = name

    @classmethod
    def into(cls, file: BinaryIO, *, name: str, first: int = HEAD_BYTES) -> Peek:
        """Peek into an open file at its start; -1 for `first` reads all of it at once."""
        return cls(file, file.read(first), name=name)

    @classmethod
    def over(cls, data: bytes, *, name: str = "data") -> Peek:
        """Peek into bytes in memory."""
        return cls(io.BytesIO(data), data, name=name)

    def at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`."""
        end = offset + length
        if end <= len(self.head):
            return self.head[offset:end]
        if length > _MAX_BLOCK_BYTES or offset > _MAX_OFFSET:
            raise self.damaged(f"it refers to {length:,} bytes at byte {offset:,}")
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) < length:
            raise self.damaged("it is cut off: the file ends too early")
        return data

    def size(self) -> int:
        """Return the bytes of the whole file."""
        return self._file.seek(0, io.SEEK_END)

    def find(self, byte: bytes, offset: int) -> int:
        """Return where `byte` is found next, from `offset` on."""
        self._file.seek(offset)
        while block := self._file.read(65_536):
            found = block.find(byte)
            if found >= 0:
                return offset + found
            offset += len(block)
        raise self.damaged("it is cut off: the file ends too early")

    def damaged(self, why: str) -> CorruptImageError:
        """Make the error that says what is wrong with this file."""
        return CorruptImageError(f"'{self.name}' is damaged: {why}. Save or download it again.")

    def endless(self) -> CorruptImageError:
        """Make the error of a walk that does not end."""
        return self.damaged(f"it has more than {MAX_STEPS:,} blocks")
