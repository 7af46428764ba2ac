"""How a model turns an image into tokens: by tiles, by patches, or an upper bound of both.

A rule first says at which size the model sees the image (never larger than it was sent), then
counts tokens at that size. Sending the image at the seen size therefore costs the same tokens.

Source: OpenAI "Images and vision" guide; the date checked is in each row of profiles.json.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Detail = Literal["auto", "low", "high", "original"]
DETAILS: tuple[Detail, ...] = ("auto", "low", "high", "original")
PATCH_SIDE = 32
TILE_SIDE = 512
_NO_LIMIT = 2**40


class TokenRule(Protocol):
    """What every rule can tell; `detail` is never "auto" here."""

    @property
    def auto(self) -> Detail:
        """What the service makes of `detail="auto"`."""

    @property
    def details(self) -> tuple[Detail, ...]:
        """The values of `detail` that are accepted, "auto" first."""

    def seen_size(self, width: int, height: int, detail: Detail) -> tuple[int, int]:
        """Return the (width, height) in pixels at which the model sees the image."""

    def tokens(self, width: int, height: int, detail: Detail) -> int:
        """Return the input tokens for one image of that size in pixels."""


@dataclass(frozen=True, slots=True)
class TileRule:
    """`base` tokens for the overview, and at high `tile` tokens for every 512 px square.

    Attributes:
        base: Tokens of the whole image at 512 px; all that `low` costs.
        tile: Tokens of each square, after the image was scaled to `max_side` and `short_side`.
    """

    base: int
    tile: int
    max_side: int = 2048
    short_side: int = 768
    auto: Detail = "high"
    details: tuple[Detail, ...] = ("auto", "low", "high")

    def seen_size(self, width: int, height: int, detail: Detail) -> tuple[int, int]:
        """Return the (width, height) in pixels at which the model sees the image."""
        if detail == "low":
            return fit_side(width, height, TILE_SIDE)
        long, short = max(width, height), min(width, height)
        # Both steps as one scale, so that nothing is rounded twice.
        if self.short_side * long < self.max_side * short and short > self.short_side:
            return _scaled(width, height, self.short_side, short)
        return fit_side(width, height, self.max_side)

    def tokens(self, width: int, height: int, detail: Detail) -> int:
        """Return the input tokens for one image of that size in pixels."""
        if detail == "low":
            return self.base
        seen = self.seen_size(width, height, detail)
        return self.base + self.tile * _squares(*seen, TILE_SIDE)


@dataclass(frozen=True, slots=True)
class PatchSize:
    """The size limits of one `detail`.

    Attributes:
        max_side: Pixels of the longest side.
        max_patches: Patches of 32 x 32 pixels; None is no limit.
    """

    max_side: int
    max_patches: int | None = None


@dataclass(frozen=True)
class PatchRule:
    """`multiplier` tokens for every patch of 32 x 32 pixels.

    Attributes:
        multiplier: Tokens per patch.
        sizes: The limits of each `detail`.
        auto: What the service makes of "auto".
        reject_patches: A count above which the service refuses the request; the image is then
            taken at the size that is just accepted, as `prepare_image` would send it.
    """

    multiplier: float
    sizes: Mapping[Detail, PatchSize]
    auto: Detail = "high"
    reject_patches: int | None = None

    @property
    def details(self) -> tuple[Detail, ...]:
        """The values of `detail` that are accepted, "auto" first."""
        return ("auto", *self.sizes)

    def seen_size(self, width: int, height: int, detail: Detail) -> tuple[int, int]:
        """Return the (width, height) in pixels at which the model sees the image."""
        size = self.sizes[detail]
        budget = size.max_patches or self.reject_patches or _NO_LIMIT
        return fit_patches(width, height, budget, size.max_side)

    def tokens(self, width: int, height: int, detail: Detail) -> int:
        """Return the input tokens for one image of that size in pixels."""
        patches = _squares(*self.seen_size(width, height, detail), PATCH_SIDE)
        # The guide rounds up; bills of gpt-4.1-mini are one token lower per image. Rounding first
        # to 6 places keeps 2500 x 1.2 from becoming 3001.
        return math.ceil(round(patches * self.multiplier, 6))


@dataclass(frozen=True, slots=True)
class UpperBoundRule:
    """As many tokens as the dearest of several rules, for a model that is not known."""

    rules: tuple[TokenRule, ...]

    @property
    def auto(self) -> Detail:
        """What the service makes of "auto": the dearest `detail` there is."""
        return "original"

    @property
    def details(self) -> tuple[Detail, ...]:
        """All of them: what an unknown model accepts is not known."""
        return DETAILS

    def seen_size(self, width: int, height: int, detail: Detail) -> tuple[int, int]:
        """Return the largest size, in pixels, at which any of the rules sees the image."""
        seen = (rule.seen_size(width, height, self._for(rule, detail)) for rule in self.rules)
        return max(seen, key=math.prod)

    def tokens(self, width: int, height: int, detail: Detail) -> int:
        """Return the most tokens that any of the rules counts."""
        return max(rule.tokens(width, height, self._for(rule, detail)) for rule in self.rules)

    @staticmethod
    def _for(rule: TokenRule, detail: Detail) -> Detail:
        return detail if detail in rule.details else rule.auto


def fit_side(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Return the size in pixels whose longest side is at most `max_side`; never enlarges.

    Example:
        >>> fit_side(4096, 2048, 1024)
        (1024, 512)
    """
    long = max(width, height)
    return (width, height) if long <= max_side else _scaled(width, height, max_side, long)


def fit_patches(
    width: int, height: int, max_patches: int, max_side: int = _NO_LIMIT
) -> tuple[int, int]:
    """Return the size in pixels that needs at most `max_patches` patches; never enlarges.

    Example:
        >>> fit_patches(1800, 2400, 1536)
        (1056, 1408)
    """
    fitted = fit_side(width, height, min(max_side, PATCH_SIDE * max_patches))
    if _squares(*fitted, PATCH_SIDE) <= max_patches:
        return fitted
    # From the sides as they came, so that nothing is rounded twice.
    scale = math.sqrt(PATCH_SIDE**2 * max_patches / (width * height))
    columns, rows = width * scale / PATCH_SIDE, height * scale / PATCH_SIDE
    # Whole patches along the side that loses most, so that none is paid for an edge.
    scale *= min(math.floor(side) / side for side in (columns, rows))
    return max(1, math.floor(width * scale)), max(1, math.floor(height * scale))


def _scaled(width: int, height: int, numerator: int, denominator: int) -> tuple[int, int]:
    return (
        max(1, width * numerator // denominator),
        max(1, height * numerator // denominator),
    )


def _squares(width: int, height: int, side: int) -> int:
    return math.ceil(width / side) * math.ceil(height / side)
