"""The names of pictures: short enough for a model to write, and safe as keys of any backend.

`img_3f9a2c0b71de` is a picture, `img_3f9a2c0b71de/zoom_1` a crop of it, and
`vid_81c2aa09f3b4@00:12.5` a frame of a video.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import count

from langchain_gptv._urls import REFERENCE_SCHEME, is_reference
from langchain_gptv.vision.timestamps import format_timestamp

_ROOT = r"img_[0-9a-f]{6,64}|vid_[0-9a-f]{6,64}@(?:\d+:)?\d\d:\d\d\.\d{1,3}(?:_\d+)?"
_HANDLE = re.compile(rf"(?P<root>{_ROOT})(?:/(?P<zoom>zoom_[1-9]\d*))?", re.ASCII)
_VIDEO = re.compile(r"vid_[0-9a-f]{6,64}")
_DIGITS = range(12, 65, 4)
"""Hex digits of a handle: 12, and more only where two pictures share them."""


def reference(handle: str) -> str:
    """Return the URL that stands for a picture in messages.

    Example:
        >>> reference("img_3f9a2c0b71de")
        'gptv://img_3f9a2c0b71de'
    """
    return f"{REFERENCE_SCHEME}{handle}"


def handle_of(url: str) -> str | None:
    """Return the handle that a `gptv://` URL names; None for any other URL."""
    return url.removeprefix(REFERENCE_SCHEME) if is_reference(url) else None


def is_handle(text: str) -> bool:
    """Say whether `text` has the form of a handle; whether there is such a picture is not asked."""
    return _HANDLE.fullmatch(text) is not None


def root_of(handle: str) -> str:
    """Return the picture that a crop, or a crop of a crop, was cut from; else the handle."""
    return handle.partition("/")[0]


def image_handles(data: bytes) -> Iterator[str]:
    """Yield the handles that a picture may have, shortest first."""
    digest = hashlib.sha256(data).hexdigest()
    return (f"img_{digest[:digits]}" for digits in _DIGITS)


def crop_handles(root: str) -> Iterator[str]:
    """Yield `root/zoom_1`, `root/zoom_2` and so on."""
    return (f"{root}/zoom_{number}" for number in count(1))


def video_handle(video: str) -> str:
    """Return a `vid_...` handle as it is, and one made from any other name of a video."""
    if _VIDEO.fullmatch(video):
        return video
    return f"vid_{hashlib.sha256(video.encode()).hexdigest()[:12]}"


def frame_handles(video: str, timestamp_s: float) -> Iterator[str]:
    """Yield `vid_...@00:12.5`, then with `_2`, `_3` for other pictures of the same moment.

    Raises:
        ValueError: The time is negative or not finite.
    """
    if not 0 <= timestamp_s < float("inf"):
        raise ValueError(f"timestamp_s is {timestamp_s}. Pass seconds from the start, 0 or more.")
    first = f"{video_handle(video)}@{format_timestamp(timestamp_s, places=3)}"
    yield first
    yield from (f"{first}_{number}" for number in count(2))


def key_of(handle: str) -> str | None:
    """Return the key of a handle, of letters that every file system takes; None if it is none."""
    match = _HANDLE.fullmatch(handle)
    if match is None:
        return None
    root = match["root"].replace("@", "/at_").replace(":", "-")
    return f"{root}/{match['zoom'] or 'image'}"


def handle_of_key(key: str) -> str | None:
    """Return the handle of a key, or None for a key that is none of ours."""
    root, _, last = key.rpartition("/")
    root = root.replace("/at_", "@").replace("-", ":")
    handle = root if last == "image" else f"{root}/{last}"
    return handle if is_handle(handle) else None
