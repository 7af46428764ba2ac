"""A frame of a video: a picture and the moment at which it is shown. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from langchain_gptv.vision.images import Image
from langchain_gptv.vision.timestamps import format_timestamp


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a video.

    Attributes:
        timestamp_s: Seconds at which the file says that the frame is shown; exact, not rounded.
        frame_index: How many frames are shown before it; None where the file has no table of its
            frames and is too large to be walked through for one.
        image: Upright, with square pixels.
        score: How well it answers a query, 0 to 1; None when there was none.
    """

    timestamp_s: float
    frame_index: int | None
    image: Image
    score: float | None = None

    @property
    def label(self) -> str:
        """The moment as people write it, such as '00:12.5'."""
        return format_timestamp(self.timestamp_s)

    def _repr_png_(self) -> bytes:
        """Show the frame in a notebook."""
        return self.image._repr_png_()
