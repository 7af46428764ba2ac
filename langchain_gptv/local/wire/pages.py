"""The pages of a PDF file as pictures, which is how the engine reads it."""

from __future__ import annotations

from langchain_gptv.exceptions import CorruptImageError, MissingExtraError
from langchain_gptv.vision.images import Image

MAX_PAGES = 10
"""Pages that are looked at; the rest of a longer file is not."""

DPI = 150
"""At which 10 point type is 21 pixels high, well above what the reader needs."""


def render_pages(data: bytes) -> list[Image]:
    """Render the first pages of a PDF.

    Raises:
        CorruptImageError: It is no PDF, is damaged, or needs a password.
        MissingExtraError: The extra "pdf" is not installed.
    """
    try:
        import pypdfium2 as pdfium
    except ImportError:
        raise MissingExtraError("Reading a PDF", "pdf") from None
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise CorruptImageError(
            f"The PDF cannot be opened ({error}). It may be damaged or need a password."
        ) from None
    try:
        count = min(len(document), MAX_PAGES)
        pictures = [document[index].render(scale=DPI / 72).to_pil() for index in range(count)]
    finally:
        document.close()
    return [Image.from_pil(picture) for picture in pictures]
