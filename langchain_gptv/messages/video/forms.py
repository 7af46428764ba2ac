"""Every form in which a video may stand in message content, read to one. Nothing is decoded."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from langchain_gptv._urls import is_web_url
from langchain_gptv.exceptions import MessageError
from langchain_gptv.sources import ImageSources

_BASE64_KEYS = ("base64", "data", "bytes", "file_data")
_URL_KEYS = ("url", "video_url", "file_url", "file_uri")


@dataclass(frozen=True)
class Clip:
    """A video that may be opened.

    Attributes:
        source: A path, bytes, or an open file.
        name: What a headline calls it.
        key: What its content is known by.
    """

    source: str | os.PathLike[str] | bytes | BinaryIO
    name: str
    key: Hashable = None

    def close(self) -> None:
        """Close the file, if it is one."""
        if hasattr(self.source, "close"):
            self.source.close()


def is_video(block: Mapping[str, Any]) -> bool:
    """Tell whether a block of any form names a video."""
    inner = block.get("value")
    if block.get("type") == "non_standard" and isinstance(inner, Mapping):
        return is_video(inner)
    if block.get("type") in ("video", "video_url"):
        return True
    if block.get("type") not in ("media", "file", "input_file"):
        return False
    file = block["file"] if isinstance(block.get("file"), Mapping) else block
    stated = str(block.get("mime_type") or file.get("mime_type") or "")
    return stated.startswith("video/") or str(file.get("file_data", ""))[:11] == "data:video/"


def is_linked_video(block: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether a block in the normal form is a video behind a URL."""
    is_one = isinstance(block, dict) and block.get("type") == "video"
    return is_one and is_web_url(str(block.get("url", "")))


def read_video(block: Mapping[str, Any], where: str, sources: ImageSources) -> Clip | str:
    """Return the video that a block names, or its URL.

    Raises:
        MessageError: It names none that could be opened.
        SourceNotAllowedError: It names a path outside the roots.
    """
    holder = next(
        (block[key] for key in ("file", "source") if isinstance(block.get(key), Mapping)), block
    )
    for key in (*_BASE64_KEYS, "path", "video", *_URL_KEYS):
        value = holder.get(key)
        value = value.get("url") if isinstance(value, Mapping) else value
        if value:
            return _named(value, where, sources, is_path=key == "path")
    if holder.get("file_id"):
        raise MessageError(
            f"{where} is an uploaded video, which no API of OpenAI's takes. Send video_block(path)."
        )
    raise MessageError(
        f"{where} is a video without url, base64 or path. Make it with video_block()."
    )


def _named(value: Any, where: str, sources: ImageSources, *, is_path: bool) -> Clip | str:
    if isinstance(value, bytes | bytearray) and not value.isascii():
        return Clip(bytes(value), "video", digest_of(bytes(value)))
    if not isinstance(value, str | bytes | bytearray | os.PathLike):
        raise MessageError(f"{where} has a {type(value).__name__} for a video. Use video_block().")
    text = value.decode() if isinstance(value, bytes | bytearray) else os.fspath(value)
    if is_web_url(text):
        return text
    if text[:7].lower() == "file://" or is_path or isinstance(value, os.PathLike):
        path = text.removeprefix("file://")
        file = sources.open_file(path)
        seen = os.fstat(file.fileno())
        return Clip(file, Path(path).name, (seen.st_dev, seen.st_ino, seen.st_mtime_ns))
    data = _from_base64(text[text.find(",", 0, 200) + 1 :] if text[:5] == "data:" else text, where)
    return Clip(data, "video", digest_of(data))


def _from_base64(text: str, where: str) -> bytes:
    try:
        broken = any(space in text for space in "\n\r \t")
        return base64.b64decode("".join(text.split()) if broken else text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageError(
            f"{where} has {text[:40]!r} for a video, which is no base64, URL or path. Make the "
            'block with video_block(...), or name a file as "path".'
        ) from error


def digest_of(data: bytes) -> str:
    """Return what a video is known by that has no path."""
    return sha256(data).hexdigest()
