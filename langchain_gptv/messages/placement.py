"""Where an image may stand: images move from roles that cannot carry them to the user.

On Chat Completions an image in a tool, assistant or system message is refused by some models, and
accepted but not looked at by others. Responses carries it in a tool's output, but not in the
assistant's turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    ToolMessage,
)

from langchain_gptv.exceptions import MessageError
from langchain_gptv.messages.admission import Api
from langchain_gptv.messages.forms import FormReader, is_generated
from langchain_gptv.sources import NO_SOURCES

ToolImages = Literal["relocate", "keep", "error"]

_CARRIED = ("image_url", "input_image", "file", "input_file", "computer_screenshot")


def place_images(
    messages: Sequence[BaseMessage], *, api: Api = "chat", tool_images: ToolImages = "relocate"
) -> list[BaseMessage]:
    """Move images out of roles that cannot carry them, to the next user message.

    A move leaves a note where the image was, and a label says which tool call it came from. The
    answers of several tool calls in a row stay together, so their pairing remains valid.

    Args:
        messages: In the normal form.
        api: Which roles carry images depends on it.
        tool_images: "keep" moves nothing; "error" raises where something would have to move.

    Raises:
        MessageError: An image stands where it may not and `tool_images` is "error"; or it is
            "keep", and the image would get lost.

    Example:
        >>> image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
        >>> moved = place_images([ToolMessage([image], tool_call_id="call_1")])
        >>> [message.type for message in moved]
        ['tool', 'human']
    """
    placer = _Placer(api, tool_images)
    for index, message in enumerate(messages):
        placer.add(message, index)
    placer.flush()
    return placer.placed


@dataclass
class _Placer:
    api: Api
    tool_images: ToolImages
    placed: list[BaseMessage] = field(default_factory=list)
    waiting: list[str | dict[str, Any]] = field(default_factory=list)

    def add(self, message: BaseMessage, index: int) -> None:
        if isinstance(message, HumanMessage):
            self.placed.append(self._with_waiting(message))
            return
        if not isinstance(message, ToolMessage):
            # The answers to a call follow it at once, so only they may stand before the images.
            self.flush()
        if self._may_carry(message) or not (moving := self._images(message, index)):
            self.placed.append(message)
            return
        if self.tool_images != "relocate":
            raise MessageError(
                f"messages[{index}] has an image in a {message.type} message, where the service "
                'does not look at it. Move it to a user message, or set tool_images="relocate".'
            )
        label = _label(message)
        self.waiting += [{"type": "text", "text": f"{label}:"}, *moving]
        self.placed.append(self._without_images(message, label))

    def flush(self) -> None:
        """Put what waits into a user message of its own."""
        if self.waiting:
            self.placed.append(HumanMessage(content=list(self.waiting)))
            self.waiting = []

    def _with_waiting(self, message: HumanMessage) -> HumanMessage:
        if not self.waiting:
            return message
        content = message.content
        own = [{"type": "text", "text": content}] if isinstance(content, str) else content
        moved, self.waiting = self.waiting, []
        return message.model_copy(update={"content": [*moved, *own]})

    def _may_carry(self, message: BaseMessage) -> bool:
        role = message.role if isinstance(message, ChatMessage) else message.type
        if role in ("user", "human"):
            return True
        if self.api == "chat":
            return self.tool_images == "keep"
        # langchain-openai drops an image of the assistant's from a Responses call.
        return role in ("tool", "system", "developer")

    def _images(self, message: BaseMessage, index: int) -> list[dict[str, Any]]:
        if isinstance(message.content, str):
            return []
        return [
            _as_users(block, f"messages[{index}].content[{place}]")
            for place, block in enumerate(message.content)
            if isinstance(block, dict) and self._is_carried(block)
        ]

    def _is_carried(self, block: dict[str, Any]) -> bool:
        return block.get("type") in _CARRIED or (self.api == "chat" and is_generated(block))

    def _without_images(self, message: BaseMessage, label: str) -> BaseMessage:
        rest = [
            block
            for block in message.content
            if not (isinstance(block, dict) and self._is_carried(block))
        ]
        note = {"type": "text", "text": f"({label}: see the next user message.)"}
        return message.model_copy(update={"content": [*rest, note]})


def _as_users(block: dict[str, Any], where: str) -> dict[str, Any]:
    """Return an image of the model's, or a screenshot, as one that a user would send."""
    if block.get("type") == "computer_screenshot" or is_generated(block):
        part = FormReader(where, NO_SOURCES).read(block)
        return block if part is None else part.to_block()
    return block


def _label(message: BaseMessage) -> str:
    if isinstance(message, ToolMessage):
        name = f" ({message.name})" if message.name else ""
        return f"Image from tool call {message.tool_call_id}{name}"
    return "Image from the assistant" if isinstance(message, AIMessage) else "Image for reference"
