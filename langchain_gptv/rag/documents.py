"""What stands between a file and its documents: views, failures, and the shape of a document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from langchain_core.documents import Document

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import TextLine

Kind = Literal["page", "figure", "photo", "scene"]
TextFrom = Literal["embedded", "ocr", "describe", "none"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to be read.

    Attributes:
        source: What documents call it.
        data: Its path, or its bytes.
        sha256: The digest of its bytes, in hex.
    """

    source: str
    data: bytes | Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or a page of one, that gave no document; the rest went on.

    Attributes:
        source: The path.
        place: Such as "page 3"; empty when it is the whole file.
        error: What went wrong.
    """

    source: str
    place: str
    error: Exception

    def __str__(self) -> str:
        where = f"{self.source}, {self.place}" if self.place else self.source
        return f"{where}: {self.error}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a loader is.

    Attributes:
        source: The file it has just been at.
        place: Such as "page 3"; empty when the file is at its end.
        documents: Documents so far.
        failures: Files and pages that failed so far.
        page_count: Pages of that file; None where it has none.
        files: Files that are at their end.
    """

    source: str
    place: str
    documents: int
    failures: int
    page_count: int | None
    files: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """A picture on its way to be a document: stored, and still without its text.

    Attributes:
        file: Where it is from.
        kind: What it is.
        place: Where in the file, such as "page 3, figure 1"; empty for a photo.
        image: As stored.
        handle: In the store.
        lines: Its embedded text, with boxes in pixels of `image`.
        caption: Text beside a figure.
        more: Further metadata.
    """

    file: SourceFile
    kind: Kind
    place: str
    image: Image
    handle: str
    lines: Sequence[TextLine] = ()
    caption: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def document(self, text: str, text_from: TextFrom, boxes: Sequence[Box] = ()) -> Document:
        """Return the document with its text."""
        doc_id = id_of(self.file, self.place)
        metadata: dict[str, Any] = {
            "doc_id": doc_id,
            "source": self.file.source,
            "sha256": self.file.sha256,
            "kind": self.kind,
            "image": self.handle,
            "width": self.image.width,
            "height": self.image.height,
            "text_from": text_from if text else "none",
            **self.more,
        }
        if boxes:
            metadata["boxes"] = json.dumps([box_values(box) for box in boxes])
        return Document(text, id=doc_id, metadata=metadata)


def id_of(file: SourceFile, place: str) -> str:
    """Return the id of a document, which is the same for the same bytes and place."""
    return hashlib.sha256(f"{file.sha256} {place}".encode()).hexdigest()[:32]


def box_values(box: Box) -> list[int]:
    """Return a box as JSON takes it."""
    return [round(value) for value in box]


def text_lines(document: Document) -> list[tuple[str, Box]]:
    """Return the lines of a document's text, each with its box in pixels of its picture.

    Empty where no boxes are known: for a description, and for a part that a splitter cut out.

    Example:
        >>> page = Document("Total 12.50", metadata={"boxes": "[[10, 20, 110, 40]]"})
        >>> text_lines(page)
        [('Total 12.50', Box(x1=10, y1=20, x2=110, y2=40))]
    """
    boxes = json.loads(document.metadata.get("boxes", "[]"))
    lines = document.page_content.split("\n")
    if len(lines) != len(boxes):
        return []
    return [(line, Box(*box)) for line, box in zip(lines, boxes, strict=True)]


def figure_box(document: Document) -> Box | None:
    """Return where a figure stands on its page, in pixels of the page's picture; else None."""
    values = document.metadata.get("box")
    return Box(*json.loads(values)) if values else None
