"""Which moments show all scenes of a video: cut where the picture changes, then shared out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import PIL.Image
from PIL import ImageChops, ImageStat

_SIDE = 16
_CUT = 18.0
"""Mean difference of two small pictures, 0 to 255, from which they are two scenes: a pan within one
stays below 15, and two shots of one room are above 20."""


class Look(NamedTuple):
    """What a moment looks like, small."""

    timestamp_s: float
    picture: PIL.Image.Image


def look_at(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Make a picture so small that only what changes with the scene is left."""
    return picture.resize((_SIDE, _SIDE), PIL.Image.Resampling.BOX)


def spread_over_scenes(looks: Sequence[Look], part: tuple[float, float], count: int) -> list[float]:
    """Return at most `count` moments, in seconds: one for each scene, the rest by length.

    Args:
        looks: Moments in order, each with its `look_at`.
        part: Where the part of the video begins and ends, in seconds.
        count: With fewer than there are scenes, those at the sharpest cuts are told apart.
    """
    cuts = _cuts(looks)[: count - 1]
    edges = [part[0], *sorted(cuts), part[1]]
    lengths = [end - start for start, end in pairwise(edges)]
    shares = _shares(lengths, count)
    return [
        start + (place + 0.5) * length / share
        for start, length, share in zip(edges, lengths, shares, strict=False)
        for place in range(share)
    ]


def _cuts(looks: Sequence[Look]) -> list[float]:
    """Return where scenes change, in seconds, the sharpest first."""
    changes = [
        (_difference(before.picture, after.picture), (before.timestamp_s + after.timestamp_s) / 2)
        for before, after in pairwise(looks)
    ]
    return [at for change, at in sorted(changes, reverse=True) if change >= _CUT]


def _difference(one: PIL.Image.Image, other: PIL.Image.Image) -> float:
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)


def _shares(lengths: Sequence[float], count: int) -> list[int]:
    """Give each scene one frame, and each further one to where frames stand widest apart."""
    shares = [1] * len(lengths)
    for _ in range(count - len(lengths)):
        widest = max(range(len(lengths)), key=lambda place: lengths[place] / shares[place])
        shares[widest] += 1
    return shares
