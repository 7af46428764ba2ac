"""Text lines and words by RapidOCR, without its known hallucinations."""

import logging
import threading
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from langchain_gptv.exceptions import MissingExtraError
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine, Word

Pixels = npt.NDArray[np.uint8]
"""An upright RGB picture, (height, width, 3)."""

MIN_SCORE = 0.7
"""Below this a line is reported as unclear instead of read."""

_UPRIGHT = 0.9
"""The median line of a page: upright ones score 0.99, those upside down 0.72 to 0.76."""


class TextReader:
    """Reads text with the models that RapidOCR's own wheel carries; needs no network."""

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError:
            raise MissingExtraError("Reading text", "local") from None
        self._ocr = RapidOCR(params={"Global.log_level": "critical"})
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        self._lock = threading.Lock()

    def read(self, pixels: Pixels) -> tuple[list[TextLine], list[Box]]:
        """Return the lines that were read with certainty, and the boxes of those that were not."""
        area = pixels.shape[0] * pixels.shape[1]
        lines, unclear = [], []
        for line in self._lines(pixels):
            if _is_noise(line, area):
                continue
            if line.score < MIN_SCORE:
                unclear.append(line.box)
            else:
                lines.append(line)
        return lines, unclear

    def _lines(self, pixels: Pixels) -> list[TextLine]:
        lines = self._read(pixels, turn_lines=False)
        if not lines or _score(lines) >= _UPRIGHT:
            return lines
        return max(lines, self._read(pixels, turn_lines=True), key=_score)

    def _read(self, pixels: Pixels, *, turn_lines: bool) -> list[TextLine]:
        """Read all lines; the reader's own look at which are upside down errs for 1 in 12."""
        with self._lock:
            found: Any = self._ocr(pixels[:, :, ::-1], use_cls=turn_lines, return_word_box=True)
        if found.boxes is None or found.txts is None:
            return []
        return [_line(found, index) for index in range(len(found.txts))]


def _score(lines: Sequence[TextLine]) -> float:
    return median([line.score for line in lines]) if lines else 0.0


def _line(found: Any, index: int) -> TextLine:
    words = found.word_results[index] if found.word_results else ()
    return TextLine(
        text=found.txts[index],
        score=float(found.scores[index]),
        box=_box(found.boxes[index]),
        words=tuple(Word(text, float(score), _box(box)) for text, score, box in words if box),
    )


def _box(corners: Any) -> Box:
    return Box.around((float(x), float(y)) for x, y in corners)


def _is_noise(line: TextLine, image_area: int) -> bool:
    """Tell the marks that the reader sees in plain pictures from text.

    It takes round or striped things for one or two glyphs: an '8' on a cup, '***' in a flag.
    """
    glyphs = sum(character.isalnum() for character in line.text)
    if glyphs == 0:
        return True
    share = line.box.area / image_area
    return glyphs <= 2 and (share > 0.25 or (share > 0.02 and line.score < 0.95))
