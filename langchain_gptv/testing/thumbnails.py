"""A small picture of every image in a cassette, stored once beside the cassettes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_gptv.exceptions import GPTVError
from langchain_gptv.testing.atomic import write_atomically
from langchain_gptv.vision.images import Image

if TYPE_CHECKING:
    import PIL.Image

MAX_SIDE = 256
"""Pixels of the longer side."""

_JPEG_QUALITY = 60


def images_folder(cassette: Path) -> Path:
    """Return `images/` in the nearest folder called `cassettes`, or else beside the cassette."""
    for folder in cassette.parents:
        if folder.name == "cassettes":
            return folder / "images"
    return cassette.parent / "images"


def store_thumbnails(pictures: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Store what can be shown; a PDF or a damaged picture has its digest alone.

    Args:
        pictures: Files by the digits of their sha256, which become the names.
        folder: Where; a picture that is there already is not written again.
    """
    written = []
    for name, data in pictures.items():
        if any(folder.glob(f"{name}.*")):
            continue
        made = make_thumbnail(data)
        if made:
            suffix, small = made
            path = folder / f"{name}.{suffix}"
            write_atomically(path, small)
            written.append(path)
    return written


def make_thumbnail(data: bytes) -> tuple[str, bytes] | None:
    """Return ("png" or "jpg", bytes), whichever is smaller, or None for what cannot be shown."""
    try:
        picture = Image(data).to_pil()
    except GPTVError:
        return None
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    files = [
        ("png", _encode(picture.quantize(64), "PNG", optimize=True)),
        ("jpg", _encode(picture, "JPEG", quality=_JPEG_QUALITY, optimize=True)),
    ]
    return min(files, key=lambda file: len(file[1]))


def _encode(picture: PIL.Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
