"""The embedded engine: observe a picture once, answer any number of questions about it."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal

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
from langchain_gptv.local.detector import Detector, SSDDetector
from langchain_gptv.local.evidence import Answer, Evidence
from langchain_gptv.local.labels import labels_of
from langchain_gptv.local.ocr import Pixels, TextReader
from langchain_gptv.local.questions import parse_question
from langchain_gptv.local.schemas import fill_schema
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
        self._seen: BoundedStore[str, Observation] = BoundedStore(cache_size)
        # One picture at a time: the models already use every core.
        self._observing = threading.Lock()

    def observe(self, image: Image) -> Observation:
        """Look at a picture; the same bytes are looked at only once."""
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
        answers = [answer_question(self.observe(image), parsed) for image in images]
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

    def _look(self, image: Image) -> Observation:
        picture = image.to_pil()
        scale = max(picture.size) / MAX_SIDE
        if scale > 1:
            picture.thumbnail((MAX_SIDE, MAX_SIDE))
        pixels = np.asarray(picture)
        # Side by side: the reader alone does not keep every core busy all the time.
        with ThreadPoolExecutor(1) as pool:
            objects = pool.submit(self._detect, pixels)
            lines, unclear = self._reader.read(pixels)
        seen = Observation(
            width=pixels.shape[1],
            height=pixels.shape[0],
            lines=tuple(lines),
            objects=objects.result(),
            colors=name_colors(pixels),
            unclear=tuple(unclear),
        )
        return _scale_back(seen, image) if scale > 1 else seen

    def _detect(self, pixels: Pixels) -> tuple[DetectedObject, ...] | None:
        if self._detector is None:
            return None
        return tuple(
            replace(found, colors=name_colors_in(pixels, found.box))
            for found in self._detector.detect(pixels)
        )


def _merge(answers: Sequence[Answer]) -> Answer:
    """Join the answers about several images; the surest one gives the certainty."""
    text = "\n".join(f"Image {number}: {answer.text}" for number, answer in enumerate(answers, 1))
    evidence = tuple(
        replace(fact, image_index=index)
        for index, answer in enumerate(answers)
        for fact in answer.evidence
    )
    surest = min((answer.certainty for answer in answers), key=_CERTAINTIES.index)
    return Answer(text, surest, evidence)


def _scale_back(seen: Observation, image: Image) -> Observation:
    """Give the boxes in pixels of the picture as it came."""
    by = image.width / seen.width

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
