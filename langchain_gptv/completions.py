"""Plain Chat Completions calls: a dict goes out and dicts come back.

langchain-openai's chat models hand `client.chat.completions` a plain payload and accept plain
dicts. In between, `create` walks the payload along its types, and builds models of the answer that
are dumped to dicts at once. The classes here leave that out, and nothing else: they call the same
client's `post`, so that retries, keys and tokens, Azure's paths, timeouts, headers, errors and the
rules of event streams stay the client's own. What they do not do, its own resource does.
"""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from inspect import signature
from typing import Any
from uuid import uuid4

import openai
import orjson
import pydantic
from openai.resources.chat import Completions
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from openai.types.chat.chat_completion import Choice, ChoiceLogprobs
from openai.types.completion_usage import CompletionTokensDetails, PromptTokensDetails

from langchain_gptv.azure_wire import Generation, path_for

_PATH = "/chat/completions"
_RAW = {"X-Stainless-Raw-Response": "true"}
"""Has the client return the response unparsed; its own `with_raw_response` sends it too."""

_OPTIONS = {
    "extra_headers": "headers",
    "extra_query": "params",
    "extra_body": "extra_json",
    "timeout": "timeout",
}
"""The arguments of `create` that are no part of the body, as `post` calls them."""

_REQUIRED = {"messages", "model"}
_KNOWN = signature(Completions.create).parameters.keys() - {"self", "response_format"}
_JSON = (str, int, float, list, dict, type(None))

_LONG = 16_384
"""Characters from which a string is encoded apart from the rest of the body."""

_SLICE = 262_144
"""Characters encoded at a time: few enough to stay in the CPU's cache, and to hold nobody up."""

_STREAMED = 1_048_576
"""Bytes from which an async body is encoded while it is sent."""

_MARK = uuid4().hex
"""Stands for a long string while the rest is encoded. Nobody outside the process knows it."""

_Model = type[openai.BaseModel]

_NESTED: dict[_Model, dict[str, _Model]] = {
    ChatCompletion: {"choices": Choice, "usage": CompletionUsage},
    Choice: {"message": ChatCompletionMessage, "logprobs": ChoiceLogprobs},
    CompletionUsage: {
        "completion_tokens_details": CompletionTokensDetails,
        "prompt_tokens_details": PromptTokensDetails,
    },
}
_NONES = {
    model: dict.fromkeys(model.model_fields)
    for model in [*_NESTED, *(inner for fields in _NESTED.values() for inner in fields.values())]
}


class _Completions:
    """What both classes share; they differ in how a stream is read and a large body is sent."""

    _stream_class: Any

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        # Not `self._client`: copying asks for names before there is one.
        return getattr(object.__getattribute__(self, "_client").chat.completions, name)

    @property
    def with_raw_response(self) -> _RawCompletions:
        """The calls that return the whole response, headers and all."""
        return _RawCompletions(self)

    def create(self, **payload: Any) -> Any:
        """Stream dicts; without `stream=True` this is the client's own `create`.

        Args:
            payload: As for the client's own `create`.
        """
        if payload.get("stream") and _is_plain(payload):
            return self._post(payload, {})
        return self._client.chat.completions.create(**payload)

    def _post(self, payload: dict[str, Any], headers: dict[str, str]) -> Any:
        options = {
            option: payload[name]
            for name, option in _OPTIONS.items()
            if name in payload and (payload[name] is not None or name == "timeout")
        }
        options["headers"] = {**options.get("headers", {}), **headers}
        options["security"] = {"bearer_auth": True}
        body = {name: value for name, value in payload.items() if name not in _OPTIONS}
        return self._client.post(
            **self._request(body, options),
            cast_to=_Plain,
            stream=bool(payload.get("stream")),
            stream_cls=self._stream_class,
        )

    def _request(self, body: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of `post` that say what is sent, and where."""
        long_strings: list[str] = []
        document = {**body, **options.get("extra_json", {})}
        document["messages"] = _lift(document["messages"], long_strings)
        if not long_strings:
            return {"path": self._path(document, _PATH), "body": body, "options": options}
        options.pop("extra_json", None)
        content = self._content(_Body(document, long_strings), options["headers"])
        return {"path": self._path(document), "content": content, "options": options}

    def _path(self, document: dict[str, Any], own: str | None = None) -> str:
        """Return the path, or all of the URL where the client would put it together wrongly.

        Args:
            document: The whole body.
            own: The path where the client can take Azure's deployment from the body itself.
        """
        client = self._client
        if not isinstance(client, openai.AzureOpenAI | openai.AsyncAzureOpenAI):
            return _PATH
        generation = Generation.of(str(client.default_query.get("api-version")))
        path = path_for(generation, document, client.base_url.path)
        if "/extensions" in path:
            # The client knows the paths of deployments by a list, and this one is not on it.
            return str(client.base_url).rstrip("/") + path
        return own or path

    def _content(self, body: _Body, headers: dict[str, str]) -> Any:
        return body.read()


class PlainCompletions(_Completions):
    """Stands in for `client.chat.completions`.

    Args:
        client: The client whose `post` makes the calls.

    Example:
        >>> from langchain_gptv import ChatGPTV
        >>> completions = PlainCompletions(ChatGPTV(model="gptv-local").root_client)
        >>> messages = [{"role": "user", "content": "Hi"}]
        >>> answer = completions.with_raw_response.create(model="gptv-local", messages=messages)
        >>> answer.parse()["choices"][0]["finish_reason"]
        'stop'
    """

    _stream_class = openai.Stream[object]


class AsyncPlainCompletions(_Completions):
    """The same for the `chat.completions` of an async client: its calls are awaited."""

    _stream_class = openai.AsyncStream[object]

    def _content(self, body: _Body, headers: dict[str, str]) -> Any:
        length = sum(map(len, body.slices()))
        if length < _STREAMED:
            return body.read()
        headers["Content-Length"] = str(length)
        return body


class _RawCompletions:
    def __init__(self, completions: _Completions) -> None:
        self._completions = completions

    def __getattr__(self, name: str) -> Any:
        client = object.__getattribute__(self, "_completions")._client
        return getattr(client.chat.completions.with_raw_response, name)

    def create(self, **payload: Any) -> Any:
        """Return a response; its `parse` gives a dict, or a stream of dicts."""
        if _is_plain(payload):
            return self._completions._post(payload, _RAW)
        return self._completions._client.chat.completions.with_raw_response.create(**payload)


def use_plain_completions(model: Any) -> None:
    """Let a chat model of langchain-openai call plainly; a user's own `client` is left alone.

    So `client=openai.OpenAI().chat.completions` is the way back, such as for a tracer that patches
    the client's `create`.

    Args:
        model: The chat model, whose `client` and `async_client` are replaced.
    """
    root, async_root = model.root_client, model.root_async_client
    if root is not None and model.client is root.chat.completions:
        model.client = PlainCompletions(root)
    if async_root is not None and model.async_client is async_root.chat.completions:
        model.async_client = AsyncPlainCompletions(async_root)


class _Plain(openai.BaseModel):
    """As a type to cast to, asks the client for the JSON of an answer instead of a model."""

    @classmethod
    def build(cls, *, response: object, data: Any) -> Any:
        """Return the answer with the fields that a dump of the client's models would have."""
        return _filled(data, ChatCompletion) if isinstance(data, dict) else data


def _filled(value: Any, model: _Model) -> Any:
    if isinstance(value, list):
        return [_filled(item, model) for item in value]
    if not isinstance(value, dict):
        return value
    filled = {**_NONES[model], **value}
    for name, inner in _NESTED.get(model, {}).items():
        filled[name] = _filled(filled[name], inner)
    return filled


def _is_plain(payload: dict[str, Any]) -> bool:
    """Whether the client's own `create` would send just this, and raise nothing."""
    return _REQUIRED <= payload.keys() <= _KNOWN and all(
        isinstance(value, _JSON) for name, value in payload.items() if name not in _OPTIONS
    )


class _Body:
    """A JSON document with long strings, encoded slice by slice.

    So an image of 20 MB holds nobody up, and need not be copied as a whole. `seek` and its like
    tell the client that it can be sent again: each reading starts at the beginning anyway.
    """

    def __init__(self, document: dict[str, Any], long_strings: list[str]) -> None:
        given = {key: item for key, item in document.items() if not isinstance(item, openai.Omit)}
        self._parts = _encode(given).split(_MARK.encode())
        self._long_strings = long_strings

    def slices(self) -> Iterator[bytes]:
        """Yield the document."""
        for part, text in zip(self._parts, self._long_strings, strict=False):
            yield part
            for start in range(0, len(text), _SLICE):
                yield orjson.dumps(text[start : start + _SLICE])[1:-1]
        yield self._parts[-1]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for data in self.slices():
            yield data

    def read(self) -> bytes:
        """Return the whole document."""
        # Unlike b"".join, which needs all slices at once beside the result.
        buffer = io.BytesIO()
        buffer.writelines(self.slices())
        return buffer.getvalue()

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def seek(self, position: int) -> None:
        pass


def _lift(value: Any, long_strings: list[str]) -> Any:
    """Return the value with a mark for each long string, and add those to the list."""
    if isinstance(value, str) and len(value) >= _LONG:
        long_strings.append(value)
        return _MARK
    if isinstance(value, dict):
        return {key: _lift(item, long_strings) for key, item in value.items()}
    if isinstance(value, list):
        return [_lift(item, long_strings) for item in value]
    return value


def _encode(document: dict[str, Any]) -> bytes:
    """Encode a document as the client does."""
    return json.dumps(
        document, default=_to_json, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def _to_json(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(exclude_unset=True, mode="json", by_alias=True)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
