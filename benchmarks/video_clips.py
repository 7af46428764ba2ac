"""Clips for benchmarks/video.py: made once, kept in a folder, real H.264 with B-frames."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image as PILImage

FPS = 30
_CODE_BITS, _CODE_PX = 12, 64


def make_long_clip(folder: Path, *, minutes: int = 30, seconds: int = 30) -> Path:
    """Write a 1080p clip of `minutes`, which repeats the packets of one of `seconds`."""
    path = folder / f"long_{minutes}min.mp4"
    if not path.exists():
        part = folder / "part.mp4"
        if not part.exists():
            _written(part, _pictures(seconds * FPS))
        _repeat(part, path, minutes * 60 // seconds)
    return path


def make_short_clip(folder: Path, *, seconds: int = 10) -> Path:
    """Write a 1080p clip of a few seconds."""
    path = folder / f"short_{seconds}s.mp4"
    return path if path.exists() else _written(path, _pictures(seconds * FPS))


def make_uneven_clip(folder: Path, *, seconds: int = 10) -> Path:
    """Write a clip whose frames stand 1/30 s apart in its first half and 1/5 s in its second."""
    path = folder / f"uneven_{seconds}s.mp4"
    half = seconds // 2
    times = [i / FPS for i in range(half * FPS)] + [half + i / 5 for i in range(half * 5)]
    return path if path.exists() else _written(path, _pictures(len(times)), times)


def read_code(picture: PILImage.Image) -> int:
    """Read the number of a frame from the squares at its foot."""
    grey = picture.convert("L").resize((1920, 1080))
    row = 1080 - _CODE_PX // 2
    squares = range(_CODE_BITS)
    return sum((grey.getpixel((_CODE_PX * n + _CODE_PX // 2, row)) > 127) << n for n in squares)


def _pictures(count: int) -> Iterator[np.ndarray]:
    """A textured picture that drifts, with a fresh one every seven seconds."""
    for number in range(count):
        if number % (7 * FPS) == 0:
            texture = _texture(number)
        shift = number * 3 % 400
        picture = np.ascontiguousarray(
            texture[shift // 2 : shift // 2 + 1080, shift : shift + 1920]
        )
        for bit in range(_CODE_BITS):
            left = bit * _CODE_PX
            picture[-_CODE_PX:, left : left + _CODE_PX] = 255 * (number >> bit & 1)
        yield picture


def _texture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    total = np.zeros((1300, 2400, 3), np.float32)
    for cells, weight in ((12, 90), (80, 40), (400, 20)):
        small = rng.integers(0, 255, (cells, cells * 2, 3), dtype=np.uint8)
        large = PILImage.fromarray(small).resize((2400, 1300), PILImage.Resampling.BICUBIC)
        total += (np.asarray(large, np.float32) - 127) * (weight / 127)
    total += rng.normal(0, 6.0, (1300, 2400, 1)).astype(np.float32)
    return (total + 127).clip(0, 255).astype(np.uint8)


def _written(path: Path, pictures: Iterator[np.ndarray], times: list[float] | None = None) -> Path:
    options = {"preset": "superfast", "crf": "27", "bf": "2", "g": "120"}
    partial = path.with_suffix(".partial.mp4")
    with av.open(str(partial), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000 * FPS)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.time_base = Fraction(1, 1000 * FPS)
            frame.pts = round((times[number] if times else number / FPS) * 1000 * FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return partial.rename(path)


def _repeat(part: Path, path: Path, times: int) -> None:
    partial = path.with_suffix(".partial.mp4")
    with av.open(str(partial), "w", options={"movflags": "faststart"}) as container:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(part)) as source:
                video = source.streams.video[0]
                stream = stream or container.add_stream_from_template(video)
                end = shift + video.duration
                for packet in source.demux(video):
                    if packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = stream
                        container.mux(packet)
                shift = end
    partial.rename(path)
