"""The content of one message: its text, and its images decoded and checked.

A content part is read where it stands and never dropped silently: what the engine cannot take in
is refused by its path.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from langchain_gptv._urls import is_web_url
from langchain_gptv.exceptions import ImageError, ImageTooLargeError, MissingExtraError
from langchain_gptv.local.wire import errors
from langchain_gptv.local.wire.body import Node
from langchain_gptv.local.wire.dialect import Dialect
from langchain_gptv.local.wire.pages import render_pages
from langchain_gptv.vision.headers import ACCEPTED_TYPES
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.rules import DETAILS, Detail
from langchain_gptv.vision.untrusted import is_fenced

_CHAT_PARTS = ("text", "image_url", "input_audio", "refusal", "file")
_RESPONSES_PARTS = ("input_text", "input_image", "input_file", "output_text", "refusal")
_HEADLINE = re.compile(r"\[Image [^\]\n]*\]|Video '[^'\n]*', \d+ frames? from .*")
"""What stands above a stored picture, and above a video."""

_FRAME_TIME = re.compile(r"(?:\d+:)?\d\d:\d\d\.\d(?: .*)?")
"""What stands right above a frame of a video; elsewhere it is somebody's question."""

_TEXT_KEYS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}


@dataclass(frozen=True, slots=True)
class SentImage:
    """An image and the `detail` that it was sent with."""

    image: Image
    detail: Detail


@dataclass(frozen=True, slots=True)
class Content:
    """What a message holds.

    Attributes:
        text: The text parts, one a line.
        images: In order.
        data: Text parts that say something about an image, fenced or as its label; they are no
            part of a question.
    """

    text: str = ""
    images: tuple[SentImage, ...] = ()
    data: str = ""


def read_content(content: Node, *, role: str, message: Node, dialect: Dialect) -> Content:
    """Read a string or an array of parts.

    Args:
        content: The node to read; null is empty for an assistant that only calls tools.
        role: Of the message; only a user's (and on Responses a tool's) may show images.
        message: What an error about the role is about.
        dialect: Decides the names of the parts.
    """
    if not content.given and role == "assistant":
        return Content()
    if isinstance(content.value, str):
        return Content(content.value)
    if not isinstance(content.value, list):
        expected = "one of a string or array of objects"
        raise errors.wrong_type(content.path, expected, content.value)
    read = _chat_part if dialect.api == "chat" else _responses_part
    parts = [
        found
        for part in content.items()
        for found in (_read_file(part, dialect) or [read(part, message, dialect)])
    ]
    images = tuple(part for part in parts if isinstance(part, SentImage))
    allowed = {"user"} if dialect.api == "chat" else {"user", "tool"}
    if images and role not in allowed:
        raise errors.misplaced_image(message.path, role)
    asked: list[str] = []
    data: list[str] = []
    for part, after in pairwise([*parts, None]):
        if isinstance(part, str):
            (data if _is_about(part, after) else asked).append(part)
    return Content("\n".join(asked), images, "\n".join(data))


def _is_about(text: str, after: str | SentImage | None) -> bool:
    """Tell whether a text says something about an image, rather than asks; `after` follows it."""
    if isinstance(after, SentImage) and _FRAME_TIME.fullmatch(text):
        return True
    return is_fenced(text) or _HEADLINE.fullmatch(text) is not None


def _chat_part(part: Node, message: Node, dialect: Dialect) -> str | SentImage:
    if dialect.old_content and isinstance(part.value, str):
        return part.text()
    if dialect.old_content and "image" in part.object() and not part["type"].given:
        return SentImage(_read_image(part["image"], dialect), "auto")
    kind = part["type"].one_of(*_CHAT_PARTS)
    if kind in _TEXT_KEYS:
        return part[_TEXT_KEYS[kind]].required().text()
    if kind != "image_url":
        raise errors.request_error(
            f"Invalid '{message.path}'. Content blocks are expected to be either text or "
            f"image_url type; the embedded engine reads no '{kind}'.",
            param=message.path,
            code="invalid_value",
        )
    sent = part["image_url"].required()
    if dialect.old_content and isinstance(sent.value, str):
        return SentImage(_read_image(sent, dialect), "auto")
    return SentImage(_read_image(sent["url"], dialect), _read_detail(sent["detail"]))


def _responses_part(part: Node, message: Node, dialect: Dialect) -> str | SentImage:
    kind = part["type"].one_of(*_RESPONSES_PARTS)
    if kind in _TEXT_KEYS:
        return part[_TEXT_KEYS[kind]].required().text()
    if kind == "input_file" or part["file_id"].given:
        path = part["type" if kind == "input_file" else "file_id"].path
        raise errors.request_error(
            f"Invalid '{path}'. The embedded engine keeps no files and fetches none; send an image "
            "as a base64 data URL in 'image_url', or a PDF as one in 'file_data'.",
            param=path,
            code="invalid_value",
        )
    image = _read_image(part["image_url"].required(), dialect)
    return SentImage(image, _read_detail(part["detail"]))


def _read_file(part: Node, dialect: Dialect) -> list[str | SentImage]:
    """Read a part that holds a PDF file, page by page; empty when it holds none."""
    if not isinstance(part.value, dict) or part.value.get("type") not in ("file", "input_file"):
        return []
    data = (part["file"] if dialect.api == "chat" else part)["file_data"]
    if not data.given or not data.text().startswith("data:application/pdf;base64,"):
        return []
    try:
        decoded = base64.b64decode(data.text().partition(",")[2], validate=True)
        return [SentImage(page, "high") for page in render_pages(decoded)]
    except (ImageError, MissingExtraError, ValueError) as error:
        raise errors.request_error(str(error), param=data.path, code="invalid_value") from None


def _read_detail(detail: Node) -> Detail:
    if not detail.given:
        return "auto"
    return cast("Detail", detail.one_of(*DETAILS))


def _read_image(url: Node, dialect: Dialect) -> Image:
    data = _decode(url, dialect)
    try:
        image = Image(data, name=url.path)
    except ImageTooLargeError as error:
        raise errors.request_error(str(error), param=url.path, code="image_too_large") from None
    except (ImageError, MissingExtraError):
        raise errors.not_an_image(dialect) from None
    if image.mime_type not in ACCEPTED_TYPES:
        raise errors.not_an_image(dialect)
    return image


def _decode(url: Node, dialect: Dialect) -> bytes:
    if not isinstance(url.value, str):
        raise errors.wrong_type(url.path, "a base64-encoded data URL", url.value)
    body = _base64_of(url, dialect)
    if not body:
        raise errors.bad_data_url(url.path, "empty base64-encoded bytes", dialect)
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise errors.request_error(
            "Invalid base64 image_url.", param=url.path, code="invalid_value"
        ) from None


def _base64_of(url: Node, dialect: Dialect) -> str:
    text = url.text()
    if is_web_url(text):
        raise errors.unreachable_image(text, dialect)
    if not text.startswith("data:"):
        if dialect.old_content:
            return text
        raise errors.bad_data_url(url.path, "a value without the 'data:' prefix", dialect)
    head, _, body = text.partition(",")
    if not head.startswith("data:image/"):
        raise errors.request_error(
            "Invalid MIME type. Only image types are supported.", code="invalid_image_format"
        )
    if not head.endswith(";base64"):
        raise errors.bad_data_url(url.path, "a data URL that is not base64-encoded", dialect)
    return body
