"""A closer look for things that somebody says are in the picture.

The detector sees a whole picture at 300 x 300 pixels, so that what is small in it gets a low score.
A guess at a thing that was named is looked at again, enlarged: in several views, since one alone
takes many things for what they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import islice, product

import numpy as np

from langchain_gptv.local.detector import Guesser, choose
from langchain_gptv.local.ocr import Pixels
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import DetectedObject

MARGINS = (1.5, 2.2)
"""How many times the guess's longer side is the side of a view of it; each is also mirrored."""

MIN_AGREED = 0.3
"""The score in every view. That a thing was named speaks for it, so less will do than unnamed.

`benchmarks/enhancements.py` counts what it finds, and the false boxes of things that are not there.
"""

LARGEST_VIEW = 0.9
"""Of the picture's longer side; a larger view shows nothing that the first look did not."""

_SMALLEST_VIEW = 48
_GUESSES = 2
_SAME_THING = 0.4
_DOUBLE = 0.5


def look_again(
    detector: Guesser, pixels: Pixels, guesses: Sequence[DetectedObject], labels: AbstractSet[str]
) -> list[DetectedObject]:
    """Return the guesses of these labels on which all closer views agree, best first.

    Args:
        detector: That made the guesses.
        pixels: The picture they were made in, upright RGB (height, width, 3).
        guesses: Best first; the first two of each label are looked at.
        labels: Of the things that were named.
    """
    found = []
    for label in labels:
        named = (guess for guess in guesses if guess.label == label)
        seen = (_confirm(detector, pixels, guess) for guess in islice(named, _GUESSES))
        found += [thing for thing in seen if thing]
    best_first = sorted(found, key=lambda thing: -thing.score)
    return choose(best_first, min_score=MIN_AGREED, same_place=_DOUBLE)


def _confirm(detector: Guesser, pixels: Pixels, guess: DetectedObject) -> DetectedObject | None:
    """Return the thing as the closest view has it, or None as soon as a view does not show it."""
    closest = None
    longer = max(guess.box.width, guess.box.height)
    if longer * max(MARGINS) > LARGEST_VIEW * max(pixels.shape[:2]):
        return None
    for margin, mirrored in product(MARGINS, (False, True)):
        view = _view_of(guess.box, max(longer * margin, _SMALLEST_VIEW), pixels)
        seen = _find_in(view, detector, pixels, guess, mirrored=mirrored)
        if seen is None or seen.score < MIN_AGREED:
            return None
        closest = closest or seen
    return closest


def _view_of(box: Box, side: float, pixels: Pixels) -> Box:
    x, y = box.center
    view = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return Box(*map(int, view.clamped(pixels.shape[1], pixels.shape[0])))


def _find_in(
    view: Box, detector: Guesser, pixels: Pixels, guess: DetectedObject, *, mirrored: bool
) -> DetectedObject | None:
    left, top, right, bottom = map(int, view)
    part = pixels[top:bottom, left:right]
    for seen in detector.guess(np.ascontiguousarray(part[:, ::-1] if mirrored else part)):
        x1, y1, x2, y2 = seen.box
        inside = Box(view.width - x2, y1, view.width - x1, y2) if mirrored else seen.box
        box = inside.moved(left, top)
        if seen.label == guess.label and box.iou(guess.box) >= _SAME_THING:
            return replace(seen, box=box)
    return None
