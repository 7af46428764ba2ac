"""Messages with images, from whatever a developer has at hand."""

import base64
import io

import numpy as np
import PIL.Image
import pytest
from langchain_core.messages import AIMessage, HumanMessage

from langchain_gptv import human_message, image_block
from langchain_gptv.exceptions import (
    CorruptImageError,
    ImageNotFoundError,
    MessageError,
    UnsupportedImageError,
)
from langchain_gptv.messages import normalize_messages


def encode(picture: PIL.Image.Image, kind: str = "PNG", **options) -> bytes:
    """Return the bytes of a picture in a file format."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


RED = PIL.Image.new("RGB", (8, 4), "red")
PNG = encode(RED)
DATA_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    "source",
    [PNG, bytearray(PNG), DATA_URL, RED, np.asarray(RED), np.asarray(RED) / 255, io.BytesIO(PNG)],
    ids=["bytes", "bytearray", "data URL", "PIL", "uint8 array", "float array", "file"],
)
def test_an_image_comes_from_anything_that_holds_one(source):
    """Whatever the source, the block holds the same pixels."""
    block = image_block(source, detail="low")
    assert (block["type"], block["mime_type"]) == ("image", "image/png")
    assert block["extras"] == {"detail": "low"}
    with PIL.Image.open(io.BytesIO(base64.b64decode(block["base64"]))) as picture:
        assert picture.convert("RGB").getcolors() == [(32, (255, 0, 0))]


def test_a_path_is_read_and_a_url_is_not(tmp_path):
    """A file's bytes go as they are; a URL is left to the service."""
    path = tmp_path / "red.txt"
    path.write_bytes(PNG)
    assert image_block(path) == image_block(str(path)) == image_block(PNG)
    assert image_block("HTTPS://example.com/a.png")["url"] == "HTTPS://example.com/a.png"
    assert image_block("https://example.com/a.png") == {
        "type": "image",
        "url": "https://example.com/a.png",
    }


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_a_type_that_no_service_takes_is_converted(kind):
    """BMP and TIFF leave as PNG."""
    assert image_block(encode(RED, kind))["mime_type"] == "image/png"


def test_a_turned_photo_leaves_upright():
    """EXIF orientation is applied, since not every model heeds it."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    block = image_block(encode(RED, "JPEG", exif=exif))
    with PIL.Image.open(io.BytesIO(base64.b64decode(block["base64"]))) as picture:
        assert picture.size == (4, 8)


def test_a_message_has_the_text_and_then_the_images():
    """The order is that of the arguments."""
    message = human_message("Compare.", PNG, "https://example.com/a.png", detail="high")
    assert [block["type"] for block in message.content] == ["text", "image", "image"]
    assert {block["extras"]["detail"] for block in message.content[1:]} == {"high"}


def test_detail_reaches_the_wire_form():
    """Standard blocks become `image_url` parts with their `detail`; a second pass adds nothing."""
    once = normalize_messages([human_message("?", PNG, detail="high"), AIMessage("x")])
    assert once[0].content[1] == {
        "type": "image_url",
        "image_url": {"url": DATA_URL, "detail": "high"},
    }
    assert normalize_messages(once) == once


def test_the_callers_message_is_not_changed():
    """Normalising copies."""
    message = HumanMessage(content=[image_block(PNG)])
    normalize_messages([message])
    assert message.content[0]["type"] == "image"


@pytest.mark.parametrize(
    ("source", "error", "match"),
    [
        ("no/such.png", ImageNotFoundError, "There is no file 'no/such.png'"),
        (b"", CorruptImageError, "is empty"),
        (b"hello, world", UnsupportedImageError, "is no image"),
        (PNG[:20], CorruptImageError, "truncated|damaged"),
        (42, UnsupportedImageError, "A int is no image"),
        ("data:text/plain,hello", UnsupportedImageError, "is no base64 data URL"),
        ("data:image/png;base64,@@@@", CorruptImageError, "base64"),
    ],
)
def test_what_is_no_image_is_a_clear_error(source, error, match):
    """The error names the value and the rule, before any request leaves."""
    with pytest.raises(error, match=match):
        human_message("?", source)


def test_a_reference_into_a_store_says_who_fills_it():
    """A `gptv://` reference that reaches a model without its store is told the ways out."""
    block = {"type": "image", "url": "gptv://img_3f9a2c0b71de"}
    with pytest.raises(MessageError, match=r"refers to 'gptv://img_3f.*VisionMiddleware\(store\)"):
        normalize_messages([HumanMessage([block])])
