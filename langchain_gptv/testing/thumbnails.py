"""A small picture of every image in a cassette, stored once beside the cassettes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_gptv._files import write_atomically
from langchain_gptv.exceptions import GPTVError
from langchain_gptv.vision.images import Image

if TYPE_CHECKING:
    import PIL.Image

MAX_SIDE = 256
"""Pixels of the longer side."""

_JPEG_QUALITY = 60
_NAME = re.compile(r"[0-9a-f]{32}\.(png|jpg)")


def images_folder(cassette: Path) -> Path:
    """Return `images/` in the nearest folder called `cassettes`, or else beside the cassette."""
    for folder in cassette.parents:
        if folder.name == "cassettes":
            return folder / "images"
    return cassette.parent / "images"


def is_thumbnail(path: Path) -> bool:
    """Whether the file is a thumbnail, by its name and folder."""
    return path.parent.name == "images" and bool(_NAME.fullmatch(path.name))


def store_thumbnails(pictures: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Store what can be shown: pictures, and the first page of a PDF where pypdfium2 is installed.

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
            write_atomically(path, small, mode=0o644)
            written.append(path)
    return written


def make_thumbnail(data: bytes) -> tuple[str, bytes] | None:
    """Return ("png" or "jpg", bytes), whichever is smaller, or None for what cannot be shown.

    A picture whose header is sound and whose pixels are not gives a grey one with a cross.
    """
    picture = _first_page(data) if data.startswith(b"%PDF-") else _picture(data)
    if picture is None:
        return None
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    files = [
        ("png", _encode(picture.quantize(64), "PNG", optimize=True)),
        ("jpg", _encode(picture, "JPEG", quality=_JPEG_QUALITY, optimize=True)),
    ]
    return min(files, key=lambda file: len(file[1]))


def _picture(data: bytes) -> PIL.Image.Image | None:
    try:
        image = Image(data)
    except GPTVError:
        return None
    try:
        return image.to_pil()
    except GPTVError:
        return _crossed_out(image.width, image.height)


def _crossed_out(width: int, height: int) -> PIL.Image.Image:
    from PIL import Image as PILImage
    from PIL import ImageDraw

    scale = MAX_SIDE / max(width, height, MAX_SIDE)
    right, bottom = max(1, round(width * scale)), max(1, round(height * scale))
    picture = PILImage.new("RGB", (right, bottom), "#cccccc")
    for start, end in (((0, 0), (right, bottom)), ((0, bottom), (right, 0))):
        ImageDraw.Draw(picture).line((start, end), "#888888", 2)
    return picture


def _first_page(data: bytes) -> PIL.Image.Image | None:
    try:
        import pypdfium2 as pdfium
    except ImportError:
        return None
    try:
        document = pdfium.PdfDocument(data)
        page = document[0]
        scale = MAX_SIDE / max(page.get_size())
        picture: PIL.Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    except (pdfium.PdfiumError, ValueError, IndexError, ZeroDivisionError):
        return None
    document.close()
    return picture


def _encode(picture: PIL.Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
