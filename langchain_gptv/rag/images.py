"""Photos, scans and screenshots as documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Unpack

from langchain_gptv.exceptions import ImageError
from langchain_gptv.rag.documents import Failure, SourceFile, View
from langchain_gptv.rag.file_loaders import FileLoader
from langchain_gptv.rag.files import Paths
from langchain_gptv.rag.loading import LoaderOptions
from langchain_gptv.rag.texts import TextMaker
from langchain_gptv.store import ImageStore
from langchain_gptv.vision.headers import ACCEPTED_TYPES, IMAGE_SUFFIXES
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.prepare import prepare_to_size


class ImageLoader(FileLoader):
    """Loads image files; each page of a TIFF is a document, and of an animation the first frame.

    A file that a service takes goes into the store byte for byte, without its private metadata;
    others (HEIC, TIFF, turned by EXIF) are set upright and converted.

    Args:
        paths: A file, a folder, a pattern such as "scans/**/*.png", or several of these.
        **options: As in `LoaderOptions`.

    Raises:
        ValueError: An option is not possible.

    Example:
        >>> loader = ImageLoader("examples/images/receipt.png", text="embedded")
        >>> loader.load()[0].metadata["kind"]
        'photo'
    """

    suffixes = IMAGE_SUFFIXES

    def __init__(self, paths: Paths, **options: Unpack[LoaderOptions]) -> None:
        super().__init__(paths, PhotoReader(), options)


@dataclass(frozen=True)
class PhotoReader:
    """Reads image files."""

    @property
    def settings(self) -> tuple[object, ...]:
        """What its views depend on, beside the file."""
        return ("photo",)

    def views(
        self, file: SourceFile, store: ImageStore, texts: TextMaker
    ) -> Iterator[View | Failure]:
        """Yield the picture, or the pages of a TIFF.

        Raises:
            ImageError: It is no image, or is damaged.
        """
        image = Image.of(file.data)
        image.name = file.source
        pages = image.frame_count if image.mime_type == "image/tiff" else 1
        if pages == 1:
            ready = _prepared(image, 0)
            yield View(file, "photo", "", ready, store.put(ready))
            return
        for index in range(pages):
            place = f"page {index + 1}"
            try:
                ready = _prepared(image, index)
            except ImageError as error:
                yield Failure(file.source, place, error)
                continue
            more = {"page": index + 1, "page_count": pages}
            yield View(file, "page", place, ready, store.put(ready), more=more)


def _prepared(image: Image, frame: int) -> Image:
    prepared = prepare_to_size(image, accepted=ACCEPTED_TYPES, frame=frame)
    return Image(prepared.data, name=image.name)
