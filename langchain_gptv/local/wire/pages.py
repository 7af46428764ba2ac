"""The pages of a PDF file as pictures, which is how the engine reads it."""

from __future__ import annotations

from langchain_gptv.vision.images import Image
from langchain_gptv.vision.pdf import PDFFile, open_pdf

MAX_PAGES = 10
"""Pages that are looked at; the rest of a longer file is not."""


def render_pages(data: bytes) -> list[Image]:
    """Render the first pages of a PDF.

    Raises:
        CorruptImageError: It is no PDF, or is damaged.
        EncryptedPDFError: It needs a password.
        MissingExtraError: The extra "pdf" is not installed.
    """
    with open_pdf(data) as file:
        return [_rendered(file, index) for index in range(min(file.page_count, MAX_PAGES))]


def _rendered(file: PDFFile, index: int) -> Image:
    with file.page(index) as page:
        return Image.from_pil(page.render())
