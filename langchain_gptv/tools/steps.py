"""One core for sync and async: a capability is a generator that yields its questions to the model.

All between two questions (files, pixels, the store) is plain code; the async driver runs it in a
thread and awaits the model alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ValidationError

from langchain_gptv.exceptions import ReplyError
from langchain_gptv.messages import image_block
from langchain_gptv.vision.costs import estimate_cost

_T = TypeVar("_T")
_Value = TypeVar("_Value", bound=BaseModel)


@dataclass(frozen=True)
class ModelCall:
    """One call of the model.

    Attributes:
        messages: What it is shown.
        schema: What the answer must be an object of; None takes text.
    """

    messages: tuple[BaseMessage, ...]
    schema: type[BaseModel] | None = None


Steps: TypeAlias = Generator[ModelCall, AIMessage, _T]
"""Yields calls of the model, is sent its answers, and returns a result."""


class Usage(BaseModel):
    """What the calls of a capability took, as the service reported it.

    Attributes:
        calls: Of the model.
        input_tokens: Text and images; None when a call did not report it.
        output_tokens: None when a call did not report it.
        cost_usd: Estimated; None when a price is not known.
    """

    calls: int = 0
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    cost_usd: Decimal | None = Decimal(0)

    @classmethod
    def of(cls, message: AIMessage) -> Usage:
        """Return what one answer took."""
        usage = message.usage_metadata
        if usage is None:
            return cls(calls=1, input_tokens=None, output_tokens=None, cost_usd=None)
        tokens = usage["input_tokens"], usage["output_tokens"]
        model = message.response_metadata.get("model_name")
        cost = estimate_cost(*tokens, model=model) if model else None
        return cls(calls=1, input_tokens=tokens[0], output_tokens=tokens[1], cost_usd=cost)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
            cost_usd=_sum(self.cost_usd, other.cost_usd),
        )


@dataclass(frozen=True)
class Reply(Generic[_T]):
    """An answer: text or an object, and what it took."""

    value: _T
    usage: Usage


def ask_text(*parts: Any) -> Steps[Reply[str]]:
    """Ask for text about images.

    Args:
        parts: In the order they are shown: strings, and whatever `image_block` takes.
    """
    answer = yield ModelCall((_message(parts),))
    return Reply(str(answer.text), Usage.of(answer))


def ask_object(schema: type[_Value], *parts: Any) -> Steps[Reply[_Value]]:
    """Ask for an object of a class; an answer that is none is asked for once more.

    Args:
        schema: The class; its docstring and field descriptions are read by the model.
        parts: As in `ask_text`.

    Raises:
        ReplyError: The second answer is none either; it carries the reply.
    """
    messages: tuple[BaseMessage, ...] = (_message(parts),)
    answer = yield ModelCall(messages, schema)
    usage = Usage.of(answer)
    try:
        return Reply(_parsed(answer, schema), usage)
    except ValidationError as error:
        # The reply stays in its own turn: in one of the user, words of a picture would be ours.
        wish = f"That {_problem(error, schema)} Answer with the JSON object alone."
        said = _said(answer)
        messages = (*messages, AIMessage(said or "(nothing)"), HumanMessage(wish))
    answer = yield ModelCall(messages, schema)
    try:
        return Reply(_parsed(answer, schema), usage + Usage.of(answer))
    except ValidationError as error:
        said = _said(answer)
        told = f"The reply {said[:200]!r} {_problem(error, schema)}"
        raise ReplyError(told, reply=said) from None


@dataclass(frozen=True)
class Model:
    """A chat model as the steps ask it.

    Attributes:
        llm: Any chat model that takes images.
        structured_output: False asks for JSON in the text, for models that have neither tools nor
            structured output.
    """

    llm: BaseChatModel | None
    structured_output: bool = True

    def answer(self, call: ModelCall) -> AIMessage:
        """Ask, and return the message."""
        runnable, messages = self._prepared(call)
        return _message_of(runnable.invoke(messages))

    async def aanswer(self, call: ModelCall) -> AIMessage:
        """Ask without blocking the event loop; otherwise as `answer`."""
        runnable, messages = await asyncio.to_thread(self._prepared, call)
        return _message_of(await runnable.ainvoke(messages))

    def _prepared(self, call: ModelCall) -> tuple[Runnable[Any, Any], list[BaseMessage]]:
        if self.llm is None:
            raise ReplyError("There is no model to ask. Pass llm=... to the tool.", reply="")
        if call.schema is None:
            return self.llm, list(call.messages)
        if self.structured_output:
            try:
                schema = _json_schema(call.schema)
                return self.llm.with_structured_output(schema, include_raw=True), [*call.messages]
            except NotImplementedError:
                pass
        return self.llm, _with_schema(call)


def run_steps(steps: Steps[_T], model: Model) -> _T:
    """Run a capability to its end."""
    step = _advance(steps, None)
    while isinstance(step, ModelCall):
        step = _advance(steps, model.answer(step))
    return step.result


async def arun_steps(steps: Steps[_T], model: Model) -> _T:
    """Run a capability without blocking the event loop."""
    step = await asyncio.to_thread(_advance, steps, None)
    while isinstance(step, ModelCall):
        answer = await model.aanswer(step)
        step = await asyncio.to_thread(_advance, steps, answer)
    return step.result


@dataclass(frozen=True)
class _Done(Generic[_T]):
    result: _T


def _advance(steps: Steps[_T], answer: AIMessage | None) -> ModelCall | _Done[_T]:
    # A StopIteration cannot leave a thread.
    try:
        return steps.send(answer)  # type: ignore[arg-type]
    except StopIteration as stop:
        return _Done(stop.value)


def _message(parts: Sequence[Any]) -> HumanMessage:
    blocks: list[str | dict[Any, Any]] = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else part
        if isinstance(part, dict)
        else image_block(part)
        for part in parts
    ]
    return HumanMessage(blocks)


def _json_schema(schema: type[BaseModel]) -> dict[str, Any]:
    described = schema.model_json_schema()
    return {"title": schema.__name__, "description": schema.__doc__ or schema.__name__, **described}


def _with_schema(call: ModelCall) -> list[BaseMessage]:
    first, *rest = call.messages
    schema = json.dumps(_json_schema(call.schema) if call.schema else {})
    wish = f"Answer with one JSON object and nothing else. It must fit this JSON Schema: {schema}"
    asked = {"type": "text", "text": wish}
    return [first.model_copy(update={"content": [*first.content, asked]}), *rest]


def _message_of(output: Any) -> AIMessage:
    message = output["raw"] if isinstance(output, Mapping) else output
    if not isinstance(message, AIMessage):
        raise ReplyError(f"The model answered a {type(message).__name__}, no message.", reply="")
    return message


def _parsed(answer: AIMessage, schema: type[_Value]) -> _Value:
    if answer.tool_calls:
        return schema.model_validate(answer.tool_calls[0]["args"])
    return schema.model_validate_json(_json_part(_said(answer)))


def _problem(error: ValidationError, schema: type[BaseModel]) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    problem = f"{where}: {first['msg']}" if where else first["msg"]
    return f"is no {schema.__name__} ({problem})."


def _said(answer: AIMessage) -> str:
    if answer.tool_calls:
        return json.dumps(answer.tool_calls[0]["args"])
    return str(answer.text or answer.additional_kwargs.get("refusal") or "")


def _json_part(text: str) -> str:
    """Return what lies between the outer braces: models wrap JSON in fences and sentences."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


_Number = TypeVar("_Number", int, Decimal)


def _sum(one: _Number | None, other: _Number | None) -> _Number | None:
    return None if one is None or other is None else one + other
