"""Phrases of an answer tied to what was seen: objects by their names, text by its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from langchain_gptv.local.labels import COCO_LABELS, NOUNS, pluralize
from langchain_gptv.local.quotations import PrintedText
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.grounding import GroundedSpan
from langchain_gptv.vision.observations import DetectedObject, Observation

_VAGUE = {"object", "objects", "thing", "things"}
_DETERMINERS = (
    "an?|the|this|that|these|those|one|two|three|four|five|six|seven|eight|nine|ten|several|some|"
    r"many|both|all|another|\d+"
)
_ADJECTIVES = (
    "black|white|gr[ae]y|red|orange|yellow|green|blue|purple|pink|brown|beige|silver|golden|dark|"
    "light|small|large|big|little|tall|old|young|other"
)


LookAgain = Callable[[AbstractSet[str]], Iterable[DetectedObject]]


class Grounder:
    """Ties answers to one picture.

    Args:
        seen: What was observed in it.
        merge_duplicates: One box for all objects of a kind, as Azure's service had it; else each
            has a span of its own.
        look_again: Finds things by their labels at a closer look; asked once for each label that
            an answer names and the observation does not have. None leaves it at the observation.

    Example:
        >>> cup = DetectedObject("cup", 0.97, Box(60, 20, 180, 100))
        >>> [span] = Grounder(Observation(600, 400, (), (cup,))).ground("I see a white mug.")
        >>> span.text, span.offset
        ('a white mug', 6)
    """

    def __init__(
        self,
        seen: Observation,
        *,
        merge_duplicates: bool = True,
        look_again: LookAgain | None = None,
    ) -> None:
        self._size = seen.width, seen.height
        self._merge = merge_duplicates
        self._objects = seen.objects or ()
        # Where nobody looked for objects, there is nothing to look for again.
        self._look_again = None if seen.objects is None else look_again
        self._looked_for = frozenset(thing.label for thing in self._objects)
        self._printed = PrintedText(seen)

    def ground(self, answer: str) -> list[GroundedSpan]:
        """Return the spans of an answer in its order; none overlaps another phrase."""
        self._find_what_is_named(answer)
        found = [(quoted.start, quoted.end, quoted.box) for quoted in self._printed.find(answer)]
        for start, end, things in self._mentions(answer):
            if all(end <= first or last <= start for first, last, _ in found):
                found += [(start, end, box) for box in self._boxes(things)]
        found.sort(key=lambda span: span[:2])
        return [
            GroundedSpan.of_box(answer[start:end], start, box, size=self._size)
            for start, end, box in found
        ]

    def _find_what_is_named(self, answer: str) -> None:
        named = _named_in(answer) - self._looked_for if self._look_again else frozenset()
        if named and self._look_again:
            self._objects = (*self._objects, *self._look_again(named))
            self._looked_for |= named

    def _mentions(self, answer: str) -> list[tuple[int, int, list[DetectedObject]]]:
        """Return each phrase that names things which are there."""
        pattern, vocabulary = _naming(frozenset(thing.label for thing in self._objects))
        found = []
        for match in pattern.finditer(answer) if vocabulary else ():
            labels, is_exact = vocabulary[" ".join(match["word"].lower().split())]
            things = [thing for thing in self._objects if thing.label in labels]
            # Of two persons nobody knows which one 'the woman' is.
            if is_exact or len(things) == 1:
                found.append((*match.span("phrase"), things))
        return found

    def _boxes(self, things: Sequence[DetectedObject]) -> Iterator[Box]:
        boxes = [thing.box for thing in things]
        yield from [Box.union(boxes)] if self._merge else sorted(boxes)


def _named_in(answer: str) -> frozenset[str]:
    """Return the labels that an answer names for certain: a 'cup', but no 'vehicle'."""
    pattern, vocabulary = _naming(frozenset(COCO_LABELS.values()))
    words = (" ".join(match["word"].lower().split()) for match in pattern.finditer(answer))
    named = (vocabulary[word] for word in words)
    return frozenset(labels[0] for labels, is_exact in named if is_exact and len(labels) == 1)


_Vocabulary = dict[str, tuple[tuple[str, ...], bool]]


@lru_cache(maxsize=64)
def _naming(labels: frozenset[str]) -> tuple[re.Pattern[str], _Vocabulary]:
    vocabulary = _vocabulary(labels)
    return _pattern(vocabulary), vocabulary


def _vocabulary(labels: frozenset[str]) -> _Vocabulary:
    """Return each word for any of the labels: which of them it means, and whether exactly."""
    words: _Vocabulary = {}
    for label in sorted(labels):
        words |= dict.fromkeys((label.lower(), pluralize(label.lower())), ((label,), True))
    for word, noun in NOUNS.items():
        meant = tuple(label for label in labels if label.lower() in noun.labels)
        if meant and word not in _VAGUE:
            words[word] = meant, noun.is_exact
    return words


def _pattern(vocabulary: _Vocabulary) -> re.Pattern[str]:
    words = "|".join(
        re.escape(word).replace(r"\ ", r"\s+") for word in sorted(vocabulary, key=len, reverse=True)
    )
    before = rf"(?:(?:{_DETERMINERS})\s+)?(?:(?:{_ADJECTIVES})\s+){{0,2}}"
    return re.compile(rf"(?<![\w-])(?<!no )(?P<phrase>{before}(?P<word>{words}))(?![\w-])", re.I)
