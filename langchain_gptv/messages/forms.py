"""Every form in which an image may stand in message content, read to one.

LangChain's standard block of both versions, OpenAI's on both APIs, Anthropic's, Gemini's,
Bedrock's, the first Azure API's, and Python objects. What an image is told by, never by name: a
block that names an image and cannot be sent is an error that says where it stands.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from langchain_gptv._urls import is_reference, is_web_url
from langchain_gptv.exceptions import GPTVError, MessageError
from langchain_gptv.messages.checked import find_checked, remember
from langchain_gptv.sources import ImageSources
from langchain_gptv.vision.headers import ACCEPTED_TYPES
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.rules import DETAILS, Detail

_KEPT = ("prompt_cache_breakpoint", "cache_control")
_OBJECT_KEYS = ("image", "base64", "data", "bytes", "url", "path")
_BASE64_KEYS = ("base64", "data", "bytes")
_FILE_KEYS = ("file_data", *_BASE64_KEYS, "url", "file_url", "file_uri")

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_BASE64_HEAD = re.compile(
    r"(/9j/|iVBORw0K|R0lGOD|UklGR|Qk|SUkq|TU0A|AAAA)[A-Za-z0-9+/]{0,64}+(?=[=\s]|[A-Za-z0-9+/]|$)"
)
"""How the base64 of a picture begins: that of a JPEG looks like a path otherwise."""


@dataclass(frozen=True)
class ImagePart:
    """An image in content: a URL (or data URL), or the id of an uploaded file.

    Attributes:
        url: `https://...` or `data:<mime>;base64,...`; empty for a file.
        file_id: Of OpenAI's Files API; empty for a URL.
        detail: As the block says; None leaves it to the call and the model.
        kept: Settings that stand beside the image, such as a prompt-cache breakpoint.
    """

    url: str = ""
    file_id: str = ""
    detail: Detail | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)

    def to_block(self) -> dict[str, Any]:
        """Return the normal form, which LangChain passes on unchanged to wire, trace and cache."""
        detail = {"detail": self.detail} if self.detail else {}
        if self.file_id:
            return {"type": "input_image", "file_id": self.file_id, **detail, **self.kept}
        return {"type": "image_url", "image_url": {"url": self.url, **detail}, **self.kept}


@dataclass(frozen=True)
class FormReader:
    """Reads the forms of one message.

    Attributes:
        where: What errors call the block, such as "messages[0].content[1]".
        sources: Which paths in content may be opened.
    """

    where: str
    sources: ImageSources

    def read(self, block: Mapping[str, Any]) -> ImagePart | None:
        """Return the image of a block, or None when it is no image.

        Raises:
            MessageError: It is an image that cannot be sent.
        """
        kind = block.get("type")
        if kind == "non_standard" and isinstance(block.get("value"), Mapping):
            return self.read(block["value"])
        if kind == "image_url" or (kind is None and "image_url" in block):
            return self._image_url(block)
        if kind in ("input_image", "computer_screenshot"):
            return self._input_image(block)
        if kind == "image_generation_call":
            return self._part(block, block.get("result"), is_base64=True)
        if kind == "image" or (kind is None and "image" in block):
            return self._image(block)
        if kind in ("media", "file", "input_file") and _is_image_file(block):
            return self._file(block)
        return None

    def _image_url(self, block: Mapping[str, Any]) -> ImagePart:
        """OpenAI's Chat Completions; the first Azure API had a plain string in it."""
        inner = block.get("image_url")
        if isinstance(inner, Mapping):
            part = self._part(block, inner.get("url"))
            return replace(part, detail=self._detail(inner) or part.detail)
        return self._part(block, inner)

    def _input_image(self, block: Mapping[str, Any]) -> ImagePart:
        """OpenAI's Responses."""
        if block.get("file_id"):
            return self._part(block, None, file_id=block["file_id"])
        return self._part(block, block.get("image_url"))

    def _image(self, block: Mapping[str, Any]) -> ImagePart:
        """LangChain's standard block, 1.x and 0.3, and those of other providers."""
        if isinstance(block.get("source"), Mapping):
            return self._source(block, block["source"])
        if isinstance(block.get("image"), Mapping):
            return self._bedrock(block, block["image"])
        file_id = block.get("file_id") or (
            block.get("id") if block.get("source_type") == "id" else None
        )
        if file_id:
            return self._part(block, None, file_id=file_id)
        for key in _OBJECT_KEYS:
            value = block.get(key)
            if value is not None and not (isinstance(value, str) and not value):
                is_base64 = key in _BASE64_KEYS
                return self._part(block, value, is_path=key == "path", is_base64=is_base64)
        raise self._refusal("names no image: it has no url, base64, file_id, path or image")

    def _source(self, block: Mapping[str, Any], source: Mapping[str, Any]) -> ImagePart:
        """Anthropic's and Bedrock's `source`."""
        if source.get("type") == "file" or source.get("file_id"):
            return self._part(block, None, file_id=source.get("file_id"))
        value = source.get("url") or source.get("data") or source.get("bytes")
        return self._part(block, value, is_base64="url" not in source)

    def _bedrock(self, block: Mapping[str, Any], image: Mapping[str, Any]) -> ImagePart:
        source = image.get("source")
        if not isinstance(source, Mapping):
            raise self._refusal("has an 'image' without a 'source'")
        return self._source(block, source)

    def _file(self, block: Mapping[str, Any]) -> ImagePart:
        """An image that was put into a file block, and Gemini's `media`."""
        inner = _mapping(block.get("file")) or block
        if inner.get("file_id"):
            return self._part(block, None, file_id=inner["file_id"])
        key = next((key for key in _FILE_KEYS if inner.get(key)), "")
        return self._part(block, inner.get(key), is_base64=key in ("file_data", *_BASE64_KEYS))

    def _part(
        self,
        block: Mapping[str, Any],
        value: Any,
        *,
        file_id: str | None = None,
        is_path: bool = False,
        is_base64: bool = False,
    ) -> ImagePart:
        extras = _mapping(block.get("extras"))
        kept = {key: holder[key] for holder in (extras, block) for key in _KEPT if key in holder}
        detail = self._detail(extras) or self._detail(block)
        if file_id:
            return ImagePart(file_id=file_id, detail=detail, kept=kept)
        url = self._url(value, is_path=is_path, is_base64=is_base64)
        return ImagePart(url=url, detail=detail, kept=kept)

    def _detail(self, holder: Mapping[str, Any]) -> Detail | None:
        detail = holder.get("detail")
        if detail is None or detail == "":
            return None
        if detail not in DETAILS:
            raise self._refusal(f"has detail={detail!r}; it must be one of {', '.join(DETAILS)}")
        return detail  # type: ignore[no-any-return]

    def _url(self, value: Any, *, is_path: bool, is_base64: bool) -> str:
        if isinstance(value, bytes | bytearray) and value.isascii():
            value = value.decode()  # what b64encode() gives
        if value is None or (isinstance(value, str) and not value):
            raise self._refusal("names no image: its url or data is empty")
        if not isinstance(value, str):
            return self._load(value)
        known = find_checked(value)
        if known is not None:
            return known
        if is_web_url(value):
            return value
        head = value[:8].lower()
        if head.startswith("data:"):
            return remember(value, self._checked(value, lambda: Image.from_data_url(value)))
        if head.startswith("file://"):
            return self._open(_path_of(value))
        if is_path or not (is_base64 or _BASE64_HEAD.match(value)):
            return self._named(value, is_path=is_path)
        return remember(value, self._checked(value, lambda: Image.from_base64(value)))

    def _named(self, value: str, *, is_path: bool) -> str:
        """Open what is no URL and no base64: it must be a path."""
        if is_reference(value):
            raise MessageError(
                f"{self.where} refers to {value[:80]!r} of an ImageStore, which the model does not "
                "have. Give the agent VisionMiddleware(store), call "
                "VisionMiddleware(store).wrap_model(model), or pass image_block(store.get(...))."
            )
        if _SCHEME.match(value):
            scheme = value.partition(":")[0]
            raise self._refusal(f"has a {scheme}: URL ({value[:80]!r}), which no service fetches")
        if is_path or _looks_like_path(value):
            return self._open(value)
        raise self._refusal(f"has {value[:40]!r} for an image, which is no URL, path or base64")

    def _checked(self, text: str, load: Callable[[], Image]) -> str:
        """Check base64 text or a data URL by its content, and state the type that it really has."""
        image = self._image_of(load)
        if image.mime_type not in ACCEPTED_TYPES:
            return self._convert(image)
        right = f"data:{image.mime_type};base64,"
        if any(space in text for space in "\n\r \t"):
            text = "".join(text.split())
        # Base64 has no comma; many megabytes of it are copied once at most.
        return text if text.startswith(right) else right + text[text.find(",", 0, 2000) + 1 :]

    def _open(self, path: str) -> str:
        return self._send(self._image_of(lambda: self.sources.open_path(path)))

    def _load(self, value: Any) -> str:
        if isinstance(value, os.PathLike):
            return self._open(os.fspath(value))
        return self._send(self._image_of(lambda: Image.of(value)))

    def _send(self, image: Image) -> str:
        if image.mime_type in ACCEPTED_TYPES:
            return image.data_url
        return self._convert(image)

    def _convert(self, image: Image) -> str:
        return self._image_of(lambda: Image.from_pil(image.to_pil())).data_url

    def _image_of(self, load: Callable[[], Image]) -> Image:
        try:
            return load()
        except GPTVError as error:
            raise MessageError(f"{self.where}: {error}") from error

    def _refusal(self, what: str) -> MessageError:
        return MessageError(
            f"{self.where} {what}. Make the block with image_block(...), or pass a URL, a data "
            "URL or base64."
        )


def is_generated(block: Mapping[str, Any]) -> bool:
    """Tell whether the model made this image: Responses takes it back by its id."""
    made = block.get("type") == "image_generation_call"
    return made or str(block.get("id", "")).startswith("ig_")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_image_file(block: Mapping[str, Any]) -> bool:
    holder = _mapping(block.get("file")) or block
    stated = str(block.get("mime_type") or holder.get("mime_type") or "")
    return stated.startswith("image/") or str(holder.get("file_data", "")).startswith("data:image/")


def _path_of(url: str) -> str:
    """Return the path of a `file:` URL, as the system writes paths."""
    return url2pathname(urlsplit(url).path) if "%" in url else url[len("file://") :]


def _looks_like_path(value: str) -> bool:
    return value.startswith(("/", "./", "../", "~", "\\")) or (
        len(value) < 1024 and "." in PurePath(value).name
    )
