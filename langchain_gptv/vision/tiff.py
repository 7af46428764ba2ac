"""The directories of a TIFF file, which are also those of EXIF data."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from langchain_gptv.exceptions import CorruptImageError
from langchain_gptv.vision.peek import MAX_STEPS, Peek

WIDTH, HEIGHT, BITS, ORIENTATION, SAMPLES, EXTRA_SAMPLES = 256, 257, 258, 274, 277, 338
_WANTED = frozenset({WIDTH, HEIGHT, BITS, ORIENTATION, SAMPLES, EXTRA_SAMPLES})
_NUMBERS = {3: ("H", 2), 4: ("I", 4), 16: ("Q", 8)}  # SHORT, LONG, LONG8
_MAX_ENTRIES = 4096


class _Layout(NamedTuple):
    """How one kind of TIFF is laid out: byte order, and offsets of 32 or 64 bits."""

    order: str
    start: int
    offset: struct.Struct
    number_of: struct.Struct
    entry: struct.Struct

    @classmethod
    def small(cls, order: str) -> _Layout:
        offset, count, entry = (struct.Struct(order + code) for code in ("I", "H", "HHI4s"))
        return cls(order, 4, offset, count, entry)

    @classmethod
    def big(cls, order: str) -> _Layout:
        offset, count, entry = (struct.Struct(order + code) for code in ("Q", "Q", "HHQ8s"))
        return cls(order, 8, offset, count, entry)

    def number(self, kind: int, count: int, field: bytes) -> int | None:
        """Return the first number of a field, or None when it is none or lies elsewhere."""
        code, size = _NUMBERS.get(kind, ("", 0))
        if not code or count < 1 or count * size > len(field):
            return None
        return int(struct.unpack_from(self.order + code, field)[0])


_LAYOUTS = {
    b"II*\0": _Layout.small("<"),
    b"MM\0*": _Layout.small(">"),
    b"II+\0": _Layout.big("<"),
    b"MM\0+": _Layout.big(">"),
}


def directories(peek: Peek) -> Iterator[dict[int, int]]:
    """Yield the wanted tags of each page of a TIFF as numbers, page by page.

    Raises:
        CorruptImageError: A directory lies outside the file or the chain turns back on itself.
    """
    magic = peek.at(0, 4)
    if (layout := _LAYOUTS.get(magic)) is None:
        raise peek.damaged(f"{magic!r} starts no TIFF data")
    (offset,) = layout.offset.unpack(peek.at(layout.start, layout.offset.size))
    seen: set[int] = set()
    while offset:
        if offset in seen:
            raise peek.damaged("its pages refer to each other in a circle")
        if len(seen) >= MAX_STEPS:
            raise peek.endless()
        seen.add(offset)
        tags, offset = _directory(peek, layout, offset)
        yield tags


def exif_orientation(exif: bytes) -> int:
    r"""Return the orientation 1 to 8 that EXIF data states; 1 when it states none.

    Damaged EXIF data does not make a damaged picture, so it is as good as none.

    Example:
        >>> header, entry = b"MM\0*\0\0\0\x08\0\1", b"\1\x12\0\3\0\0\0\1\0\6\0\0"
        >>> exif_orientation(header + entry + b"\0\0\0\0")
        6
    """
    try:
        tags = next(directories(Peek.over(exif)), {})
    except CorruptImageError:
        return 1
    return valid_orientation(tags)


def valid_orientation(tags: dict[int, int]) -> int:
    """Return the orientation among `tags`; a value outside 1 to 8 counts as upright."""
    value = tags.get(ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def _directory(peek: Peek, layout: _Layout, offset: int) -> tuple[dict[int, int], int]:
    (count,) = layout.number_of.unpack(peek.at(offset, layout.number_of.size))
    if count > _MAX_ENTRIES:
        raise peek.damaged(f"a directory declares {count:,} entries")
    offset += layout.number_of.size
    size = count * layout.entry.size
    block = peek.at(offset, size + layout.offset.size)
    tags = {}
    for entry in layout.entry.iter_unpack(block[:size]):
        if entry[0] in _WANTED and (number := layout.number(*entry[1:])) is not None:
            tags[entry[0]] = number
    return tags, layout.offset.unpack(block[size:])[0]
