"""What differs between two pictures: in their pixels, their things and their text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from langchain_gptv.local.evidence import Answer, Evidence, line_evidence, object_evidence
from langchain_gptv.local.labels import count_noun
from langchain_gptv.local.layout import order_for_reading
from langchain_gptv.local.phrases import join_words, name_place, show_box
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.differences import find_differences
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import Observation, TextLine

_TWO_STATES = 0.5
"""Share of the area; where more differs, they are two pictures and not two states of one."""

_SHOWN = 5
"""Places, and lines of text of each picture, that an answer names."""

_Said = tuple[str, list[Evidence]]


def compare(images: Sequence[Image], seen: Sequence[Observation]) -> Answer:
    """Say what differs between two pictures, as far as the engine can see it.

    Args:
        images: Two.
        seen: What was seen in each.
    """
    pixels = find_differences(*images)
    if pixels.same:
        whole = Evidence("image", "no difference", 1.0)
        return Answer("I find no difference between the two pictures.", "seen", (whole,))
    if not pixels.comparable:
        sizes = join_words(f"{one.width} x {one.height}" for one in seen)
        said: list[_Said] = [(f"They have different shapes: {sizes} pixels.", [])]
    elif pixels.share > _TWO_STATES:
        said = [(f"They differ nearly everywhere: in {pixels.share:.0%} of the area.", [])]
    else:
        said = [_places(seen[0], pixels.regions, pixels.share)]
    said += [_things(*seen), _texts(*seen)]
    evidence = tuple(fact for _, facts in said for fact in facts)
    return Answer(" ".join(text for text, _ in said if text), "seen", evidence)


def _places(seen: Observation, regions: Sequence[Box], share: float) -> _Said:
    shown = "; ".join(f"{name_place(seen, box)}, box {show_box(box)}" for box in regions[:_SHOWN])
    more = f"; and {len(regions) - _SHOWN} more" if len(regions) > _SHOWN else ""
    text = f"They differ in {count_noun(len(regions), 'place')}, {share:.1%} of the area: "
    return f"{text}{shown}{more}.", [Evidence("image", "difference", 1.0, box) for box in regions]


def _things(first: Observation, second: Observation) -> _Said:
    if first.objects is None or second.objects is None:
        return "", []
    one, other = (Counter(item.label for item in seen) for seen in (first.objects, second.objects))
    if one == other:
        return "I detect the same things in both." if one else "", []
    facts = [*map(object_evidence, first.objects)]
    facts += [replace(object_evidence(item), image_index=1) for item in second.objects]
    return f"Image 1 shows {_list(one)}, image 2 {_list(other)}.", facts


def _list(things: Counter[str]) -> str:
    if not things:
        return "nothing that I know"
    return join_words(count_noun(count, label) for label, count in things.items())


def _texts(first: Observation, second: Observation) -> _Said:
    only = _beyond(first.lines, second.lines), _beyond(second.lines, first.lines)
    if not any(only):
        return "They say the same." if first.lines else "", []
    said = " ".join(
        f"Only image {number} says {_quote(lines)}."
        for number, lines in enumerate(only, 1)
        if lines
    )
    facts = [
        replace(line_evidence(line), image_index=index)
        for index, lines in enumerate(only)
        for line in lines
    ]
    return said, facts


def _beyond(lines: Iterable[TextLine], others: Iterable[TextLine]) -> list[TextLine]:
    """Return the lines that the others do not say, or not as often."""
    left = Counter(map(_key, others))
    beyond = []
    for line in order_for_reading([*lines]):
        if left[_key(line)]:
            left[_key(line)] -= 1
        else:
            beyond.append(line)
    return beyond


def _key(line: TextLine) -> str:
    return "".join(line.text.split()).casefold()


def _quote(lines: Sequence[TextLine]) -> str:
    shown = " / ".join(line.text for line in lines[:_SHOWN])
    more = f" and {count_noun(len(lines) - _SHOWN, 'more line')}" if len(lines) > _SHOWN else ""
    return f"“{shown}”{more}"
