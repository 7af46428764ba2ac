"""The boxes of HEIC and AVIF files, as far as size, turn and transparency go."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from langchain_gptv.vision.peek import MAX_STEPS, Peek

_MAX_META_BYTES = 16 << 20
# EXIF orientation by (quarter turns anticlockwise, mirror axis or None), applied in that order.
_ORIENTATIONS = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (0, 1): 2, (1, 0): 5, (1, 1): 7, (2, 0): 2, (2, 1): 4, (3, 0): 7, (3, 1): 5,
}  # fmt: skip


class IsoPicture(NamedTuple):
    """What the boxes say of the primary picture; the size is as stored, before the turn."""

    width: int
    height: int
    orientation: int
    has_alpha: bool
    is_sequence: bool


class _Box(NamedTuple):
    kind: bytes
    body: bytes


def brands(head: bytes) -> set[bytes]:
    """Return the brands that an `ftyp` box at the start of `head` lists."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end, 4)}


def read_primary(peek: Peek, *, cropped: bool) -> IsoPicture:
    """Return what the file says of its primary picture.

    Args:
        peek: The file.
        cropped: Whether the "clean aperture" counts, which HEIC decoders cut out and AVIF ones not.

    Raises:
        CorruptImageError: The boxes are damaged or state no size.
    """
    meta = _full_box_body(peek, _top_level(peek, b"meta"))
    boxes = {box.kind: box.body for box in _boxes(peek, meta)}
    properties = {box.kind: box.body for box in _boxes(peek, boxes.get(b"iprp", b""))}
    shared = list(_boxes(peek, properties.get(b"ipco", b"")))
    own = [
        shared[number - 1]
        for number in _associations(peek, properties.get(b"ipma", b""), _primary(peek, boxes))
        if 1 <= number <= len(shared)
    ]
    return IsoPicture(
        *((cropped and _crop(own)) or _size(peek, own)),
        orientation=_orientation(own),
        has_alpha=any(box.kind == b"auxC" and _says_alpha(box.body) for box in shared),
        is_sequence=peek.head[8:12] in (b"avis", b"msf1", b"hevc"),
    )


def _says_alpha(urn: bytes) -> bool:
    # "...:auxiliary:alpha" in AVIF, "urn:mpeg:hevc:2015:auxid:1" in HEIC
    return b"alpha" in urn or b"auxid:1" in urn


def _top_level(peek: Peek, kind: bytes) -> bytes:
    offset = 0
    for _ in range(MAX_STEPS):
        size, found = struct.unpack(">I4s", peek.at(offset, 8))
        header = 8
        if size == 1:
            (size,) = struct.unpack(">Q", peek.at(offset + 8, 8))
            header = 16
        if size < header or (found == kind and size > _MAX_META_BYTES):
            break
        if found == kind:
            return peek.at(offset + header, size - header)
        offset += size
    raise peek.damaged(f"it has no readable {kind.decode()} box")


def _boxes(peek: Peek, data: bytes) -> Iterator[_Box]:
    offset = 0
    for _ in range(MAX_STEPS):
        if offset + 8 > len(data):
            return
        size, kind = struct.unpack_from(">I4s", data, offset)
        if size < 8 or offset + size > len(data):
            raise peek.damaged("a box is larger than the box around it")
        yield _Box(kind, data[offset + 8 : offset + size])
        offset += size
    raise peek.endless()


def _full_box_body(peek: Peek, data: bytes) -> bytes:
    if len(data) < 4:
        raise peek.damaged("a box is too short")
    return data[4:]


def _primary(peek: Peek, boxes: dict[bytes, bytes]) -> int:
    body = boxes.get(b"pitm", b"")
    item = _full_box_body(peek, body)
    return int.from_bytes(item[: 4 if body[0] else 2], "big")


def _associations(peek: Peek, data: bytes, item: int) -> list[int]:
    """Return the numbers, from 1, of the properties that belong to `item`."""
    reader = Peek.over(data, name=peek.name)
    version, wide = reader.at(0, 1)[0], bool(reader.at(3, 1)[0] & 1)
    (entries,) = struct.unpack(">I", reader.at(4, 4))
    id_bytes, number_bytes = (4 if version else 2), (2 if wide else 1)
    offset = 8
    for _ in range(min(entries, MAX_STEPS)):
        owner = int.from_bytes(reader.at(offset, id_bytes), "big")
        count = reader.at(offset + id_bytes, 1)[0]
        numbers = reader.at(offset + id_bytes + 1, count * number_bytes)
        if owner == item:
            mask = 0x7FFF if wide else 0x7F  # the top bit says "essential"
            parts = range(0, len(numbers), number_bytes)
            return [int.from_bytes(numbers[at : at + number_bytes], "big") & mask for at in parts]
        offset += id_bytes + 1 + len(numbers)
    return []


def _size(peek: Peek, own: list[_Box]) -> tuple[int, int]:
    for box in own:
        if box.kind == b"ispe" and len(box.body) >= 12:
            width, height = struct.unpack(">II", box.body[4:12])
            return width, height
    raise peek.damaged("it states no size for its primary picture")


def _crop(own: list[_Box]) -> tuple[int, int] | None:
    for box in own:
        if box.kind == b"clap" and len(box.body) >= 16:
            width, width_divisor, height, height_divisor = struct.unpack(">4I", box.body[:16])
            if width_divisor and height_divisor:
                return width // width_divisor, height // height_divisor
    return None


def _orientation(own: list[_Box]) -> int:
    turns, mirror = 0, None
    for box in own:
        if box.kind == b"irot" and box.body:
            turns = box.body[0] & 3
        elif box.kind == b"imir" and box.body:
            mirror = box.body[0] & 1
    return _ORIENTATIONS[turns, mirror]
