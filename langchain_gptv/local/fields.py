"""The fields of a document: which value stands beside or below which label."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from langchain_gptv.local.concepts import Concept, find_concept
from langchain_gptv.local.layout import group_rows
from langchain_gptv.local.quotations import LIKENESS
from langchain_gptv.local.values import ValueKind, find_values
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine


@dataclass(frozen=True, slots=True)
class Field:
    """A value that a label names.

    Attributes:
        value: As printed.
        score: 0 to 1: the reader's certainty, less without a label or for one that is above it.
        box: Of the value.
    """

    value: str
    score: float
    box: Box


_HEADINGS = {"invoice", "receipt", "tax invoice", "sales receipt", "bill", "quote", "statement"}

_FREE_KINDS = {"date", "time", "phone", "email", "url", "iban"}
"""Kinds of value that tell what they are without a label."""


def find_field(lines: Sequence[TextLine], concept: Concept) -> list[Field]:
    """Return the values of `concept`, the likeliest first; empty when there is none."""
    rows = group_rows(lines)
    for fuzzy in (False, True):
        for label in concept.labels:
            found = list(_values_of(rows, label, concept, fuzzy))
            if found:
                return sorted(found, key=lambda field: -field.score)
    if concept.name == "seller":
        return _find_seller(lines)
    if concept.name == "title":
        return _find_tallest(lines)
    if concept.kind in _FREE_KINDS and concept.name != "due date":
        return _find_unlabelled(lines, concept)
    return []


def find_value_near(
    lines: Sequence[TextLine], words: Sequence[str], kind: ValueKind
) -> list[Field]:
    """Return values on the row whose text says `words`, such as the price of a line item."""
    rows = group_rows(lines)
    ranked = sorted(((_likeness(row, words), row) for row in rows), key=lambda pair: -pair[0])
    best = ranked[0][0] if ranked else 0
    if best < LIKENESS:
        return []
    found = []
    for likeness, row in ranked:
        if likeness >= max(LIKENESS, best - 3):
            found += _last_value(row, kind, likeness)
    return found


def find_text(lines: Sequence[TextLine], phrase: str) -> list[TextLine]:
    """Return the lines that say `phrase`, whole words, whatever their case."""
    pattern = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)
    return [line for line in lines if pattern.search(line.text)]


def box_of_span(line: TextLine, start: int, end: int) -> Box:
    """Return the box of `line.text[start:end]` from its words, or in proportion without them."""
    position, boxes = 0, []
    for word in line.words:
        at = line.text.find(word.text, position)
        if at < 0:
            continue
        position = at + len(word.text)
        if at < end and position > start:
            boxes.append(_slice(word.box, len(word.text), max(start - at, 0), end - at))
    return Box.union(boxes) if boxes else _slice(line.box, len(line.text), start, end)


def _slice(box: Box, length: int, start: int, end: int) -> Box:
    per_character = box.width / max(1, length)
    left = box.x1 + per_character * start
    return Box(left, box.y1, box.x1 + per_character * min(end, length), box.y2)


def _values_of(
    rows: Sequence[Sequence[TextLine]], label: str, concept: Concept, fuzzy: bool
) -> Iterator[Field]:
    for index, row in enumerate(rows):
        for at, line in enumerate(row):
            span = _find_label(line.text, label, concept.never, fuzzy)
            if span is None:
                continue
            field = (
                _value_in(line, span[1], concept.kind)
                or _value_right(row[at + 1 :], concept.kind)
                or _value_below(rows[index + 1 : index + 4], line, concept.kind)
            )
            if field is not None:
                yield field


def _find_label(text: str, label: str, never: Sequence[str], fuzzy: bool) -> tuple[int, int] | None:
    if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) for word in never):
        return None
    if not fuzzy:
        spaced = re.escape(label).replace(r"\ ", r"[\s.:]*")
        match = re.search(rf"(?<!\w){spaced}(?![a-z])", text, re.IGNORECASE)
        return match.span() if match else None
    if len(label) < 5:
        return None
    return _find_misread(text, label)


def _find_misread(text: str, label: str) -> tuple[int, int] | None:
    words = list(re.finditer(r"\S+", text))
    count = len(label.split())
    for first in range(len(words) - count + 1):
        start, end = words[first].start(), words[first + count - 1].end()
        if fuzz.ratio(text[start:end].lower().rstrip(":."), label) >= LIKENESS:
            return start, end
    return None


def _value_in(line: TextLine, label_end: int, kind: ValueKind) -> Field | None:
    """Look behind the label in its own line: 'Total: 12.00'."""
    rest = line.text[label_end:]
    offset = label_end + len(rest) - len(rest.lstrip(" .:#-"))
    for start, end in find_values(line.text[offset:], kind):
        return _field(line, (offset + start, offset + end), line.score)
    return None


def _value_right(neighbours: Sequence[TextLine], kind: ValueKind) -> Field | None:
    """Look to the right in the row; of the amounts there the last is the row's result."""
    if kind == "text":
        # Any text would do, so only the next one counts, and not when it is another label.
        neighbours = [other for other in neighbours[:1] if not find_concept(other.text.lower())]
    candidates = [(other, span) for other in neighbours for span in find_values(other.text, kind)]
    if not candidates:
        return None
    other, span = candidates[-1] if kind == "amount" else candidates[0]
    return _field(other, span, other.score)


def _value_below(
    rows: Sequence[Sequence[TextLine]], line: TextLine, kind: ValueKind
) -> Field | None:
    """Look below the label, within three line heights and in its own column."""
    for row in rows:
        for other in row:
            overlaps = min(other.box.x2, line.box.x2) - max(other.box.x1, line.box.x1) > 0
            near = other.box.y1 - line.box.y2 < 3 * line.box.height
            spans = find_values(other.text, kind)
            if overlaps and near and spans and not other.text.rstrip().endswith(":"):
                return _field(other, spans[0], 0.9 * other.score)
    return None


def _field(line: TextLine, span: tuple[int, int], score: float) -> Field:
    return Field(line.text[slice(*span)].strip(), score, box_of_span(line, *span))


def _find_seller(lines: Sequence[TextLine]) -> list[Field]:
    """Take the tallest line near the top that is no heading."""
    named = [line for line in lines if line.text.strip().lower() not in _HEADINGS]
    bottom = max((line.box.y2 for line in named), default=0)
    return _find_tallest([line for line in named if line.box.y1 <= bottom * 0.25])


def _find_tallest(lines: Sequence[TextLine]) -> list[Field]:
    if not lines:
        return []
    line = max(lines, key=lambda line: line.box.height)
    return [Field(line.text, 0.8 * line.score, line.box)]


def _find_unlabelled(lines: Sequence[TextLine], concept: Concept) -> list[Field]:
    return [
        Field(line.text[start:end], 0.9 * line.score, box_of_span(line, start, end))
        for line in lines
        for start, end in find_values(line.text, concept.kind)
    ]


def _likeness(row: Sequence[TextLine], words: Sequence[str]) -> float:
    printed = [word.lower().strip(".,:;") for line in row for word in line.text.split()]
    ratio: Callable[[str, str], float] = fuzz.ratio
    best = [max((ratio(word, other) for other in printed), default=0) for word in words]
    return min(best, default=0)


def _last_value(row: Sequence[TextLine], kind: ValueKind, likeness: float) -> list[Field]:
    for line in reversed(row):
        spans = find_values(line.text, kind)
        if spans:
            return [_field(line, spans[-1], line.score * likeness / 100)]
    return []
