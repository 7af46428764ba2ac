"""A decoded frame as a picture: upright, with square pixels, in sRGB, and scaled."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import PIL.Image

from langchain_gptv.vision.video.hdr import to_sdr
from langchain_gptv.vision.video.limits import fit

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_HD_HEIGHT, _UNSPECIFIED = 720, 2

_Turn = PIL.Image.Transpose
_UPRIGHT = {
    (1, 0, 0, 1): None,
    (-1, 0, 0, 1): _Turn.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): _Turn.FLIP_TOP_BOTTOM,
    (-1, 0, 0, -1): _Turn.ROTATE_180,
    (0, -1, 1, 0): _Turn.ROTATE_90,
    (0, 1, -1, 0): _Turn.ROTATE_270,
    (0, 1, 1, 0): _Turn.TRANSPOSE,
    (0, -1, -1, 0): _Turn.TRANSVERSE,
}
"""What a display matrix does to a picture, by the signs of its first four numbers."""


class Pictures:
    """Makes pictures of frames; all are turned as the first one says.

    Args:
        stream: Which the frames are of.
        max_side: Pixels of the longer side; None keeps it. Nothing is enlarged.
    """

    def __init__(self, stream: VideoStream, max_side: int | None) -> None:
        self._stream = stream
        self._max_side = max_side
        self._turns: list[PIL.Image.Transpose | None] = []

    def of(self, frame: VideoFrame) -> PIL.Image.Image:
        """Return a frame as it is to be looked at."""
        # Asked once: a frame that was asked is in a circle, and stays until garbage is collected.
        self._turns = self._turns or [_turn(frame)]
        width, height = self._size(frame)
        scaled = frame.reformat(
            width=width,
            height=height,
            format="rgb24",
            # By convention, where a file does not say: HD has other colours than SD.
            src_colorspace="ITU709" if _is_unsaid_hd(frame) else None,
            interpolation="BICUBIC",
        )
        picture: PIL.Image.Image = scaled.to_image()  # type: ignore[no-untyped-call]
        # Scaled first: what is left to do is cheap then.
        picture = to_sdr(picture, self._stream.codec_context.color_trc)
        return picture if self._turns[0] is None else picture.transpose(self._turns[0])

    def _size(self, frame: VideoFrame) -> tuple[int, int]:
        aspect = self._stream.codec_context.sample_aspect_ratio or 1
        return fit(float(frame.width * aspect), float(frame.height), self._max_side)


def _turn(frame: VideoFrame) -> PIL.Image.Transpose | None:
    stored: Any = frame.side_data.get("DISPLAYMATRIX")
    if stored is None:
        return None
    a, b, _, c, d = struct.unpack_from("=5i", stored)
    # Of a matrix that turns by another angle, the nearest right one is taken.
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _UPRIGHT.get((_sign(a), 0, 0, _sign(d)))
    return _UPRIGHT.get((0, _sign(b), _sign(c), 0))


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _is_unsaid_hd(frame: VideoFrame) -> bool:
    return frame.colorspace == _UNSPECIFIED and frame.height >= _HD_HEIGHT
