"""Answers in sentences, from what was seen and from nothing else."""

from collections.abc import Callable, Iterable, Sequence

from langchain_gptv.local.concepts import Concept
from langchain_gptv.local.fields import Field, find_field, find_text, find_value_near
from langchain_gptv.local.labels import COCO_LABELS, Noun, count_noun
from langchain_gptv.local.layout import order_for_reading, render_layout
from langchain_gptv.local.observations import (
    Answer,
    DetectedObject,
    Evidence,
    Observation,
    TextLine,
)
from langchain_gptv.local.questions import Question, QuestionKind
from langchain_gptv.vision.boxes import Box

MANY_LINES = 8
"""From so many lines on a picture is a page, and that it shows no things goes without saying."""

SURE = 0.6
"""Score below which a thing is said to be there less surely."""

NO_DETECTOR = (
    'No object detector is installed, so I cannot tell about things; the extra "objects" brings '
    'one: pip install "langchain-gptv[objects]".'
)
NO_IMAGE = "I see no image in this conversation. Send one together with the question."


def answer_question(seen: Observation, question: Question) -> Answer:
    """Answer one question about one picture."""
    return _ANSWERS[question.kind](seen, question)


def _describe(seen: Observation, question: Question) -> Answer:
    shape = _shape(seen)
    parts = [f"A {shape} picture, {seen.width} x {seen.height} pixels."]
    if seen.objects:
        parts.append(f"I see {_list_objects(seen.objects)}.")
    elif seen.objects is not None and len(seen.lines) < MANY_LINES:
        parts.append(f"I detect none of the {len(COCO_LABELS)} kinds of objects that I know.")
    if seen.lines:
        parts.append(_summarize_text(seen))
    else:
        parts.append("I read no text in it.")
    parts.append(f"Main colours: {_list_colors(seen)}.")
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
    found = _objects_of(seen, question.noun)
    if found is None:
        return Answer(NO_DETECTOR, "cannot_tell")
    if not question.noun.is_exact:
        return _cannot_tell_which(question.noun, found)
    if not found:
        return _none_detected(question.noun)
    scores = [item.score for item in found]
    verb = "is" if len(found) == 1 else "are"
    sure = (
        f"{max(scores):.0%}" if len(found) == 1 else f"{min(scores):.0%} to {max(scores):.0%} sure"
    )
    text = f"I count {count_noun(len(found), question.noun.word)} ({sure})."
    if len({item.label for item in found}) > 1:
        text = f"There {verb} {_list_objects(found)}: {len(found)} in all."
    return Answer(text, "seen", tuple(map(_object_evidence, found)))


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
        text = f"The main colours of the picture are {_list_colors(seen)}."
        return Answer(text, "seen", _color_evidence(seen))
    found = _objects_of(seen, question.noun)
    if found is None:
        return Answer(NO_DETECTOR, "cannot_tell")
    if not found:
        return _none_detected(question.noun)
    texts = [
        f"The {item.label} {_place(seen, item.box)} is mostly {_colors(item)}" for item in found
    ]
    return Answer("; ".join(texts) + ".", "seen", tuple(map(_object_evidence, found)))


def _where(seen: Observation, question: Question) -> Answer:
    if question.noun is None:
        lines = _lines_about(seen, question)
        if not lines:
            return _cannot_tell(seen, question)
        places = "; ".join(f"“{line.text}” {_place(seen, line.box)}" for line in lines)
        return Answer(f"I read {places}.", "seen", tuple(map(_line_evidence, lines)))
    found = _objects_of(seen, question.noun)
    if found is None:
        return Answer(NO_DETECTOR, "cannot_tell")
    if not found:
        return _none_detected(question.noun)
    places = "; ".join(
        f"{item.label} ({item.score:.0%}) {_place(seen, item.box)}, box {_show_box(item.box)}"
        for item in found
    )
    return Answer(f"I see {places}.", "seen", tuple(map(_object_evidence, found)))


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
    found = _objects_of(seen, question.noun)
    if found is None:
        return Answer(NO_DETECTOR, "cannot_tell")
    if not question.noun.is_exact:
        return _cannot_tell_which(question.noun, found)
    if not found:
        return _none_detected(question.noun)
    return Answer(f"Yes: {_list_objects(found)}.", "seen", tuple(map(_object_evidence, found)))


def _which(seen: Observation, question: Question) -> Answer:
    noun = question.noun
    found = _objects_of(seen, noun) if noun else None
    if noun is None or found is None:
        return Answer(NO_DETECTOR, "cannot_tell")
    if not found:
        return _none_detected(noun)
    return Answer(f"I see {_list_objects(found)}.", "seen", tuple(map(_object_evidence, found)))


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
    text = f"The picture is {seen.width} pixels wide and {seen.height} high ({_shape(seen)})."
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


def _list_objects(objects: Sequence[DetectedObject]) -> str:
    sure = [item.label for item in objects if item.score >= SURE]
    unsure = [item.label for item in objects if item.score < SURE]
    parts = [_join(_count_labels(labels)) for labels in (sure, unsure) if labels]
    return " and, less surely, ".join(parts) if sure else f"possibly {parts[0]}"


def _count_labels(labels: Sequence[str]) -> list[str]:
    return [count_noun(labels.count(label), label) for label in dict.fromkeys(labels)]


def _list_colors(seen: Observation) -> str:
    return _join(color.name for color in seen.colors[:3]) or "mixed"


def _colors(item: DetectedObject) -> str:
    return _join(color.name for color in item.colors[:3]) or "of mixed colours"


def _join(parts: Iterable[str]) -> str:
    *first, last = list(parts) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _shape(seen: Observation) -> str:
    ratio = seen.width / seen.height
    return "square" if 0.95 < ratio < 1.05 else "landscape" if ratio > 1 else "portrait"


def _place(seen: Observation, box: Box) -> str:
    """Say where a box is: 'at the upper left'."""
    x, y = box.center
    column = ("left", "centre", "right")[min(int(3 * x / seen.width), 2)]
    row = ("upper", "middle", "lower")[min(int(3 * y / seen.height), 2)]
    if row == "middle":
        return "in the middle" if column == "centre" else f"at the {column}"
    return f"at the {row} {column}"


def _show_box(box: Box) -> str:
    return "[" + ", ".join(f"{value:.0f}" for value in box) + "]"


def _object_evidence(item: DetectedObject) -> Evidence:
    return Evidence("object", item.label, item.score, item.box)


def _line_evidence(line: TextLine) -> Evidence:
    return Evidence("text", line.text, line.score, line.box)


def _field_evidence(field: Field) -> Evidence:
    return Evidence("text", field.value, field.score, field.box)


def _color_evidence(seen: Observation) -> tuple[Evidence, ...]:
    return tuple(Evidence("color", color.name, color.share) for color in seen.colors[:3])
