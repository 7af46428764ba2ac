"""HDR video (PQ and HLG in the colours of BT.2020) as an ordinary picture in sRGB.

Shown as it is stored it would be dim and pale, and small print in it hard to read. What is as
bright as white paper comes nearly white here, and lights above it are pressed together.
Source: ITU-R BT.2100 (curves), BT.2407 (colours) and BT.2408 (203 cd/m2 for white paper).
"""

from __future__ import annotations

import math
from functools import cache

import PIL.Image
from PIL import ImageFilter

_PQ, _HLG = 16, 18
"""Transfer characteristics, by their numbers in ITU-T H.273."""

_WHITE, _PEAK = 203.0, 1000.0
_KNEE = 0.6
"""Of white, in linear light; what is brighter is pressed together."""

_STEPS = 33
"""Of each colour in the table, between which Pillow interpolates."""

Rgb = tuple[float, float, float]


def to_sdr(picture: PIL.Image.Image, transfer: int) -> PIL.Image.Image:
    """Return a picture of HDR video in sRGB, and any other as it is.

    Args:
        picture: RGB, with the numbers that the video stores.
        transfer: The video's transfer characteristics.
    """
    table = _table(transfer)
    return picture if table is None else picture.filter(table)


@cache
def _table(transfer: int) -> ImageFilter.Color3DLUT | None:
    light = {_PQ: _pq_light, _HLG: _hlg_light}.get(transfer)
    if light is None:
        return None
    return ImageFilter.Color3DLUT.generate(_STEPS, lambda *rgb: _to_srgb(light(rgb)))


def _pq_light(rgb: Rgb) -> Rgb:
    red, green, blue = map(_pq_channel, rgb)
    return red, green, blue


def _pq_channel(signal: float) -> float:
    """Return linear light, where 1 is white paper."""
    root = signal ** (1 / 78.84375)
    light = max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return float(10_000 / _WHITE * light ** (1 / 0.1593017578125))


def _hlg_light(rgb: Rgb) -> Rgb:
    red, green, blue = map(_hlg_channel, rgb)
    # A display of 1000 cd/m2 raises the contrast of what the camera saw.
    gain = _PEAK / _WHITE * (0.2627 * red + 0.6780 * green + 0.0593 * blue) ** 0.2
    return red * gain, green * gain, blue * gain


def _hlg_channel(signal: float) -> float:
    if signal <= 0.5:
        return signal**2 / 3
    return (math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _to_srgb(light: Rgb) -> Rgb:
    red, green, blue = light
    return (
        _srgb_channel(1.6605 * red - 0.5876 * green - 0.0728 * blue),
        _srgb_channel(-0.1246 * red + 1.1329 * green - 0.0083 * blue),
        _srgb_channel(-0.0182 * red - 0.1006 * green + 1.1187 * blue),
    )


def _srgb_channel(light: float) -> float:
    light = max(light, 0.0)
    if light > _KNEE:
        light = _KNEE + (1 - _KNEE) * -math.expm1((_KNEE - light) / (1 - _KNEE))
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
