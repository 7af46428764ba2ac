"""Which frames show what is asked for.

A scorer gives each frame a number; whoever has another judge of pictures, such as embeddings, puts
it in the place of `ObserverScorer`, which reads and sees by the embedded engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Protocol, runtime_checkable

import PIL.Image
from PIL import ImageChops

from langchain_gptv.vision.observations import DetectedObject, Observation, Observer
from langchain_gptv.vision.video.frames import Frame

_SAME_SIDE, _SAME_LEVELS = 256, 32
"""Two frames are seen as one when no pixel differs by more levels of 255 at this size: the noise of
an encoder stays below, a new word does not."""

_ALIKE = 0.8
"""Letters that two words must share; readers mistake one of five at most."""

_COLOR_SHARE = 0.2
_FILLERS = frozenset(
    "a an the this that these those of in on at to for with by from and or not is are was were be "
    "been does do did has have had it its there here i me my we he she they his her their "
    "what which who whom whose when where why how show shows showing shown see seen find moment "
    "moments frame frames scene scenes video clip picture word words text says said say".split()
)


class FrameScorer(Protocol):
    """Judges how well frames answer a query."""

    def score(self, frames: Iterable[Frame], query: str, /) -> Sequence[float]:
        """Return a number from 0 (not at all) to 1 for each frame, in their order.

        Frames may come one by one from a decoder; whoever keeps them keeps their pixels.
        """


@runtime_checkable
class Vocabulary(Protocol):
    """An observer that knows by which words people call its objects."""

    def labels_of(self, word: str, /) -> Sequence[str]:
        """Return the labels that a word may mean; none for a word that is not known."""


def select_frames(
    frames: Sequence[Frame], query: str, *, scorer: FrameScorer, count: int = 20
) -> list[Frame]:
    """Return the frames that answer a query, best first, each with its `score`.

    Args:
        frames: To choose from.
        query: What is asked for.
        scorer: The judge, such as `ObserverScorer(LocalEngine())`.
        count: How many at most. Frames with a score of 0 are never among them.
    """
    scores = scorer.score(frames, query)
    return [replace(frames[place], score=scores[place]) for place in best_first(scores)[:count]]


def best_first(scores: Sequence[float]) -> list[int]:
    """Return the places of all scores above 0, the highest first; of equal ones the earlier."""
    places = (place for place, score in enumerate(scores) if score > 0)
    return sorted(places, key=lambda place: -scores[place])


class ObserverScorer:
    """Scores by the words that stand in a frame and the objects in it. No network.

    A score is the share of the query's words that are found, each by how sure the observer is.

    Args:
        observer: What reads and sees, such as `LocalEngine()`. When it is a `Vocabulary` too, words
            that mean an object are found as well as its label.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._labels_of = observer.labels_of if isinstance(observer, Vocabulary) else _no_labels

    def score(self, frames: Iterable[Frame], query: str, /) -> list[float]:
        """Look at each frame that differs from the one before, and score it."""
        seen = self._observed(frames)
        return [score_observation(each, query, self._labels_of) for each in seen]

    def _observed(self, frames: Iterable[Frame]) -> Iterator[Observation]:
        seen = Observation(0, 0)
        for frame, is_new in changes(frames):
            if is_new:
                seen = self._observer.observe(frame.image)
            yield seen


def changes(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Yield frames, each with whether it differs from the last one that did."""
    last: PIL.Image.Image | None = None
    for frame in frames:
        small = _small(frame)
        is_new = last is None or _differ(last, small)
        if is_new:
            last = small
        yield frame, is_new


def query_terms(query: str) -> tuple[str, ...]:
    """Return the words of a query that say something, in lower case.

    Example:
        >>> query_terms("When does the red car arrive?")
        ('red', 'car', 'arrive')
    """
    words = dict.fromkeys(re.findall(r"\w+", query.lower()))
    return tuple(word for word in words if word not in _FILLERS) or tuple(words)


def score_observation(
    seen: Observation, query: str, labels_of: Callable[[str], Sequence[str]]
) -> float:
    """Return how much of a query is seen in one picture, from 0 to 1.

    Args:
        seen: The words and objects in it.
        query: What is asked for.
        labels_of: Which labels of objects a word may mean.
    """
    found = _words(seen)
    for thing in seen.objects or ():
        for word in _names(thing):
            found[word] = max(found.get(word, 0.0), thing.score)
    terms = query_terms(query)
    scores = (max(_found(term, found), _shown(labels_of(term), seen)) for term in terms)
    return sum(scores) / len(terms) if terms else 0.0


def _shown(labels: Sequence[str], seen: Observation) -> float:
    things = seen.objects or ()
    return max((thing.score for thing in things if thing.label in labels), default=0.0)


def _no_labels(word: str) -> Sequence[str]:
    return ()


def _words(seen: Observation) -> dict[str, float]:
    words: dict[str, float] = {}
    for line in seen.lines:
        for word in re.findall(r"\w+", line.text.lower()):
            words[word] = max(words.get(word, 0.0), line.score)
    return words


def _names(thing: DetectedObject) -> Iterator[str]:
    yield from thing.label.lower().split()
    yield from (color.name for color in thing.colors if color.share >= _COLOR_SHARE)


def _found(term: str, words: Mapping[str, float]) -> float:
    return max((score * _likeness(term, word) for word, score in words.items()), default=0.0)


def _likeness(term: str, word: str) -> float:
    """Return 1 for the same word or its plural, less for one with a letter misread, else 0."""
    if term == word or _singular(term) == _singular(word):
        return 1.0
    # A number with another digit is another number, and short words are alike by chance.
    if len(term) < 4 or any(map(str.isdigit, term)):
        return 0.0
    ratio = SequenceMatcher(None, term, word).ratio()
    return ratio**2 if ratio >= _ALIKE else 0.0


def _singular(word: str) -> str:
    for ending, single in (("ies", "y"), ("ses", "s"), ("xes", "x"), ("s", "")):
        if len(word) > 3 and word.endswith(ending) and not word.endswith("ss"):
            return word.removesuffix(ending) + single
    return word


def _small(frame: Frame) -> PIL.Image.Image:
    picture = frame.image.to_pil().convert("YCbCr")
    picture.thumbnail((_SAME_SIDE, _SAME_SIDE))
    return picture


def _differ(one: PIL.Image.Image, other: PIL.Image.Image) -> bool:
    if one.size != other.size:
        return True
    bands = ImageChops.difference(one, other).split()
    return any(int(band.getextrema()[1]) > _SAME_LEVELS for band in bands)  # type: ignore[arg-type]
