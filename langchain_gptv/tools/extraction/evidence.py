"""Where in the picture each value stands: values matched to the words that an observer read."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import count, groupby
from typing import Any

from langchain_gptv.local.layout import group_rows
from langchain_gptv.tools.extraction.leaves import Leaf
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import Observation, TextLine

_LONGEST = 12
"""Words of the longest value that is looked for within a line."""


@dataclass(frozen=True, slots=True)
class ValueEvidence:
    """The words that say a value.

    Attributes:
        text: As printed.
        score: Certainty of the reader, 0 to 1.
        box: In pixels of the upright picture.
    """

    text: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class _Place:
    """A run of words in one row; `row` counts from the top, `words` are their numbers."""

    evidence: ValueEvidence
    row: int
    words: frozenset[int]


def find_evidence(leaves: Sequence[Leaf], seen: Observation) -> dict[str, ValueEvidence]:
    """Match values to words; a value that no words say gets no entry.

    Words are used once, as far as they last. Of several places the one in the row of the values
    that stand beside it in the data is taken, then the one whose row says the field's name.

    Args:
        leaves: From `find_leaves`, in the order of the data.
        seen: What an observer read in the same picture.

    Returns:
        By path, such as `items[0].amount`.
    """
    page = _Page(seen)
    found: dict[str, ValueEvidence] = {}
    for _, group in groupby(leaves, key=lambda leaf: leaf.group):
        found |= _match_group(list(group), page)
    return found


def _match_group(leaves: Sequence[Leaf], page: _Page) -> dict[str, ValueEvidence]:
    """Match values that belong together; those with the fewest places show where the rest is."""
    places = {leaf.path: page.find(leaf.value) for leaf in leaves if leaf.value is not None}
    found: dict[str, ValueEvidence] = {}
    rows: Counter[int] = Counter()
    is_item = "[" in leaves[0].group
    for leaf in sorted(leaves, key=lambda leaf: len(places.get(leaf.path, ()))):
        choices = places.get(leaf.path)
        if choices:
            near = rows if is_item else Counter()
            place = page.choose(choices, leaf.name, near)
            page.used |= place.words
            rows[place.row] += 1
            found[leaf.path] = place.evidence
    return found


@dataclass(frozen=True, slots=True)
class _Unit:
    """One word of a line, or the whole line where the reader gave no words."""

    text: str
    score: float
    box: Box
    row: int
    number: int


class _Page:
    """The words of a picture by row, and which of them already say a value."""

    def __init__(self, seen: Observation) -> None:
        self.rows = group_rows(seen.lines)
        self.used: set[int] = set()
        number = count()
        self.units = [
            [_Unit(*part, row, next(number)) for line in lines for part in _parts(line)]
            for row, lines in enumerate(self.rows)
        ]
        self._said: dict[str, list[list[_Unit]]] = defaultdict(list)
        for run in (run for units in self.units for run in _runs(units)):
            for spelling in _spellings_in_print(" ".join(unit.text for unit in run)):
                self._said[spelling].append(run)

    def find(self, value: Any) -> list[_Place]:
        """Return every run of words that says the value, in reading order."""
        runs = [run for spelling in _spellings(value) for run in self._said.get(spelling, ())]
        return [_place(run) for run in runs] or list(self._over_lines(value))

    def _over_lines(self, value: Any) -> Iterator[_Place]:
        """Find a text that is broken over several lines of one column."""
        whole = _squeeze(value) if isinstance(value, str) else ""
        if len(whole) < 8:
            return
        pieces = [
            units
            for row in self.units
            for units in _by_line(row)
            if _squeeze("".join(unit.text for unit in units)) in whole
        ]
        covered = sum(len(_squeeze("".join(unit.text for unit in units))) for units in pieces)
        if pieces and 0.8 * len(whole) <= covered <= 1.2 * len(whole):
            yield _place([unit for units in pieces for unit in units])

    def choose(self, places: Sequence[_Place], name: str, rows: Mapping[int, int]) -> _Place:
        """Return the place to prefer."""
        words = [word for word in re.findall(r"[a-z]+", name.lower()) if len(word) > 2]

        def rank(place: _Place) -> tuple[bool, int, int, int, int]:
            text = " ".join(line.text for line in self.rows[place.row]).lower()
            said = sum(bool(re.search(rf"\b{word}", text)) for word in words)
            distance = min((abs(place.row - row) for row in rows), default=0)
            return bool(place.words & self.used), distance, -said, place.row, len(place.words)

        return min(places, key=rank)


def _parts(line: TextLine) -> list[tuple[str, float, Box]]:
    """Return the words of a line; a reader may give the signs of '4.50' one by one."""
    words = [(word.text, word.score, word.box) for word in line.words]
    if not words or _squeeze("".join(text for text, _, _ in words)) != _squeeze(line.text):
        return [(line.text, line.score, line.box)]
    return words


def _runs(units: Sequence[_Unit]) -> Iterator[list[_Unit]]:
    for start in range(len(units)):
        for end in range(start + 1, min(len(units), start + _LONGEST) + 1):
            yield list(units[start:end])


def _by_line(units: Sequence[_Unit]) -> Iterator[list[_Unit]]:
    """Split the words of a row where the room between two is wider than a letter is high."""
    piece: list[_Unit] = []
    for unit in units:
        if piece and unit.box.x1 - piece[-1].box.x2 > unit.box.height:
            yield piece
            piece = []
        piece.append(unit)
    if piece:
        yield piece


def _place(units: Sequence[_Unit]) -> _Place:
    evidence = ValueEvidence(
        text=" ".join(unit.text for unit in units),
        score=min(unit.score for unit in units),
        box=Box.union(unit.box for unit in units),
    )
    return _Place(evidence, units[0].row, frozenset(unit.number for unit in units))


def _spellings(value: Any) -> set[str]:
    """Return what a value looks like with all that varies in print taken out."""
    if isinstance(value, bool) or value is None:
        return set()
    if isinstance(value, int | float | Decimal):
        return {f"number {_canonical_number(Decimal(str(value)))}"}
    if isinstance(value, date | datetime):
        return _days(value)
    text = str(value)
    day = _iso_day(text)
    return {_squeeze(text)} - {""} | (_days(day) if day else set())


def _spellings_in_print(text: str) -> set[str]:
    days = _printed_days(text) if _looks_like_day(text) else set()
    return {_squeeze(text)} | {f"number {number}" for number in _printed_numbers(text)} | days


def _squeeze(text: Any) -> str:
    return re.sub(r"[\W_]+", "", str(text)).casefold()


def _canonical_number(number: Decimal) -> str:
    return f"{number.normalize():f}" if number else "0"


def _printed_numbers(text: str) -> set[str]:
    """Return what a printed number may mean: '1,234' is a thousand or a decimal."""
    bare = re.sub(r"^[^\d(.,-]{0,4}|[^\d)]{0,4}$", "", text.strip())
    if not re.fullmatch(r"-?[\d., ']*\d", bare):
        return set()
    bare = re.sub(r"[ ']", "", bare)
    readings = (bare.replace(",", ""), bare.replace(".", "").replace(",", "."))
    return {
        _canonical_number(number) for text in readings if (number := _decimal(text)) is not None
    }


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _iso_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if re.match(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _days(day: date) -> set[str]:
    """Both orders of a day in figures, since print does not say which it is."""
    return {f"day {day.year} {low} {high}" for low, high in [sorted((day.month, day.day))]}


def _looks_like_day(text: str) -> bool:
    return len(re.findall(r"\d+", text)) in (2, 3) and len(text) < 24


def _printed_days(text: str) -> set[str]:
    from dateutil import parser

    try:
        return _days(parser.parse(text, default=datetime(1, 1, 1)).date())
    except (ValueError, OverflowError):
        return set()
