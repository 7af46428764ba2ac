"""Pictures from numpy arrays, checked first: a wrong range gives a black or white picture."""

from __future__ import annotations

from typing import Any

import PIL.Image

from langchain_gptv.exceptions import UnsupportedImageError

# Resampling with a kernel overshoots 1 a little; 0 to 255 in floats is something else.
_MAX_OVERSHOOT = 0.5


def picture_from_array(array: Any) -> PIL.Image.Image:
    """Make a picture from an array (height, width) or (height, width, 1, 3 or 4).

    Raises:
        UnsupportedImageError: The shape, the type or the values are not those of a picture.
    """
    shape = tuple(array.shape)
    if len(shape) == 3 and shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or 0 in shape or (array.ndim == 3 and shape[2] not in (3, 4)):
        raise UnsupportedImageError(
            f"An array of shape {shape} is no image. It must be (height, width) or "
            "(height, width, 3 or 4); a batch is passed one by one."
        )
    if array.dtype.kind == "f":
        array = _from_floats(array)
    is_deep_grey = array.dtype.name == "uint16" and array.ndim == 2
    if array.dtype.name not in ("uint8", "bool") and not is_deep_grey:
        raise UnsupportedImageError(
            f"An array of {array.dtype} and shape {shape} is no image. "
            "Convert it to uint8 from 0 to 255, or to floats from 0 to 1."
        )
    return PIL.Image.fromarray(array)


def _from_floats(array: Any) -> Any:
    low, high = float(array.min()), float(array.max())
    # Written so that NaN fails it as well.
    if not (low >= -_MAX_OVERSHOOT and high <= 1 + _MAX_OVERSHOOT):
        raise UnsupportedImageError(
            f"An array of {array.dtype} from {low:g} to {high:g} is no image: floats go from "
            "0 to 1. Divide by the largest value, or convert to uint8 from 0 to 255."
        )
    return (array.clip(0, 1) * 255).round().astype("uint8")
