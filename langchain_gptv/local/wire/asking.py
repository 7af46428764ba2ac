"""What a request asks, freed of the API that it came by, and the readers both APIs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from langchain_gptv.local.wire import errors
from langchain_gptv.local.wire.body import Node
from langchain_gptv.local.wire.conversation import Conversation
from langchain_gptv.local.wire.dialect import Dialect
from langchain_gptv.local.wire.schema import read_schema

Output = Literal["text", "json"] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that may be called, and the JSON Schema of its arguments."""

    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question, and how its answer must look.

    Attributes:
        conversation: With the question and the images.
        forced: Functions of which one must be called, in order of preference; none if empty.
        offered: Functions that may be called, when the question names one.
        output: "text", "json" for any JSON object, or a JSON Schema that it must fit.
        max_tokens: Of the answer.
        stop: The answer ends before the first of these.
        instructions: Text outside the conversation; it only counts as input.
    """

    conversation: Conversation
    forced: tuple[Function, ...] = ()
    offered: tuple[Function, ...] = ()
    output: Output = "text"
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    instructions: str = ""


def read_output(form: Node, dialect: Dialect) -> Output:
    """Read `response_format` of Chat Completions or `text.format` of Responses."""
    if not form.given:
        return "text"
    kind = form["type"].one_of("text", "json_object", "json_schema")
    if kind == "json_schema":
        holder = form["json_schema"].required() if dialect.api == "chat" else form
        return read_schema(holder["schema"].required())
    return "json" if kind == "json_object" else "text"


def read_offered(body: Node, dialect: Dialect) -> tuple[Function, ...]:
    """Read which functions may be called: all of them, unless `tool_choice` says otherwise."""
    choice = body["tool_choice"]
    if choice.given and choice.value != "auto":
        return ()
    return tuple(_functions(body["tools"], dialect))


def read_forced(body: Node, dialect: Dialect) -> tuple[Function, ...]:
    """Read which functions `tool_choice` forces; "auto" forces none."""
    functions = {function.name: function for function in _functions(body["tools"], dialect)}
    choice = body["tool_choice"]
    if not choice.given:
        return ()
    if isinstance(choice.value, str):
        if choice.one_of("none", "auto", "required") != "required":
            return ()
        if not functions:
            raise _wrong_choice("'tool_choice' is only allowed when 'tools' are specified")
        return tuple(functions.values())
    choice["type"].one_of("function")
    named = choice["function"].required() if dialect.api == "chat" else choice
    name = named["name"].required().text()
    if name not in functions:
        raise _wrong_choice(f"no function named '{name}' was specified in the 'tools' parameter")
    return (functions[name],)


def read_stop(stop: Node) -> tuple[str, ...]:
    """Read a string or up to four."""
    if not stop.given:
        return ()
    if isinstance(stop.value, str):
        return (stop.value,)
    return tuple(word.text() for word in stop.items())


def refuse(body: Node, parameters: Mapping[str, str]) -> None:
    """Refuse parameters that would change the answer and cannot be honoured.

    Args:
        body: The request.
        parameters: The way out, by the name of the parameter.
    """
    for name, way_out in parameters.items():
        if body[name].value:
            raise errors.unsupported_parameter(name, way_out)


def _functions(tools: Node, dialect: Dialect) -> Iterator[Function]:
    for tool in tools.items() if tools.given else ():
        # Tools that the service itself would run are never called, so they are passed over.
        if tool["type"].required().text() != "function":
            continue
        spec = tool["function"].required() if dialect.api == "chat" else tool
        parameters = spec["parameters"]
        yield Function(
            spec["name"].required().text(), read_schema(parameters) if parameters.given else {}
        )


def _wrong_choice(fault: str) -> errors.WireError:
    return errors.request_error(
        f"Invalid value for 'tool_choice': {fault}.", param="tool_choice", code="invalid_value"
    )
