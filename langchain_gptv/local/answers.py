"""Answers in sentences, from what was seen and from nothing else."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from langchain_gptv.local.concepts import Concept, find_concept
from langchain_gptv.local.evidence import (
    Answer,
    Evidence,
    color_evidence,
    line_evidence,
    object_evidence,
)
from langchain_gptv.local.fields import Field, find_field, find_text, find_value_near
from langchain_gptv.local.labels import COCO_LABELS, count_noun
from langchain_gptv.local.layout import order_for_reading, render_layout
from langchain_gptv.local.phrases import (
    is_at,
    list_colors,
    list_objects,
    name_place,
    name_shape,
)
from langchain_gptv.local.purchases import count_item, sum_up, tell_items
from langchain_gptv.local.questions import Question, QuestionKind
from langchain_gptv.local.things import (
    NO_DETECTOR,
    list_in_detail,
    say_colors,
    say_count,
    say_places,
    tell_objects,
)
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import Observation, TextLine

MANY_LINES = 8
"""From so many lines on a picture is a page, and that it shows no things goes without saying."""

_DOING = re.compile(r"\b(?:doing|wearing|holding|feeling|thinking|saying)\b")

NO_IMAGE = "I see no image in this conversation. Send one together with the question."


def answer_question(seen: Observation, question: Question) -> Answer:
    """Answer one question about one picture."""
    return _ANSWERS[question.kind](seen, question)


def _describe(seen: Observation, question: Question) -> Answer:
    shape = name_shape(seen)
    parts = [f"A {shape} picture, {seen.width} x {seen.height} pixels."]
    if seen.objects and question.wants_detail:
        parts.append(f"I see {list_in_detail(seen, seen.objects)}.")
    elif seen.objects:
        parts.append(f"I see {list_objects(seen.objects)}.")
    elif seen.objects is not None and len(seen.lines) < MANY_LINES:
        parts.append(f"I detect none of the {len(COCO_LABELS)} kinds of objects that I know.")
    if seen.lines:
        parts.append(_summarize_text(seen, 40 if question.wants_detail else 6))
    else:
        parts.append("I read no text in it.")
    parts.append(f"Main colours: {list_colors(seen)}.")
    if seen.objects is None:
        parts.append(NO_DETECTOR)
    evidence = [*map(object_evidence, seen.objects or ()), *map(line_evidence, seen.lines)]
    return Answer(" ".join(parts), "seen", (*evidence, *color_evidence(seen)))


def _summarize_text(seen: Observation, limit: int) -> str:
    lines = order_for_reading(seen.lines)
    shown = " / ".join(line.text for line in lines[:limit])
    more = f" ... and {len(lines) - limit} more lines" if len(lines) > limit else ""
    return f"It has {count_noun(len(lines), 'line')} of text: “{shown}”{more}."


def _read(seen: Observation, question: Question) -> Answer:
    if not seen.lines:
        return Answer(f"I read no text in the picture.{_unclear_note(seen)}", "not_seen")
    text = render_layout(seen.lines)
    lines = order_for_reading(seen.lines)
    return Answer(text + _unclear_note(seen), "seen", tuple(map(line_evidence, lines)))


def _unclear_note(seen: Observation) -> str:
    if not seen.unclear:
        return ""
    return f"\n\n({count_noun(len(seen.unclear), 'more line')} too unclear to read.)"


def _count(seen: Observation, question: Question) -> Answer:
    if question.noun is None:
        told = _count_text(seen, question) or count_item(seen, question)
        return told or _cannot_tell(seen, question)
    say = partial(say_count, question.noun)
    return tell_objects(seen, question, question.noun, say, exactly=True)


def _count_text(seen: Observation, question: Question) -> Answer | None:
    evidence = tuple(map(line_evidence, seen.lines))
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
        return Answer(text, "seen", color_evidence(seen))
    return tell_objects(seen, question, question.noun, partial(say_colors, seen))


def _where(seen: Observation, question: Question) -> Answer:
    if question.noun is None:
        lines = _lines_about(seen, question)
        if not lines:
            return _cannot_tell(seen, question)
        places = "; ".join(f"“{line.text}” {name_place(seen, line.box)}" for line in lines)
        return Answer(f"I read {places}.", "seen", tuple(map(line_evidence, lines)))
    return tell_objects(seen, question, question.noun, partial(say_places, seen))


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
    found = [field for field in found if not _goes_on(subject, field.value)]
    if found:
        return _tell_field(subject, found)
    return _cannot_tell(seen, question)


def _goes_on(label: str, text: str) -> bool:
    """Tell whether a text is the rest of a longer label, as 'date' behind 'Invoice'."""
    return find_concept(f"{label} {text}".lower()) is not None


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
        return Answer(text, "seen", tuple(map(line_evidence, lines)))
    say = "Yes: {}.".format
    return tell_objects(
        seen, question, question.noun, lambda found: say(list_objects(found)), exactly=True
    )


def _which(seen: Observation, question: Question) -> Answer:
    if question.noun is None:
        return _cannot_tell(seen, question)
    if _DOING.search(question.text.lower()):
        return _cannot_tell(seen, question)
    say = "I see {}.".format
    return tell_objects(seen, question, question.noun, lambda found: say(list_objects(found)))


def _items(seen: Observation, question: Question) -> Answer:
    told = tell_items(seen, question)
    if told is not None or question.noun is not None:
        return told or _which(seen, question)
    if len(seen.lines) < MANY_LINES:
        return _cannot_tell(seen, question)
    text = f"I read no line items: no row has both a name and an amount.{_unclear_note(seen)}"
    return Answer(text, "not_seen")


def _summary(seen: Observation, question: Question) -> Answer:
    return sum_up(seen) or _describe(seen, question)


def _place(seen: Observation, question: Question) -> Answer:
    """Tell the things and the lines of text in one part of the picture."""
    objects = [item for item in seen.objects or () if is_at(seen, item.box, question.place)]
    lines = [line for line in seen.lines if is_at(seen, line.box, question.place)]
    parts = [f"I see {list_objects(objects)}"] if objects else []
    if lines:
        shown = " / ".join(line.text for line in order_for_reading(lines)[:MANY_LINES])
        parts.append(f"I read “{shown}”")
    if not parts:
        return Answer(f"I see nothing that I know at the {question.place}.", "not_seen")
    evidence = (*map(object_evidence, objects), *map(line_evidence, lines))
    return Answer(f"At the {question.place} {' and '.join(parts)}.", "seen", evidence)


def _compare(seen: Observation, question: Question) -> Answer:
    """Say of one picture, or of more than two, that they cannot be compared; see `comparing`."""
    return _cannot_tell(seen, question)


def _mention(seen: Observation, question: Question) -> Answer:
    lines = _lines_about(seen, question)
    if lines:
        shown = " / ".join(line.text for line in lines[:3])
        return Answer(f"Yes, the text says “{shown}”.", "seen", tuple(map(line_evidence, lines)))
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
    "items": _items,
    "summary": _summary,
    "place": _place,
    "compare": _compare,
}


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


def _field_evidence(field: Field) -> Evidence:
    return Evidence("text", field.value, field.score, field.box)
