"""Which pictures of a conversation the model is shown in a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ImageWindow:
    """Shows the newest images, and moves on in steps.

    A provider bills the beginning of a request at a discount while it stays as it was. A window
    that slid on with every image would change the request near its beginning with every call.
    This one drops `step` images at once and then stands still until `step` more have come, so the
    beginning changes in one call of `step`. That costs at most `step - 1` images more than asked.

    Attributes:
        images: How many of the newest images are always shown; None shows all.
        turns: Images of how many of the newest user turns are shown; None, of all. An image is
            shown when both agree.
        step: How many images, or turns, are dropped at once; None is half of what is kept.

    Example:
        >>> window = ImageWindow(images=4)
        >>> [window.first_shown(total) for total in range(4, 9)]
        [0, 0, 2, 2, 4]
    """

    images: int | None = 10
    turns: int | None = None
    step: int | None = None

    def __post_init__(self) -> None:
        for name in ("images", "turns", "step"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value} of ImageWindow must be 1 or more, or None.")

    def first_shown(self, images: int) -> int:
        """Return how many of the oldest `images` are not shown."""
        return _dropped(images, self.images, self.step)

    def shown(self, turns: Sequence[int], last_turn: int) -> list[bool]:
        """Say for each image whether it is shown.

        Args:
            turns: The user turn in which each image came, counted from 1, oldest image first.
            last_turn: The turn that the conversation is in.
        """
        first = self.first_shown(len(turns))
        gone = _dropped(last_turn, self.turns, self.step)
        return [index >= first and turn > gone for index, turn in enumerate(turns)]


def _dropped(total: int, kept: int | None, step: int | None) -> int:
    if kept is None or total <= kept:
        return 0
    step = step or max(1, kept // 2)
    return (total - kept) // step * step
