"""Basic colours by nearest prototype in CIE Lab."""

from collections import defaultdict
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from langchain_gptv.local.ocr import Pixels
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import ColorShare

MIN_SHARE = 0.05

_PROTOTYPES: dict[str, list[tuple[int, int, int]]] = {
    "black": [(0, 0, 0), (38, 38, 38)],
    "gray": [(85, 85, 85), (128, 128, 128), (170, 170, 170), (200, 200, 200)],
    "white": [(255, 255, 255), (235, 235, 235)],
    "red": [(220, 30, 30), (150, 20, 25)],
    "orange": [(255, 140, 0), (225, 95, 35), (235, 120, 60)],
    "yellow": [(250, 220, 50), (220, 190, 60)],
    "green": [(40, 160, 60), (25, 85, 35), (130, 180, 70), (100, 110, 50)],
    "blue": [(30, 80, 200), (25, 35, 95), (100, 160, 230), (60, 110, 150)],
    "purple": [(120, 50, 160), (70, 35, 95)],
    "pink": [(250, 150, 180), (230, 80, 150)],
    "brown": [(120, 70, 30), (75, 45, 25), (160, 105, 65)],
    "beige": [(220, 200, 165), (235, 220, 195), (200, 175, 140)],
}


def name_colors(pixels: Pixels) -> tuple[ColorShare, ...]:
    """Return the basic colours of an RGB picture that cover at least 5 % of it, largest first."""
    step = max(1, max(pixels.shape[:2]) // 96)
    sample = _to_lab(pixels[::step, ::step].reshape(-1, 3))
    names, prototypes = _prototypes()
    # The squared distance, less what is the same for all prototypes.
    distance = (prototypes**2).sum(axis=1) - 2 * sample @ prototypes.T
    counts = np.bincount(distance.argmin(axis=1), minlength=len(names)) / len(sample)
    shares: defaultdict[str, float] = defaultdict(float)
    for name, share in zip(names, counts, strict=True):
        shares[name] += float(share)
    ranked = sorted(((share, name) for name, share in shares.items()), reverse=True)
    return tuple(ColorShare(name, share) for share, name in ranked if share > MIN_SHARE)


def name_colors_in(pixels: Pixels, box: Box) -> tuple[ColorShare, ...]:
    """Return the colours of the middle of `box`, where the object is rather than its background."""
    inset_x, inset_y = box.width * 0.2, box.height * 0.2
    inner = Box(box.x1 + inset_x, box.y1 + inset_y, box.x2 - inset_x, box.y2 - inset_y)
    x1, y1, x2, y2 = (int(value) for value in inner)
    return name_colors(pixels[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)])


def _to_lab(colors: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    scaled = (colors.astype(np.float32) / 255).reshape(-1, 1, 3)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float32).reshape(-1, 3)


@cache
def _prototypes() -> tuple[list[str], npt.NDArray[np.float32]]:
    pairs = [(name, color) for name, colors in _PROTOTYPES.items() for color in colors]
    return [name for name, _ in pairs], _to_lab(np.array([color for _, color in pairs]))
