"""The frames of a video, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from langchain_gptv.display.pictures import figure, shrunk
from langchain_gptv.display.view import View
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.timestamps import format_timestamp


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
    shown = [(frame, format_timestamp(frame.timestamp_s)) for frame in frames]
    figures = (
        figure(shrunk(frame.image.to_pil(), max_side)[0], alt=f"frame at {at}", caption=at)
        for frame, at in shown
    )
    times = ", ".join(at for _, at in shown)
    count = "1 frame" if len(shown) == 1 else f"{len(shown)} frames"
    return View(f'<div class="row">{"".join(figures)}</div>', f"{count}: {times}")
