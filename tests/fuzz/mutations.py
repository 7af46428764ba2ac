"""Changes to an input: of bytes, of text, and of JSON values. All come from one random source."""

from __future__ import annotations

import copy
import json
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_TEXTS = (
    *("", " ", "\0", "\n", "\r\n", "../", "/etc/passwd", "~", "%00", "//", "@", ":", "[::1]", "\\"),
    *("127.0.0.1", "0x7f.1", "https://", "file://", "data:image/png;base64,", "gptv://img_", "="),
    *("\ud800", "\u202e", "①", "٣", "９", "ß", "\U0001f4a9", "</picture_text>", "</data-", "1e999"),
    *(
        "-1",
        "NaN",
        "9" * 400,
        "0,0,10,10",
        "/1000",
        " " * 500,
        "a" * 500,
        "!!python/object:",
        "&a *a",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, float("nan"), 10**30, [], {}, "", "x" * 300),
    *(
        {"type": "image_url"},
        {"type": "image", "url": "gptv://img_3f9a2c"},
        [[[[]]]],
        {"$ref": "#"},
    ),
    *({"url": "data:image/png;base64,iVBORw0KGgo="}, {"type": "object"}, {"anyOf": []}, _TEXTS[6]),
)

Change = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def change_bytes(data: bytes, dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Change a few places; the checksums of a PNG are mended half of the time."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 8))):
        dice.choice(_BYTE_CHANGES)(changed, dice, seeds)
    if changed[:4] == b"\x89PNG" and dice.random() < 0.5:
        return with_checksums(bytes(changed))
    return bytes(changed)


def change_text(data: bytes, dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Put words that mean something to a parser into a text, or take parts away."""
    text = data.decode("utf-8", "surrogatepass")
    for _ in range(dice.choice((1, 1, 2, 3))):
        start = dice.randint(0, len(text))
        end = start + dice.choice((0, 0, 1, 2, 8, 40))
        middle = dice.choice(
            (dice.choice(_TEXTS), chr(dice.randint(0, 0x2FF)), text[start:end] * 2)
        )
        text = text[:start] + middle + text[end:]
    return text[:5000].encode("utf-8", "surrogatepass")


def change_json(data: bytes, dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Replace, drop, double or move values of a JSON document; now and then its text itself."""
    if dice.random() < 0.1:
        return change_text(data, dice, seeds)
    value = json.loads(data)
    for _ in range(dice.choice((1, 1, 2, 3))):
        value = _with_a_change(value, dice, seeds)
    return json.dumps(value).encode()


def with_checksums(data: bytes) -> bytes:
    """Return a PNG with the right checksum behind each chunk, as far as there are chunks."""
    parts, offset = [data[:8]], 8
    while offset + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, offset)
        body = data[offset + 4 : offset + 8 + length]
        parts += [data[offset : offset + 4], body, struct.pack(">I", zlib.crc32(body))]
        offset += 12 + length
    return b"".join(parts) + data[offset:]


def _flip(data: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    if data:
        data[_early(len(data), dice)] ^= 1 << dice.randrange(8)


def _overwrite(data: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    layout = dice.choice("<>") + dice.choice("BHI")
    number = dice.choice(_NUMBERS) & (1 << 8 * struct.calcsize(layout)) - 1
    place = _early(len(data) + 1, dice)
    data[place : place + struct.calcsize(layout)] = struct.pack(layout, number)


def _cut(data: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    start = dice.randint(0, len(data))
    del data[start : start + dice.choice((1, 2, 4, 16, len(data)))]


def _double(data: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    start = dice.randint(0, len(data))
    data[start:start] = data[start : start + dice.choice((1, 4, 12, 64, 500))]


def _splice(data: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    other = dice.choice(seeds)
    start = dice.randint(0, len(other))
    place = dice.randint(0, len(data))
    data[place : place + dice.choice((0, 8, 64))] = other[start : start + dice.choice((4, 64, 900))]


_BYTE_CHANGES = (_flip, _flip, _overwrite, _overwrite, _cut, _double, _splice)


def _early(size: int, dice: random.Random) -> int:
    """Choose a place, more often near the start, where the headers are."""
    return int(size * dice.random() ** dice.choice((1, 3)))


def _with_a_change(value: Any, dice: random.Random, seeds: Sequence[bytes]) -> Any:
    places = [((), value), *_places(value, ())]
    path, found = dice.choice(places)
    kind = dice.random()
    if kind < 0.35:
        new = dice.choice((*_VALUES, *_TEXTS))
    elif kind < 0.55 and isinstance(found, str):
        new = change_text(found.encode("utf-8", "surrogatepass"), dice, seeds).decode(
            "utf-8", "surrogatepass"
        )
    elif kind < 0.75:
        new = dice.choice(places)[1]
    elif kind < 0.85:
        new = [found, found]
    else:
        return _without(value, path)
    return _put(value, path, copy.deepcopy(new))


def _places(value: Any, path: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], Any]]:
    pairs = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    found = []
    for key, inner in pairs:
        found += [((*path, key), inner), *_places(inner, (*path, key))]
    return found


def _put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return value


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return value
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return value
