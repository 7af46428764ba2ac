"""The colour profile of a picture, without what it says of its owner.

A profile that a screen or a scanner came with names the device, and may hold its serial number and
the day it was measured. What a decoder needs are the curves and matrices; they stay as they are.
"""

from __future__ import annotations

import struct

MAX_BYTES = 4_000_000
"""More is no profile: those of printers, with all their tables, take up to three million."""

_HEADER = 128
_MAX_TAGS = 200
_COLORS = frozenset(
    b"wtpt bkpt rXYZ gXYZ bXYZ rTRC gTRC bTRC kTRC chad cicp gamt "
    b"A2B0 A2B1 A2B2 A2B3 B2A0 B2A1 B2A2 B2A3 D2B0 D2B1 D2B2 D2B3 B2D0 B2D1 B2D2 B2D3".split()
)
_TYPE_BYTES = 8
_NAMING = ((24, 36), (48, 56), (80, 100))
"""In the header: the date, maker and model of the device, the program, a checksum of it all."""


def without_words(profile: bytes) -> bytes | None:
    """Return a profile of the same length whose texts and private parts are zeros.

    None if it is no profile.
    """
    (count,) = struct.unpack_from(">I", profile, _HEADER) if len(profile) > 132 else (0,)
    table_end = _HEADER + 4 + 12 * count
    if not 0 < count <= _MAX_TAGS or profile[36:40] != b"acsp" or table_end > len(profile):
        return None
    made = bytearray(len(profile))
    made[:table_end] = profile[:table_end]
    for start, end in _NAMING:
        made[start:end] = bytes(end - start)
    for name, offset, length in struct.iter_unpack(">4sII", profile[_HEADER + 4 : table_end]):
        if not table_end <= offset <= offset + length <= len(profile):
            return None
        end = offset + (length if name in _COLORS else min(length, _TYPE_BYTES))
        made[offset:end] = profile[offset:end]
    return bytes(made)
