"""Pages of PDF files, and the figures on them, as documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

from langchain_gptv.exceptions import ImageError
from langchain_gptv.rag.documents import Failure, SourceFile, View, box_values, id_of
from langchain_gptv.rag.file_loaders import FileLoader
from langchain_gptv.rag.files import PDF_SUFFIXES, Paths
from langchain_gptv.rag.loading import LoaderOptions
from langchain_gptv.rag.texts import TextMaker
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.base import profile_of
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import TextLine
from langchain_gptv.vision.pdf import (
    DPI,
    PDFFile,
    PDFPage,
    open_pdf,
    readable_dpi,
    smallest_text_pt,
)
from langchain_gptv.vision.pdf_figures import find_figures, text_of_figure
from langchain_gptv.vision.prepare import prepare_to_size
from langchain_gptv.vision.profiles import VisionProfile, get_profile

_FIGURE_DPI = 200.0
"""A figure alone may be rendered finer than its page, up to this."""


class PDFPageLoader(FileLoader):
    """Loads the pages of PDF files, each with its picture, its text and its figures.

    Pages are read one by one, so that a long file takes no more memory than a short one.

    Args:
        paths: A file, a folder, a pattern such as "reports/**/*.pdf", or several of these.
        model: Who will look at the pages, by name or profile: they get the dots per inch at which
            it sees them, and more where their text is small. By default that of `llm`; without
            both 150 dpi.
        dpi: Dots per inch, in place of what `model` says.
        figures: Whether embedded pictures and drawings become documents of their own, as crops.
        password: Of encrypted files.
        **options: As in `LoaderOptions`.

    Raises:
        ValueError: An option is not possible.

    Example:
        >>> loader = PDFPageLoader("report.pdf", model="gpt-5.4")  # doctest: +SKIP
        >>> [doc.metadata["page"] for doc in loader.lazy_load()]  # doctest: +SKIP
        [1, 2, 2, 3]
    """

    suffixes = PDF_SUFFIXES

    def __init__(
        self,
        paths: Paths,
        *,
        model: str | VisionProfile | None = None,
        dpi: float | None = None,
        figures: bool = True,
        password: str | None = None,
        **options: Unpack[LoaderOptions],
    ) -> None:
        if model is None and options.get("llm"):
            model = profile_of(options["llm"])
        super().__init__(paths, PageReader(model, dpi, figures, password), options)


@dataclass(frozen=True)
class PageReader:
    """Reads PDF files; the fields are as in `PDFPageLoader`."""

    model: str | VisionProfile | None = None
    dpi: float | None = None
    figures: bool = True
    password: str | None = None

    def __post_init__(self) -> None:
        if self.dpi is not None and not 18 <= self.dpi <= 1200:
            raise ValueError(f"dpi={self.dpi} must be from 18 to 1200.")
        if isinstance(self.model, str):
            object.__setattr__(self, "model", get_profile(self.model))

    @property
    def settings(self) -> tuple[object, ...]:
        """What its views depend on, beside the file."""
        profile = self.model
        named = (profile.model, profile.service) if isinstance(profile, VisionProfile) else ()
        return "pdf", self.dpi, self.figures, *named

    def views(
        self, file: SourceFile, store: ImageStore, texts: TextMaker
    ) -> Iterator[View | Failure]:
        """Yield the pages of a file, each followed by its figures.

        Raises:
            EncryptedPDFError: It needs a password, or another one.
            CorruptImageError: It is no PDF, or is damaged.
        """
        with open_pdf(file.data, password=self.password, name=f"'{file.source}'") as pdf:
            for index in range(pdf.page_count):
                try:
                    views = self._page(pdf, index, file, store, texts)
                except ImageError as error:
                    yield Failure(file.source, f"page {index + 1}", error)
                    continue
                yield from views

    def _page(
        self, pdf: PDFFile, index: int, file: SourceFile, store: ImageStore, texts: TextMaker
    ) -> list[View]:
        with pdf.page(index) as page:
            lines = page.lines(DPI)
            dpi = self._dpi(page, lines, will_read=texts.will_read(lines))
            lines = [replace(line, box=line.box.scaled(dpi / DPI)) for line in lines]
            image = _encoded(page, dpi)
            more = {"page": index + 1, "page_count": pdf.page_count}
            place, handle = f"page {index + 1}", store.put(image)
            whole = View(file, "page", place, image, handle, lines, more=more)
            figures = find_figures(page, lines, dpi) if self.figures else []
            cut = _Cut(page, dpi, whole, store)
            return [whole, *(cut.figure(number, box) for number, box in enumerate(figures, 1))]

    def _dpi(self, page: PDFPage, lines: list[TextLine], *, will_read: bool) -> float:
        if self.dpi is not None:
            return min(self.dpi, page.most_dpi)
        dpi: float = DPI
        if isinstance(self.model, VisionProfile):
            size = page.width_pt, page.height_pt
            dpi = readable_dpi(size, smallest_text_pt(lines, DPI), self.model)
            # The boxes of what is read are those of the picture that is kept.
            dpi = max(dpi, DPI) if will_read else dpi
        return min(dpi, page.most_dpi)


@dataclass(frozen=True)
class _Cut:
    """Cuts figures out of a page."""

    page: PDFPage
    dpi: float
    whole: View
    store: ImageStore

    def figure(self, number: int, box: Box) -> View:
        """Render the part of the page anew, as it has room for more pixels when it stands alone."""
        inside, caption = text_of_figure(box, self.whole.lines)
        by = max(1.0, min(_FIGURE_DPI, self.page.most_dpi) / self.dpi)
        image = _encoded(self.page, self.dpi * by, box.scaled(by))
        across = image.width / box.width
        lines = [
            replace(line, box=line.box.moved(-box.x1, -box.y1).scaled(across)) for line in inside
        ]
        more: dict[str, Any] = {
            **self.whole.more,
            "parent": id_of(self.whole.file, self.whole.place),
            "figure": number,
            "box": str(box_values(box)),
        }
        return View(
            self.whole.file,
            "figure",
            f"{self.whole.place}, figure {number}",
            image,
            self.store.put_crop(self.whole.handle, image, box),
            _inside(lines, image),
            " ".join(line.text for line in caption),
            more,
        )


def _inside(lines: Sequence[TextLine], image: Image) -> list[TextLine]:
    return [replace(line, box=line.box.clamped(image.width, image.height)) for line in lines]


def _encoded(page: PDFPage, dpi: float, box: Box | None = None) -> Image:
    prepared = prepare_to_size(page.render(dpi, box))
    return Image(prepared.data, name=page.name)
