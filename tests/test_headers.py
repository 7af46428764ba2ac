"""Size, type, orientation, frames and transparency from the first bytes, and bad headers."""

import io
import struct

import PIL.Image
import PIL.ImageOps
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import FILE_TYPES, chunk, corners, decoded, encoded, exif, noise, ramp

from langchain_gptv.exceptions import CorruptImageError, ImageError, UnsupportedImageError
from langchain_gptv.vision.headers import Header, read_header, sniff_mime_type
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.peek import Peek


def header_of(data: bytes) -> Header:
    """Read the header of a file in memory."""
    return read_header(Peek.over(data, name="test.img"))


class CountingFile(io.BytesIO):
    """A file that knows how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize("file_type", FILE_TYPES)
def test_type_and_size_are_those_of_the_content(file_type):
    """Each file type is told by its bytes, with the size that Pillow reads."""
    header = header_of(encoded(corners(), file_type))
    assert header.mime_type == f"image/{file_type.lower()}"
    assert (header.width, header.height) == (120, 80)
    assert header.orientation == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "MPO"])
def test_orientation_is_read_from_every_type_that_has_one(file_type, orientation):
    """All eight EXIF values are read, and the upright size is that after exif_transpose."""
    data = encoded(corners(), file_type, exif=exif(orientation))
    header = header_of(data)
    assert header.orientation == orientation
    with PIL.Image.open(io.BytesIO(data)) as picture:
        assert header.upright_size == PIL.ImageOps.exif_transpose(picture).size


def test_exif_before_the_pixels_of_a_png_counts():
    """An eXIf chunk in front of IDAT is found as well as one behind."""
    data = encoded(corners(), "PNG")
    early = data[:33] + chunk(b"eXIf", exif(6).tobytes().removeprefix(b"Exif\0\0")) + data[33:]
    assert header_of(early).orientation == 6


@pytest.mark.parametrize("sizes", [[9000], [1000] * 9, [1000] * 8 + [400], [700, 3000, 10, 2000]])
def test_exif_behind_the_pixels_is_found_after_any_number_of_chunks(sizes):
    """The short cut over IDAT chunks of equal size never jumps over eXIf, nor misses the end."""
    start = encoded(noise(60, 50), "PNG")[:33]
    start += b"".join(chunk(b"IDAT", bytes(size)) for size in sizes)
    turned = chunk(b"eXIf", exif(8).tobytes().removeprefix(b"Exif\0\0"))
    end = chunk(b"IEND", b"")
    assert header_of(start + turned + end).orientation == 8
    assert header_of(start + chunk(b"tIME", bytes(7)) + turned + end).orientation == 8
    assert header_of(start + end).orientation == 1


def test_the_pixels_of_a_png_are_not_read():
    """A megabyte of IDAT costs a few small reads."""
    file = CountingFile(encoded(noise(700, 500), "PNG"))
    header = read_header(Peek.into(file, name="large.png"))
    assert (header.width, header.height) == (700, 500)
    assert file.taken < 5000 < len(file.getvalue())


def test_damaged_exif_counts_as_none():
    """A picture whose EXIF makes no sense is upright."""
    data = encoded(corners(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    assert header_of(data).orientation == 1


def test_an_orientation_out_of_range_counts_as_upright():
    """EXIF orientation 77 is not believed."""
    assert header_of(encoded(corners(), "JPEG", exif=exif(77))).orientation == 1


def test_big_endian_and_big_tiff_are_read():
    """Both byte orders and 64 bit offsets give size and orientation."""
    entries = struct.pack(">HHIHHHHIHHHHIHH", 256, 3, 1, 90, 0, 257, 3, 1, 60, 0, 274, 3, 1, 6, 0)
    small = b"MM\0*" + struct.pack(">IH", 8, 3) + entries + bytes(4)
    assert header_of(small)[1:4] == (90, 60, 6)
    wide = struct.pack("<HHQQHHQQ", 256, 4, 1, 70_000, 257, 3, 1, 5)
    big = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 2) + wide + bytes(8)
    assert header_of(big)[1:3] == (70_000, 5)


@pytest.mark.parametrize("file_type", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_frames_and_pages_are_counted_without_decoding(file_type):
    """Three frames are three, in every type that can hold them."""
    frames = [corners(), ramp("RGB").resize((120, 80)), corners().rotate(180)]
    data = encoded(frames[0], file_type, save_all=True, append_images=frames[1:])
    assert Image(data).frame_count == 3


@pytest.mark.parametrize("file_type", FILE_TYPES)
def test_a_still_picture_has_one_frame(file_type):
    """Types that could hold more still count one."""
    assert Image(encoded(corners(), file_type)).frame_count == 1


@pytest.mark.parametrize(
    ("mode", "file_type", "expected"),
    [
        ("RGBA", "PNG", True),
        ("LA", "PNG", True),
        ("RGB", "PNG", False),
        ("RGBA", "WEBP", True),
        ("RGB", "WEBP", False),
        ("RGBA", "TIFF", True),
        ("RGB", "TIFF", False),
        ("RGBA", "GIF", True),
        ("RGB", "GIF", False),
        ("RGBA", "AVIF", True),
        ("RGB", "AVIF", False),
        ("L", "JPEG", False),
    ],
)
def test_transparency_is_told_from_the_header(mode, file_type, expected):
    """What may be transparent is known before a pixel is decoded."""
    picture = corners().convert(mode)
    if mode in {"RGBA", "LA"}:
        picture.putalpha(corners().getchannel("R"))
    assert header_of(encoded(picture, file_type, lossless=True)).has_transparency is expected


def test_a_transparent_colour_of_a_png_counts_as_transparency():
    """A tRNS chunk makes an RGB picture transparent."""
    assert header_of(encoded(corners(), "PNG", transparency=(255, 0, 0))).has_transparency


@pytest.mark.parametrize("lossless", [True, False])
def test_both_kinds_of_webp_state_their_size(lossless):
    """Lossy and lossless WebP, with and without alpha, have the size they were saved with."""
    for mode in ("RGB", "RGBA"):
        header = header_of(encoded(noise(33, 17).convert(mode), "WEBP", lossless=lossless))
        assert (header.width, header.height) == (33, 17)


def test_heic_states_the_size_of_what_is_shown():
    """The clean aperture counts, as it does for HEIC decoders."""
    heif = pytest.importorskip("pillow_heif", reason="the extra 'heic' is not installed")
    buffer = io.BytesIO()
    heif.from_pillow(corners()).save(buffer)
    header = header_of(buffer.getvalue())
    assert (header.mime_type, header.width, header.height) == ("image/heic", 120, 80)


def test_pixels_that_not_every_reader_takes_alike_are_marked():
    """CMYK and 16 bits are not plain; RGB, grey and palette are."""
    assert not header_of(encoded(ramp("CMYK"), "JPEG")).is_plain
    assert not header_of(encoded(ramp("I;16"), "PNG")).is_plain
    assert all(header_of(encoded(ramp(mode), "PNG")).is_plain for mode in ("RGB", "L", "P", "1"))


def test_what_is_no_image_is_said_to_be_none():
    """A text named .png is refused with its first bytes and what is accepted."""
    with pytest.raises(UnsupportedImageError, match=r"'notes.png' is no image: .*b'Dear Sir'"):
        read_header(Peek.over(b"Dear Sir or Madam", name="notes.png"))


def test_two_letters_do_not_make_a_bmp():
    """A text that starts with "BM" is no picture."""
    assert sniff_mime_type(b"BMW sells cars, and so do others.") is None


def test_an_mp4_is_no_image():
    """A video has the same first box as HEIC and AVIF, and other brands."""
    assert sniff_mime_type(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom") is None


def test_an_empty_file_is_said_to_be_empty():
    """Zero bytes are reported as such."""
    with pytest.raises(CorruptImageError, match=r"'test.img' is empty \(0 bytes\)"):
        header_of(b"")


def test_a_picture_without_pixels_is_refused():
    """A declared width of zero is damage, not a picture."""
    data = encoded(corners(), "PNG")
    with pytest.raises(CorruptImageError, match="declares 0 x 80 pixels"):
        header_of(data[:16] + bytes(4) + data[20:])


def test_a_gif_whose_first_frame_is_larger_than_its_canvas_has_the_size_of_the_frame():
    """The size is that which decoders show."""
    data = encoded(corners(), "GIF")
    small = data[:6] + b"\x0a\0\x0a\0" + data[10:]
    header = header_of(small)
    assert (header.width, header.height) == decoded(small).size == (120, 80)


def test_tiff_pages_in_a_circle_are_refused():
    """A directory that names itself as the next page does not hang the count."""
    data = bytearray(encoded(corners(), "TIFF"))
    (first,) = struct.unpack("<I", data[4:8])
    (entries,) = struct.unpack("<H", data[first : first + 2])
    data[first + 2 + 12 * entries : first + 6 + 12 * entries] = data[4:8]
    with pytest.raises(CorruptImageError, match="refer to each other in a circle"):
        _ = Image(bytes(data)).frame_count


@pytest.mark.parametrize("file_type", [*FILE_TYPES, "MPO"])
def test_a_header_that_is_cut_off_is_said_to_be(file_type):
    """Every possible end inside the first bytes gives a typed error that names the file."""
    data = encoded(corners(), file_type)
    for end in range(1, 26):
        with pytest.raises(ImageError, match=r"'test\.img' is"):
            header_of(data[:end])


@given(data=st.data())
def test_any_bytes_give_a_header_or_a_typed_error(data):
    """Whatever follows a valid signature, nothing but our own errors comes out."""
    signature = data.draw(
        st.sampled_from(
            [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a",
             b"RIFF\xff\0\0\0WEBPVP8X", b"BM" + bytes(12) + b"\x28\0\0\0", b"II*\0\x08\0\0\0",
             b"MM\0+", b"\0\0\0\x14ftypavif", b"\0\0\0\x10ftypheic\0\0\0\0\0\0\1\0meta\0\0\0\0"]
        )
    )  # fmt: skip
    try:
        header = header_of(signature + data.draw(st.binary(max_size=300)))
    except ImageError:
        return
    assert header.width > 0
    assert header.height > 0


@pytest.mark.parametrize("file_type", FILE_TYPES)
@given(data=st.data())
def test_changed_bytes_give_a_header_or_a_typed_error(file_type, data):
    """Flipping bytes in the header of a valid file never escapes as another error."""
    damaged = bytearray(encoded(corners(), file_type))
    places = st.integers(0, min(len(damaged), 500) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        _ = Image(bytes(damaged), name="damaged").frame_count
    except ImageError as error:
        assert "damaged" in str(error)  # noqa: PT017
