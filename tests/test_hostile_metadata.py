"""What a file holds beside its picture, place by place: none of it leaves."""

from __future__ import annotations

import io
import struct
import zlib

import PIL.Image
import PIL.ImageCms
import pytest
from pictures import chunk, encoded, exif, noise

from langchain_gptv.vision.prepare import prepare_to_size

# Colour profiles

OWNER = b"Screen of Ada Lovelace, serial-4711"


def profile() -> bytes:
    """Make a colour profile that names a screen: in a text, a private tag, and behind the end."""
    made = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    (count,) = struct.unpack(">I", made[128:132])
    tags = [struct.unpack(">4sII", made[at : at + 12]) for at in range(132, 132 + 12 * count, 12)]
    body, table, first = b"", b"", 132 + 12 * (count + 1)
    for name, start, length in [*tags, (b"mmod", 0, 0)]:
        text = b"text\0\0\0\0" + OWNER + b"\0" * 5
        data = text if name in (b"cprt", b"mmod") else made[start : start + length]
        table += struct.pack(">4sII", name, first + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytearray(made[:128])
    head[48:56], head[84:100] = b"ADA 4711", b"checksum of Ada."
    whole = bytes(head) + struct.pack(">I", count + 1) + table + body + OWNER + b"."
    return struct.pack(">I", len(whole)) + whole[4:]


@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "WEBP"])
def test_a_colour_profile_leaves_without_its_owner(file_type):
    """Words, private tags, maker and date are blank; the colours come out the same."""
    data = encoded(noise(60, 40), file_type, icc_profile=profile())
    with PIL.Image.open(io.BytesIO(prepare_to_size(data).data)) as picture:
        left = picture.info["icc_profile"]
        sent = picture.convert("RGB")
    assert not [word for word in (b"Ada", b"ADA", b"4711") if word in left]
    lab = PIL.ImageCms.createProfile("LAB")
    before, after = (
        PIL.ImageCms.profileToProfile(sent, io.BytesIO(each), lab, outputMode="LAB")
        for each in (profile(), left)
    )
    assert before.tobytes() == after.tobytes()


def test_a_profile_over_several_segments_leaves_in_as_many():
    """One of a printer is too large for one segment of a JPEG; each keeps its length."""
    large = profile() + bytes(150_000)
    data = encoded(noise(60, 40), "JPEG", icc_profile=large)
    prepared = prepare_to_size(data).data
    assert len(prepared) == len(data)
    with PIL.Image.open(io.BytesIO(prepared)) as picture:
        assert len(picture.info["icc_profile"]) == len(large)
    assert OWNER in data
    assert OWNER not in prepared


@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("broken", ["no profile", "too many tags", "a tag outside", "cut off"])
def test_a_profile_that_is_none_goes(file_type, broken):
    """What cannot be read cannot be cleaned."""
    made = profile()
    wrong = {
        "no profile": OWNER * 9,
        "too many tags": made[:128] + b"\0\0\xff\xff" + made[132:],
        "a tag outside": made[:136] + b"\xff" + made[137:],
        "cut off": made[:140],
    }[broken]
    data = encoded(noise(60, 40), file_type, icc_profile=wrong)
    with PIL.Image.open(io.BytesIO(prepare_to_size(data).data)) as picture:
        assert "icc_profile" not in picture.info


@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "WEBP"])
def test_what_is_clean_stays_as_it_is(file_type):
    """A picture that has been through it once comes out the same, byte for byte."""
    once = prepare_to_size(encoded(noise(60, 40), file_type, icc_profile=profile())).data
    assert prepare_to_size(once).data == once


# Places for more than a picture

HIDDEN = b"serial-4711, home address"


def _jpeg_with(code: int, body: bytes) -> bytes:
    data = encoded(noise(60, 40), "JPEG")
    return data[:2] + struct.pack(">BBH", 0xFF, code, len(body) + 2) + body + data[2:]


def _png_with(kind: bytes, body: bytes, *, late: bool = False) -> bytes:
    data = encoded(noise(60, 40), "PNG")
    at = len(data) - 12 if late else 33
    return data[:at] + chunk(kind, body) + data[at:]


def _webp_with(kind: bytes, body: bytes) -> bytes:
    data = encoded(noise(60, 40), "WEBP", exif=exif(author="Ada", gps=False).tobytes())
    inner = data[12:] + kind + struct.pack("<I", len(body)) + body + bytes(len(body) & 1)
    return b"RIFF" + struct.pack("<I", len(inner) + 4) + b"WEBP" + inner


def _gif_with(head: bytes) -> bytes:
    data = encoded(noise(60, 40).convert("P"), "GIF")
    at = 13 + 3 * (2 << (data[10] & 7))
    return data[:at] + head + bytes([len(HIDDEN)]) + HIDDEN + b"\0" + data[at:]


def _avif_with(kind: bytes) -> bytes:
    box = struct.pack(">I4s", len(HIDDEN) + 24, kind) + bytes(16) + HIDDEN
    return encoded(noise(60, 40), "AVIF") + box


PLACES = {
    "JPEG extended XMP": lambda: _jpeg_with(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + HIDDEN),
    "JPEG thumbnail of JFXX": lambda: _jpeg_with(0xE0, b"JFXX\0\x13" + HIDDEN),
    "JPEG FlashPix": lambda: _jpeg_with(0xE2, b"FPXR\0" + HIDDEN),
    "JPEG list of pictures": lambda: _jpeg_with(0xE2, b"MPF\0" + HIDDEN),
    "JPEG behind Adobe's flags": lambda: _jpeg_with(0xEE, b"Adobe\0d\0\0\0\0\1" + HIDDEN),
    "JPEG Photoshop": lambda: _jpeg_with(0xED, b"Photoshop 3.0\0" + HIDDEN),
    "JPEG provenance": lambda: _jpeg_with(0xEB, b"JP" + HIDDEN),
    "JPEG APP15": lambda: _jpeg_with(0xEF, HIDDEN),
    "JPEG second picture behind": lambda: (
        encoded(noise(9, 9), "JPEG") + encoded(noise(9, 9), "JPEG", comment=HIDDEN)
    ),
    "PNG packed text": lambda: _png_with(b"zTXt", b"Author\0\0" + zlib.compress(HIDDEN)),
    "PNG late text": lambda: _png_with(b"tEXt", b"Author\0" + HIDDEN, late=True),
    "PNG signature": lambda: _png_with(b"dSIG", HIDDEN),
    "PNG provenance": lambda: _png_with(b"caBX", HIDDEN),
    "PNG time": lambda: _png_with(b"tIME", b"\7\xea\1\2\3\4\5"),
    "PNG private chunk": lambda: _png_with(b"prVt", HIDDEN),
    "PNG private critical chunk": lambda: _png_with(b"PRVT", HIDDEN),
    "WebP private chunk": lambda: _webp_with(b"PRIV", HIDDEN),
    "WebP behind the end": lambda: encoded(noise(60, 40), "WEBP") + HIDDEN,
    "GIF plain text": lambda: _gif_with(b"\x21\x01\x0c" + bytes(12)),
    "GIF XMP": lambda: _gif_with(b"\x21\xff\x0bXMP DataXMP"),
    "GIF unknown extension": lambda: _gif_with(b"\x21\x77"),
    "AVIF free box": lambda: _avif_with(b"free"),
    "AVIF box of somebody's": lambda: _avif_with(b"uuid"),
    "AVIF unused data": lambda: _avif_with(b"mdat"),
}


@pytest.mark.parametrize("place", PLACES)
def test_no_other_place_of_a_file_leaves(place):
    """Each place where a format has room for more, as it is sent and made smaller."""
    data = PLACES[place]()
    for sent in (prepare_to_size(data), prepare_to_size(data, (8, 8), resize="always")):
        assert HIDDEN not in sent.data
        assert zlib.compress(HIDDEN) not in sent.data
        assert b"tIME" not in sent.data
