"""Clips that are rendered for a test: each frame has its number as squares, and in digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

BITS, SQUARE = 10, 16
TICKS = 12_000

Paint = Callable[[PIL.ImageDraw.ImageDraw, int], None]


def render_clip(
    path: Path,
    count: int = 60,
    *,
    fps: int = 10,
    times: Sequence[float] | None = None,
    size: tuple[int, int] = (320, 180),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    keyframe_every: int = 20,
    rotation: int = 0,
    paint: Paint | None = None,
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
) -> Path:
    """Write a clip with B-frames; `times` are the seconds of its frames when they are uneven."""
    with av.open(str(path), "w", options=muxing or {}) as container:
        stream = container.add_stream(codec, rate=fps, options=options or _options(codec))
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.gop_size = keyframe_every
        stream.codec_context.time_base = stream.time_base = Fraction(1, TICKS)
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(count):
            frame = av.VideoFrame.from_image(picture(number, size, paint))
            frame.time_base = Fraction(1, TICKS)
            frame.pts = round((times[number] if times else number / fps) * TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def picture(number: int, size: tuple[int, int], paint: Paint | None = None) -> PIL.Image.Image:
    """Draw one frame: 10 squares for its number, and what `paint` adds."""
    drawn = PIL.Image.new("RGB", size, (90, 90 + number % 40, 120))
    canvas = PIL.ImageDraw.Draw(drawn)
    for bit in range(BITS):
        color = "white" if number >> bit & 1 else "black"
        canvas.rectangle((bit * SQUARE, 0, (bit + 1) * SQUARE - 1, SQUARE - 1), fill=color)
    if paint:
        paint(canvas, number)
    return drawn


def read_number(image: PIL.Image.Image) -> int:
    """Read the squares of an upright frame that was not scaled."""
    grey = np.asarray(image.convert("L"))
    row = grey[SQUARE // 2, SQUARE // 2 : BITS * SQUARE : SQUARE]
    return int(sum((value > 127) << bit for bit, value in enumerate(row)))


def write(text: str, size: int = 60) -> Paint:
    """Return what writes a text into the middle of each frame."""

    def paint(canvas: PIL.ImageDraw.ImageDraw, number: int) -> None:
        font = PIL.ImageFont.load_default(size=size)
        canvas.text((20, 60), text.format(number), fill="white", font=font)

    return paint


def packet_times(path: Path) -> list[float]:
    """Return the seconds of all frames, in order, as the packets say."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.best("video"))
        return sorted(float(p.pts * p.time_base) for p in packets if p.pts is not None)


def _options(codec: str) -> dict[str, str]:
    if codec == "libx264":
        return {"preset": "veryfast", "crf": "20", "bf": "3", "sc_threshold": "0"}
    if codec == "libx265":
        return {"preset": "ultrafast", "x265-params": "log-level=none:bframes=3"}
    if codec == "ffv1":
        return {}
    return {"deadline": "realtime", "cpu-used": "8", "b": "1M"}
