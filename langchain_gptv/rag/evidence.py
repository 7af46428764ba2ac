"""Where a source says what a statement says: words and numbers matched to boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from langchain_core.documents import Document

from langchain_gptv.local.quotations import PrintedText
from langchain_gptv.rag.claims import numbers_in
from langchain_gptv.rag.documents import text_lines
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.base import ObserverChoice, choose_observer
from langchain_gptv.tools.extraction.evidence import find_evidence
from langchain_gptv.tools.extraction.leaves import Leaf
from langchain_gptv.tools.views import as_file
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import Observation, TextLine, Word

_MARGIN = 0.4
"""Of the height of the found words, kept around them in a crop."""
_TALL = 60
"""Pixels from which on the margin grows no more."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The part of a source that says what a claim says.

    Attributes:
        number: Of the source, as in "[1]".
        document: The source.
        box: In pixels of the document's picture; None when no words in it say so, as of what is
            only seen.
        crop: Handle of that part in the store; None without a box.
        values: The numbers of the claim that stand there, as the claim writes them.
    """

    number: int
    document: Document
    box: Box | None = None
    crop: str | None = None
    values: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The path of the file."""
        return str(self.document.metadata.get("source", ""))

    @property
    def page(self) -> int | None:
        """From 1; None of what has no pages."""
        return self.document.metadata.get("page")


@dataclass(frozen=True, slots=True)
class Match:
    """What of a statement was found in a picture.

    Attributes:
        box: In pixels of the picture.
        values: Its numbers that stand there, as it writes them.
        words: How many of its quotations stand there.
        is_complete: Whether all its numbers do.
    """

    box: Box
    values: tuple[str, ...]
    words: int
    is_complete: bool

    def worth(self) -> tuple[int, int]:
        """Return what tells a better match: numbers, then words."""
        return len(self.values), self.words


class SourceReader:
    """Finds statements in documents.

    Embedded text and OCR are searched first, as the loader left them; where they lack what a
    statement says, such as what is printed in a picture on the page, the picture is read.

    Args:
        store: Where the pictures are; crops go there too.
        observer: Reads pictures; by default the embedded engine, when it is installed.
    """

    def __init__(self, store: ImageStore, observer: ObserverChoice = "default") -> None:
        self.store, self._given = store, observer
        self._observe = lru_cache(maxsize=16)(self._observed)

    def find(self, text: str, document: Document, *, look: bool = True) -> Match | None:
        """Find a statement in a document; None when nothing in it says so.

        Args:
            text: Of the statement.
            document: With a picture.
            look: Whether to read the picture where the known text lacks something.
        """
        known = _known(document)
        match = find_match(text, known)
        if not look or (match and match.is_complete):
            return match
        read = self._observe(str(document.metadata.get("image") or ""))
        lines = (*known.lines, *read.lines)
        return find_match(text, Observation(known.width, known.height, lines))

    def cite(self, number: int, document: Document, match: Match | None) -> Citation:
        """Return what ties a statement to a document, with a crop of what was found."""
        if match is None:
            return Citation(number, document)
        handle = document.metadata.get("image")
        crop = self._crop(str(handle), match.box) if handle else None
        return Citation(number, document, match.box, crop, match.values)

    def _observed(self, handle: str) -> Observation:
        observer = choose_observer(self._given)
        if observer is None or not handle:
            return Observation(1, 1)
        return observer.observe(self.store.get(handle))

    def _crop(self, handle: str, box: Box) -> str:
        picture = self.store.get(handle).to_pil()
        part = box.grown(_MARGIN * min(box.height, _TALL)).clamped(*picture.size).rounded()
        return self.store.put_crop(handle, as_file(picture.crop(part)), part)


def find_match(text: str, seen: Observation) -> Match | None:
    """Find the words and numbers of a statement in a picture.

    Its numbers count first; of its words those in their rows belong to the box, and where there
    is no number, all quoted words do.

    Example:
        >>> line = TextLine("North 1,204", 1.0, Box(0, 0, 110, 20))
        >>> find_match("North sold 1204 units.", Observation(200, 100, (line,))).values
        ('1204',)
    """
    seen = _with_words(seen)
    values = _numbers(text, seen)
    words = [quoted.box for quoted in PrintedText(seen).find(text)]
    wanted = len(numbers_in(text))
    if values:
        rows = list(values.values())
        words = [box for box in words if any(_in_row(box, row) for row in rows)]
    elif wanted or not words:
        return None
    box = Box.union([*values.values(), *words]).rounded()
    return Match(box, tuple(values), len(words), is_complete=len(values) == wanted)


def _numbers(text: str, seen: Observation) -> dict[str, Box]:
    leaves = [Leaf(written, "[0]", text, value) for written, value in numbers_in(text)]
    found = find_evidence(leaves, seen) if leaves and seen.lines else {}
    return {leaf.path: found[leaf.path].box for leaf in leaves if leaf.path in found}


def _in_row(box: Box, row: Box) -> bool:
    shared = min(box.y2, row.y2) - max(box.y1, row.y1)
    return shared > 0.5 * min(box.height, row.height)


def _known(document: Document) -> Observation:
    lines = tuple(TextLine(text, 1.0, box) for text, box in text_lines(document))
    size = document.metadata.get("width", 1), document.metadata.get("height", 1)
    return Observation(*size, lines)


def _with_words(seen: Observation) -> Observation:
    lines = tuple(line if line.words else _split(line) for line in seen.lines)
    return Observation(seen.width, seen.height, lines)


def _split(line: TextLine) -> TextLine:
    """Return a line with its words, whose places are estimated."""
    return TextLine(line.text, line.score, line.box, tuple(_words(line)))


def _words(line: TextLine) -> Iterator[Word]:
    unit = line.box.width / max(1, len(line.text))
    for match in re.finditer(r"\S+", line.text):
        left, right = line.box.x1 + unit * match.start(), line.box.x1 + unit * match.end()
        yield Word(match[0], line.score, Box(left, line.box.y1, right, line.box.y2))


def missing_numbers(text: str, citations: Sequence[Citation]) -> tuple[str, ...]:
    """Return the numbers of a statement that stand in none of the places."""
    said = {value for citation in citations for value in citation.values}
    return tuple(written for written, _ in numbers_in(text) if written not in said)
