"""The contract: every form of image in a message, and what must leave for it on each API.

The names of the rows are those of the matrix of what langchain-openai does with the same input:
L legacy `image_url`, V standard blocks 1.x, O standard blocks 0.3, A Anthropic, Gemini and
Bedrock, N no type, F files, W what is no image, Z the first Azure API, P Python objects.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from langchain_core.messages import HumanMessage
from langchain_core.messages.content import create_image_block, create_text_block
from pictures import encoded

from langchain_gptv import image_block
from langchain_gptv.exceptions import DetailNotSupportedError, MessageError

URL = "https://example.com/cat.png"
RED = PIL.Image.new("RGB", (8, 4), "red")
PNG = encoded(RED, "PNG")
BASE64 = base64.b64encode(PNG).decode()
DATA = f"data:image/png;base64,{BASE64}"
JPEG64 = base64.b64encode(encoded(RED, "JPEG")).decode()
PDF64 = base64.b64encode(b"%PDF-1.4\n%%EOF").decode()
BREAKPOINT = {"mode": "explicit"}


class RedPicture:
    """Equals any data URL of the stated type that shows the red picture."""

    def __init__(self, mime_type: str = "image/png") -> None:
        self.mime_type = mime_type

    def __eq__(self, url: object) -> bool:
        head, _, body = str(url).partition(";base64,")
        if head != f"data:{self.mime_type}":
            return False
        with PIL.Image.open(io.BytesIO(base64.b64decode(body))) as picture:
            red, green, blue = picture.convert("RGB").getpixel((4, 2))
        return picture.width == 2 * picture.height and red > 230 and max(green, blue) < 25

    def __hash__(self) -> int:
        return hash(self.mime_type)

    def __repr__(self) -> str:
        return f"RedPicture({self.mime_type!r})"


@dataclass(frozen=True)
class Part:
    """A part of content as it must leave, in the words of neither API."""

    url: Any = None
    detail: str = "high"
    file_id: str = ""
    text: str | None = None
    file: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, Any], ...] = ()

    def on(self, api: str) -> dict[str, Any]:
        """Return the part in the words of one API."""
        if self.text is not None:
            return {"type": "text" if api == "chat" else "input_text", "text": self.text}
        if self.file:
            file = dict(self.file)
            return (
                {"type": "file", "file": file} if api == "chat" else {"type": "input_file", **file}
            )
        detail, kept = {"detail": self.detail}, dict(self.kept)
        if self.file_id:
            return {"type": "input_image", "file_id": self.file_id, **detail, **kept}
        if api == "chat":
            return {"type": "image_url", "image_url": {"url": self.url, **detail}, **kept}
        return {"type": "input_image", "image_url": self.url, **detail, **kept}


@dataclass(frozen=True)
class Refusal:
    """An error in place of a request; its message names the block and says `match`."""

    match: str
    error: type[Exception] = MessageError


@dataclass(frozen=True)
class Row:
    """One form of input, and what leaves for it."""

    name: str
    block: Any
    chat: Part | Refusal
    responses: Part | Refusal
    only: str = ""

    def expected(self, api: str) -> Part | Refusal:
        """Return what leaves on one API."""
        return self.chat if api == "chat" else self.responses


def both(name: str, block: Any, expected: Part | Refusal, only: str = "") -> Row:
    """Make a row that both APIs agree on."""
    return Row(name, block, expected, expected, only)


def image(**fields: Any) -> dict[str, Any]:
    """Make a block of type `image`."""
    return {"type": "image", **fields}


def image_url(inner: Any, **beside: Any) -> dict[str, Any]:
    """Make a block of type `image_url`."""
    return {"type": "image_url", "image_url": inner, **beside}


def _file(**fields: str) -> Part:
    return Part(file=tuple(fields.items()))


_OUTSIDE = Refusal(r"outside the allowed roots \[\].*ImageSources\(roots=\[")
_NO_IMAGE = Refusal(r"names no image.*image_block\(")
_NO_CHAT = Refusal(r"uploaded file 'file-1'.*use_responses_api=True")
_FILE_ID = Part(file_id="file-1")
_PDF = _file(file_data=f"data:application/pdf;base64,{PDF64}", filename="a.pdf")

LEGACY = [
    both("L1", image_url({"url": URL}), Part(URL)),
    both("L2", image_url({"url": URL, "detail": "high"}), Part(URL, "high")),
    both("L2 low", image_url({"url": URL, "detail": "low"}), Part(URL, "low")),
    both("L3", image_url({"url": URL, "detail": "original"}), Part(URL, "original"), "openai"),
    both(
        "L3 azure",
        image_url({"url": URL, "detail": "original"}),
        Refusal("detail='original'.*Pass one of 'auto', 'low', 'high'", DetailNotSupportedError),
        "azure",
    ),
    both("L4", image_url({"url": URL, "detail": None}), Part(URL)),
    both("L4 empty", image_url({"url": URL, "detail": ""}), Part(URL)),
    both("L4 auto", image_url({"url": URL, "detail": "auto"}), Part(URL, "high")),
    both("L5", image_url({"url": URL}, detail="low"), Part(URL, "low")),
    both("L5 both", image_url({"url": URL, "detail": "low"}, detail="high"), Part(URL, "low")),
    both("L6", image_url(URL), Part(URL)),
    both("L6 detail", image_url(URL, detail="low"), Part(URL, "low")),
    both("L7", image_url({"url": DATA, "detail": "low"}), Part(DATA, "low")),
    both("L7 auto", image_url({"url": DATA}), Part(DATA, "high")),
    both("L7 type is wrong", image_url({"url": f"data:image/jpeg;base64,{BASE64}"}), Part(DATA)),
    both("L7 upper case", image_url({"url": f"DATA:image/PNG;BASE64,{BASE64}"}), Part(DATA)),
    both(
        "L7 line breaks",
        image_url({"url": f"data:image/png;base64,{BASE64[:40]}\n{BASE64[40:]}\n"}),
        Part(DATA),
    ),
    both("L7 cut", image_url({"url": DATA[:60]}), Refusal("truncated|damaged|cut")),
    both("L7 no image", image_url({"url": "data:text/plain;base64,aGVsbG8="}), Refusal("no image")),
    both("L7 svg", image_url({"url": "data:image/svg+xml,<svg/>"}), Refusal("base64 data URL")),
    both("L8", image_url({"url": "/data/cat.png"}), _OUTSIDE),
    both("L8 relative", image_url({"url": "cat.png"}), _OUTSIDE),
    both("L9", image_url({"url": "file:///data/cat.png"}), _OUTSIDE),
    both("L10", image_url(None), _NO_IMAGE),
    both("L10 url", image_url({"url": None}), _NO_IMAGE),
    both("L10 empty", image_url({"url": ""}), _NO_IMAGE),
    both("L10 word", image_url({"url": "cat"}), Refusal("'cat'.*no URL, path or base64")),
    both("L bucket", image_url({"url": "gs://a/b.png"}), Refusal("gs: URL.*no service fetches")),
    both("L detail", image_url({"url": URL, "detail": "max"}), Refusal("must be one of auto, low")),
    both("L11", {"type": "input_image", "image_url": URL, "detail": "low"}, Part(URL, "low")),
    both("L11 data", {"type": "input_image", "image_url": DATA}, Part(DATA)),
    Row("L12", {"type": "input_image", "file_id": "file-1"}, _NO_CHAT, _FILE_ID),
    Row(
        "L12 detail",
        {"type": "input_image", "file_id": "file-1", "detail": "low"},
        _NO_CHAT,
        Part(file_id="file-1", detail="low"),
    ),
]

STANDARD = [
    both("V1", image(url=URL), Part(URL)),
    both("V2", image(url=URL, extras={"detail": "low"}), Part(URL, "low")),
    both("V3", image(url=URL, detail="low"), Part(URL, "low")),
    both("V4", create_image_block(url=URL, detail="low"), Part(URL, "low")),
    both("V5", image(base64=BASE64, mime_type="image/png"), Part(DATA)),
    both(
        "V6",
        image(base64=BASE64, mime_type="image/png", extras={"detail": "low"}),
        Part(DATA, "low"),
    ),
    both("V7", image(base64=BASE64), Part(DATA)),
    both("V8", image(base64=BASE64, mime_type=None), Part(DATA)),
    both("V9", image(base64=DATA, mime_type="image/png"), Part(DATA)),
    both("V10", image(url=DATA), Part(DATA)),
    Row("V11", image(file_id="file-1"), _NO_CHAT, _FILE_ID),
    Row("V12", create_image_block(file_id="file-1"), _NO_CHAT, _FILE_ID),
    both("V13", image(url=None, base64=BASE64, mime_type="image/png"), Part(DATA)),
    both("V14", image(url="/data/cat.png"), _OUTSIDE),
    both("V15", image(path="/data/cat.png"), _OUTSIDE),
    both("V16", image(base64=PNG, mime_type="image/png"), Part(DATA)),
    both("V16 b64encode", image(base64=BASE64.encode(), mime_type="image/png"), Part(DATA)),
    both("V17", image(data=PNG, mime_type="image/png"), Part(DATA)),
    both(
        "V18",
        image(url=URL, extras={"prompt_cache_breakpoint": BREAKPOINT, "detail": "low"}),
        Part(URL, "low", kept=(("prompt_cache_breakpoint", BREAKPOINT),)),
    ),
    both("V19", image(base64="%HEIC", mime_type="image/heic"), Part(RedPicture("image/png"))),
    both("V nothing", image(), _NO_IMAGE),
    both("O1", image(source_type="url", url=URL), Part(URL)),
    both(
        "O2",
        image(source_type="base64", data=BASE64, mime_type="image/png", detail="low"),
        Part(DATA, "low"),
    ),
    Row("O3", image(source_type="id", id="file-1"), _NO_CHAT, _FILE_ID),
]

OTHERS = [
    both(
        "A1",
        image(source={"type": "base64", "media_type": "image/png", "data": BASE64}),
        Part(DATA),
    ),
    both("A2", image(source={"type": "url", "url": URL}), Part(URL)),
    Row("A3", image(source={"type": "file", "file_id": "file-1"}), _NO_CHAT, _FILE_ID),
    both("A4", {"type": "media", "mime_type": "image/png", "data": BASE64}, Part(DATA)),
    both("A4 url", {"type": "media", "mime_type": "image/png", "file_uri": URL}, Part(URL)),
    both(
        "A4 bucket",
        {"type": "media", "mime_type": "image/png", "file_uri": "gs://a/b.png"},
        Refusal("gs: URL.*no service fetches"),
    ),
    both("A5", {"image": {"format": "png", "source": {"bytes": PNG}}}, Part(DATA)),
    both(
        "A5 bucket",
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}}},
        _NO_IMAGE,
    ),
    both("A5 text", {"text": "Look."}, Part(text="Look.")),
    both("N1", {"image_url": {"url": URL, "detail": "low"}}, Part(URL, "low")),
    both("Z1", {"image": URL}, Part(URL)),
    both("Z1 base64", {"image": BASE64}, Part(DATA)),
    both("Z1 jpeg", {"image": JPEG64}, Part(f"data:image/jpeg;base64,{JPEG64}")),
    both("Z2 base64", image_url(BASE64), Part(DATA)),
    both("Z2 jpeg", image_url(JPEG64), Part(f"data:image/jpeg;base64,{JPEG64}")),
    both("Z string", "Look.", Part(text="Look.")),
]

FILES = [
    both(
        "F1",
        {"type": "file", "base64": PDF64, "mime_type": "application/pdf", "filename": "a.pdf"},
        _PDF,
    ),
    both(
        "F2",
        {
            "type": "file",
            "base64": PDF64,
            "mime_type": "application/pdf",
            "extras": {"filename": "a.pdf"},
        },
        _PDF,
    ),
    both(
        "F3",
        {"type": "file", "base64": PDF64, "mime_type": "application/pdf"},
        _file(file_data=f"data:application/pdf;base64,{PDF64}", filename="document.pdf"),
    ),
    both("F3 no type", {"type": "file", "base64": PDF64, "filename": "a.pdf"}, _PDF),
    both("F3 unknown", {"type": "file", "base64": "AAAA"}, Refusal("no mime_type")),
    Row(
        "F4",
        {"type": "file", "url": "https://example.com/a.pdf", "mime_type": "application/pdf"},
        Refusal("does not fetch.*use_responses_api=True"),
        _file(file_url="https://example.com/a.pdf"),
    ),
    both("F5", {"type": "file", "file_id": "file-1"}, _file(file_id="file-1")),
    both("F5 native", {"type": "input_file", "file_id": "file-1"}, _file(file_id="file-1")),
    both("F nothing", {"type": "file"}, Refusal("names no file.*file_id or a URL")),
    both("F7", {"type": "file", "base64": BASE64, "mime_type": "image/png"}, Part(DATA)),
    both(
        "F7 native",
        {"type": "file", "file": {"file_data": DATA, "filename": "a.png"}},
        Part(DATA),
    ),
]

NO_IMAGES = [
    both("W1", {"type": "video", "url": "https://example.com/a.mp4"}, Refusal("frames of it")),
    both("W2", {"type": "text-plain", "text": "Look."}, Part(text="Look.")),
    both(
        "W2 base64",
        {"type": "text-plain", "base64": base64.b64encode(b"Look.").decode()},
        Part(text="Look."),
    ),
    both("W3", {"type": "hologram", "url": URL}, Refusal("'hologram'.*Send text, an image block")),
    both("W3 no type", {"pixels": 3}, Refusal("type None")),
    both(
        "W4",
        {"type": "non_standard", "value": image_url({"url": URL, "detail": "low"})},
        Part(URL, "low"),
    ),
    both("W text", create_text_block("Look."), Part(text="Look.")),
    both("W input_text", {"type": "input_text", "text": "Look."}, Part(text="Look.")),
    Row(
        "W audio",
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        Refusal("skipped: Chat Completions takes it"),
        Refusal("audio.*use_responses_api=False"),
        "responses",
    ),
    Row(
        "W document",
        {"type": "document", "source": {"type": "text", "data": "Look."}},
        Refusal("'document'.*Chat Completions takes"),
        Refusal("'document'.*Responses takes"),
    ),
]

OBJECTS = [
    both("P image_block", image_block(PNG, detail="low"), Part(DATA, "low")),
    both("P image_block url", image_block(URL), Part(URL)),
    both("P PIL", image(image=RED), Part(RedPicture())),
    both("P numpy", image(image=np.asarray(RED)), Part(RedPicture())),
    both("P bytes", image(image=PNG), Part(DATA)),
    both("P bytearray", image(image=bytearray(PNG)), Part(DATA)),
    both("P file", image(image=io.BytesIO(PNG)), Part(DATA)),
    both("P number", image(image=42), Refusal("A int is no image")),
    both("P BMP", image(image=encoded(RED, "BMP")), Part(RedPicture())),
    both("P TIFF", image(image=encoded(RED, "TIFF")), Part(RedPicture())),
    both("P BMP url", image_url({"url": "%BMP"}), Part(RedPicture())),
    both("P TIFF base64", image(base64="%TIFF", mime_type="image/tiff"), Part(RedPicture())),
]

ROWS = [*LEGACY, *STANDARD, *OTHERS, *FILES, *NO_IMAGES, *OBJECTS]


def message_of(row: Row) -> HumanMessage:
    """Return a message whose second block is the row's."""
    return HumanMessage([{"type": "text", "text": "?"}, _filled(row.block)])


def _filled(block: Any) -> Any:
    """Put files in the place of "%HEIC" and the like; an open file can only be read once."""
    if not isinstance(block, dict):
        return block
    if isinstance(block.get("image"), io.BytesIO):
        return image(image=io.BytesIO(block["image"].getvalue()))
    if str(block.get("base64", "")).startswith("%"):
        return {**block, "base64": _file64(block["base64"][1:])}
    inner = block.get("image_url")
    if isinstance(inner, dict) and str(inner.get("url", "")).startswith("%"):
        return image_url({"url": f"data:image/bmp;base64,{_file64(inner['url'][1:])}"})
    return block


def _file64(kind: str) -> str:
    if kind == "HEIC":
        import pytest

        pillow_heif = pytest.importorskip("pillow_heif", reason="the extra 'heic' is missing")
        pillow_heif.register_heif_opener()
        return base64.b64encode(encoded(RED.resize((64, 32)), "HEIF")).decode()
    return base64.b64encode(encoded(RED, kind)).decode()
