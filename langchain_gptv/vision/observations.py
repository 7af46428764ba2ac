"""What was seen in a picture: text lines, objects, colours. Plain data."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image


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
class Caption:
    """A sentence about a part of the picture; `box` is in pixels of the upright picture."""

    text: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class Tag:
    """A word for what the picture shows, and its certainty from 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything an observer saw in one picture.

    Attributes:
        width: Pixels of the upright picture.
        height: Pixels of the upright picture.
        lines: Text lines in reading order.
        objects: Detected objects, best first; None when no detector is installed.
        colors: Basic colours, largest share first.
        unclear: Where there seems to be text that could not be read with certainty.
        captions: Of the whole picture first, then of its parts, by observers that write them.
        tags: Most certain first, by observers that give them.
    """

    width: int
    height: int
    lines: tuple[TextLine, ...] = ()
    objects: tuple[DetectedObject, ...] | None = None
    colors: tuple[ColorShare, ...] = ()
    unclear: tuple[Box, ...] = ()
    captions: tuple[Caption, ...] = ()
    tags: tuple[Tag, ...] = ()


@runtime_checkable
class Observer(Protocol):
    """Whatever looks at a picture and says what is where, such as `LocalEngine`."""

    def observe(self, image: Image, /) -> Observation:
        """Look at a picture; boxes are in pixels of the picture set upright."""


@runtime_checkable
class Finder(Protocol):
    """An observer that looks again, closer, for what somebody says is there."""

    def find(self, image: Image, labels: AbstractSet[str], /) -> tuple[DetectedObject, ...]:
        """Return what is there of these labels; boxes as `observe` has them."""
