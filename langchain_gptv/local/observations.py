"""What the engine saw, and what it answers from it. Plain data, no behaviour beyond look-ups."""

from dataclasses import dataclass, field
from typing import Literal

from langchain_gptv.vision.boxes import Box


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text line.

    Attributes:
        text: As read.
        score: Certainty of the reader, 0 to 1.
        box: In pixels of the upright picture.
    """

    text: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text; `words` is in reading order."""

    text: str
    score: float
    box: Box
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class ColorShare:
    """A basic colour and the share of the picture's pixels that have it, 0 to 1."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """One object of a class that the detector knows, such as 'cup'."""

    label: str
    score: float
    box: Box
    colors: tuple[ColorShare, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything the engine saw in one picture.

    Attributes:
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        lines: Text lines in reading order.
        objects: Detected objects, best first; None when no detector is installed.
        colors: Basic colours, largest share first.
        unclear: Where there seems to be text that could not be read with certainty.
    """

    width: int
    height: int
    lines: tuple[TextLine, ...] = ()
    objects: tuple[DetectedObject, ...] | None = None
    colors: tuple[ColorShare, ...] = ()
    unclear: tuple[Box, ...] = ()


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
