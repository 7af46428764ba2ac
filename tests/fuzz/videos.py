"""Videos to change: small ones of each container and codec, and changes to their boxes."""

from __future__ import annotations

import random
import re
import struct
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fuzz import mutations

SIZE = (64, 48)

CLIPS: tuple[tuple[str, dict], ...] = (
    ("a.mp4", {}),
    ("a.mp4", {"rotation": 90, "muxing": {"movflags": "faststart"}}),
    ("a.mp4", {"muxing": {"movflags": "frag_keyframe+empty_moov"}}),
    ("a.mp4", {"codec": "mpeg4", "options": {"b": "200k"}}),
    ("a.mov", {}),
    ("a.mov", {"codec": "qtrle", "pix_fmt": "rgb24", "options": {"threads": "1"}}),
    ("a.webm", {"codec": "libvpx", "size": (80, 48)}),
    ("a.webm", {"codec": "libvpx-vp9", "size": (80, 48)}),
    ("a.mkv", {}),
    ("a.mkv", {"codec": "ffv1", "pix_fmt": "bgr0"}),
    ("a.mp4", {"codec": "libx265"}),
)

_BOXES = (
    *(b"ftyp", b"moov", b"mvhd", b"trak", b"tkhd", b"edts", b"elst", b"mdia", b"mdhd", b"hdlr"),
    *(b"minf", b"vmhd", b"dinf", b"stbl", b"stsd", b"avc1", b"avcC", b"hvcC", b"stts", b"stss"),
    *(b"ctts", b"stsc", b"stsz", b"stco", b"co64", b"mdat", b"moof", b"mfhd", b"traf", b"tfhd"),
    *(b"tfdt", b"trun", b"mvex", b"trex", b"sidx", b"mfra", b"udta", b"meta", b"pasp", b"colr"),
    *(b"sgpd", b"sbgp", b"cslg", b"free", b"cmov", b"esds", b"mp4v", b"hev1"),
)
_ELEMENTS = (
    *(b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x11\x4d\x9b\x74", b"\x15\x49\xa9\x66"),
    *(b"\x16\x54\xae\x6b", b"\x1c\x53\xbb\x6b", b"\x1f\x43\xb6\x75", b"\x2a\xd7\xb1", b"\x44\x89"),
    *(b"\x63\xa2", b"\x53\x6e", b"\x55\xb0", b"\x53\xab", b"\x53\xac"),
)
_MP4_NAME = re.compile(b"|".join(_BOXES))
_MKV_NAME = re.compile(b"|".join(map(re.escape, _ELEMENTS)))
_NUMBERS = (0, 1, 2, 7, 8, 9, 16, 255, 65_535, 1 << 20, 1 << 24, 0x7FFFFFFF, 0xFFFFFFFF)


@cache
def videos() -> tuple[bytes, ...]:
    """Return twelve frames in each container and codec."""
    from clips import render_clip

    with tempfile.TemporaryDirectory() as folder:
        common = {"count": 12, "keyframe_every": 5, "size": SIZE}
        made = (render_clip(Path(folder) / name, **{**common, **how}) for name, how in CLIPS)
        return tuple(path.read_bytes() for path in made)


def sample(data: bytes) -> None:
    """Take frames in each way."""
    from langchain_gptv.vision.video.sampling import sample_frames

    for exact, strategy in ((False, "even"), (True, "even"), (False, "scenes")):
        frames = sample_frames(data, 3, exact=exact, strategy=strategy, max_side=64, timeout=1.0)
        assert all(max(frame.image.width, frame.image.height) <= 64 for frame in frames)


def change_video(data: bytes, dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Change the boxes of a video, or bytes anywhere in it."""
    if dice.random() < 0.4:
        return mutations.change_bytes(data, dice, seeds)
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4))):
        name = _MP4_NAME if changed[4:8] == b"ftyp" else _MKV_NAME
        places = [found.start() for found in name.finditer(changed)]
        if not places:
            break
        dice.choice(_CHANGES)(changed, dice.choice(places), places, dice)
    return bytes(changed)


def _resize(data: bytearray, at: int, places: Sequence[int], dice: random.Random) -> None:
    """Give a box another size; that of an element stands behind its name."""
    is_box = data[at : at + 4] in _BOXES
    old = struct.unpack_from(">I", data, at - 4)[0] if is_box and at >= 4 else 64
    size = dice.choice((*_NUMBERS, old + 1, max(0, old - 1), old * 2, old // 2)) & 0xFFFFFFFF
    start = at - 4 if is_box and at >= 4 else at + 4
    data[start : start + 4] = struct.pack(">I", size)


def _rename(data: bytearray, at: int, places: Sequence[int], dice: random.Random) -> None:
    """Call a box by the name of another one."""
    other = dice.choice(places)
    data[at : at + 4] = data[other : other + 4]


def _count(data: bytearray, at: int, places: Sequence[int], dice: random.Random) -> None:
    """Put a number that is too large, or too small, among the first of a box."""
    start = at + 4 + 4 * dice.randrange(10)
    data[start : start + 4] = struct.pack(">I", dice.choice(_NUMBERS))


def _drop(data: bytearray, at: int, places: Sequence[int], dice: random.Random) -> None:
    """Take a box away, or put it in twice."""
    start, end = max(0, at - 4), min(place for place in (*places, len(data)) if place > at)
    data[start:start] = b"" if dice.random() < 0.5 else data[start:end] * dice.choice((1, 1, 40))
    if dice.random() < 0.5:
        del data[start:end]


def _swap(data: bytearray, at: int, places: Sequence[int], dice: random.Random) -> None:
    """Exchange what stands at the head of two boxes."""
    other, size = dice.choice(places), dice.choice((4, 8, 24, 60))
    one, two = data[at : at + size], data[other : other + size]
    data[at : at + size], data[other : other + size] = two, one


_CHANGES = (_resize, _rename, _count, _count, _count, _drop, _swap)
