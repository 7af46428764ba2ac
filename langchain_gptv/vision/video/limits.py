"""How much a video may ask of its decoder: pixels of a frame, and seconds until there is one."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from langchain_gptv.exceptions import VideoLimitError, VideoTimeoutError

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_T = TypeVar("_T")

MAX_PIXELS = 36_000_000
"""Of one frame: 8K is 33 million. A decoder keeps up to thirty frames."""

MAX_SIDE = 16_384
"""Twice that of 8K; what is longer is a line, whose filters take 100 MB."""

FRAME_TIMEOUT_S = 60.0
"""A group of pictures of 10 s in 4K takes a tenth of it."""


class Deadline:
    """When the next frame must be there.

    It is looked at before each packet: a step inside FFmpeg is not interrupted.

    Args:
        name: What errors call the video.
        seconds: From now, and from each `restart`.
    """

    def __init__(self, name: str, seconds: float) -> None:
        if not seconds > 0:
            raise ValueError(f"timeout={seconds} must be above 0 seconds.")
        self.name = name
        self.seconds = seconds
        self.restart()

    def restart(self) -> None:
        """Give the next frame its full time."""
        self._ends = time.monotonic() + self.seconds

    def watch(self, steps: Iterable[_T]) -> Iterator[_T]:
        """Yield what is stepped through.

        Raises:
            VideoTimeoutError: The time is over.
        """
        for step in steps:
            if time.monotonic() > self._ends:
                raise self.error()
            yield step

    def error(self) -> VideoTimeoutError:
        """Return the error that says that the time is over."""
        return VideoTimeoutError(
            f"{self.name} shows no frame within {self.seconds:g} s. Pass a larger timeout=..., or "
            "a copy with less pixels or a keyframe every few seconds.",
            seconds=self.seconds,
        )


def limit_pixels(stream: VideoStream, name: str) -> None:
    """Keep the decoder from frames that are too large, now and later in the stream.

    Raises:
        VideoLimitError: The stream states a size that is.
    """
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise VideoLimitError(
            f"{name} has {width} x {height} pixels, more than {MAX_PIXELS:,} of a frame or "
            f"{MAX_SIDE:,} of its side, which are the most that is decoded. Scale it down first.",
            width=width,
            height=height,
        )
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}


def fit(width: float, height: float, max_side: int | None) -> tuple[int, int]:
    """Return the size of a picture that keeps its shape and stays within the limits."""
    longer = max(width, height)
    scale = min(1.0, (max_side or longer) / longer, math.sqrt(MAX_PIXELS / (width * height)))
    return max(1, round(width * scale)), max(1, round(height * scale))
