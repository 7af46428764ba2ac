"""Measuring how high text is, on pages that the tests draw and on real pictures."""

import io
import random
import time

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest

from langchain_gptv.exceptions import CorruptImageError
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.text_height import measure_text_height

WORDS = "the quick brown fox jumps over a lazy dog while Invoice 2026-118 totals 1,234.56".split()


def page(size, width=1200, height=1000, *, ink="black", paper="white", form="PNG", **options):
    """Draw a page of words at one font size."""
    picture = PIL.Image.new("RGB", (width, height), paper)
    draw, font = PIL.ImageDraw.Draw(picture), PIL.ImageFont.load_default(size)
    words = random.Random(size)
    for y in range(size, height - 2 * size, round(size * 1.3)):
        line = ""
        while font.getlength(line) < width * 0.85:
            line += words.choice(WORDS) + " "
        draw.text((width * 0.04, y), line, ink, font)
    return saved(picture, form, **options)


def saved(picture, form="PNG", **options):
    """Return the picture as an image file."""
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return Image(buffer.getvalue())


@pytest.mark.parametrize("size", [10, 13, 16, 20, 26, 32, 40])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ink": "white", "paper": "#202030"},
        {"form": "JPEG", "quality": 90},
        {"ink": "#333", "paper": "#eee8d5", "width": 700, "height": 500},
    ],
    ids=["black on white", "dark mode", "JPEG", "small and tinted"],
)
def test_the_font_size_of_a_page_is_measured(size, options):
    """Within 30 percent, on light and dark pages."""
    assert measure_text_height(page(size, **options)) == pytest.approx(size, rel=0.3)


def test_a_page_lying_on_its_side_is_measured_upright():
    """EXIF orientation is undone before lines are looked for."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    lying = PIL.Image.open(io.BytesIO(page(20).data)).rotate(90, expand=True)
    assert measure_text_height(saved(lying, "JPEG", exif=exif)) == pytest.approx(20, rel=0.3)


def test_text_on_transparency_is_measured():
    """Black text on nothing is text on white."""
    grey = PIL.Image.open(io.BytesIO(page(24).data)).convert("L")
    picture = PIL.Image.new("RGBA", grey.size, (0, 0, 0, 0))
    picture.putalpha(PIL.Image.eval(grey, lambda level: 255 - level))
    assert measure_text_height(saved(picture)) == pytest.approx(24, rel=0.3)


@pytest.mark.parametrize("colour", ["white", "black", "#808080"])
def test_an_empty_page_has_no_text(colour):
    """One colour is no line."""
    assert measure_text_height(saved(PIL.Image.new("RGB", (800, 600), colour))) is None


def test_noise_and_gradients_have_no_text():
    """What fills the whole picture is no line either."""
    noise = PIL.Image.effect_noise((800, 600), 90)
    gradient = PIL.Image.linear_gradient("L").resize((800, 600))
    assert measure_text_height(saved(noise)) is None
    assert measure_text_height(saved(gradient)) is None


def test_a_tiny_image_is_measured_without_error():
    """A pixel has no text."""
    assert measure_text_height(saved(PIL.Image.new("L", (1, 1)))) is None


def test_a_huge_image_is_not_decoded_for_this():
    """Above 24 megapixels the answer is None at once."""
    assert measure_text_height(saved(PIL.Image.new("1", (6000, 5000)))) is None


def test_a_damaged_image_says_so():
    """A file that cannot be decoded is an error, not a picture without text."""
    with pytest.raises(CorruptImageError, match="damaged"):
        measure_text_height(Image(page(20, form="JPEG").data[:2000]))


PHOTOS = ["photos/*", "orientation/portrait*", "detection/*.jpg"]


@pytest.mark.parametrize("pattern", PHOTOS)
def test_photos_have_no_text(shared, pattern):
    """Faces, streets, cats and coffee are no lines of text."""
    for path in sorted((shared / "images").glob(pattern)):
        assert measure_text_height(Image.from_path(path)) is None, path.name


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("documents/8071_093.tif", 36),
        ("documents/eurotext.tif", 36),
        ("tables/PMC1626454_002_00.png", 9),
        ("tables/PMC5198506_004_00.png", 9),
    ],
)
def test_scans_and_tables_are_measured(shared, name, size):
    """A book page, a specimen and two printed tables, within 30 percent of a person's ruler."""
    measured = measure_text_height(Image.from_path(shared / "images" / name))
    assert measured == pytest.approx(size, rel=0.3)


def test_measuring_costs_little_beside_decoding():
    """A screenshot is measured in less than twice the time that decoding alone takes."""
    image = page(13, 2560, 1440)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        image.to_pil().convert("L")
        decoded = time.perf_counter()
        measure_text_height(image)
        times.append((time.perf_counter() - decoded) / (decoded - start))
    assert min(times) < 2
