"""What the engine answers, and the facts it answers from. Plain data."""

from dataclasses import dataclass, field
from typing import Literal

from langchain_gptv.vision.boxes import Box


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
