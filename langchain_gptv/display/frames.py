"""The frames of a video, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from langchain_gptv.display.pictures import figure, shrunk
from langchain_gptv.display.view import View
from langchain_gptv.vision.images import Image


class HasTime(Protocol):
    """A frame: an image and when it is shown."""

    @property
    def image(self) -> Image:
        """The picture."""

    @property
    def timestamp_s(self) -> float:
        """Seconds from the start of the video."""


def show_frames(frames: Iterable[HasTime], *, max_side: int = 200) -> View:
    """Show frames with their timestamps.

    Args:
        frames: As `sample_frames` gives them.
        max_side: Pixels at which each is shown.
    """
    shown = [(frame, clock(frame.timestamp_s)) for frame in frames]
    figures = (
        figure(shrunk(frame.image.to_pil(), max_side)[0], alt=f"frame at {at}", caption=at)
        for frame, at in shown
    )
    times = ", ".join(at for _, at in shown)
    count = "1 frame" if len(shown) == 1 else f"{len(shown)} frames"
    return View(f'<div class="row">{"".join(figures)}</div>', f"{count}: {times}")


def clock(seconds: float) -> str:
    """Return a time as people read it off a player.

    Example:
        >>> clock(12.5), clock(3725.0)
        ('00:12.5', '1:02:05.0')
    """
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    ahead = f"{hours}:" if hours else ""
    return f"{ahead}{minutes:02}:{rest // 10:02}.{rest % 10}"
