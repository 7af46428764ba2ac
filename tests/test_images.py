"""Images from every source a developer has at hand, read no further than needed."""

import base64
import hashlib
import io
import tracemalloc

import numpy as np
import PIL.Image
import pytest
from pictures import chunk, corners, decoded, encoded, exif, noise, quarters, ramp

from langchain_gptv.exceptions import (
    CorruptImageError,
    ImageError,
    ImageNotFoundError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from langchain_gptv.vision.images import MAX_PIXELS, Image


@pytest.fixture
def png() -> bytes:
    """A small PNG file."""
    return encoded(corners(), "PNG")


def test_every_source_gives_the_same_image(tmp_path, png):
    """A path, bytes, a data URL, base64 and a file object hold the same bytes and size."""
    path = tmp_path / "corners.png"
    path.write_bytes(png)
    text = base64.b64encode(png).decode()
    url = f"data:image/png;base64,{text}"
    sources = [path, str(path), png, bytearray(png), memoryview(png), url, io.BytesIO(png)]
    for image in [*map(Image.of, sources), Image.from_base64(text)]:
        assert (image.data, image.width, image.height) == (png, 120, 80)
        assert image.mime_type == "image/png"
        assert image.byte_count == len(png)
        assert image.sha256 == hashlib.sha256(png).hexdigest()
        assert image.data_url == url


def test_an_image_is_itself(png):
    """`Image.of` an image gives that very image."""
    image = Image(png)
    assert Image.of(image) is image


def test_the_type_is_told_by_content_not_by_name(tmp_path):
    """A JPEG named .png is a JPEG, and the type that a data URL states is not believed."""
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(corners(), "JPEG"))
    assert Image.of(path).mime_type == "image/jpeg"
    assert Image.of(Image.of(path).data_url.replace("jpeg", "gif")).mime_type == "image/jpeg"


def test_a_path_is_read_when_its_data_is_asked_for(tmp_path):
    """Size and frames of a file of 2 MB take a few kilobytes of memory."""
    path = tmp_path / "large.png"
    path.write_bytes(encoded(noise(900, 800), "PNG", compress_level=0))
    tracemalloc.start()
    image = Image.of(path)
    assert (image.width, image.frame_count, image.byte_count > 2_000_000) == (900, 1, True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def test_a_data_url_is_decoded_no_further_than_the_header():
    """Damage behind the header is found when the data is asked for, and not before."""
    text = base64.b64encode(encoded(noise(200, 200), "JPEG")).decode()
    image = Image.of("data:image/jpeg;base64," + text[:-40] + "!" * 40)
    assert image.width == 200
    with pytest.raises(CorruptImageError, match="base64 of the data URL is damaged"):
        _ = image.data


def test_base64_that_is_filled_up_in_the_middle_is_damaged():
    """Two base64 texts in a row are found out, wherever the first one ends."""
    text = base64.b64encode(encoded(noise(500, 500), "JPEG", quality=95)).decode()
    whole = text[: 1 << 18]
    for padded in (whole[:-4] + "AA==", whole[:-8] + "AA==AAAA"):
        image = Image.from_base64(padded + text)
        with pytest.raises(CorruptImageError, match="base64 of the base64 text is damaged"):
            _ = image.data


def test_base64_with_line_breaks_is_read(png):
    """MIME line breaks do not shift what is read."""
    text = base64.encodebytes(encoded(noise(80, 80), "PNG")).decode()
    assert Image.from_base64(text).to_pil().size == (80, 80)


def test_base64_is_read_at_any_offset(png):
    """Reading from the middle of base64 text gives the bytes that lie there."""
    data = bytes(range(256)) * 3
    for cut in (0, 1, 2):
        whole = png + data[: len(data) - cut]
        with Image.from_base64(base64.b64encode(whole).decode()).blob.open() as file:
            for start in range(0, len(whole), 37):
                file.seek(start)
                assert file.read(41) == whole[start : start + 41]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "LA", "1", "CMYK", "YCbCr", "HSV"])
def test_a_pil_picture_of_any_mode_keeps_its_pixels(mode):
    """What PIL shows of a mode is what the image shows, also after a way through PNG bytes."""
    picture = ramp(mode)
    expected = np.asarray(picture.convert("RGB"), int)
    image = Image.of(picture)
    for seen in (image, Image(image.data)):
        assert abs(np.asarray(seen.to_pil(), int) - expected).max() <= 2


@pytest.mark.parametrize("mode", ["I;16", "I", "F", "LAB", "La", "RGBa"])
def test_a_pil_picture_of_a_rare_mode_is_scaled_not_clipped(mode):
    """16 and 32 bits, floats, LAB and premultiplied alpha go from black to white."""
    image = Image.of(ramp(mode))
    expected = np.asarray(ramp("L"), int)
    for seen in (image, Image(image.data)):
        assert abs(np.asarray(seen.to_pil().convert("L"), int) - expected).max() <= 3


def test_a_pil_picture_is_turned_upright():
    """EXIF orientation of a PIL picture is applied, and none is left."""
    picture = PIL.Image.open(io.BytesIO(encoded(corners(), "PNG", exif=exif(6))))
    image = Image.of(picture)
    assert (image.width, image.height, image.orientation) == (80, 120, 1)
    assert quarters(image.to_pil()) == quarters(Image(image.data).to_pil()) == "BRKG"


def test_drawing_on_a_pil_picture_later_changes_nothing():
    """The image keeps the pixels it was given."""
    picture = corners()
    image = Image.of(picture)
    picture.paste("white", (0, 0, 120, 80))
    assert quarters(image.to_pil()) == "RGBK"


@pytest.mark.parametrize(
    "array",
    [
        np.asarray(corners()),
        np.asarray(corners()).astype(np.float32) / 255,
        np.asarray(corners()).astype(np.float64) / 255,
        np.asarray(corners())[:, ::-1][:, ::-1],
        np.dstack([np.asarray(corners()), np.full((80, 120), 255, np.uint8)]),
    ],
    ids=["uint8", "float32", "float64", "a view", "with alpha"],
)
def test_an_array_is_height_width_and_rgb(array):
    """uint8 and floats, with and without alpha, show the same picture."""
    image = Image.of(array)
    assert (image.width, image.height) == (120, 80)
    assert quarters(image.to_pil()) == "RGBK"


def test_an_array_may_be_grey_bool_or_16_bits():
    """Two dimensions are grey; a mask is black and white; uint16 is scaled."""
    grey = np.asarray(ramp("L"))
    deep = Image.of(grey.astype(np.uint16) * 257).to_pil().convert("L")
    assert np.array_equal(np.asarray(deep), grey)
    assert Image.of(grey[:, :, None]).to_pil().convert("L").getextrema() == ramp("L").getextrema()
    assert Image.of(grey > 127).to_pil().convert("L").getextrema() == (0, 255)


def test_an_array_that_changes_later_changes_nothing():
    """The image does not share memory with the array."""
    array = np.asarray(corners()).copy()
    image = Image.of(array)
    array[:] = 255
    assert quarters(image.to_pil()) == "RGBK"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 80, 120, 3), np.uint8), r"shape \(2, 80, 120, 3\) is no image"),
        (np.zeros((3, 80, 120), np.uint8), r"must be \(height, width\)"),
        (np.zeros((0, 10), np.uint8), r"shape \(0, 10\) is no image"),
        (np.zeros((8, 8), np.int64), "array of int64 and shape"),
        (np.full((8, 8), 200.0), "from 200 to 200 is no image: floats go from 0 to 1"),
        (np.full((8, 8), np.nan), "floats go from 0 to 1"),
    ],
    ids=["batch", "channels first", "empty", "int64", "0 to 255", "nan"],
)
def test_an_array_that_is_no_picture_is_refused(array, message):
    """Wrong shapes, types and ranges name themselves and the way out."""
    with pytest.raises(UnsupportedImageError, match=message):
        Image.of(array)


def test_what_is_no_source_is_refused():
    """An object of another kind names its type and what is taken."""
    with pytest.raises(UnsupportedImageError, match=r"A dict is no image\. Pass a path, bytes"):
        Image.of({"url": "a.png"})


def test_a_url_is_not_fetched():
    """The lowest layer opens no network."""
    with pytest.raises(UnsupportedImageError, match="is a URL, and images are not fetched here"):
        Image.of("https://example.com/a.png")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    """The path and where it is looked for are named; it is a FileNotFoundError too."""
    with pytest.raises(ImageNotFoundError, match=r"no file '.*gone.png'.*relative to"):
        Image.of(tmp_path / "gone.png")
    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        Image.of(tmp_path / "gone.png")


def test_a_directory_is_no_image(tmp_path):
    """A directory says what it is."""
    with pytest.raises(UnsupportedImageError, match="is a directory, not an image"):
        Image.of(tmp_path)


@pytest.mark.parametrize("path", ["a" * 5000, "nul\0byte"])
def test_base64_taken_for_a_path_says_where_it_belongs(path):
    """A string that cannot be a path points to from_base64 and is not repeated in full."""
    with pytest.raises(ImageError, match=r"cannot be opened .*Image.from_base64") as caught:
        Image.of(path)
    assert len(str(caught.value)) < 500


def test_a_data_url_without_base64_is_refused():
    """Percent-encoded data URLs are not read."""
    with pytest.raises(UnsupportedImageError, match=r"no base64 data URL\. It must look like"):
        Image.of("data:image/svg+xml,%3Csvg%3E")


def test_a_file_open_as_text_is_refused():
    """A text file object says how to open it."""
    with pytest.raises(UnsupportedImageError, match="Open it with mode 'rb'"):
        Image.of(io.StringIO("text"))


def test_a_file_read_to_its_end_is_empty(png):
    """A file object that was read before says that it must be at its start."""
    file = io.BytesIO(png)
    file.read()
    with pytest.raises(CorruptImageError, match="must be at its start"):
        Image.of(file)


def test_a_bomb_is_refused_before_it_is_decoded():
    """Too many declared pixels are an error with both numbers, whatever the file holds."""
    header = (20_000).to_bytes(4, "big") * 2 + b"\x08\2\0\0\0"
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IEND", b"")
    with pytest.raises(ImageTooLargeError, match=r"20000 x 20000 pixels \(400,000,000\)") as caught:
        Image(bomb, name="bomb.png")
    assert (caught.value.value, caught.value.limit) == (400_000_000, MAX_PIXELS)


def test_a_later_page_that_is_a_bomb_is_refused():
    """Each page of a TIFF is held to the limit, not only the first."""
    pages = encoded(corners(), "TIFF", save_all=True, append_images=[corners(200, 100)])
    place = pages.rindex((200).to_bytes(2, "little") + b"\0\0\x01\x01")
    bomb = pages[:place] + b"\xff\xff" + pages[place + 2 :]
    place = bomb.rindex((100).to_bytes(2, "little") + b"\0\0\x02\x01")
    image = Image(bomb[:place] + b"\xff\xff" + bomb[place + 2 :])
    with pytest.raises(ImageTooLargeError, match="65535 x 65535"):
        image.to_pil(frame=1)


def test_a_frame_that_is_not_there_is_refused():
    """The frame and how many there are are named."""
    gif = encoded(corners(), "GIF", save_all=True, append_images=[corners().rotate(90)])
    with pytest.raises(
        UnsupportedImageError, match=r"no frame 2: it has 2 frames. Pass frame=0 to 1"
    ):
        Image(gif).to_pil(frame=2)
    with pytest.raises(UnsupportedImageError, match="no frame -1"):
        Image(gif).to_pil(frame=-1)


def test_a_chosen_frame_is_decoded():
    """Frames of a GIF and pages of a TIFF, which may differ in size, are counted from 0."""
    second = corners(60, 90).rotate(180)
    gif = encoded(corners(), "GIF", save_all=True, append_images=[corners().rotate(180)])
    assert quarters(Image(gif).to_pil(frame=1)) == "KBGR"
    tiff = encoded(corners(), "TIFF", save_all=True, append_images=[second])
    assert Image(tiff).to_pil(frame=1).size == (60, 90)
    assert Image(tiff).frame_header(1).upright_size == (60, 90)


@pytest.mark.parametrize("keep", [0.3, 0.9])
@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "BMP"])
def test_a_truncated_file_cannot_be_decoded(file_type, keep):
    """A file that breaks off is a typed error at the latest when pixels are asked for."""
    data = encoded(noise(120, 80), file_type)
    with pytest.raises(ImageError, match=r"'half' is damaged|'half' is no image"):
        Image(data[: int(len(data) * keep)], name="half").to_pil()


def test_transparency_shows_the_background():
    """Transparent parts are white, or the colour that is asked for."""
    clear = encoded(PIL.Image.new("RGBA", (4, 4)), "PNG")
    assert Image(clear).to_pil().getpixel((0, 0)) == (255, 255, 255)
    assert Image(clear).to_pil(background="#102030").getpixel((0, 0)) == (16, 32, 48)
    assert Image(clear).to_pil(background=(1, 2, 3)).getpixel((0, 0)) == (1, 2, 3)


def test_the_png_of_a_pil_picture_holds_no_metadata():
    """EXIF and text of a PIL picture do not come along."""
    source = encoded(corners(), "JPEG", exif=exif(author="Ada Lovelace", gps=True))
    image = Image.of(PIL.Image.open(io.BytesIO(source)))
    assert b"Ada" not in image.data
    assert decoded(image.data).getexif() == {}


def test_the_repr_names_file_type_and_size(png):
    """An image tells what it is, and no bytes."""
    assert repr(Image(png, name="a.png")) == "Image('a.png', image/png, 120x80)"
