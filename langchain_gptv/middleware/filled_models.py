"""A chat model that puts pictures in place of references as the last thing before it calls.

References are in what a trace and the LLM cache see; the pictures are in what leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.prompt_values import PromptValue

from langchain_gptv.middleware.references import referenced

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

Fill = Callable[[Sequence[BaseMessage]], list[BaseMessage]]


def filled_model(model: BaseChatModel, fill: Fill) -> BaseChatModel:
    """Return a copy of a model, of a subclass of its class, that calls with filled messages."""
    copied = model.model_copy()
    # Past pydantic, which knows neither as a field.
    object.__setattr__(copied, "__class__", _filled_class(type(model)))
    object.__setattr__(copied, "_fill", fill)
    return copied


@lru_cache(maxsize=64)
def _filled_class(cls: type[BaseChatModel]) -> type[BaseChatModel]:
    """Make the subclass; LangChain streams by what a class overrides, so no more is overridden."""
    streams = (base for base in (_FillsStream, _FillsAsyncStream) if base.suits(cls))
    # By its own name it is still known to traces, to the cache, and to whoever tests for it.
    own = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    return type(cls.__name__, (*streams, _Fills, cls), own)


def _has_reference(model_input: Any) -> bool:
    messages = model_input.to_messages() if isinstance(model_input, PromptValue) else model_input
    return any(
        referenced(block) is not None
        for message in messages
        if isinstance(message, BaseMessage) and isinstance(message.content, list)
        for block in message.content
    )


class _Fills:
    """Overrides the methods that LangChain calls beneath its callbacks and its cache."""

    _fill: Fill

    def _convert_input(self, model_input: LanguageModelInput) -> PromptValue:
        # A model of ours would look for the pictures here, above the trace.
        if isinstance(model_input, list | PromptValue) and _has_reference(model_input):
            return BaseChatModel._convert_input(cast("BaseChatModel", self), model_input)
        return super()._convert_input(model_input)  # type: ignore[misc,no-any-return]

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return super()._generate(self._fill(messages), *args, **kwargs)  # type: ignore[misc,no-any-return]

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        filled = await asyncio.to_thread(self._fill, messages)  # a store may be a disk
        return await super()._agenerate(filled, *args, **kwargs)  # type: ignore[misc,no-any-return]


class _FillsStream:
    _fill: Fill

    @staticmethod
    def suits(cls: type[BaseChatModel]) -> bool:
        return cls._stream is not BaseChatModel._stream

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield from super()._stream(self._fill(messages), *args, **kwargs)  # type: ignore[misc]


class _FillsAsyncStream:
    _fill: Fill

    @staticmethod
    def suits(cls: type[BaseChatModel]) -> bool:
        return cls._astream is not BaseChatModel._astream

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        filled = await asyncio.to_thread(self._fill, messages)
        async for chunk in super()._astream(filled, *args, **kwargs):  # type: ignore[misc]
            yield chunk
