"""A server on loopback that fails the way services, gateways and networks do.

Each conversation has a number of its own in its address, so that one server serves all tests at
once and the count of its requests is known: `server.base("reset")` is a fresh one.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import socketserver
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import IO

TEXT = "Café: 12.50 €"
HTML = b"<html><body><h1>Refused by the gateway</h1></body></html>"
FRESH = "renewed"
"""The token that is accepted; any other has expired."""


@dataclass(frozen=True)
class Asked:
    """A request as far as an answer depends on it."""

    path: str
    stream: bool
    token: str

    @property
    def is_chat(self) -> bool:
        """Whether it is Chat Completions, and not Responses."""
        return self.path.endswith("/chat/completions")


Act = Callable[["Line", Asked], None]
"""What is done with one request."""


class Line:
    """One connection, on which anything may be written."""

    def __init__(self, connection: socket.socket, gone: threading.Event) -> None:
        self._connection = connection
        self._gone = gone

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._connection.sendall(data)

    def wait(self, seconds: float) -> None:
        """Keep the caller waiting, unless it has left or the server ends."""
        deadline = time.monotonic() + seconds
        self._connection.settimeout(0.02)
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline and not self._gone.is_set():
                with contextlib.suppress(TimeoutError):
                    if not self._connection.recv(1):
                        return

    def reset(self) -> None:
        """End the connection with a reset instead of a goodbye."""
        linger = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._connection.close()

    def reply(
        self, status: int, body: bytes = b"", kind: str = "application/json", **headers: str
    ) -> None:
        """Send a whole HTTP reply."""
        self.send(head(status, kind, {"Content-Length": str(len(body)), **headers}) + body)


def head(status: int, kind: str, headers: dict[str, str]) -> bytes:
    """Write the head of a reply; underscores of header names become hyphens."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


# Answers as they should be


def answer(line: Line, asked: Asked) -> None:
    """Answer as asked: in the words of the API, whole or as a stream."""
    if asked.stream:
        line.reply(200, b"".join(events(asked)), "text/event-stream")
    else:
        line.reply(200, whole(asked))


def whole(asked: Asked) -> bytes:
    """Return a complete answer."""
    return json.dumps(_completion(TEXT) if asked.is_chat else _response(TEXT)).encode()


def events(asked: Asked) -> list[bytes]:
    """Return the events of a complete stream; the second text holds two long characters."""
    if asked.is_chat:
        parts = [_delta(TEXT[:2]), _delta(TEXT[2:]), _delta("", "stop")]
        return [*(_event(part) for part in parts), b"data: [DONE]\n\n"]
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    deltas = [
        {"type": "response.output_text.delta", "delta": text, "logprobs": [], **place}
        for text in (TEXT[:2], TEXT[2:])
    ]
    begun = {"type": "response.created", "response": _response("", "in_progress")}
    item = {"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant"}
    added = {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": item | {"content": []},
    }
    ended = {"type": "response.completed", "response": _response(TEXT)}
    sequence = [begun, added, *deltas, ended]
    return [_event({**part, "sequence_number": n}) for n, part in enumerate(sequence)]


def _event(data: dict) -> bytes:
    name = f"event: {data['type']}\n" if "type" in data else ""
    return f"{name}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _completion(text: str) -> dict:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    return {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": usage}


def _delta(text: str, finish_reason: str | None = None) -> dict:
    delta = {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}


def _response(text: str, status: str = "completed") -> dict:
    part = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "msg_1", "status": status, "role": "assistant"}
    usage = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
    details = {"input_tokens_details": {"cached_tokens": 0}}
    details |= {"output_tokens_details": {"reasoning_tokens": 0}}
    return {
        **{"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-4o"},
        **{"status": status, "output": [{**message, "content": [part]}] if text else []},
        **{"parallel_tool_calls": True, "tool_choice": "auto", "tools": []},
        "usage": usage | details if text else None,
    }


_HEAD = {"id": "c1", "created": 1, "model": "gpt-4o"}


# Refusals


def refusing(status: int, body: dict | bytes, **headers: str) -> Act:
    """Refuse with JSON, or with the page of a gateway."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, bytes) else "application/json"
    return lambda line, asked: line.reply(status, data, kind, **headers)


def _by_date(line: Line, asked: Asked) -> None:
    when = formatdate(time.time() + 1, usegmt=True)
    line.reply(429, json.dumps(OPENAI_LIMIT).encode(), retry_after=when)


def _until_fresh(line: Line, asked: Asked) -> None:
    if asked.token == FRESH:
        return answer(line, asked)
    return line.reply(401, json.dumps(EXPIRED).encode())


def answered(body: bytes, kind: str = "application/json", **headers: str) -> Act:
    """Answer with status 200 and what is no answer."""
    return lambda line, asked: line.reply(200, body, kind, **headers)


# Connections that break


def _reset(line: Line, asked: Asked) -> None:
    line.reset()


def _silent(line: Line, asked: Asked) -> None:
    line.wait(20)


def _garbage(line: Line, asked: Asked) -> None:
    line.send(b"\x15\x03\x01\x00\x02\x02\x16 this is no HTTP\r\n\r\n")


def _stalled(line: Line, asked: Asked) -> None:
    body = b"".join(events(asked)) if asked.stream else whole(asked)
    kind = "text/event-stream" if asked.stream else "application/json"
    line.send(head(200, kind, {"Content-Length": str(len(body))}) + body[: len(body) // 2])
    line.wait(20)


def cutting(at: Callable[[bytes], int], *, chunked: bool) -> Act:
    """Send an answer up to a place, then hang up.

    Args:
        at: The place in the bytes of the body.
        chunked: A chunk is announced that does not come; otherwise nothing tells that it is cut.
    """

    def act(line: Line, asked: Asked) -> None:
        body = b"".join(events(asked)) if asked.stream else whole(asked)
        kind = "text/event-stream" if asked.stream else "application/json"
        size = f"{len(body):x}\r\n".encode() if chunked else b""
        headers = {"Transfer-Encoding": "chunked"} if chunked else {}
        line.send(head(200, kind, headers) + size + body[: at(body)])

    return act


def _in_a_character(body: bytes) -> int:
    found = body.find("é".encode())
    # Plain JSON escapes it, so that the cut is in the escape.
    return found + 1 if found >= 0 else body.index(b"\\u00e9") + 3


def _between_events(body: bytes) -> int:
    return body.rindex(b"\n\n", 0, body.index(b"12.50")) + 2 if b"\n\n" in body else len(body) // 2


def _middle(body: bytes) -> int:
    return body.index(b"12.50") + 2


OPENAI_LIMIT = {
    "error": {
        "message": "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000.",
        "type": "tokens",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}
AZURE_LIMIT = {
    "error": {
        "code": "429",
        "message": "Requests to the ChatCompletions_Create Operation have exceeded the token rate "
        "limit of your tier. Please retry after 1 second.",
    }
}
NO_MONEY = {
    "error": {
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }
}
EXPIRED = {
    "error": {"code": "401", "message": "Unauthorized. Access token is missing, or has expired."}
}
BROKEN = {"error": {"message": "The server had an error.", "type": "server_error"}}
SOON = {"retry_after_ms": "20"}

FAULTS: dict[str, tuple[Act, ...]] = {
    "429, retry-after-ms": (refusing(429, OPENAI_LIMIT, **SOON), answer),
    "429, retry-after": (refusing(429, OPENAI_LIMIT, retry_after="0.05"), answer),
    "429, retry-after a date": (_by_date, answer),
    "429, no header": (refusing(429, OPENAI_LIMIT), answer),
    "429 of Azure": (refusing(429, AZURE_LIMIT, retry_after="1", **SOON), answer),
    "429 for ever": (refusing(429, OPENAI_LIMIT, **SOON),),
    "429, retry-after an hour": (refusing(429, OPENAI_LIMIT, retry_after="3600"),),
    "429, no money": (refusing(429, NO_MONEY, **SOON),),
    "500 once": (refusing(500, BROKEN, **SOON), answer),
    "500 for ever": (refusing(500, BROKEN, **SOON),),
    "503 as HTML, once": (refusing(503, HTML, **SOON), answer),
    "503 as HTML, for ever": (refusing(503, HTML, **SOON),),
    "413 as HTML": (refusing(413, HTML),),
    "404 as HTML": (refusing(404, HTML),),
    "expired token": (_until_fresh,),
    "slow headers": (_silent,),
    "stalled body": (_stalled,),
    "reset once": (_reset, answer),
    "reset": (_reset,),
    "no HTTP": (_garbage,),
    "cut in a chunk": (cutting(_middle, chunked=True),),
    "cut in a character": (cutting(_in_a_character, chunked=True),),
    "ended in an event": (cutting(_middle, chunked=False),),
    "ended in a character": (cutting(_in_a_character, chunked=False),),
    "ended between events": (cutting(_between_events, chunked=False),),
    "malformed JSON": (answered(b'{"choices": [{"message": '),),
    "JSON that is no answer": (answered(b"[]"),),
    "log-in page": (answered(HTML, "text/html"),),
    "wrong content type": (answered(HTML),),
    "empty body": (answered(b""),),
    "broken gzip": (answered(b"no gzip", content_encoding="gzip"),),
    "error in the stream": (answered(_event(BROKEN), "text/event-stream"),),
}
"""What is done with each request in turn; the last goes on."""

UNREAD = "413, body unread"
"""The reply of a gateway that hangs up while the body is on its way."""

_PLANS = {**FAULTS, UNREAD: (refusing(413, HTML),)}


class FaultyServer(socketserver.ThreadingTCPServer):
    """Answers each address by its plan of `FAULTS`.

    Attributes:
        counts: The requests of each address.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.counts: Counter[str] = Counter()
        self.gone = threading.Event()
        self._numbers = itertools.count(1)
        self._names = list(_PLANS)

    def base(self, fault: str) -> str:
        """Return a fresh address at which a fault waits."""
        key = f"{self._names.index(fault)}-{next(self._numbers)}"
        return f"http://127.0.0.1:{self.server_address[1]}/{key}"

    def fault(self, key: str) -> str:
        """Return the name of the fault at an address."""
        return self._names[int(key.partition("-")[0])]

    def plan(self, key: str) -> Act:
        """Count a request, and return what to do with it."""
        acts = _PLANS[self.fault(key)]
        self.counts[key] += 1
        return acts[min(self.counts[key], len(acts)) - 1]

    def count(self, base: str) -> int:
        """Return how many requests an address had."""
        return self.counts[base.rpartition("/")[2]]

    def handle_error(self, request, client_address) -> None:
        """Stay silent when a client hangs up."""


class _Handler(socketserver.BaseRequestHandler):
    server: FaultyServer

    def handle(self) -> None:
        # Unbuffered, so that a body that is not to be read is left where it is.
        with self.request.makefile("rb", buffering=0) as file, contextlib.suppress(OSError):
            path, headers = _read_head(file)
            key = path.split("/")[1]
            body = b"{}" if self.server.fault(key) == UNREAD else _read_body(file, headers)
            token = headers.get("authorization", "").removeprefix("Bearer ")
            asked = Asked(path, bool(json.loads(body).get("stream")), token)
            self.server.plan(key)(Line(self.request, self.server.gone), asked)


def _read_head(file: IO[bytes]) -> tuple[str, dict[str, str]]:
    """Read the path and the headers; an OSError when the client has gone."""
    first = file.readline().decode().split()
    if not first:
        raise ConnectionAbortedError
    headers = dict(iter(lambda: _header(file.readline()), ("", "")))
    return first[1].partition("?")[0], headers


def _read_body(file: IO[bytes], headers: dict[str, str]) -> bytes:
    parts, missing = [], int(headers["content-length"])
    while missing and (part := file.read(min(missing, 65_536))):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode().strip().partition(":")
    return name.lower(), value.strip()


@contextlib.contextmanager
def faulty() -> Iterator[FaultyServer]:
    """Run a server in a thread."""
    with FaultyServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.gone.set()
            server.shutdown()
            thread.join()
