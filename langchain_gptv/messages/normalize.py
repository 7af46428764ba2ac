"""Message content in one normal form: every image a block that LangChain passes on unchanged.

The normal form is `{"type": "image_url", "image_url": {"url", "detail"}}`, and `input_image` with
`file_id` for an uploaded file. LangChain leaves both alone on their way to wire, trace and cache,
so all three agree and `detail` is never lost.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_gptv.exceptions import MessageError
from langchain_gptv.messages.forms import FormReader, is_generated
from langchain_gptv.messages.video.forms import is_video
from langchain_gptv.sources import NO_SOURCES, ImageSources

_STRINGIFIED = ("b'\\x89PNG", 'b"\\x89PNG', "b'\\xff\\xd8\\xff", 'b"\\xff\\xd8\\xff')
"""What `str()` makes of the bytes of a picture, before anybody can stop it."""


def normalize_messages(
    messages: Sequence[BaseMessage], *, sources: ImageSources = NO_SOURCES
) -> list[BaseMessage]:
    """Return the messages with every image in the normal form; a second pass changes nothing.

    Works for any chat model that takes OpenAI's image blocks.

    Args:
        messages: Of any roles, with images in any known form.
        sources: Which paths in content may be opened; by default none.

    Raises:
        MessageError: A block cannot be sent; it names message and block.

    Example:
        >>> from langchain_core.messages import HumanMessage
        >>> block = {"type": "image", "url": "https://example.com/a.png", "detail": "low"}
        >>> normalize_messages([HumanMessage([block])])[0].content
        [{'type': 'image_url', 'image_url': {'url': 'https://example.com/a.png', 'detail': 'low'}}]
    """
    return [_normalize(message, index, sources) for index, message in enumerate(messages)]


def wrap_objects(model_input: Any) -> Any:
    """Make blocks of pictures that stand bare in content: LangChain takes only str and dict there.

    Looks into `("user", [...])` pairs and `{"role": ..., "content": [...]}`; all else passes.

    Args:
        model_input: What a chat model is invoked with.
    """
    if isinstance(model_input, Sequence) and not isinstance(model_input, str):
        return [_wrap_message(message) for message in model_input]
    return model_input


def _wrap_message(message: Any) -> Any:
    if isinstance(message, tuple) and len(message) == 2 and isinstance(message[1], list):
        return message[0], _wrap_blocks(message[1])
    if isinstance(message, Mapping) and isinstance(message.get("content"), list):
        return {**message, "content": _wrap_blocks(message["content"])}
    return message


def _wrap_blocks(blocks: Iterable[Any]) -> list[Any]:
    return [
        block if isinstance(block, str | Mapping) else {"type": "image", "image": block}
        for block in blocks
    ]


def _normalize(message: BaseMessage, index: int, sources: ImageSources) -> BaseMessage:
    if message.additional_kwargs.get("type") == "computer_call_output":
        return _normalize_screenshot(message, index, sources)
    if isinstance(message.content, str):
        _check_string(message, index)
        return message
    blocks = [
        normal
        for place, block in enumerate(message.content)
        for normal in _expand(block, message, f"messages[{index}].content[{place}]", sources)
    ]
    if blocks == message.content:
        return message
    return message.model_copy(update={"content": blocks})


def _expand(
    block: str | dict[Any, Any], message: BaseMessage, where: str, sources: ImageSources
) -> list[dict[str, Any]]:
    if isinstance(block, dict) and is_video(block):
        from langchain_gptv.messages.video.blocks import expand_video

        blocks: Sequence[str | dict[Any, Any]] = expand_video(block, where, sources)
    else:
        blocks = [block]
    return [_normalize_block(block, message, where, sources) for block in blocks]


def _normalize_block(
    block: str | dict[Any, Any], message: BaseMessage, where: str, sources: ImageSources
) -> dict[str, Any]:
    if isinstance(block, str):
        return {"type": "text", "text": block}
    if isinstance(message, AIMessage) and is_generated(block):
        return block
    part = FormReader(where, sources).read(block)
    if part is not None:
        return part.to_block()
    text = _plain_text(block)
    return _without_auto_id(block) if text is None else {"type": "text", "text": text}


def _normalize_screenshot(message: BaseMessage, index: int, sources: ImageSources) -> BaseMessage:
    """Read a computer-use screenshot; its pixels are what the model points at, so they stay."""
    content = message.content
    blocks: Sequence[Any] = (
        [{"type": "image", "url": content}] if isinstance(content, str) else content
    )
    read = [
        _screenshot(block, f"messages[{index}].content[{place}]", sources)
        for place, block in enumerate(blocks)
    ]
    return message if read == content else message.model_copy(update={"content": read})


def _screenshot(block: Any, where: str, sources: ImageSources) -> Any:
    part = FormReader(where, sources).read(block) if isinstance(block, Mapping) else None
    if part is None:
        return block
    source = {"file_id": part.file_id} if part.file_id else {"image_url": part.url}
    return {"type": "computer_screenshot", **source}


def _plain_text(block: Mapping[str, Any]) -> str | None:
    """Return the text of a block that calls it otherwise than OpenAI: LangChain's, Bedrock's."""
    kind = block.get("type")
    if kind == "text-plain" and "text" not in block and isinstance(block.get("base64"), str):
        return base64.b64decode(block["base64"]).decode()
    is_text = kind in ("text-plain", "input_text") or (kind is None and len(block) == 1)
    text = block.get("text") if is_text else None
    return text if isinstance(text, str) else None


def _without_auto_id(block: dict[str, Any]) -> dict[str, Any]:
    """Drop the random id of LangChain's factories, which keeps the LLM cache from ever hitting."""
    if str(block.get("id", "")).startswith("lc_"):
        return {key: value for key, value in block.items() if key != "id"}
    return block


def _check_string(message: BaseMessage, index: int) -> None:
    if isinstance(message, ToolMessage) and str(message.content).startswith(_STRINGIFIED):
        raise MessageError(
            f"messages[{index}] holds the bytes of a picture turned into text by str(). Return "
            "[image_block(data)] from the tool instead."
        )
