"""The segments of a JPEG, and the scans that a decoder at reduced size can do without.

A progressive file sends coarse frequencies first. At a quarter of the size only the coarsest two by
two of each block's eight by eight matter, and they are complete after about a fifth of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SOF_SEQUENTIAL = (0xC0, 0xC1)
SOF_PROGRESSIVE, SOS, EOI = 0xC2, 0xDA, 0xD9
_HEAD_BYTES = 65_536
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})

# In pixel data FF is followed by 00, by a restart marker or by more FF; any other is a marker.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

# The last zigzag index inside the top left square of 1, 2 or 4 coefficients a side.
_LAST_INDEX = {8: 0, 4: 4, 2: 24}


class Segment(NamedTuple):
    """A marker segment of a JPEG, from its FF to where the next one starts.

    Attributes:
        code: The second byte of the marker.
        start: Where its FF lies.
        body: Where what follows its length lies.
        end: Where the next segment starts; a scan's pixel data belongs to it.
    """

    code: int
    start: int
    body: int
    end: int


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments of a JPEG, up to and with its end marker or where the data breaks off."""
    offset = 2
    while offset + 2 <= len(data):
        code = data[offset + 1]
        if data[offset] != 0xFF or code == 0xFF:
            offset += 1  # stray or filling bytes
            continue
        end = _end_of(data, offset, code)
        if end > len(data):
            return
        yield Segment(code, offset, offset + 4, end)
        if code == EOI:
            return
        offset = end


def _end_of(data: bytes, offset: int, code: int) -> int:
    if code == EOI or code in WITHOUT_LENGTH:
        return offset + 2
    end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    if code != SOS:
        return end
    found = _NEXT_MARKER.search(data, end)
    return found.start() if found else len(data)


def count_scans(data: bytes) -> int:
    """Return how often a decoder goes over the picture; a scan of a few bytes takes as long."""
    # Nearly every file that is not progressive: its pixels need not be walked.
    if _is_one_scan(data[:_HEAD_BYTES]):
        return 1
    return sum(segment.code == SOS for segment in segments(data))


def _is_one_scan(head: bytes) -> bool:
    components = 0
    for segment in segments(head):
        if segment.code in SOF_SEQUENTIAL:
            components = head[segment.body + 5]
        elif segment.code == SOS:
            return 0 < components == head[segment.body]
    return False


def without_late_scans(data: bytes, scale: int) -> bytes:
    """Cut a progressive JPEG behind the scans that decoding at 1/`scale` of the size needs.

    Data that is not understood comes back as it was.

    Args:
        data: The file.
        scale: 2, 4 or 8.
    """
    needed = set(range(_LAST_INDEX[scale] + 1))
    have: dict[int, set[int]] = {}
    for segment in segments(data):
        if segment.code == SOF_PROGRESSIVE:
            have = {component: set() for component in _components(data, segment)}
        elif segment.code == SOS and segment.end < len(data):
            components, indices = _scan(data, segment)
            for component in components:
                have.setdefault(component, set()).update(indices)
            if have and all(needed <= indices for indices in have.values()):
                return data[: segment.end] + b"\xff\xd9"
    return data


def _components(data: bytes, frame: Segment) -> bytes:
    """Return the numbers of the colour components that the frame header lists."""
    return data[frame.body + 6 : frame.end : 3]


def _scan(data: bytes, scan: Segment) -> tuple[bytes, range]:
    """Return the components of a scan and the zigzag indices that it brings."""
    count = data[scan.body]
    components = data[scan.body + 1 : scan.body + 1 + 2 * count : 2]
    first, last = data[scan.body + 1 + 2 * count : scan.body + 3 + 2 * count] or (1, 0)
    return components, range(first, last + 1)
