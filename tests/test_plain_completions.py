"""The short way of plain calls gives what langchain-openai's own way gives, and sends the same.

One transport is under both: a `ChatOpenAI` or `AzureChatOpenAI` as it is, and one that calls
plainly. Only the HTTP transport is replaced.
"""

import asyncio
import base64
import copy
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import openai
import pytest
from conftest import SHARED
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import OpenAIConnectionError, OpenAITimeoutError
from pydantic import BaseModel

from langchain_gptv import AzureChatGPTV, ChatGPTV
from langchain_gptv.completions import (
    AsyncPlainCompletions,
    PlainCompletions,
    use_plain_completions,
)

RECORDINGS = SHARED / "recordings"
MODES = ("invoke", "ainvoke", "stream", "astream")
AZURE = {"azure_endpoint": "https://x.openai.azure.com", "api_version": "2025-01-01"}
QUESTION = "What is the total?"
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}

Handler = Callable[[httpx2.Request], httpx2.Response]


def completion(content: str = "12.50", **fields) -> dict:
    """Return a Chat Completions answer with nothing that is optional."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop", **fields}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }


def chunk(content: str) -> dict:
    """Return one chunk of a stream."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": content}}
    return {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def sse(*events: dict | str) -> bytes:
    """Return events as a stream sends them."""
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"data: {text}\n\n" for text in texts).encode()


STREAM = sse(chunk("12"), chunk(".50"), {**chunk(""), "choices": [], "usage": USAGE}, "[DONE]")


def event_stream(content) -> httpx2.Response:
    """Answer with a stream."""
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=content)


def answer(request: httpx2.Request) -> httpx2.Response:
    """Answer as asked: whole, or as a stream."""
    if json.loads(request.content).get("stream"):
        return event_stream(STREAM)
    return httpx2.Response(200, json={**completion(), "usage": USAGE})


class Exchange:
    """A handler for both transports that remembers what was sent.

    Args:
        handlers: Answer one request each; the last one goes on answering.
    """

    def __init__(self, *handlers: Handler) -> None:
        self.handlers = handlers
        self.requests: list[httpx2.Request] = []

    def _next(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self.handlers[min(len(self.requests), len(self.handlers)) - 1](request)

    def sync(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        return self._next(request)

    async def async_(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        return self._next(request)

    def clients(self) -> dict:
        """Return the arguments that put it under a chat model."""
        return {
            "http_client": httpx2.Client(transport=httpx2.MockTransport(self.sync)),
            "http_async_client": httpx2.AsyncClient(transport=httpx2.MockTransport(self.async_)),
        }

    def sent(self) -> list[tuple]:
        """Return what left: method, URL, headers, body, time-out."""
        return [
            (r.method, str(r.url), dict(r.headers), json.loads(r.content), r.extensions["timeout"])
            for r in self.requests
        ]


def make(cls: type, *handlers: Handler, **arguments) -> tuple:
    """Return a chat model and the exchange under it."""
    exchange = Exchange(*handlers)
    if issubclass(cls, AzureChatOpenAI):
        arguments = {**AZURE, **arguments}
    if "azure_ad_token_provider" not in arguments:
        arguments = {"api_key": "none", **arguments}
    if "azure_deployment" not in arguments:
        arguments = {"model": "gpt-4o", **arguments}
    return cls(**{"max_retries": 0, **arguments, **exchange.clients()}), exchange


def make_plain(cls: type, *handlers: Handler, **arguments) -> tuple:
    """Return the same, but that it calls plainly."""
    model, exchange = make(cls, *handlers, **arguments)
    use_plain_completions(model)
    return model, exchange


async def ask(chat, mode: str, messages=QUESTION, settings: dict | None = None) -> list[dict]:
    """Return the message, or each chunk, as plain data."""
    settings = settings or {}
    match mode:
        case "invoke":
            answers = [chat.invoke(messages, **settings)]
        case "ainvoke":
            answers = [await chat.ainvoke(messages, **settings)]
        case "stream":
            answers = list(chat.stream(messages, **settings))
        case _:
            answers = [part async for part in chat.astream(messages, **settings)]
    return list(map(plain, answers))


def plain(message: BaseMessage) -> dict:
    """Return a message as data, without the number of the run and an empty refusal."""
    data = {**message.model_dump(), "id": None}
    if data["additional_kwargs"].get("refusal", "") is None:
        # Added by ChatGPTV, for which there is a test of its own.
        del data["additional_kwargs"]["refusal"]
    return data


async def outcome(chat, mode: str, messages=QUESTION, settings: dict | None = None) -> object:
    """Return the answer, or the error as type, text and body."""
    try:
        return await ask(chat, mode, messages, settings)
    except Exception as error:
        return type(error), str(error), getattr(error, "body", None)


async def assert_same(
    mode: str, *handlers: Handler, cls=ChatOpenAI, messages=QUESTION, settings=None, **arguments
):
    """Assert that both ways give the same and send the same; return the outcome and the requests.

    Args:
        mode: Of `MODES`.
        handlers: As for `Exchange`.
        cls: The chat model.
        messages: What is asked.
        settings: Arguments of the call.
        arguments: Of the chat model.
    """
    both = []
    for build in (make, make_plain):
        model, exchange = build(cls, *handlers, **arguments)
        result = await outcome(model, mode, messages, settings)
        both.append((result, exchange.sent()))
    theirs, ours = both
    assert ours == theirs
    return ours[0], exchange.requests


# What real services answered


def recordings(*, stream: bool | None = None) -> list:
    """Return the recorded Chat Completions exchanges, as parameters."""
    if not RECORDINGS.is_dir():
        return []
    found = [json.loads(path.read_text()) for path in sorted(RECORDINGS.glob("[0-9]*.json"))]
    return [
        pytest.param(recording, id=recording["id"])
        for recording in found
        if "/chat/completions" in recording["request"]["url"]
        and (stream is None or bool(recording["request"]["body"].get("stream")) == stream)
    ]


def service_of(recording: dict) -> dict:
    """Return the class that speaks to the recorded service, and its arguments."""
    url = urlsplit(recording["request"]["url"])
    if "/deployments/" not in url.path:
        return {"cls": ChatOpenAI, "base_url": f"https://{url.netloc}/v1"}
    version = parse_qs(url.query)["api-version"][0]
    deployment = url.path.split("/deployments/")[1].split("/")[0]
    return {"cls": AzureChatOpenAI, "azure_deployment": deployment, "api_version": version}


def replay(recording: dict) -> Handler:
    """Answer as the service did."""
    response = recording["response"]
    body = response.get("body", response.get("sse", response.get("text", "")))
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    dropped = ("content-length", "content-encoding", "transfer-encoding")
    headers = {k: v for k, v in response["headers"].items() if k.lower() not in dropped}
    return lambda request: httpx2.Response(response["status"], headers=headers, content=content)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("recording", recordings())
async def test_a_recorded_answer_gives_the_same_message(recording, mode):
    """Message, metadata, chunks or error are those of langchain-openai, for what services sent."""
    failed = recording["response"]["status"] != 200
    streamed = "sse" in recording["response"]
    if not failed and streamed != ("stream" in mode):
        pytest.skip("recorded the other way")
    result, _ = await assert_same(mode, replay(recording), **service_of(recording))
    assert isinstance(result, tuple) == failed


def recorded_messages(recording: dict) -> list[dict]:
    """Return the recorded messages with their images."""
    text = json.dumps(recording["request"]["body"]["messages"])
    for path in (RECORDINGS / "images").iterdir():
        if f"@file:images/{path.name}" in text:
            data = base64.b64encode(path.read_bytes()).decode()
            text = text.replace(f"@file:images/{path.name}", data)
    return json.loads(text)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("recording", recordings())
async def test_a_recorded_request_leaves_the_same(recording, is_async):
    """A recorded body, images and all, leaves as from the client's `create`, with its headers."""
    body = {"model": "m", **recording["request"]["body"]}
    body["messages"] = recorded_messages(recording)
    body.pop("response_format", None)
    sent = []
    for build in (make, make_plain):
        service = service_of(recording)
        chat, exchange = build(service.pop("cls"), answer, **service)
        if is_async:
            await chat.async_client.with_raw_response.create(**body)
        else:
            chat.client.with_raw_response.create(**body)
        sent.append(exchange.sent())
    assert sent[1] == sent[0]
    assert len(sent[0]) == 1


# What goes wrong, or only looks as if


def assert_is_error(result: object, error: type, text: str) -> None:
    """Assert that an outcome is this error."""
    assert isinstance(result, tuple)
    assert issubclass(result[0], error)
    assert text in result[1]


def failing(status: int, **headers: str) -> Handler:
    """Return a handler that refuses."""
    error = {"error": {"message": "Not now.", "type": "server_error"}}
    return lambda request: httpx2.Response(status, headers=headers, json=error)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
async def test_it_tries_again(mode, status):
    """What the client retries is retried, as often, and its second request says so."""
    refusal = failing(status, **{"retry-after-ms": "1"})
    result, requests = await assert_same(mode, refusal, refusal, answer, max_retries=2)
    assert [r.headers["x-stainless-retry-count"] for r in requests] == ["0", "1", "2"]
    assert isinstance(result, list)


@pytest.mark.parametrize("mode", MODES)
async def test_it_waits_as_long_as_the_service_asks(mode):
    """`Retry-After` replaces the client's own half second."""
    chat, exchange = make_plain(ChatOpenAI, failing(429, **{"retry-after": "0.05"}), answer)
    chat.root_client.max_retries = chat.root_async_client.max_retries = 1
    start = time.perf_counter()
    await ask(chat, mode)
    assert 0.05 <= time.perf_counter() - start < 0.35
    assert len(exchange.requests) == 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
async def test_an_error_is_the_same_error(mode, status):
    """Status, class, text and body of an error are langchain-openai's."""
    result, requests = await assert_same(mode, failing(status))
    assert_is_error(result, openai.APIStatusError, f"{status} - Not now.")
    assert len(requests) == 1


@pytest.mark.parametrize("mode", MODES)
async def test_a_prompt_that_is_too_long_is_known_as_such(mode):
    """langchain-openai still finds out what kind of bad request it is."""
    error = {"error": {"message": "prompt is too long", "code": "context_length_exceeded"}}
    result, _ = await assert_same(mode, lambda request: httpx2.Response(400, json=error))
    assert result[0].__name__ == "OpenAIContextOverflowError"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("cause", "error", "text"),
    [
        (httpx2.ReadTimeout("slow"), OpenAITimeoutError, "timed out"),
        (httpx2.ConnectError("gone"), OpenAIConnectionError, "Connection error"),
    ],
    ids=["timeout", "connection"],
)
async def test_a_broken_connection_is_the_same_error(mode, cause, error, text):
    """Time-outs and lost connections are retried, then raised as langchain-openai's errors."""

    def broken(request):
        raise cause

    result, requests = await assert_same(mode, broken)
    assert_is_error(result, error, text)
    assert len(requests) == 1


class Broken(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A stream that gives two chunks, then breaks, or waits for ever."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.hangs = hangs
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield sse(chunk("12"))
        yield sse(chunk(".50"))
        raise httpx2.RemoteProtocolError("cut")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield sse(chunk("12"))
        yield sse(chunk(".50"))
        if self.hangs:
            await asyncio.sleep(60)
        raise httpx2.RemoteProtocolError("cut")

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def streaming(stream: Broken) -> Handler:
    """Return a handler that answers with a stream as it comes."""
    headers = {"content-type": "text/event-stream"}
    return lambda request: httpx2.Response(200, headers=headers, stream=stream)


@pytest.mark.parametrize("mode", ["stream", "astream"])
async def test_a_stream_that_is_cut_is_an_error(mode):
    """The client's connection error is raised."""
    result, _ = await assert_same(mode, lambda request: streaming(Broken())(request))
    assert_is_error(result, OpenAIConnectionError, "Connection error")


def test_what_came_before_the_cut_is_there():
    """Chunks are given out as they come, not when the stream has ended."""
    chat, _ = make_plain(ChatOpenAI, streaming(Broken()))
    texts = []
    with pytest.raises(OpenAIConnectionError, match="Connection error"):
        texts.extend(part.text for part in chat.stream(QUESTION))
    assert texts == ["12", ".50"]


@pytest.mark.parametrize("hangs", [False, True], ids=["left", "cancelled"])
async def test_a_stream_that_is_left_is_closed(hangs):
    """Leaving an async stream early, or cancelling its task, closes the response."""
    stream = Broken(hangs=hangs)
    chat, _ = make_plain(ChatOpenAI, streaming(stream))
    texts = []

    async def read() -> None:
        async for part in chat.astream(QUESTION):
            texts.append(part.text)
            if not hangs and len(texts) == 2:
                break

    task = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert texts == ["12", ".50"]
    assert stream.closed


def test_a_sync_stream_that_is_left_is_closed():
    """Leaving a stream early closes the response."""
    stream = Broken()
    chat, _ = make_plain(ChatOpenAI, streaming(stream))
    parts = chat.stream(QUESTION)
    assert next(parts).text == "12"
    assert not stream.closed
    parts.close()
    assert stream.closed


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("error", [{"message": "Overloaded."}, {"code": 1}, "bad"], ids=str)
async def test_an_error_in_a_stream_is_raised(mode, error):
    """An error event ends the stream with the client's own error."""
    content = sse(chunk("12"), {"error": error})
    result, _ = await assert_same(mode, lambda request: event_stream(content))
    assert_is_error(result, openai.APIError, "Overloaded." if "message" in error else "An error")


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize(
    "content",
    [
        STREAM.replace(b"\n", b"\r\n"),
        STREAM.replace(b"\n", b"\r"),
        b": keep-alive\n\n" + STREAM,
        b"event: chunk\nid: 7\nretry: 10\n" + STREAM,
        STREAM.replace(b'{"id"', b'{\ndata: "id"'),
        STREAM.replace(b"data: ", b"data:"),
        STREAM.partition(b"data: [DONE]")[0],
        STREAM + sse(chunk("after the end")),
        sse(chunk("é€😀\u2028"), "[DONE]"),
        b"",
        sse(chunk("12")) + b"data: {broken\n\n",
        sse("7"),
    ],
    ids=[
        *("crlf", "cr", "comment", "fields", "two lines", "no space", "no end", "after the end"),
        *("unicode", "empty", "bad JSON", "no object"),
    ],
)
async def test_event_streams_are_read_by_the_same_rules(mode, content):
    """Line ends, comments, fields and bad data of a stream give what langchain-openai gives."""
    pieces = [content[i : i + 7] for i in range(0, len(content), 7)]
    for whole in (content, pieces):
        await assert_same(mode, lambda request, whole=whole: event_stream(_body(mode, whole)))


def _body(mode: str, content: bytes | list[bytes]) -> object:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in content:
            yield piece

    if isinstance(content, bytes):
        return content
    return pieces() if mode == "astream" else iter(content)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize(
    ("kind", "content", "error"),
    [
        ("text/html", b"<html>Log in</html>", ValueError),
        ("application/json", b"<html>Log in</html>", ValueError),
        ("application/json", b"null", ValueError),
        ("application/json", b"[]", ValueError),
        ("application/json", b"{}", TypeError),
        ("application/json", b'{"error": "no"}', ValueError),
        ("application/json", b'{"choices": null}', TypeError),
        ("application/json", b'{"choices": []}', None),
        ("text/plain", json.dumps(completion()).encode(), None),
        ("application/json; charset=utf-8", json.dumps(completion()).encode(), None),
    ],
)
async def test_a_body_that_is_no_answer_is_the_same_error(mode, kind, content, error):
    """A log-in page, `null` or an error with status 200 is told as langchain-openai tells it."""
    headers = {"content-type": kind}
    result, _ = await assert_same(
        mode, lambda request: httpx2.Response(200, headers=headers, content=content)
    )
    assert isinstance(result, tuple) == (error is not None or content == b'{"choices": []}')
    if error is not None:
        assert issubclass(result[0], error)


LOGPROBS = {"content": [{"token": "12", "logprob": -0.1, "bytes": [49], "top_logprobs": []}]}
DETAILS = {**USAGE, "completion_tokens_details": {"reasoning_tokens": 2}}


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize("cls", [ChatOpenAI, AzureChatOpenAI])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"usage": USAGE},
        {"usage": DETAILS},
        {"usage": None, "service_tier": "flex", "system_fingerprint": "fp"},
        {"choices": [{**completion()["choices"][0], "logprobs": LOGPROBS}]},
        {"choices": completion()["choices"] * 2},
    ],
    ids=["least", "usage", "details", "tier", "logprobs", "two choices"],
)
async def test_metadata_is_complete(cls, mode, fields):
    """What an answer leaves out stands in the metadata as with the client's own models."""
    response = {**completion(), **fields}
    result, _ = await assert_same(
        mode, lambda request: httpx2.Response(200, json=response), cls=cls
    )
    assert result[0]["response_metadata"]["finish_reason"] == "stop"


# What a call can say


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "settings",
    [
        {"extra_body": {"top_k": 5, "n": 2, "user": openai.Omit()}, "user": "me"},
        {"extra_headers": {"X-Mine": "1", "User-Agent": openai.Omit()}},
        {"extra_query": {"debug": "yes"}},
        {"timeout": 3.5},
        {"timeout": None},
        {"timeout": httpx2.Timeout(2, read=9)},
        {"timeout": openai.NOT_GIVEN, "user": openai.NOT_GIVEN, "seed": openai.Omit()},
        {"stop": ["."], "logit_bias": {"12": 1}, "max_completion_tokens": 5, "seed": None},
        {"stop": (".",)},
        {"extra_headers": None, "extra_body": None, "extra_query": None},
        {"nonsense": 1},
        {"temperature": float("nan")},
    ],
    ids=lambda settings: "-".join(settings),
)
@pytest.mark.parametrize("size", ["small", "large"])
async def test_settings_reach_the_wire(mode, settings, size):
    """Body, headers, query and time-out of a call leave as before, with a large image or none."""
    url = f"data:image/png;base64,{'A' * (20 if size == 'small' else 2_000_000)}"
    content = [{"type": "image_url", "image_url": {"url": url}}]
    messages = [{"role": "user", "content": content}]
    result, requests = await assert_same(mode, answer, messages=messages, settings=settings)
    if "nonsense" in settings:
        assert_is_error(result, TypeError, "unexpected keyword argument 'nonsense'")
    elif "temperature" in settings:
        assert_is_error(result, ValueError, "not JSON compliant")
    else:
        assert len(requests) == 1


NASTY = ['"', "\\", "\n", "\x00\x1f\x7f", "é", "\u2028", "😀", "</script>", "%", "\ufeff"]


@pytest.mark.parametrize("text", [*NASTY, "".join(NASTY)], ids=ascii)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_a_long_text_is_encoded_as_the_client_encodes(text, is_async):
    """Whatever is in a long string, the body is the client's byte for byte."""
    messages = [{"role": "user", "content": "a" * 262_140 + text * 120_000}, {"content": text}]
    contents = []
    for build in (make, make_plain):
        chat, exchange = build(ChatOpenAI, answer)
        # In the order in which the client's own `create` sends them.
        arguments = {"model": "m", "messages": messages, "user": text}
        if is_async:
            await chat.async_client.with_raw_response.create(**arguments)
        else:
            chat.client.with_raw_response.create(**arguments)
        contents.append(exchange.requests[0].content)
    assert contents[1] == contents[0]


class Pieces(httpx2.AsyncBaseTransport):
    """Takes a body as it comes: fails, sends elsewhere, then answers."""

    def __init__(self) -> None:
        self.bodies: list[list[bytes]] = []
        self.headers: list[httpx2.Headers] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.headers.append(request.headers)
        self.bodies.append([piece async for piece in request.stream])
        match len(self.bodies):
            case 1:
                return failing(500, **{"retry-after-ms": "1"})(request)
            case 2:
                return httpx2.Response(307, headers={"location": "https://elsewhere.test/v1"})
            case _:
                return httpx2.Response(200, json=completion())


async def test_a_large_async_body_is_sent_in_pieces_and_again():
    """It leaves in pieces, with its length, and whole when tried again or sent elsewhere."""
    transport = Pieces()
    client = httpx2.AsyncClient(transport=transport, follow_redirects=True)
    chat = ChatOpenAI(model="m", api_key="none", http_async_client=client, max_retries=1)
    use_plain_completions(chat)
    url = f"data:image/png;base64,{'A' * 3_000_000}"
    content = [{"type": "image_url", "image_url": {"url": url}}]
    await chat.ainvoke([{"role": "user", "content": content}])
    first, second, third = transport.bodies
    assert len(first) > 10
    assert max(map(len, first)) < 300_000
    assert first == second == third
    assert json.loads(b"".join(first))["messages"][0]["content"] == content
    for headers in transport.headers:
        assert int(headers["content-length"]) == sum(map(len, first))
        assert "transfer-encoding" not in headers


async def test_a_large_sync_body_is_sent_again():
    """A retry sends the whole body once more."""
    messages = [{"role": "user", "content": "a" * 2_000_000}]
    refusal = failing(500, **{"retry-after-ms": "1"})
    _, requests = await assert_same("invoke", refusal, answer, messages=messages, max_retries=1)
    assert requests[0].content == requests[1].content


# Azure


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("length", [20, 2_000_000], ids=["small", "large"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"azure_deployment": "my-gpt"},
        {"model": "gpt-4o"},
        {"model": "gpt-4o", "azure_deployment": "my-gpt"},
        {"base_url": "https://proxy.test/openai/deployments/my-gpt", "azure_endpoint": None},
        {"base_url": "https://proxy.test/openai", "azure_endpoint": None, "model": "ft:my gpt"},
    ],
    ids=["deployment", "model", "both", "base_url", "odd name"],
)
async def test_azure_addresses_are_the_same(mode, length, arguments):
    """The deployment is in the path, wherever it comes from and however large the body is."""
    messages = [{"role": "user", "content": "a" * length}]
    _, requests = await assert_same(
        mode, answer, cls=AzureChatOpenAI, messages=messages, **arguments
    )
    assert "/deployments/" in str(requests[0].url)
    assert requests[0].headers["api-key"] == "none"


@pytest.mark.parametrize("mode", MODES)
async def test_entra_tokens_are_fetched_for_each_try(mode):
    """A token provider is asked again when a call is tried again."""
    tokens = iter(f"token-{number}" for number in range(9))
    refusal = failing(500, **{"retry-after-ms": "1"})
    chat, exchange = make_plain(
        AzureChatOpenAI,
        refusal,
        answer,
        azure_deployment="my-gpt",
        azure_ad_token_provider=lambda: next(tokens),
        max_retries=1,
    )
    await ask(chat, mode)
    sent = [request.headers["authorization"] for request in exchange.requests]
    assert sent == ["Bearer token-0", "Bearer token-1"]
    assert "api-key" not in exchange.requests[0].headers


# What chat models do with it


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cls", [ChatOpenAI, AzureChatOpenAI])
async def test_response_headers_can_be_included(mode, cls):
    """`include_response_headers` goes on working."""

    def with_header(request):
        response = answer(request)
        response.headers["x-request-id"] = "r1"
        return response

    result, _ = await assert_same(mode, with_header, cls=cls, include_response_headers=True)
    assert result[0]["response_metadata"]["headers"]["x-request-id"] == "r1"


class Receipt(BaseModel):
    """A shop receipt."""

    total: float


CALL = {"id": "t1", "type": "function", "function": {"name": "Receipt", "arguments": "{}"}}
DELTAS = [
    {"role": "assistant", "tool_calls": [{"index": 0, **CALL}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"total":'}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": "12.5}"}}]},
]


@pytest.mark.parametrize("mode", MODES)
async def test_tool_calls_are_the_same(mode):
    """Whole or in pieces, good or bad, tool calls come out as before."""
    bad = {**CALL, "function": {"name": "Receipt", "arguments": "{broken"}}
    whole = completion(message={"role": "assistant", "content": None, "tool_calls": [CALL, bad]})
    choices = [{"index": 0, "delta": delta} for delta in DELTAS]
    parts = sse(*({**chunk(""), "choices": [choice]} for choice in choices), "[DONE]")

    def handle(request):
        streamed = json.loads(request.content).get("stream")
        return event_stream(parts) if streamed else httpx2.Response(200, json=whole)

    result, _ = await assert_same(mode, handle)
    assert any(part["tool_calls"] or part.get("tool_call_chunks") for part in result)


@pytest.mark.parametrize("cls", [ChatGPTV, AzureChatGPTV])
async def test_the_chat_models_call_plainly(cls):
    """Both of our models, copies and bound ones call so, and give refusals as before."""
    said = {"role": "assistant", "content": None, "refusal": "I'd rather not."}
    refusal = completion(message=said)
    chat, _ = make(cls, lambda request: httpx2.Response(200, json=refusal))
    assert isinstance(chat.client, PlainCompletions)
    assert isinstance(chat.async_client, AsyncPlainCompletions)
    for model in (chat, chat.model_copy(), copy.copy(chat), chat.bind(stop=["."])):
        for message in (model.invoke(QUESTION), await model.ainvoke(QUESTION)):
            assert message.additional_kwargs["refusal"] == "I'd rather not."


@pytest.mark.parametrize("cls", [ChatGPTV, AzureChatGPTV])
def test_structured_output_goes_the_clients_own_way(cls):
    """A Pydantic class is filled, which the client's `parse` does."""
    chat, exchange = make(
        cls, lambda request: httpx2.Response(200, json=completion('{"total": 12.5}'))
    )
    assert chat.with_structured_output(Receipt).invoke(QUESTION) == Receipt(total=12.5)
    body = json.loads(exchange.requests[0].content)
    assert body["response_format"]["json_schema"]["name"] == "Receipt"


def test_many_answers_to_one_question():
    """`n=2` gives both answers and counts their tokens once."""
    two = {**completion(), "choices": completion()["choices"] * 2, "usage": USAGE}
    results = []
    for build, cls in ((make, ChatOpenAI), (make_plain, ChatOpenAI), (make, ChatGPTV)):
        chat, _ = build(cls, lambda request: httpx2.Response(200, json=two), n=2)
        result = chat.generate([[HumanMessage(QUESTION)]])
        results.append(([plain(g.message) for g in result.generations[0]], result.llm_output))
    assert results[0] == results[1] == results[2]
    assert len(results[0][0]) == 2


def test_a_client_of_ones_own_is_left_alone():
    """`client` and `async_client` that somebody passes are what is called."""
    _, exchange = make(ChatOpenAI, answer)
    http = exchange.clients()
    client = openai.OpenAI(api_key="none", http_client=http["http_client"]).chat.completions
    async_client = openai.AsyncOpenAI(api_key="none").chat.completions
    chat = ChatGPTV(model="gpt-4o", api_key="none", client=client, async_client=async_client)
    assert chat.client is client
    assert chat.async_client is async_client
    assert chat.invoke(QUESTION).text == "12.50"


def test_whatever_else_the_resource_does_it_goes_on_doing():
    """A direct `create`, `parse`, `stream` and all the rest are the client's own."""
    chat, exchange = make_plain(ChatOpenAI, answer)
    arguments = {"model": "m", "messages": [{"role": "user", "content": QUESTION}]}
    assert chat.client.create(**arguments).choices[0].message.content == "12.50"
    assert chat.client.parse(**arguments).choices[0].message.parsed is None
    assert chat.client.with_raw_response.parse(**arguments).status_code == 200
    with chat.client.stream(**arguments) as stream:
        assert stream.get_final_completion().choices[0].message.content == "12.50"
    assert chat.client.messages is chat.root_client.chat.completions.messages
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        chat.client.nonsense  # noqa: B018
    with pytest.raises(TypeError, match="Missing required arguments"):
        chat.client.with_raw_response.create(model="m")
    assert len(exchange.requests) == 4
