"""Fields of a form: labels, and what is filled in beside or below them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_gptv.local.concepts import find_concept
from langchain_gptv.local.layout import group_rows
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine

_LABELLED = re.compile(r"(?P<label>[^\W\d_][^:]{0,40}?)\s*:(?!\S*//)(?:\s+(?P<value>.*)|)$")
"""'Name: Ann' and 'Name:', but neither '14:32' nor 'https://'."""

_BLANK = re.compile(r"[\s_.…-]*")
"""The line on which one writes."""

_MAX_WORDS = 6
"""Of a label; more words before a colon are a sentence."""

_MAX_VALUE_WORDS = 10
"""In the line of its label; more are a sentence too."""


@dataclass(frozen=True, slots=True)
class PrintedField:
    """A label and what is filled in.

    Attributes:
        label: As printed, without its colon.
        value: As printed; None where nothing is filled in.
        score: The least sure part, 0 to 1.
        box: Of the value; of the label where nothing is filled in.
    """

    label: str
    value: str | None
    score: float
    box: Box


def find_form_fields(lines: Sequence[TextLine]) -> list[PrintedField]:
    """Return the labels that end in a colon or are well known, with what is filled in."""
    rows = group_rows(lines)
    labels = [
        (found, row[at + 1 : at + 2], rows[number + 1 : number + 2])
        for number, row in enumerate(rows)
        for at, line in enumerate(row)
        if (found := _label(line)) is not None
    ]
    # What stands beside one label is not looked for below another.
    beside = {
        id(found.line): right[0]
        for found, right, _ in labels
        if not found.inside and _is_value(right)
    }
    used = {id(value) for value in beside.values()}
    fields = []
    for found, _, below in labels:
        value = beside.get(id(found.line)) or _below(found.line, below, used)
        field = found.with_value(value)
        fields += [field] if field else []
    return fields


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    inside: str
    line: TextLine
    has_colon: bool

    def with_value(self, value: TextLine | None) -> PrintedField | None:
        line = self.line
        if self.inside:
            return PrintedField(self.text, self.inside, line.score, line.box)
        if value is not None:
            score = min(line.score, value.score)
            return PrintedField(self.text, value.text.strip(), score, value.box)
        # A known word alone, such as a heading of a table, is no empty field.
        return PrintedField(self.text, None, line.score, line.box) if self.has_colon else None


def _label(line: TextLine) -> _Label | None:
    text = line.text.strip()
    match = _LABELLED.match(text)
    if match is None:
        return _Label(text.rstrip("."), "", line, has_colon=False) if _is_known(text) else None
    label, inside = match["label"], (match["value"] or "").strip()
    if len(label.split()) > _MAX_WORDS or len(inside.split()) > _MAX_VALUE_WORDS:
        return None
    return _Label(label, "" if _BLANK.fullmatch(inside) else inside, line, has_colon=True)


def _is_value(right: Sequence[TextLine]) -> bool:
    return bool(right) and not _is_label(right[0])


def _below(line: TextLine, rows: Sequence[Sequence[TextLine]], used: set[int]) -> TextLine | None:
    """Return the line just below a label, at the same left edge."""
    for other in (other for row in rows for other in row):
        in_column = abs(other.box.x1 - line.box.x1) < line.box.height
        near = other.box.y1 - line.box.y2 < line.box.height
        if in_column and near and id(other) not in used and not _is_label(other):
            return other
    return None


def _is_label(line: TextLine) -> bool:
    return bool(_LABELLED.match(line.text.strip())) or _is_known(line.text)


def _is_known(text: str) -> bool:
    """Tell whether a text is a label that documents print, and nothing else."""
    said = text.strip().rstrip(".:").lower()
    concept = find_concept(said)
    return concept is not None and said in (concept.name.lower(), *concept.labels)
