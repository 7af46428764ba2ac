"""Which blocks each of OpenAI's two APIs takes: a block never gets lost on the way.

langchain-openai drops what Responses does not know, and sends what Chat Completions does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from mimetypes import guess_extension
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_gptv.exceptions import MessageError

Api = Literal["chat", "responses"]

_FILE_SOURCES = ("file_id", "file_data", "base64", "data", "id", "url", "file_url")
_PDF_HEAD = "JVBERi"
_NAMES: dict[Api, str] = {"chat": "Chat Completions", "responses": "Responses"}
_TAKEN: dict[Api, frozenset[str]] = {
    "chat": frozenset(
        {
            *("text", "image_url", "input_image", "computer_screenshot", "file"),
            *("audio", "input_audio", "refusal"),
            "acv_document_id",  # a video of Azure's, which says more beside the messages
        }
    ),
    "responses": frozenset(
        {
            *("text", "image_url", "input_image", "file", "input_file", "computer_screenshot"),
            *("mcp_approval_response", "tool_search_output", "apply_patch_call_output"),
            *("configuration_update", "additional_tools", "computer_call_output"),
            *("custom_tool_call_output",),
        }
    ),
}
_LEFT_OUT = frozenset({"tool_use", "thinking", "reasoning_content"})
"""Turns of another provider's model, which langchain-openai leaves out on purpose."""


def admit_blocks(messages: Sequence[BaseMessage], api: Api) -> list[BaseMessage]:
    """Return the messages with every block in a form that `api` takes.

    The turns of a model are langchain-openai's business; all others are looked through.

    Args:
        messages: In the normal form.
        api: The API they go to.

    Raises:
        MessageError: A block cannot be sent there; it names message and block.

    Example:
        >>> from langchain_core.messages import HumanMessage
        >>> pdf = {"type": "input_file", "file_id": "file-1"}
        >>> admit_blocks([HumanMessage([pdf])], "chat")[0].content
        [{'type': 'file', 'file': {'file_id': 'file-1'}}]
    """
    return [_admit(message, f"messages[{index}]", api) for index, message in enumerate(messages)]


def _admit(message: BaseMessage, where: str, api: Api) -> BaseMessage:
    if isinstance(message, AIMessage) or isinstance(message.content, str):
        return message
    blocks = [
        _admit_block(block, f"{where}.content[{place}]", api) if isinstance(block, dict) else block
        for place, block in enumerate(message.content)
    ]
    if isinstance(message, ToolMessage) and api == "responses":
        blocks = [_screenshot_output(block, message.tool_call_id) for block in blocks]
    return message if blocks == message.content else message.model_copy(update={"content": blocks})


def _admit_block(block: dict[str, Any], where: str, api: Api) -> dict[str, Any]:
    value = block.get("value")
    if block.get("type") == "non_standard" and isinstance(value, dict):
        admitted = _admit_block(value, where, api)
        # On Responses langchain-openai takes what it knows out of its wrapper itself.
        return admitted if api == "chat" else {**block, "value": admitted}
    if block.get("type") in ("file", "input_file"):
        return _admit_file(block, where, api)
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _TAKEN[api] | _LEFT_OUT:
        raise _refusal(block, where, api)
    return block


def _admit_file(block: dict[str, Any], where: str, api: Api) -> dict[str, Any]:
    inner = block["file"] if isinstance(block.get("file"), Mapping) else block
    if not any(inner.get(key) for key in _FILE_SOURCES):
        raise MessageError(f"{where} names no file. Give it base64 data, a file_id or a URL.")
    if block.get("base64"):
        return _with_type_and_name(block, where)
    if api == "responses":
        return block
    if inner.get("url") or inner.get("file_url"):
        raise MessageError(
            f"{where} is a file behind a URL, which Chat Completions does not fetch. Set "
            "use_responses_api=True, or send the file's base64."
        )
    if block["type"] == "file":
        return block
    keys = ("file_id", "file_data", "filename")
    return {"type": "file", "file": {key: block[key] for key in keys if key in block}}


def _with_type_and_name(block: dict[str, Any], where: str) -> dict[str, Any]:
    """Add what OpenAI demands of a file, and langchain-openai fails without or warns about."""
    is_pdf = str(block["base64"]).startswith(_PDF_HEAD)
    mime_type = block.get("mime_type") or ("application/pdf" if is_pdf else None)
    if mime_type is None:
        raise MessageError(f"{where} is a file with no mime_type. State it.")
    holders = (block, block.get("extras"), block.get("metadata"))
    names = (holder.get("filename") for holder in holders if isinstance(holder, Mapping))
    filename = next(filter(None, names), None)
    filename = filename or f"document{guess_extension(mime_type) or ''}"
    return {**block, "mime_type": mime_type, "filename": filename}


def _screenshot_output(block: Any, call_id: str) -> Any:
    """Wrap a screenshot: langchain-openai would send it as an `input_image`, which it is not."""
    if not isinstance(block, dict) or block.get("type") != "computer_screenshot":
        return block
    output = {"type": "computer_call_output", "call_id": call_id, "output": block}
    return {"type": "non_standard", "value": output}


def _refusal(block: Mapping[str, Any], where: str, api: Api) -> MessageError:
    kind = block.get("type")
    if kind in ("video", "video_url"):
        return MessageError(
            f"{where} is a video behind a URL, and OpenAI takes no video. Set fetch_urls=True to "
            "have it fetched and frames of it sent, or make the block with video_block(path)."
        )
    if kind in ("audio", "input_audio"):
        return MessageError(
            f"{where} is audio, which Responses does not take. Set use_responses_api=False."
        )
    return MessageError(
        f"{where} has type {kind!r}, which is no block that {_NAMES[api]} takes: it would be lost "
        "or refused on the way. Send text, an image block or a file block."
    )
