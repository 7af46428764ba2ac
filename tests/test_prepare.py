"""Preparing: correct pixels, right size, fitting type, private, and as it was where it can be."""

import base64
import io
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageOps
import pytest
from pictures import (
    chunk,
    corners,
    decoded,
    encoded,
    exif,
    noise,
    quarters,
    ramp,
    swapped_profile,
    text_page,
)

from langchain_gptv.exceptions import (
    CorruptImageError,
    DetailNotSupportedError,
    ImageTooLargeError,
    MissingExtraError,
    UnsupportedImageError,
)
from langchain_gptv.vision import icc
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.headers import Header
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.jpeg import without_late_scans
from langchain_gptv.vision.prepare import fit_within, prepare_image, prepare_to_size
from langchain_gptv.vision.profiles import get_profile
from langchain_gptv.vision.transform import Transform
from langchain_gptv.vision.weigh import resize_pays


def pixels(prepared) -> PIL.Image.Image:
    """Return what was prepared, as an independent reader sees it."""
    return decoded(prepared.data).convert("RGB")


def difference(one: PIL.Image.Image, other: PIL.Image.Image) -> float:
    """Return by how many grey levels two pictures differ on average."""
    arrays = [np.asarray(picture.convert("RGB"), int) for picture in (one, other)]
    return float(abs(arrays[0] - arrays[1]).mean())


# Correct pixels


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_orientation_comes_out_upright(file_type, orientation):
    """All eight EXIF values look as exif_transpose makes them, whole and scaled."""
    data = encoded(corners(), file_type, exif=exif(orientation), quality=95)
    with PIL.Image.open(io.BytesIO(data)) as picture:
        expected = PIL.ImageOps.exif_transpose(picture)
    for size in (None, (60, 60)):
        prepared = prepare_to_size(data, size, resize="always")
        assert quarters(pixels(prepared)) == quarters(expected)
        assert decoded(prepared.data).getexif().get(0x0112, 1) == 1
    assert (prepared.width > prepared.height) == (expected.width > expected.height)


def test_the_orientation_examples_are_all_upright_and_alike(shared):
    """Photos stored in four ways give the same upright picture at the same size."""
    files = sorted((shared / "images" / "orientation").glob("portrait_exif_*.jpg"))
    assert len(files) >= 4
    prepared = [prepare_to_size(path, (512, 512), resize="always") for path in files]
    assert {(one.width, one.height) for one in prepared} == {(341, 512)}
    assert all(difference(pixels(prepared[0]), pixels(one)) < 3 for one in prepared[1:])


@pytest.mark.parametrize(
    ("mode", "file_type"),
    [
        ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("I;16", "PNG"), ("RGBA", "PNG"),
        ("I;16", "TIFF"), ("I", "TIFF"), ("F", "TIFF"), ("CMYK", "TIFF"), ("LAB", "TIFF"),
        ("YCbCr", "TIFF"), ("CMYK", "JPEG"), ("L", "JPEG"), ("L", "GIF"), ("P", "GIF"),
        ("RGB", "BMP"), ("L", "BMP"), ("RGBA", "BMP"), ("RGBA", "WEBP"), ("RGB", "AVIF"),
        ("RGBA", "AVIF"),
    ],
)  # fmt: skip
def test_every_mode_keeps_its_greys(mode, file_type):
    """A ramp from black to white is one afterwards, in each mode that a file can hold."""
    if mode == "YCbCr" and int(PIL.__version__.split(".")[0]) < 13:
        pytest.skip("older Pillows write YCbCr TIFF that none reads back as it was")
    prepared = prepare_to_size(encoded(ramp(mode), file_type), (48, 36), resize="always")
    expected = ramp("L").resize((48, 36), PIL.Image.Resampling.LANCZOS)
    assert prepared.mime_type in {"image/png", "image/jpeg", "image/webp"}
    assert difference(pixels(prepared), expected) < 4


def test_one_bit_is_smoothed_when_it_is_scaled():
    """A fax page becomes grey, not a pattern of black and white dots."""
    page = text_page(400, 300, mode="1")
    prepared = prepare_to_size(encoded(page, "PNG"), (200, 150), resize="always")
    expected = page.convert("L").resize((200, 150), PIL.Image.Resampling.LANCZOS)
    assert difference(pixels(prepared), expected) < 3


def test_a_cmyk_jpeg_with_adobe_marker_is_not_inverted():
    """Adobe stores CMYK upside down; white stays white."""
    white = PIL.Image.new("CMYK", (64, 64), (0, 0, 0, 0))
    prepared = prepare_to_size(encoded(white, "JPEG"))
    assert b"Adobe" in encoded(white, "JPEG")
    assert pixels(prepared).getpixel((32, 32)) == (255, 255, 255)


def test_black_text_on_transparency_is_black_on_white():
    """Transparent pages are laid on white, or on the colour that is asked for."""
    page = encoded(text_page(300, 200, mode="RGBA"), "PNG")
    on_white = pixels(prepare_to_size(page))
    assert on_white.getpixel((0, 0)) == (255, 255, 255)
    assert on_white.convert("L").getextrema()[0] < 60
    on_red = pixels(prepare_to_size(page, background="red", mime_type="image/png"))
    assert on_red.getpixel((0, 0)) == (255, 0, 0)


def test_black_text_on_transparency_can_be_read_by_an_ocr_engine(shared):
    """The known trap that makes black boxes of text keeps its words, whole and scaled."""
    rapidocr = pytest.importorskip("rapidocr", reason="the extra 'local' is not installed")
    read = rapidocr.RapidOCR(params={"Global.log_level": "error"})
    path = shared / "images" / "documents" / "black_text_on_transparency.png"
    for prepared in (prepare_to_size(path), prepare_to_size(path, (1024, 768), resize="always")):
        words = "".join(read(np.asarray(pixels(prepared))).txts or ())
        # The engine misses one of the five on the whole picture, whoever lays it on white.
        assert len(set(words) & set("我是中国人")) >= 4


def test_a_transparent_colour_of_a_16_bit_png_is_transparent():
    """The 16 bit key of tRNS is scaled along with the pixels."""
    deep = PIL.Image.new("I;16", (8, 8), 65_535)
    deep.paste(0, (0, 0, 4, 8))
    data = encoded(deep, "PNG")
    keyed = data[:33] + chunk(b"tRNS", b"\0\0") + data[33:]
    prepared = prepare_to_size(keyed, background="red", mime_type="image/png")
    assert pixels(prepared).getpixel((0, 0)) == (255, 0, 0)
    assert pixels(prepared).getpixel((7, 7)) == (255, 255, 255)


def test_another_colour_profile_is_converted_to_srgb():
    """Colours of a wide or odd profile are those a viewer shows, and the profile is gone."""
    data = encoded(PIL.Image.new("RGB", (64, 64), "red"), "PNG", icc_profile=swapped_profile())
    prepared = prepare_to_size(data, (32, 32), resize="always", mime_type="image/png")
    red, green, _ = pixels(prepared).getpixel((16, 16))
    assert green > 200 > 100 > red
    assert "icc_profile" not in decoded(prepared.data).info


def test_a_broken_colour_profile_does_no_harm():
    """Pixels with an unreadable profile are taken as they are."""
    data = encoded(corners(), "JPEG", quality=95, icc_profile=b"no profile at all" * 20)
    assert quarters(pixels(prepare_to_size(data, (60, 60), resize="always"))) == "RGBK"


def test_a_chosen_frame_or_page_is_sent_and_the_first_otherwise():
    """Animations and multi-page TIFF become one still picture of an accepted type."""
    frames = [corners(), corners().rotate(180), corners().transpose(PIL.Image.Transpose.ROTATE_90)]
    for file_type in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        data = encoded(frames[0], file_type, save_all=True, append_images=frames[1:2])
        first, second = prepare_to_size(data), prepare_to_size(data, frame=1)
        assert (quarters(pixels(first)), quarters(pixels(second))) == ("RGBK", "KBGR")
        assert getattr(decoded(first.data), "n_frames", 1) == 1
    pages = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert prepare_to_size(pages, frame=2).transform.original == (80, 120)


def test_a_heic_photo_is_sent_as_jpeg_or_webp():
    """HEIC is decoded by the extra, without changing Pillow for the rest of the process."""
    heif = pytest.importorskip("pillow_heif", reason="the extra 'heic' is not installed")
    buffer = io.BytesIO()
    heif.from_pillow(corners()).save(buffer)
    prepared = prepare_to_size(buffer.getvalue(), (60, 60))
    assert quarters(pixels(prepared)) == "RGBK"
    assert (prepared.width, prepared.height) == (60, 40)


def test_heic_without_the_extra_says_what_to_install(monkeypatch):
    """A missing optional dependency is named with the command that brings it."""
    heif = pytest.importorskip("pillow_heif", reason="the extra 'heic' is not installed")
    buffer = io.BytesIO()
    heif.from_pillow(corners()).save(buffer)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingExtraError, match=r'pip install "langchain-gptv\[heic\]"'):
        prepare_to_size(buffer.getvalue())


# Size


def test_a_photo_is_scaled_like_lanczos():
    """Decoding at a fraction of the size stays within a grey level or two of the slow way."""
    photo = noise(120, 90).convert("L").resize((1600, 1200), PIL.Image.Resampling.BICUBIC)
    expected = photo.resize((200, 150), PIL.Image.Resampling.LANCZOS)
    for progressive in (False, True):
        data = encoded(photo, "JPEG", quality=92, progressive=progressive)
        prepared = prepare_to_size(data, (200, 150), resize="always", quality=95)
        assert difference(pixels(prepared), expected) < 4


def test_png_is_scaled_the_same_with_and_without_libvips(monkeypatch):
    """The extra "fast" changes the time and not the picture."""
    pytest.importorskip("pyvips", reason="the extra 'fast' is not installed")
    for mode in ("RGB", "RGBA", "L", "P"):
        page = text_page(900, 600).convert(mode)
        data = encoded(page, "PNG", exif=exif(6), icc_profile=swapped_profile())
        fast = prepare_to_size(data, (300, 300), resize="always", mime_type="image/png")
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "pyvips", None)
            slow = prepare_to_size(data, (300, 300), resize="always", mime_type="image/png")
        assert (fast.width, fast.height) == (slow.width, slow.height) == (200, 300)
        assert difference(pixels(fast), pixels(slow)) < 3


def test_a_picture_is_never_enlarged():
    """A box larger than the picture changes nothing."""
    data = encoded(corners(), "PNG")
    assert prepare_to_size(data, (4000, 4000), resize="always").data == data


def test_a_box_without_pixels_is_refused():
    """A width of 0 is a mistake, not a wish for one pixel."""
    with pytest.raises(ValueError, match=r"size=\(0, 10\) holds no pixel"):
        prepare_to_size(encoded(corners(), "PNG"), (0, 10))


def test_the_sent_size_is_what_the_model_sees():
    """Sizes come from the profile, and the tokens stay those of the original."""
    photo = encoded(noise(1600, 1200), "JPEG")
    for model, detail in (("gpt-4o", "low"), ("gpt-4o", "high"), ("gpt-5-mini", "auto")):
        profile = get_profile(model)
        prepared = prepare_image(photo, model, detail, resize="always")
        seen = profile.seen_size(1600, 1200, detail)
        assert (prepared.width, prepared.height) == seen
        sent, original = profile.tokens(*seen, detail), profile.tokens(1600, 1200, detail)
        assert sent == original


def test_a_detail_the_model_does_not_know_is_refused():
    """The profile decides which `detail` there is."""
    with pytest.raises(DetailNotSupportedError, match='does not accept detail="original"'):
        prepare_image(encoded(corners(), "PNG"), "gpt-4o", "original")


def test_without_a_model_only_the_pixels_are_made_right():
    """`prepare_image` of a TIFF alone gives an accepted type at full size."""
    prepared = prepare_image(encoded(corners(), "TIFF"))
    assert (prepared.width, prepared.height, prepared.unchanged) == (120, 80, False)


def test_the_accepted_types_can_be_chosen():
    """Accepted types may be given; a type outside them is converted."""
    bmp = encoded(corners(), "BMP")
    for file_type in ("GIF", "BMP"):
        data = encoded(corners(), file_type)
        assert prepare_to_size(data, accepted=[f"image/{file_type.lower()}"]).data == data
    assert prepare_to_size(bmp, accepted=["image/jpeg"]).mime_type == "image/jpeg"
    with pytest.raises(UnsupportedImageError, match=r"accepted are image/gif\. Accept JPEG, PNG"):
        prepare_to_size(bmp, accepted=["image/gif"])


def test_a_box_maps_to_the_original_and_back():
    """What is found in the prepared picture is found in the original, and in the stored one."""
    data = encoded(corners(1200, 800), "JPEG", exif=exif(6))
    prepared = prepare_to_size(data, (400, 400), resize="always")
    transform = prepared.transform
    assert (transform.original, transform.prepared) == ((800, 1200), (267, 400))
    whole = transform.to_original(Box(0, 0, 267, 400))
    assert whole == pytest.approx(Box(0, 0, 800, 1200))
    assert transform.to_prepared(whole) == pytest.approx(Box(0, 0, 267, 400))
    assert transform.to_stored((0, 0)) == pytest.approx((0, 800))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_coordinates_follow_the_orientation(orientation):
    """A box of the upright picture lies on the same pixels of the stored one."""
    stored = PIL.Image.new("L", (40, 30))
    stored.putpixel((7, 4), 255)
    tags = exif(orientation)
    with PIL.Image.open(io.BytesIO(encoded(stored, "PNG", exif=tags))) as picture:
        upright = np.asarray(PIL.ImageOps.exif_transpose(picture))
    (y,), (x,) = np.nonzero(upright)
    size = upright.shape[::-1]
    transform = Transform(size, size, orientation)
    assert transform.to_stored(Box(x, y, x + 1, y + 1)) == pytest.approx(Box(7, 4, 8, 5))


# Type and bytes


def test_photos_become_jpeg_and_text_stays_sharp():
    """The type follows the content: JPEG, WebP or PNG."""
    assert prepare_to_size(encoded(noise(300, 300), "BMP")).mime_type == "image/jpeg"
    assert prepare_to_size(encoded(text_page(300, 300), "BMP")).mime_type == "image/png"
    shades = [
        PIL.Image.linear_gradient("L").resize((450, 450)).rotate(turn) for turn in (0, 180, 0)
    ]
    shaded = PIL.Image.blend(text_page(450, 450), PIL.Image.merge("RGB", shades), 0.3)
    page = encoded(shaded, "JPEG", exif=exif(8), quality=92)
    assert prepare_to_size(page).mime_type == "image/webp"
    sharp = prepare_to_size(page, accepted=["image/jpeg"])
    assert "jpeg quality 95" in sharp.reason


def test_type_and_quality_can_be_chosen():
    """A wanted type and quality are kept to."""
    data = encoded(noise(200, 200), "PNG")
    prepared = prepare_to_size(data, mime_type="image/webp", quality=40)
    assert prepared.mime_type == "image/webp"
    assert len(prepared.data) < len(prepare_to_size(data, mime_type="image/webp").data)


@pytest.mark.parametrize("file_type", ["PNG", "JPEG", "WEBP"])
def test_a_byte_limit_is_met_by_quality_then_size(file_type):
    """A mild limit keeps the size, a hard one does not, and both hold for the file."""
    data = encoded(noise(300, 200), file_type)
    mild = prepare_to_size(data, max_bytes=40_000, mime_type=f"image/{file_type.lower()}")
    hard = prepare_to_size(data, max_bytes=3_000)
    assert len(mild.data) <= 40_000
    assert len(hard.data) <= 3_000
    assert hard.width < 300
    assert hard.transform.to_original((hard.width, hard.height)) == pytest.approx((300, 200))
    if file_type != "PNG":
        assert mild.width == 300


def test_the_limit_of_the_base64_text_counts_the_text():
    """`max_base64_bytes` is held by the encoded size, which is what travels."""
    data = encoded(noise(100, 100), "JPEG", quality=90)
    exact = (len(data) + 2) // 3 * 4
    assert prepare_to_size(data, max_base64_bytes=exact).unchanged
    smaller = prepare_to_size(data, max_base64_bytes=exact - 1)
    assert not smaller.unchanged
    assert len(smaller.base64) < exact


def test_a_limit_that_nothing_meets_is_refused():
    """Not even one pixel fits into 20 bytes, and the error says so."""
    with pytest.raises(ImageTooLargeError, match="No picture fits into 20 bytes"):
        prepare_to_size(encoded(corners(), "PNG"), max_bytes=20)


def test_base64_is_computed_once():
    """The text is kept, and the data URL is made of it."""
    prepared = prepare_to_size(encoded(corners(), "PNG"))
    assert prepared.base64 is prepared.base64
    assert prepared.data_url == f"data:image/png;base64,{prepared.base64}"
    assert Image.of(prepared.data_url).sha256 == prepared.sha256


# As it was, and private


@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "GIF", "WEBP"])
def test_an_acceptable_file_goes_through_byte_for_byte(file_type):
    """A file that needs no change and holds nothing private is the very same."""
    data = encoded(corners(), file_type)
    prepared = prepare_to_size(data, (500, 500))
    assert prepared.data == data
    assert prepared.unchanged
    assert prepared.reason == "as it was"


def test_an_opaque_picture_with_an_alpha_channel_goes_through():
    """A screenshot saved as RGBA without a transparent pixel needs no change."""
    data = encoded(corners().convert("RGBA"), "PNG")
    assert prepare_to_size(data).data == data


@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "WEBP"])
def test_private_metadata_is_removed_without_touching_a_pixel(file_type):
    """Place, author, XMP and comments go; pixels and the colours of the profile stay."""
    profile = swapped_profile()
    tags = exif(author="Ada Lovelace", gps=True)
    extra = {"xmp": b"<x:xmpmeta>home address</x:xmpmeta>", "comment": b"my comment"}
    data = encoded(corners(), file_type, exif=tags, icc_profile=profile, **extra)
    assert b"Ada Lovelace" in data
    prepared = prepare_to_size(data)
    assert prepared.unchanged
    assert "without" in prepared.reason
    for secret in (b"Ada", b"home address", b"my comment"):
        assert secret not in prepared.data
    if file_type == "WEBP":
        assert prepared.data[20] & 0x0C == 0  # the header promises neither EXIF nor XMP
    after, before = decoded(prepared.data), decoded(data)
    assert after.tobytes() == before.tobytes()
    assert after.getexif() == {}
    assert after.info["icc_profile"] == icc.without_words(profile)


def test_png_text_and_gif_comments_are_removed():
    """Text chunks of PNG and comment blocks of GIF are gone, frames and colours stay."""
    png = encoded(corners(), "PNG")
    told = png[:33] + chunk(b"tEXt", b"Author\0Ada") + chunk(b"tIME", bytes(7)) + png[33:]
    assert prepare_to_size(told + b"hidden behind the end").data == png
    gif = encoded(corners(), "GIF", comment=b"Ada was here")
    prepared = prepare_to_size(gif)
    assert b"Ada" not in prepared.data
    assert decoded(prepared.data).tobytes() == decoded(gif).tobytes()


def test_thumbnails_and_trailing_pictures_of_a_jpeg_are_removed():
    """A JFIF thumbnail and whatever a camera hangs behind the end do not travel."""
    data = encoded(corners(), "JPEG")
    thumbnail = b"\xff\xe0\0\x13JFIF\0\1\1\0\0\1\0\1\1\1\x0a\x0b\x0c"
    assert data[2:20].startswith(b"\xff\xe0\0\x10JFIF")
    private = data[:2] + thumbnail + data[20:] + b"another picture"
    assert prepare_to_size(private).data == data


def test_a_turned_photo_is_turned_not_left_to_the_service():
    """A tag is not relied on: the pixels are turned, and the place does not travel either."""
    data = encoded(corners(), "JPEG", exif=exif(6, author="Ada", gps=True))
    prepared = prepare_to_size(data)
    assert (prepared.width, prepared.height, prepared.unchanged) == (80, 120, False)
    assert prepared.reason.startswith("stored turned (EXIF 6)")
    assert b"Ada" not in prepared.data


def test_a_small_file_is_sent_although_it_could_be_scaled():
    """`resize="auto"` weighs the time to prepare against the bytes it saves."""
    page = encoded(text_page(1600, 1200), "PNG")
    assert prepare_to_size(page, (512, 512)).data == page
    assert prepare_to_size(page, (512, 512), resize="always").width == 512
    photo = encoded(noise(1600, 1200), "JPEG", quality=95)
    assert prepare_to_size(photo, (512, 512)).width == 512
    assert prepare_to_size(photo, (512, 512), resize="never").width == 1600
    assert not resize_pays(Header("image/png", 3840, 2160), 400_000, (512, 288))


def test_a_picture_in_memory_is_prepared_without_a_detour():
    """A PIL picture is scaled and encoded; no PNG of it is made first."""
    image = Image.of(noise(400, 300))
    prepared = prepare_to_size(image, (200, 200))
    assert (prepared.width, prepared.height) == (200, 150)
    assert "_png" not in vars(image.blob)


# Bad input


@pytest.mark.parametrize("file_type", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_truncated_file_does_not_go_through(file_type):
    """A file that breaks off is refused, though it is acceptable by its header."""
    data = encoded(noise(120, 80), file_type)
    with pytest.raises(CorruptImageError, match="'half' is damaged"):
        prepare_to_size(Image(data[: len(data) * 3 // 4], name="half"))


def test_a_wrong_checksum_does_not_go_through():
    """A flipped bit in a PNG is found without decoding it."""
    data = bytearray(encoded(noise(64, 64), "PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(CorruptImageError, match="checksum of its IDAT chunk is wrong"):
        prepare_to_size(bytes(data))


def test_a_background_that_is_no_colour_is_refused():
    """A typing error in the colour is a ValueError of PIL's."""
    with pytest.raises(ValueError, match="unknown color specifier: 'wite'"):
        prepare_to_size(encoded(PIL.Image.new("RGBA", (9, 9)), "PNG"), background="wite")


# Pieces


def test_late_scans_are_cut_only_where_they_are_not_needed():
    """The coarser the decoding, the less of a progressive file is read; others stay whole."""
    data = encoded(noise(400, 400), "JPEG", progressive=True)
    eighth, quarter, half = (without_late_scans(data, scale) for scale in (8, 4, 2))
    assert len(eighth) < len(quarter) < len(half) < len(data)
    assert all(cut.endswith(b"\xff\xd9") for cut in (eighth, quarter, half))
    plain = encoded(noise(40, 40), "JPEG")
    assert without_late_scans(plain, 8) == plain


def test_a_size_inside_a_box_keeps_the_aspect():
    """The longer side decides, and no side vanishes."""
    assert fit_within((4032, 3024), (512, 512)) == (512, 384)
    assert fit_within((100, 50), (512, 512)) == (100, 50)
    assert fit_within((10_000, 3), (512, 512)) == (512, 1)


def test_many_threads_prepare_alike():
    """Preparing shares no state between threads, and changes none of Pillow's."""
    photo = encoded(noise(400, 300), "JPEG", exif=exif(6))
    limit = PIL.Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(prepare_to_size, photo, (100, 100)) for _ in range(40)]
        digests = {job.result().sha256 for job in jobs}
    assert len(digests) == 1
    assert limit == PIL.Image.MAX_IMAGE_PIXELS


def test_large_base64_is_checked_without_a_second_copy():
    """Reading 8 MB of base64, and cutting nothing out of it, takes the bytes and little more."""
    image = Image.from_base64(base64.b64encode(encoded(noise(1600, 1600), "PNG")).decode())
    tracemalloc.start()
    prepared = prepare_image(image)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert prepared.unchanged
    assert peak < 1.2 * len(prepared.data)
