"""Answers about things: the objects that a detector found."""

from collections.abc import Callable, Sequence

from langchain_gptv.local.evidence import Answer, object_evidence
from langchain_gptv.local.labels import Noun, count_noun
from langchain_gptv.local.phrases import (
    is_at,
    list_box_colors,
    list_objects,
    name_place,
    show_box,
)
from langchain_gptv.local.questions import Question
from langchain_gptv.vision.observations import DetectedObject, Observation

NO_DETECTOR = (
    'No object detector is installed, so I cannot tell about things; the extra "objects" brings '
    'one: pip install "langchain-gptv[objects]".'
)


def _objects_of(seen: Observation, noun: Noun, place: str) -> list[DetectedObject] | None:
    """Return the detected objects that `noun` may mean; None without a detector."""
    if seen.objects is None:
        return None
    named = (item for item in seen.objects if item.label in noun.labels)
    return [item for item in named if is_at(seen, item.box, place)]


def tell_objects(
    seen: Observation,
    question: Question,
    noun: Noun,
    say: Callable[[Sequence[DetectedObject]], str],
    *,
    exactly: bool = False,
) -> Answer:
    """Say something about the things that a noun means, or why nothing can be said.

    With `exactly` a word for some of a class ('woman') is not answered with the class ('person').
    """
    found = _objects_of(seen, noun, question.place)
    if found is None:
        return Answer(NO_DETECTOR, "cannot_tell")
    if exactly and not noun.is_exact:
        return _cannot_tell_which(noun, found)
    if not found:
        return _none_detected(noun, question.place)
    return Answer(say(found), "seen", tuple(map(object_evidence, found)))


def _none_detected(noun: Noun, place: str) -> Answer:
    where = f" at the {place}" if place else ""
    text = (
        f"I detect no {noun.word}{where}, a thing that I know; a small or hidden one may be missed."
    )
    return Answer(text, "not_seen")


def _cannot_tell_which(noun: Noun, found: Sequence[DetectedObject]) -> Answer:
    """Answer about a 'woman' when the detector knows only a 'person'."""
    label = noun.labels[0]
    if not found:
        return Answer(f"I detect no {label}, so no {noun.word} either.", "not_seen")
    text = (
        f"I see {count_noun(len(found), label)} but cannot tell whether one is a {noun.word}: "
        f"my detector knows only '{label}'."
    )
    return Answer(text, "cannot_tell", tuple(map(object_evidence, found)))


def list_in_detail(seen: Observation, objects: Sequence[DetectedObject]) -> str:
    """Name each thing with its certainty, place and colours."""
    return "; ".join(
        f"{item.label} ({item.score:.0%}) {name_place(seen, item.box)}, mostly "
        f"{list_box_colors(item)}"
        for item in objects
    )


def say_count(noun: Noun, found: Sequence[DetectedObject]) -> str:
    """Write 'I count 2 people (72% to 78% sure).'."""
    scores = [item.score for item in found]
    if len({item.label for item in found}) > 1:
        return f"There are {list_objects(found)}: {len(found)} in all."
    sure = f"{min(scores):.0%} to {max(scores):.0%} sure" if len(found) > 1 else f"{scores[0]:.0%}"
    return f"I count {count_noun(len(found), noun.word)} ({sure})."


def say_colors(seen: Observation, found: Sequence[DetectedObject]) -> str:
    """Write which colours the box of each thing has."""
    texts = (
        f"The {item.label} {name_place(seen, item.box)}: its box is mostly {list_box_colors(item)}"
        for item in found
    )
    return "; ".join(texts) + "."


def say_places(seen: Observation, found: Sequence[DetectedObject]) -> str:
    """Write where each thing is, in words and in pixels."""
    places = "; ".join(
        f"{item.label} ({item.score:.0%}) {name_place(seen, item.box)}, box {show_box(item.box)}"
        for item in found
    )
    return f"I see {places}."
