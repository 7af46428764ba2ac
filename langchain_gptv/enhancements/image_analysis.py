"""What Image Analysis 4.0 answers, read into boxes of the upright picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import fmean
from typing import Any

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import (
    Caption,
    DetectedObject,
    Observation,
    Tag,
    TextLine,
    Word,
)
from langchain_gptv.vision.transform import Transform

_SURE = 0.5
"""From which certainty a person counts as an object: the service lists guesses down to 0.001."""

_SAME = 0.5
"""From which overlap a person is one that the objects name already."""


@dataclass(frozen=True, slots=True)
class ImageAnalysis:
    """Everything that the service said about one picture. Boxes are in pixels, set upright.

    Attributes:
        observation: Text lines, objects and certain people among them, captions and tags.
        people: All that were found, however uncertain.
        model_version: Of the service's model.
    """

    observation: Observation
    people: tuple[DetectedObject, ...] = ()
    model_version: str = ""

    @property
    def captions(self) -> tuple[Caption, ...]:
        """Of the whole picture first, then of its parts."""
        return self.observation.captions

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Most certain first."""
        return self.observation.tags


def read_analysis(data: Mapping[str, Any], size: tuple[int, int] | None = None) -> ImageAnalysis:
    """Read an answer of `imageanalysis:analyze`.

    Args:
        data: Its JSON.
        size: (width, height) in pixels of the original, upright; None is what was analysed.

    Raises:
        KeyError, TypeError, AttributeError, IndexError, ValueError: It is no such answer.
    """
    analysed = data["metadata"]["width"], data["metadata"]["height"]
    reader = _Reader(data, Transform(size or analysed, analysed))
    people = tuple(reader.people())
    sees = "objectsResult" in data or "peopleResult" in data
    width, height = reader.transform.original
    objects = _with_people(tuple(reader.objects()), people) if sees else None
    observation = Observation(
        width,
        height,
        tuple(reader.lines()),
        objects,
        captions=tuple(reader.captions()),
        tags=tuple(reader.tags()),
    )
    return ImageAnalysis(observation, people, str(data.get("modelVersion", "")))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads an answer; `transform` leads from the service's pixels to those of the original."""

    data: Mapping[str, Any]
    transform: Transform

    def lines(self) -> Iterator[TextLine]:
        for block in self.data.get("readResult", {}).get("blocks", ()):
            for line in block["lines"]:
                words = tuple(self._words(line["words"]))
                score = fmean(word.score for word in words) if words else 1.0
                yield TextLine(line["text"], score, self._around(line["boundingPolygon"]), words)

    def _words(self, words: Sequence[Mapping[str, Any]]) -> Iterator[Word]:
        for word in words:
            yield Word(word["text"], word["confidence"], self._around(word["boundingPolygon"]))

    def objects(self) -> Iterator[DetectedObject]:
        for found in self._values("objectsResult"):
            tag = found["tags"][0]
            yield DetectedObject(tag["name"], tag["confidence"], self._box(found["boundingBox"]))

    def people(self) -> Iterator[DetectedObject]:
        for found in self._values("peopleResult"):
            yield DetectedObject("person", found["confidence"], self._box(found["boundingBox"]))

    def captions(self) -> Iterator[Caption]:
        if whole := self.data.get("captionResult"):
            yield Caption(whole["text"], whole["confidence"], Box(0, 0, *self.transform.original))
        for found in self._values("denseCaptionsResult"):
            yield Caption(found["text"], found["confidence"], self._box(found["boundingBox"]))

    def tags(self) -> Iterator[Tag]:
        tags = [Tag(tag["name"], tag["confidence"]) for tag in self._values("tagsResult")]
        yield from sorted(tags, key=attrgetter("score"), reverse=True)

    def _values(self, part: str) -> Sequence[Mapping[str, Any]]:
        values: Sequence[Mapping[str, Any]] = self.data.get(part, {}).get("values", ())
        return values

    def _box(self, box: Mapping[str, float]) -> Box:
        return self._mapped(Box.from_xywh(box["x"], box["y"], box["w"], box["h"]))

    def _around(self, polygon: Sequence[Mapping[str, float]]) -> Box:
        return self._mapped(Box.around((point["x"], point["y"]) for point in polygon))

    def _mapped(self, box: Box) -> Box:
        return self.transform.to_original(box).clamped(*self.transform.original)


def _with_people(
    objects: tuple[DetectedObject, ...], people: tuple[DetectedObject, ...]
) -> tuple[DetectedObject, ...]:
    """Add the people that are certain and not among the objects, best first."""
    known = [found.box for found in objects if found.label.lower() in ("person", "man", "woman")]
    new = (
        person
        for person in people
        if person.score >= _SURE and all(person.box.iou(box) < _SAME for box in known)
    )
    return tuple(sorted((*objects, *new), key=attrgetter("score"), reverse=True))
