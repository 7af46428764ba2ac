"""What in a picture a phrase may mean: the objects and text lines that an observer finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from langchain_gptv.tools.views import Sight, as_file
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.ink import tighten
from langchain_gptv.vision.observations import Observation, Observer
from langchain_gptv.vision.tiles import cut_tiles
from langchain_gptv.vision.video.scoring import Vocabulary

CROWDED = 40
"""More candidates than this are narrowed down to those of the phrase's classes, when it names any.

Numbers that stand close are told apart less well, and each costs text tokens for its label.
"""

_OBSERVED_SIDE = 1600
_SAME = 0.8
"""Overlap above which two boxes are one thing: IoU in one look, share of the smaller in two."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in a picture that a phrase may mean.

    Attributes:
        box: In pixels of the picture.
        text: What an observer read there, or the class of the object.
        score: The observer's certainty, 0 to 1; None for a cell of a grid.
        is_line: Whether it is a line of text.
    """

    box: Box
    text: str = ""
    score: float | None = None
    is_line: bool = False


def find_candidates(sight: Sight, observer: Observer | None) -> list[Candidate]:
    """Return the objects and text lines of a picture, each once; none without an observer.

    A large picture is observed in parts, since an observer scales down what is large. Lines get
    the box of their ink.
    """
    if observer is None:
        return []
    found: list[Candidate] = []
    for part in _parts(sight):
        seen = observer.observe(_file_of(sight, part))
        found = _merged(found, [_moved(one, part) for one in without_doubles(_seen(seen))])
    return [_tight(candidate, sight) for candidate in found]


def without_doubles(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the surest of the objects, and of the lines, that cover the same place."""
    kept: dict[int, Candidate] = {}
    for index, one in sorted(enumerate(candidates), key=lambda pair: -(pair[1].score or 0)):
        if not any(_is_double(one, other) for other in kept.values()):
            kept[index] = one
    return [kept[index] for index in sorted(kept)]


def split_by_phrase(
    candidates: Sequence[Candidate], phrase: str, observer: Observer | None
) -> list[list[Candidate]]:
    """Return what to offer first and what after it: all at once where they are not `CROWDED`.

    First come the objects of the classes that the phrase names, in whatever word the observer
    knows for them, and the lines that share a word with it.
    """
    labels = _labels_in(phrase, observer)
    if len(candidates) <= CROWDED or labels.isdisjoint(c.text for c in candidates if not c.is_line):
        return [list(candidates)] if candidates else []
    first = [c for c in candidates if (likeness(c, phrase) if c.is_line else c.text in labels)]
    return [first, [candidate for candidate in candidates if candidate not in first]]


def likeness(candidate: Candidate, phrase: str) -> float:
    """Return the share of the phrase's words that a candidate's text has."""
    words = set(_words(phrase))
    return len(words.intersection(_words(candidate.text))) / (len(words) or 1)


def _labels_in(phrase: str, observer: Observer | None) -> set[str]:
    words = _words(phrase)
    terms = [*words, *(" ".join(pair) for pair in pairwise(words))]
    if not isinstance(observer, Vocabulary):
        return set(terms)
    return {label for term in terms for label in observer.labels_of(term)}


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def _parts(sight: Sight) -> list[Box]:
    width, height = sight.image.width, sight.image.height
    if max(width, height) <= _OBSERVED_SIDE:
        return [sight.whole]
    columns, rows = (-(-side // _OBSERVED_SIDE) for side in (width, height))
    return cut_tiles(sight.picture, columns, rows)


def _file_of(sight: Sight, part: Box) -> Image:
    return sight.image if part == sight.whole else as_file(sight.picture.crop(part))


def _seen(seen: Observation) -> list[Candidate]:
    objects = [Candidate(found.box, found.label, found.score) for found in seen.objects or ()]
    lines = [Candidate(line.box, line.text, line.score, is_line=True) for line in seen.lines]
    return objects + lines


def _moved(candidate: Candidate, part: Box) -> Candidate:
    return replace(candidate, box=candidate.box.moved(part.x1, part.y1))


def _tight(candidate: Candidate, sight: Sight) -> Candidate:
    if not candidate.is_line:
        return candidate
    return replace(candidate, box=tighten(sight.picture, candidate.box))


def _merged(before: Sequence[Candidate], new: Iterable[Candidate]) -> list[Candidate]:
    """Add what another part shows; of what both show, the one that is less cut off stays."""
    merged = list(before)
    for one in new:
        twin = next((index for index, other in enumerate(before) if _is_twin(one, other)), None)
        if twin is None:
            merged.append(one)
        else:
            merged[twin] = max(merged[twin], one, key=lambda candidate: candidate.box.area)
    return merged


def _is_double(one: Candidate, other: Candidate) -> bool:
    return one.is_line == other.is_line and one.box.iou(other.box) >= _SAME


def _is_twin(one: Candidate, other: Candidate) -> bool:
    if one.is_line != other.is_line or not (one.is_line or one.text == other.text):
        return False
    smaller = min(one.box.area, other.box.area)
    return one.box.intersection(other.box).area >= _SAME * smaller > 0
