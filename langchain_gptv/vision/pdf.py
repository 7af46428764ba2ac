"""PDF files: pages as pictures, and the lines of their text layer.

PDFium keeps global state and is not safe for threads, so every call of it is made under one lock.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_gptv.exceptions import (
    CorruptImageError,
    EncryptedPDFError,
    ImageNotFoundError,
    MissingExtraError,
    UnsupportedImageError,
)
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.choose import READABLE_PX
from langchain_gptv.vision.headers import MAX_PIXELS
from langchain_gptv.vision.observations import TextLine
from langchain_gptv.vision.pdf_text import read_lines
from langchain_gptv.vision.profiles import VisionProfile

if TYPE_CHECKING:
    import PIL.Image

DPI = 150
"""At which 10 point type is 21 pixels high, well above what an OCR engine needs."""

MIN_DPI, MAX_DPI = 72.0, 300.0

_LOCK = threading.RLock()
"""Re-entrant, as the garbage collector may close a page in the middle of another call."""

_NEEDS_PASSWORD = 4
_KEPT_BYTES = 20_000_000
_SMALL_SHARE = 0.05
"""The share of lines that may be smaller than what counts as the smallest text."""


class PDFFile:
    """An open PDF; made by `open_pdf`.

    Attributes:
        name: What errors call it.
        page_count: Pages of the file; none has been read for it.
    """

    def __init__(self, document: Any, name: str) -> None:
        self._document = document
        self.name = name
        with _LOCK:
            self.page_count: int = len(document)

    @contextmanager
    def page(self, index: int) -> Iterator[PDFPage]:
        """Open a page, from 0; it is closed after the block.

        Raises:
            UnsupportedImageError: There is no such page.
            CorruptImageError: The page is damaged.
        """
        if not 0 <= index < self.page_count:
            raise UnsupportedImageError(
                f"{self.name} has no page index {index}: it has {self.page_count} pages, from 0."
            )
        name = f"page {index + 1} of {self.name}"
        page = called(lambda: self._document[index], name)
        try:
            yield PDFPage(page, name)
        finally:
            with _LOCK:
                page.close()


class PDFPage:
    """An open page; its sizes are those of the page as it is shown, turned and cropped.

    Attributes:
        name: What errors call it.
        width_pt: Points, of which an inch has 72.
        height_pt: Points.
    """

    def __init__(self, page: Any, name: str) -> None:
        self.raw = page
        self.name = name
        self.width_pt, self.height_pt = called(page.get_size, name)

    def size_at(self, dpi: float) -> tuple[int, int]:
        """Return (width, height) in pixels of the page rendered at `dpi`."""
        scale = min(dpi, self.most_dpi) / 72
        return max(1, ceil(self.width_pt * scale)), max(1, ceil(self.height_pt * scale))

    def render(self, dpi: float = DPI, box: Box | None = None) -> PIL.Image.Image:
        """Render the page as an RGB picture; a huge page at fewer dots per inch.

        Args:
            dpi: Dots per inch.
            box: The part to render, in pixels of the page at `dpi`; None is all of it.

        Raises:
            CorruptImageError: It cannot be rendered.
        """
        picture: PIL.Image.Image = called(
            lambda: _rendered(self.raw, min(dpi, self.most_dpi), box), self.name
        )
        return picture

    @property
    def most_dpi(self) -> float:
        """Dots per inch at which the page has as many pixels as a picture may have."""
        area = max(1.0, self.width_pt * self.height_pt)
        return float(72 * (MAX_PIXELS / area) ** 0.5 * 0.99)

    def lines(self, dpi: float = DPI) -> list[TextLine]:
        """Return the lines of the text layer; boxes are in pixels of the page at `dpi`.

        Raises:
            CorruptImageError: It cannot be read.
        """
        found: list[TextLine] = called(lambda: read_lines(self.raw, self.size_at(dpi)), self.name)
        return found

    def __repr__(self) -> str:
        return f"PDFPage({self.name!r}, {self.width_pt:g}x{self.height_pt:g} pt)"


@contextmanager
def open_pdf(
    source: bytes | str | os.PathLike[str], *, password: str | None = None, name: str = ""
) -> Iterator[PDFFile]:
    """Open a PDF; a path is read page by page, so that a large file takes no memory.

    Args:
        source: A path or the bytes of a file.
        password: Of an encrypted file.
        name: What errors call it; the path by default.

    Raises:
        ImageNotFoundError: There is no file at the path.
        EncryptedPDFError: It needs a password, or another one.
        CorruptImageError: It is no PDF, is damaged, or has no page.
        MissingExtraError: The extra "pdf" is not installed.
    """
    pdfium = _pdfium()
    name = name or ("The PDF" if isinstance(source, bytes) else f"'{os.fspath(source)}'")
    if not isinstance(source, bytes) and not Path(source).is_file():
        raise ImageNotFoundError(f"{name} is no file. Check the path, relative to '{Path.cwd()}'.")
    document = _opened(pdfium, source, password, name)
    try:
        yield PDFFile(document, name)
    finally:
        with _LOCK:
            document.close()


def readable_dpi(
    page_size_pt: tuple[float, float], text_pt: float | None, profile: VisionProfile
) -> float:
    """Return the dots per inch at which a page has the pixels that a model sees, and no more.

    That is what `detail="high"` shows of it; more, where the smallest text would be unreadable and
    the model takes "original".

    Args:
        page_size_pt: (width, height) in points.
        text_pt: Font size of the smallest text in points; None when it is not known.
        profile: How the model sees.

    Example:
        >>> from langchain_gptv.vision.profiles import get_profile
        >>> round(readable_dpi((595, 842), 10, get_profile("gpt-4o")))
        93
    """
    width, height = page_size_pt
    whole = max(1, round(width * MAX_DPI / 72)), max(1, round(height * MAX_DPI / 72))

    def dpi_at(detail: Any) -> float:
        seen = profile.seen_size(*whole, detail)
        # Rounded down, as one pixel more than is seen has the service scale the picture.
        return min(seen[0] / width, seen[1] / height) * 72 * 0.9999

    dpi = dpi_at(profile.main_detail)
    if text_pt and text_pt * dpi / 72 < READABLE_PX and "original" in profile.details:
        dpi = max(dpi, min(dpi_at("original"), READABLE_PX * 72 / text_pt))
    return min(max(dpi, MIN_DPI), MAX_DPI)


def smallest_text_pt(lines: list[TextLine], dpi: float) -> float | None:
    """Return the font size, in points, of the smallest text that is more than a stray line."""
    heights = sorted(line.box.height for line in lines if line.box.height > 0)
    if not heights:
        return None
    return heights[int(len(heights) * _SMALL_SHARE)] * 72 / dpi


def _rendered(page: Any, dpi: float, box: Box | None) -> PIL.Image.Image:
    import PIL.Image

    scale = dpi / 72
    width, height = page.get_size()
    # What is cut off on the left, at the bottom, on the right and at the top, in points.
    x1, y1, x2, y2 = box.scaled(1 / scale) if box else (0, 0, width, height)
    crop = tuple(max(0.0, side) for side in (x1, height - y2, width - x2, y1))
    # Four bytes a pixel are drawn faster, and are how Pillow keeps RGB, so they are only copied.
    bitmap = page.render(
        scale=scale, crop=crop, prefer_bgrx=True, rev_byteorder=True, bitmap_maker=_CANVAS.bitmap
    )
    size = bitmap.width, bitmap.height
    return PIL.Image.frombytes("RGB", size, bitmap.buffer, "raw", "RGBX", bitmap.stride)


class _Canvas:
    """Memory that is drawn into again and again, as new memory costs a tenth of the time."""

    def __init__(self) -> None:
        self._memory: Any = None

    def bitmap(self, width: int, height: int, **options: Any) -> Any:
        """Return a bitmap, which is to be used only under the lock."""
        from pypdfium2 import PdfBitmap

        size = 4 * width * height
        if size <= _KEPT_BYTES and (self._memory is None or len(self._memory) < size):
            self._memory = (ctypes.c_ubyte * size)()
        memory = self._memory if size <= _KEPT_BYTES else None
        return PdfBitmap.new_native(width, height, buffer=memory, **options)


_CANVAS = _Canvas()


def _opened(pdfium: Any, source: Any, password: str | None, name: str) -> Any:
    try:
        with _LOCK:
            held = source if isinstance(source, bytes) else Path(source)
            document = pdfium.PdfDocument(held, password=password)
            document.init_forms()
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _NEEDS_PASSWORD:
            raise EncryptedPDFError(
                f"{name} is encrypted and needs {'another' if password else 'a'} password. "
                "Pass password=..."
            ) from None
        raise CorruptImageError(
            f"{name} cannot be opened ({error}). It may be damaged, or no PDF."
        ) from None
    return document


def called(call: Callable[[], Any], name: str) -> Any:
    """Call PDFium under its lock, and say in our words what it says of a damaged page."""
    from pypdfium2 import PdfiumError

    try:
        with _LOCK:
            return call()
    except (PdfiumError, MemoryError) as error:
        raise CorruptImageError(f"{name} cannot be read ({error}).") from None


def _pdfium() -> Any:
    try:
        import pypdfium2
    except ImportError:
        raise MissingExtraError("Reading a PDF", "pdf") from None
    return pypdfium2
