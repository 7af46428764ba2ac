"""The embedded engine: observe a picture once, answer any number of questions about it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from typing import Any, Literal, NamedTuple

from langchain_gptv._bounded import BoundedStore
from langchain_gptv.exceptions import MissingExtraError

try:
    import dateutil  # noqa: F401 - for the modules below, as is rapidfuzz
    import numpy as np
    import rapidfuzz  # noqa: F401
except ImportError:
    raise MissingExtraError("The embedded engine", "local") from None

from langchain_gptv.local import detector as detection
from langchain_gptv.local.answers import NO_IMAGE, answer_question
from langchain_gptv.local.colors import name_colors, name_colors_in
from langchain_gptv.local.comparing import compare
from langchain_gptv.local.detector import Detector, Guesser, SSDDetector, choose
from langchain_gptv.local.evidence import Answer, Evidence
from langchain_gptv.local.labels import labels_of
from langchain_gptv.local.ocr import Pixels, TextReader
from langchain_gptv.local.questions import parse_question
from langchain_gptv.local.schemas import fill_schema
from langchain_gptv.local.second_look import look_again
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine, Word
from langchain_gptv.vision.profile_data import LOCAL_MODEL

MAX_SIDE = 3000
"""Larger pictures are scaled down before they are looked at; boxes are scaled back."""

_CERTAINTIES = ("seen", "not_seen", "cannot_tell")


class LocalEngine:
    """Reads text, finds objects, names colours, and answers by rules. It is no language model.

    Args:
        detector: "auto" takes the one of the extra `objects` when it is installed; None finds no
            objects; any `Detector` of your own.
        cache_size: How many pictures' observations are kept, by the digest of their bytes.

    Example:
        >>> engine = LocalEngine(detector=None)
        >>> engine.answer([Image.of("examples/images/receipt.png")], "How big is it?").certainty
        'seen'
    """

    name = LOCAL_MODEL

    def __init__(
        self, *, detector: Detector | Literal["auto"] | None = "auto", cache_size: int = 128
    ) -> None:
        self._reader = TextReader()
        self._detector: Detector | None
        if detector == "auto":
            self._detector = SSDDetector() if detection.is_installed() else None
        else:
            self._detector = detector
        self._seen: BoundedStore[str, _Sight] = BoundedStore(cache_size)
        # One picture at a time: the models already use every core.
        self._observing = threading.Lock()

    def observe(self, image: Image) -> Observation:
        """Look at a picture; the same bytes are looked at only once."""
        return self._see(image).observation

    def find(self, image: Image, labels: AbstractSet[str]) -> tuple[DetectedObject, ...]:
        """Look again, closer, for what somebody says is there.

        Args:
            image: Upright; it need not have been observed before.
            labels: Of COCO, such as {"spoon"}.

        Returns:
            What is certain in a closer look too, best first; boxes as in `observe`.
        """
        guesses = [guess for guess in self._see(image).guesses if guess.label in labels]
        if not guesses or not isinstance(self._detector, Guesser):
            return ()
        pixels = _pixels_of(image)
        scale = image.width / pixels.shape[1]
        found = look_again(self._detector, pixels, guesses, labels)
        return tuple(replace(thing, box=thing.box.scaled(scale)) for thing in found)

    def _see(self, image: Image) -> _Sight:
        seen = self._seen.get(image.sha256)
        if seen is not None:
            return seen
        with self._observing:
            seen = self._seen.get(image.sha256) or self._look(image)
            self._seen.put(image.sha256, seen)
        return seen

    def answer(self, images: Sequence[Image], question: str) -> Answer:
        """Answer a question from what is seen in the images.

        Raises:
            ImageError: An image cannot be decoded.
        """
        if not images:
            return Answer(NO_IMAGE, "cannot_tell")
        parsed = parse_question(question)
        seen = [self.observe(image) for image in images]
        if parsed.kind == "compare" and len(images) == 2:
            return compare(images, seen)
        answers = [answer_question(one, parsed) for one in seen]
        return answers[0] if len(answers) == 1 else _merge(answers)

    def fill(
        self, images: Sequence[Image], question: str, schema: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[Evidence, ...]]:
        """Fill a JSON Schema of type object from what is seen in the images.

        Raises:
            CannotFillError: A required property is not in the picture.
        """
        return fill_schema([self.observe(image) for image in images], question, schema)

    def labels_of(self, word: str) -> tuple[str, ...]:
        """Return the labels of objects that an everyday word may mean, as 'sofa' means 'couch'."""
        return labels_of(word)

    def _look(self, image: Image) -> _Sight:
        pixels = _pixels_of(image)
        # Side by side: the reader alone does not keep every core busy all the time.
        with ThreadPoolExecutor(1) as pool:
            objects = pool.submit(self._detect, pixels)
            lines, unclear = self._reader.read(pixels)
        found, guesses = objects.result()
        seen = Observation(
            width=pixels.shape[1],
            height=pixels.shape[0],
            lines=tuple(lines),
            objects=found,
            colors=name_colors(pixels),
            unclear=tuple(unclear),
        )
        return _Sight(_scale_back(seen, image), guesses)

    def _detect(self, pixels: Pixels) -> tuple[_Things | None, _Things]:
        """Return what is certain, and what is possible; None when nobody looks."""
        if self._detector is None:
            return None, ()
        if isinstance(self._detector, Guesser):
            guesses = self._detector.guess(pixels)
            found = choose(guesses)
        else:
            guesses, found = [], self._detector.detect(pixels)
        colored = (replace(each, colors=name_colors_in(pixels, each.box)) for each in found)
        return tuple(colored), tuple(guesses)


_Things = tuple[DetectedObject, ...]


class _Sight(NamedTuple):
    """An observation, and what the detector took for possible, in pixels of `_pixels_of`."""

    observation: Observation
    guesses: _Things


def _pixels_of(image: Image) -> Pixels:
    """Return what is looked at: upright RGB, scaled down if it is large."""
    picture = image.to_pil()
    if max(picture.size) > MAX_SIDE:
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
    return np.asarray(picture)


def _merge(answers: Sequence[Answer]) -> Answer:
    """Join the answers about several images; the surest one gives the certainty."""
    text = "\n".join(_say_of_images(answers))
    evidence = tuple(
        replace(fact, image_index=index)
        for index, answer in enumerate(answers)
        for fact in answer.evidence
    )
    surest = min((answer.certainty for answer in answers), key=_CERTAINTIES.index)
    return Answer(text, surest, evidence)


def _say_of_images(answers: Sequence[Answer]) -> Iterator[str]:
    """Write 'Image 1: ...'; neighbours of which the same is said, 'Images 2 to 8: ...'."""
    numbered = enumerate(answers, 1)
    for text, same in groupby(numbered, key=lambda pair: pair[1].text):
        numbers = [number for number, _ in same]
        first, last = numbers[0], numbers[-1]
        yield f"Image {first}: {text}" if first == last else f"Images {first} to {last}: {text}"


def _scale_back(seen: Observation, image: Image) -> Observation:
    """Give the boxes in pixels of the picture as it came."""
    by = image.width / seen.width
    if by == 1:
        return seen

    def scale_word(word: Word) -> Word:
        return replace(word, box=word.box.scaled(by))

    def scale_line(line: TextLine) -> TextLine:
        words = tuple(map(scale_word, line.words))
        return replace(line, box=line.box.scaled(by), words=words)

    def scale_object(found: DetectedObject) -> DetectedObject:
        return replace(found, box=found.box.scaled(by))

    return replace(
        seen,
        width=image.width,
        height=image.height,
        lines=tuple(map(scale_line, seen.lines)),
        objects=None if seen.objects is None else tuple(map(scale_object, seen.objects)),
        unclear=tuple(box.scaled(by) for box in seen.unclear),
    )
