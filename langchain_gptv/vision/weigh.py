"""Whether work on an image takes less time than it saves on the wire."""

from __future__ import annotations

from langchain_gptv.vision.headers import Header

# All measured with benchmarks/prepare.py on two cores of 2026; a faster machine only makes
# preparing pay sooner.
UPLINK_BITS_PER_S = 50e6
"""What a connection is taken to upload, in bits per second."""

_DECODE_S_PER_MP = {
    "image/jpeg": 0.006,  # scaled while it is decoded
    "image/png": 0.028,
    "image/webp": 0.030,
    "image/gif": 0.015,
}
_UNNOTICED_S = 0.005
_BLANK_PX_PER_BYTE = 20
_ENCODE_S_PER_MP = 0.030
_ENCODED_BYTES_PER_PX = 0.3


def resize_pays(header: Header, byte_count: int, size: tuple[int, int]) -> bool:
    """Tell whether scaling to `size` and sending that is faster than sending the file.

    Args:
        header: Of the file.
        byte_count: Bytes of the file, before base64.
        size: (width, height) in pixels after scaling.

    Example:
        >>> photo = Header("image/jpeg", 4032, 3024)
        >>> resize_pays(photo, 3_850_000, (683, 512)), resize_pays(photo, 200_000, (683, 512))
        (True, False)
    """
    target = size[0] * size[1] / 1e6
    prepare_s = _decode_s(header) + _ENCODE_S_PER_MP * target
    bytes_saved = byte_count - _ENCODED_BYTES_PER_PX * target * 1e6
    return _upload_s(bytes_saved) > prepare_s


def check_pays(header: Header, byte_count: int) -> bool:
    """Tell whether to decode a file only to see that it can be decoded.

    It must not be noticed. A file of very few bytes for its pixels is either quickly decoded, being
    blank, or damaged in the size that it declares. A JPEG at an eighth of its size takes 4 % of its
    upload, but a progressive one has no short way.
    """
    if header.mime_type == "image/jpeg" and not header.is_progressive:
        return True
    if header.width * header.height > _BLANK_PX_PER_BYTE * byte_count:
        return True
    decode_s = _decode_s(header) * (2 if header.is_progressive else 1)
    return decode_s <= max(_UNNOTICED_S, _upload_s(byte_count) / 10)


def _decode_s(header: Header) -> float:
    return _DECODE_S_PER_MP.get(header.mime_type, 0) * header.width * header.height / 1e6


def _upload_s(byte_count: float) -> float:
    return byte_count * 4 / 3 * 8 / UPLINK_BITS_PER_S
