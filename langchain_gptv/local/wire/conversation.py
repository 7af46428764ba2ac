"""From a conversation to what is asked of which images.

The engine answers one question about some pictures; it does not follow a dialogue. So the newest
question counts, with the newest pictures that a user showed, and those that tools returned since.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from langchain_gptv.local.wire import errors
from langchain_gptv.local.wire.body import Node
from langchain_gptv.local.wire.content import Content, SentImage, read_content
from langchain_gptv.local.wire.dialect import Dialect

MAX_IMAGE_BYTES = 50_000_000
"""Over all images of a request, as measured on OpenAI in September 2026."""

_CHAT_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_MESSAGE_ROLES = ("assistant", "system", "developer", "user")
_OUTPUT_ITEMS = {"function_call_output", "custom_tool_call_output"}
_SILENT_ITEMS = {"function_call", "custom_tool_call", "reasoning"}
_ITEMS = ("message", *sorted(_OUTPUT_ITEMS | _SILENT_ITEMS))


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; `role` is one of "user", "assistant", "tool" and "system"."""

    role: str
    content: Content


@dataclass(frozen=True, slots=True)
class Conversation:
    """All turns, oldest first, and what the engine is asked."""

    turns: tuple[Turn, ...]

    @property
    def question(self) -> str:
        """The newest text of a user; empty when there is none."""
        texts = [turn.content.text for turn in self._asked if turn.role == "user"]
        return next((text for text in reversed(texts) if text), "")

    @property
    def images(self) -> tuple[SentImage, ...]:
        """The images of the newest user message that has some, and of the tools after it."""
        turns = [turn for turn in self._asked if turn.content.images]
        shown = [index for index, turn in enumerate(turns) if turn.role == "user"]
        newest = turns[shown[-1] :] if shown else turns
        return tuple(image for turn in newest for image in turn.content.images)

    @property
    def has_tool_answer(self) -> bool:
        """Whether a tool answered last, in text or by a picture, and nothing was said since."""
        return [turn.role for turn in self._asked[-1:]] == ["tool"]

    @property
    def tool_answer(self) -> str:
        """The text of the tool that answered last, when nothing was said since; else empty."""
        said = [turn.content.text for turn in self.turns if turn.role == "tool"]
        return said[-1] if self.has_tool_answer and said else ""

    @property
    def all_text(self) -> str:
        """The text of every turn, which all counts as input."""
        return "\n".join(turn.content.text + turn.content.data for turn in self.turns)

    @property
    def all_images(self) -> tuple[SentImage, ...]:
        """The images of every turn, which all count as input."""
        return tuple(image for turn in self.turns for image in turn.content.images)

    @property
    def _asked(self) -> Sequence[Turn]:
        return list(_give_to_tools(self.turns))


def read_chat(messages: Node, dialect: Dialect) -> Conversation:
    """Read `messages` of Chat Completions."""
    turns = []
    for message in _not_empty(messages):
        role = message["role"].one_of(*_CHAT_ROLES)
        content = read_content(message["content"], role=role, message=message, dialect=dialect)
        turns.append(Turn(_plain_role(role), content))
    return _checked(turns, "messages")


def read_responses(items: Node, dialect: Dialect) -> Conversation:
    """Read `input` of Responses: a string, or an array of items."""
    if isinstance(items.value, str):
        return Conversation((Turn("user", Content(items.value)),))
    turns = [turn for item in _not_empty(items) for turn in _read_item(item, dialect)]
    return _checked(turns, "input")


def _read_item(item: Node, dialect: Dialect) -> Iterator[Turn]:
    kind = item["type"].one_of(*_ITEMS) if item["type"].given else "message"
    if kind in _OUTPUT_ITEMS:
        output = item["output"].required()
        yield Turn("tool", read_content(output, role="tool", message=item, dialect=dialect))
    elif kind == "message":
        role = item["role"].one_of(*_MESSAGE_ROLES)
        content = read_content(item["content"], role=role, message=item, dialect=dialect)
        yield Turn(_plain_role(role), content)


def _plain_role(role: str) -> str:
    return {"developer": "system", "function": "tool"}.get(role, role)


def _not_empty(messages: Node) -> list[Node]:
    found = list(messages.required().items())
    if not found:
        raise errors.request_error(
            f"Invalid '{messages.path}': empty array. Expected an array with minimum length 1, "
            "but got an empty array instead.",
            param=messages.path,
            code="empty_array",
        )
    return found


def _checked(turns: Sequence[Turn], param: str) -> Conversation:
    conversation = Conversation(tuple(turns))
    total = sum(len(sent.image.data) for sent in conversation.all_images)
    if total > MAX_IMAGE_BYTES:
        raise errors.request_error(
            f"Total image size is {total / 1e6:.2f}MB, which exceeds the allowed limit of "
            f"{MAX_IMAGE_BYTES // 1_000_000}MB.",
            param=param,
        )
    return conversation


def _give_to_tools(turns: Sequence[Turn]) -> Iterator[Turn]:
    """Give to the tool the user messages that carry its pictures.

    Chat Completions takes no image in a tool message, so clients send it in a user message right
    after, beside a label. That label is no question, and the picture does not replace the user's.
    """
    before = ""
    for role, run in itertools.groupby(turns, key=lambda turn: turn.role):
        messages = list(run)
        carries = role == "user" and before == "tool" and any(m.content.images for m in messages)
        yield from (replace(m, role="tool") if carries else m for m in messages)
        before = role
