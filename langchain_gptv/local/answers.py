"""Answers in sentences, from what was seen and from nothing else."""

from collections.abc import Callable, Sequence
from functools import partial

from langchain_gptv.local.concepts import Concept
from langchain_gptv.local.evidence import Answer, Evidence
from langchain_gptv.local.fields import Field, find_field, find_text, find_value_near
from langchain_gptv.local.labels import COCO_LABELS, Noun, count_noun
from langchain_gptv.local.layout import order_for_reading, render_layout
from langchain_gptv.local.phrases import (
    list_box_colors,
    list_colors,
    list_objects,
    name_place,
    name_shape,
    show_box,
)
from langchain_gptv.local.questions import Question, QuestionKind
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine

MANY_LINES = 8
"""From so many lines on a picture is a page, and that it shows no things goes without saying."""

NO_DETECTOR = (
    'No object detector is installed, so I cannot tell about things; the extra "objects" brings '
    'one: pip install "langchain-gptv[objects]".'
)
NO_IMAGE = "I see no image in this conversation. Send one together with the question."


def answer_question(seen: Observation, question: Question) -> Answer:
    """Answer one question about one picture."""
    return _ANSWERS[question.kind](seen, question)


def _describe(seen: Observation, question: Question) -> Answer:
    shape = name_shape(seen)
    parts = [f"A {shape} picture, {seen.width} x {seen.height} pixels."]
    if seen.objects:
        parts.append(f"I see {list_objects(seen.objects)}.")
    elif seen.objects is not None and len(seen.lines) < MANY_LINES:
        parts.append(f"I detect none of the {len(COCO_LABELS)} kinds of objects that I know.")
    if seen.lines:
        parts.append(_summarize_text(seen))
    else:
        parts.append("I read no text in it.")
    parts.append(f"Main colours: {list_colors(seen)}.")
    if seen.objects is None:
        parts.append(NO_DETECTOR)
    evidence = [*map(_object_evidence, seen.objects or ()), *map(_line_evidence, seen.lines)]
    return Answer(" ".join(parts), "seen", (*evidence, *_color_evidence(seen)))


def _summarize_text(seen: Observation, limit: int = 6) -> str:
    lines = order_for_reading(seen.lines)
    shown = " / ".join(line.text for line in lines[:limit])
    more = f" ... and {len(lines) - limit} more lines" if len(lines) > limit else ""
    return f"It has {count_noun(len(lines), 'line')} of text: “{shown}”{more}."


def _read(seen: Observation, question: Question) -> Answer:
    if not seen.lines:
        return Answer(f"I read no text in the picture.{_unclear_note(seen)}", "not_seen")
    text = render_layout(seen.lines)
    lines = order_for_reading(seen.lines)
    return Answer(text + _unclear_note(seen), "seen", tuple(map(_line_evidence, lines)))


def _unclear_note(seen: Observation) -> str:
    if not seen.unclear:
        return ""
    return f"\n\n({count_noun(len(seen.unclear), 'more line')} too unclear to read.)"


def _count(seen: Observation, question: Question) -> Answer:
    if question.noun is None:
        return _count_text(seen, question) or _cannot_tell(seen, question)
    return _tell_objects(seen, question.noun, partial(_say_count, question.noun), exactly=True)


def _say_count(noun: Noun, found: Sequence[DetectedObject]) -> str:
    scores = [item.score for item in found]
    if len({item.label for item in found}) > 1:
        return f"There are {list_objects(found)}: {len(found)} in all."
    sure = f"{min(scores):.0%} to {max(scores):.0%} sure" if len(found) > 1 else f"{scores[0]:.0%}"
    return f"I count {count_noun(len(found), noun.word)} ({sure})."


def _count_text(seen: Observation, question: Question) -> Answer | None:
    evidence = tuple(map(_line_evidence, seen.lines))
    lowered = question.text.lower()
    if "line" in lowered:
        return Answer(f"I read {count_noun(len(seen.lines), 'line')} of text.", "seen", evidence)
    if "word" in lowered:
        words = sum(len(line.text.split()) for line in seen.lines)
        return Answer(f"I read {count_noun(words, 'word')}.", "seen", evidence)
    return None


def _color(seen: Observation, question: Question) -> Answer:
    if question.noun is None and question.words:
        return _cannot_tell(seen, question)
    if question.noun is None:
        text = f"The main colours of the picture are {list_colors(seen)}."
        return Answer(text, "seen", _color_evidence(seen))
    return _tell_objects(seen, question.noun, partial(_say_colors, seen))


def _say_colors(seen: Observation, found: Sequence[DetectedObject]) -> str:
    texts = (
        f"The {item.label} {name_place(seen, item.box)}: its box is mostly {list_box_colors(item)}"
        for item in found
    )
    return "; ".join(texts) + "."


def _where(seen: Observation, question: Question) -> Answer:
    if question.noun is None:
        lines = _lines_about(seen, question)
        if not lines:
            return _cannot_tell(seen, question)
        places = "; ".join(f"“{line.text}” {name_place(seen, line.box)}" for line in lines)
        return Answer(f"I read {places}.", "seen", tuple(map(_line_evidence, lines)))
    return _tell_objects(seen, question.noun, partial(_say_places, seen))


def _say_places(seen: Observation, found: Sequence[DetectedObject]) -> str:
    places = "; ".join(
        f"{item.label} ({item.score:.0%}) {name_place(seen, item.box)}, box {show_box(item.box)}"
        for item in found
    )
    return f"I see {places}."


def _field(seen: Observation, question: Question) -> Answer:
    concept = question.concept
    if concept is None:
        return _lookup(seen, question)
    found = find_field(seen.lines, concept)
    if found:
        return _tell_field(concept.name, found)
    why = "I read no text in the picture." if not seen.lines else "No label in the text says so."
    return Answer(f"I find no {concept.name}. {why}{_unclear_note(seen)}", "not_seen")


def _lookup(seen: Observation, question: Question) -> Answer:
    """Find the label or the line item that the question names."""
    if not question.words:
        return _cannot_tell(seen, question)
    subject = " ".join(question.words)
    found = find_value_near(seen.lines, question.words, "amount")
    if not found and not question.wants_money:
        found = find_field(seen.lines, Concept(subject, "text", (subject,)))
    if found:
        return _tell_field(subject, found)
    return _cannot_tell(seen, question)


def _tell_field(name: str, found: Sequence[Field]) -> Answer:
    values = list(dict.fromkeys(field.value for field in found))
    text = f"The {name} is {values[0]}."
    if len(values) > 1:
        text += f" The picture also says {', '.join(values[1:4])}."
    return Answer(text, "seen", tuple(map(_field_evidence, found)))


def _presence(seen: Observation, question: Question) -> Answer:
    if question.noun is None:
        lines = _lines_about(seen, question)
        if not lines:
            return _cannot_tell(seen, question)
        text = f"The text says “{lines[0].text}”. Whether it is shown as a thing I cannot tell."
        return Answer(text, "seen", tuple(map(_line_evidence, lines)))
    return _tell_objects(
        seen, question.noun, lambda found: f"Yes: {list_objects(found)}.", exactly=True
    )


def _which(seen: Observation, question: Question) -> Answer:
    if question.noun is None:
        return _cannot_tell(seen, question)
    return _tell_objects(seen, question.noun, lambda found: f"I see {list_objects(found)}.")


def _mention(seen: Observation, question: Question) -> Answer:
    lines = _lines_about(seen, question)
    if lines:
        shown = " / ".join(line.text for line in lines[:3])
        return Answer(f"Yes, the text says “{shown}”.", "seen", tuple(map(_line_evidence, lines)))
    return Answer(
        f"No: “{question.subject}” is not in the text that I read.{_unclear_note(seen)}",
        "not_seen",
    )


def _size(seen: Observation, question: Question) -> Answer:
    if question.noun is not None:
        return _cannot_tell(seen, question)
    text = f"The picture is {seen.width} pixels wide and {seen.height} high ({name_shape(seen)})."
    whole = Box(0, 0, seen.width, seen.height)
    return Answer(text, "seen", (Evidence("image", "size", 1.0, whole),))


_ANSWERS: dict[QuestionKind, Callable[[Observation, Question], Answer]] = {
    "describe": _describe,
    "read": _read,
    "count": _count,
    "color": _color,
    "where": _where,
    "field": _field,
    "presence": _presence,
    "size": _size,
    "which": _which,
    "mention": _mention,
    "lookup": _lookup,
}


def _objects_of(seen: Observation, noun: Noun) -> list[DetectedObject] | None:
    """Return the detected objects that `noun` may mean; None without a detector."""
    if seen.objects is None:
        return None
    return [item for item in seen.objects if item.label in noun.labels]


def _tell_objects(
    seen: Observation,
    noun: Noun,
    say: Callable[[Sequence[DetectedObject]], str],
    *,
    exactly: bool = False,
) -> Answer:
    """Say something about the things that a noun means, or why nothing can be said.

    With `exactly` a word for some of a class ('woman') is not answered with the class ('person').
    """
    found = _objects_of(seen, noun)
    if found is None:
        return Answer(NO_DETECTOR, "cannot_tell")
    if exactly and not noun.is_exact:
        return _cannot_tell_which(noun, found)
    if not found:
        return _none_detected(noun)
    return Answer(say(found), "seen", tuple(map(_object_evidence, found)))


def _none_detected(noun: Noun) -> Answer:
    text = f"I detect no {noun.word}, a thing that I know; a small or hidden one may be missed."
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
    return Answer(text, "cannot_tell", tuple(map(_object_evidence, found)))


def _cannot_tell(seen: Observation, question: Question) -> Answer:
    subject = question.subject
    about = f" about “{subject}”" if subject else ""
    text = (
        f"I cannot tell{about}: I am no language model. I read text and find "
        f"{len(COCO_LABELS)} kinds of objects, and neither shows it."
    )
    if seen.objects is None:
        text += f" {NO_DETECTOR}"
    return Answer(f"{text} What I see: {_describe(seen, question).text}", "cannot_tell")


def _lines_about(seen: Observation, question: Question) -> list[TextLine]:
    subject = question.quoted or " ".join(question.words)
    return find_text(seen.lines, subject) if subject else []


def _object_evidence(item: DetectedObject) -> Evidence:
    return Evidence("object", item.label, item.score, item.box)


def _line_evidence(line: TextLine) -> Evidence:
    return Evidence("text", line.text, line.score, line.box)


def _field_evidence(field: Field) -> Evidence:
    return Evidence("text", field.value, field.score, field.box)


def _color_evidence(seen: Observation) -> tuple[Evidence, ...]:
    return tuple(Evidence("color", color.name, color.share) for color in seen.colors[:3])
