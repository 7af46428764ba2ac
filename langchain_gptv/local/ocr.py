"""Text lines and words by RapidOCR, without its known hallucinations."""

import logging
import threading
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
        with self._lock:
            found: Any = self._ocr(pixels[:, :, ::-1], return_word_box=True)
        if found.boxes is None or found.txts is None:
            return [], []
        lines, unclear = [], []
        for index in range(len(found.txts)):
            line = _line(found, index)
            if _is_noise(line, pixels.shape[0] * pixels.shape[1]):
                continue
            if line.score < MIN_SCORE:
                unclear.append(line.box)
            else:
                lines.append(line)
        return lines, unclear


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
