"""What `benchmarks/prepare.py` measures against: plain Pillow, pyvips, OpenCV, simplejpeg."""

import io
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from PIL import Image as PILImage
from PIL import ImageOps

QUALITY = 85
LANCZOS = ("pyvips thumbnail", "simplejpeg scaled decode")
"""The peers that resize with a filter of the same quality."""


def naive(path: str | Path, size: tuple[int, int]) -> bytes:
    """Do what most code does."""
    with PILImage.open(path) as file:
        picture = ImageOps.exif_transpose(file).convert("RGB")
    picture = picture.resize(_target(picture.size, size), PILImage.Resampling.LANCZOS)
    return _jpeg(picture)


def calls(path: Path, size: tuple[int, int]) -> dict[str, Callable[[], object]]:
    """Return the peers that are installed and can read the file."""
    found: dict[str, Callable[[], object]] = {}
    if find_spec("pyvips"):
        found["pyvips thumbnail"] = lambda: vips(path, size)
    if find_spec("cv2") and path.suffix != ".tif":
        found["OpenCV reduced decode"] = lambda: opencv(path, size)
    if find_spec("simplejpeg") and path.suffix == ".jpg":
        found["simplejpeg scaled decode"] = lambda: scaled_turbo(path, size)
    return found


def vips(path: Path, size: tuple[int, int]) -> bytes:
    """Shrink on load with libvips."""
    import pyvips

    source = pyvips.Source.new_from_file(str(path))
    picture = pyvips.Image.thumbnail_source(source, size[0], height=size[1], size="down")
    return picture.jpegsave_buffer(Q=QUALITY)


def opencv(path: Path, size: tuple[int, int]) -> bytes:
    """Decode at a half, quarter or eighth, then average areas."""
    import cv2

    whole = _header_size(path)
    target = _target(whole, size)
    flags = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4}
    flags[2] = cv2.IMREAD_REDUCED_COLOR_2
    room = min(whole[0] // target[0], whole[1] // target[1])
    scale = next((scale for scale in (8, 4, 2) if room >= scale), 1)
    array = cv2.imread(str(path), flags.get(scale, cv2.IMREAD_COLOR))
    if (array.shape[1] > array.shape[0]) != (target[0] > target[1]):
        target = target[::-1]  # OpenCV heeds EXIF orientation
    array = cv2.resize(array, target, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", array, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def scaled_turbo(path: Path, size: tuple[int, int]) -> bytes:
    """Decode by eighths with the bundled libjpeg-turbo, then LANCZOS."""
    import simplejpeg

    target = _target(_header_size(path), size)
    array = simplejpeg.decode_jpeg(
        path.read_bytes(), min_height=target[1], min_width=target[0], min_factor=1
    )
    return _jpeg(PILImage.fromarray(array).resize(target, PILImage.Resampling.LANCZOS))


def _header_size(path: Path) -> tuple[int, int]:
    with PILImage.open(path) as picture:
        return picture.size


def _target(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    scale = min(1, box[0] / size[0], box[1] / size[1])
    return round(size[0] * scale), round(size[1] * scale)


def _jpeg(picture: PILImage.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
