"""An agent that puts the pictures of its input into the store before anything else sees them.

LangGraph writes the input of a run to the checkpointer, and to the trace, before any middleware
runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from langchain_core.messages import BaseMessage, convert_to_messages
from langgraph.pregel import Pregel
from langgraph.types import Command

if TYPE_CHECKING:
    from langchain_gptv.middleware.vision import VisionMiddleware

_Agent = TypeVar("_Agent", bound=Pregel)  # type: ignore[type-arg]


def wrapped(agent: _Agent, middleware: VisionMiddleware) -> _Agent:
    """Return a copy of a compiled agent that stores the pictures of its input."""
    cls = type(agent)
    own = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "vision": middleware}
    storing = type(cls.__name__, (_StoresInput, cls), own)
    copied: _Agent = object.__new__(cast("type[_Agent]", storing))
    vars(copied).update(vars(agent))
    return copied


class _StoresInput:
    """Overrides the two methods that every way of running an agent goes through."""

    vision: VisionMiddleware

    def stream(self, input: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: A002
        messages = _messages(input)
        if messages is not None:
            input = _with_messages(input, self.vision.store_images(messages))  # noqa: A001
        yield from super().stream(input, *args, **kwargs)  # type: ignore[misc]

    async def astream(self, input: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # noqa: A002
        messages = _messages(input)
        if messages is not None:
            stored = await self.vision.astore_images(messages)
            input = _with_messages(input, stored)  # noqa: A001
        async for part in super().astream(input, *args, **kwargs):  # type: ignore[misc]
            yield part


def _messages(given: Any) -> list[BaseMessage] | None:
    """Return the messages of an input, of which there are none when a run is resumed."""
    update = given.update if isinstance(given, Command) else given
    messages = update.get("messages") if isinstance(update, Mapping) else None
    if not messages:
        return None
    return convert_to_messages(messages if isinstance(messages, list) else [messages])


def _with_messages(given: Any, messages: Sequence[BaseMessage]) -> Any:
    if isinstance(given, Command):
        update = {**cast("dict[str, Any]", given.update), "messages": list(messages)}
        return replace(given, update=update)
    return {**given, "messages": list(messages)}
