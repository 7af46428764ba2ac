"""Message content in one normal form: every image a block that LangChain passes on unchanged.

The normal form is `{"type": "image_url", "image_url": {"url", "detail"}}`, and `input_image` with
`file_id` for an uploaded file. LangChain leaves both alone on their way to wire, trace and cache,
so all three agree and `detail` is never lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_gptv.exceptions import MessageError
from langchain_gptv.messages.forms import FormReader
from langchain_gptv.sources import NO_SOURCES, ImageSources

_PASSED_ON = {
    *("text", "file", "input_file", "audio", "input_audio", "refusal", "input_text"),
    *("tool_use", "tool_result", "reasoning", "thinking", "search_result", "document", "json"),
    *("custom_tool_call_output", "additional_tools", "non_standard", "computer_call_output"),
    *("computer_screenshot", "image_generation_call"),
}
"""Blocks that are no image and that langchain-openai knows what to do with."""

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
        return message
    if isinstance(message.content, str):
        _check_string(message, index)
        return message
    blocks = [
        _normalize_block(block, message, f"messages[{index}].content[{place}]", sources)
        for place, block in enumerate(message.content)
    ]
    if blocks == message.content:
        return message
    return message.model_copy(update={"content": blocks})


def _normalize_block(
    block: str | dict[Any, Any], message: BaseMessage, where: str, sources: ImageSources
) -> dict[str, Any]:
    if isinstance(block, str):
        return {"type": "text", "text": block}
    # An image that the model made is sent back by its id, which langchain-openai does.
    if isinstance(message, AIMessage) and str(block.get("id", "")).startswith("ig_"):
        return block
    part = FormReader(where, sources).read(block)
    if part is not None:
        return part.to_block()
    if block.get("type") == "text-plain":
        return {"type": "text", "text": block.get("text", "")}
    if not isinstance(message, AIMessage):
        _check_known(block, where)
    return _without_auto_id(block)


def _without_auto_id(block: dict[str, Any]) -> dict[str, Any]:
    """Drop the random id of LangChain's factories, which keeps the LLM cache from ever hitting."""
    if str(block.get("id", "")).startswith("lc_"):
        return {key: value for key, value in block.items() if key != "id"}
    return block


def _check_known(block: Mapping[str, Any], where: str) -> None:
    kind = block.get("type")
    if kind in ("video", "video_url"):
        raise MessageError(
            f"{where} is a video, which OpenAI takes in no message. Send frames of it as images."
        )
    if kind not in _PASSED_ON:
        raise MessageError(
            f"{where} has type {kind!r}, which is no known block and would be lost or refused on "
            "the way. Send text, an image block or a file block."
        )


def _check_string(message: BaseMessage, index: int) -> None:
    if isinstance(message, ToolMessage) and str(message.content).startswith(_STRINGIFIED):
        raise MessageError(
            f"messages[{index}] holds the bytes of a picture turned into text by str(). Return "
            "[image_block(data)] from the tool instead."
        )
