"""What the engine answers, and the facts it answers from. Plain data."""

from dataclasses import dataclass, field
from typing import Literal

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that an answer rests on.

    Attributes:
        kind: What was looked at.
        text: The words read, the object's class or the colour's name.
        score: 0 to 1.
        box: Where, in pixels of the upright picture; None for the picture as a whole.
        image_index: Which image of the question, from 0.
    """

    kind: Literal["text", "object", "color", "image"]
    text: str
    score: float
    box: Box | None = None
    image_index: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence and what it rests on.

    Attributes:
        text: Never empty.
        certainty: "seen" rests on evidence; "not_seen" means a thing the engine knows is not
            there; "cannot_tell" means the question is out of the engine's reach.
        evidence: The facts used, best first.
    """

    text: str
    certainty: Literal["seen", "not_seen", "cannot_tell"]
    evidence: tuple[Evidence, ...] = field(default=())


def line_evidence(line: TextLine) -> Evidence:
    """Rest an answer on a line of text."""
    return Evidence("text", line.text, line.score, line.box)


def object_evidence(item: DetectedObject) -> Evidence:
    """Rest an answer on a detected object."""
    return Evidence("object", item.label, item.score, item.box)


def color_evidence(seen: Observation) -> tuple[Evidence, ...]:
    """Rest an answer on the main colours of a picture."""
    return tuple(Evidence("color", color.name, color.share) for color in seen.colors[:3])
