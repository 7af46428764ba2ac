"""What a call costs beside ChatOpenAI, on the same loopback server in this run.

    python benchmarks/overhead.py

Ratios are of CPU time over ChatOpenAI's: the medians of rounds that measure all in turn. "calls
alone" is a ChatOpenAI that only makes its calls as ChatGPTV does (langchain_gptv.completions), so
that the rest is the price of looking at the messages. The memory needs Linux.
"""

import asyncio
import base64
import gc
import json
import math
import os
import statistics
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from timing import repeated

from langchain_gptv import ChatGPTV
from langchain_gptv.completions import use_plain_completions
from langchain_gptv.messages import checked
from langchain_gptv.sending.cache import READY
from langchain_gptv.sending.policy import ImagePolicy

CHUNKS = 500
FORMS = ("image_url", "image")
MEGABYTE = 1_000_000
LARGE = {"11 MB, untouched": 11 * MEGABYTE, "20 MB, made to fit": 20 * MEGABYTE}
"""A file of gpt-4o's limit goes as it is; one above it is encoded anew, which ChatOpenAI leaves."""

LOOP = asyncio.new_event_loop()


# The server: it answers at once, and the path says what.


USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 3,
    "total_tokens": 12,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
HEAD = {
    "id": "chatcmpl-1",
    "created": 1,
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "system_fingerprint": "fp_1",
}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "Receipt", "arguments": '{"vendor": "Acme", "total": 12.5}'},
}


def completion(**message: Any) -> bytes:
    """Return a Chat Completions answer."""
    message = {"role": "assistant", "content": None, "refusal": None, "annotations": [], **message}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    answer = {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}
    return json.dumps(answer).encode()


def response() -> bytes:
    """Return a Responses answer."""
    text = {"type": "output_text", "text": "Twelve euros.", "annotations": []}
    message = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant"}
    usage = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
    answer = {
        **{"id": "resp_1", "object": "response", "created_at": 1, "status": "completed"},
        **{"model": "gpt-4o-2024-08-06", "output": [{**message, "content": [text]}]},
        **{"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": usage},
    }
    return json.dumps(answer).encode()


def event(content: str, finish_reason: str | None = None) -> bytes:
    """Return one chunk of a Chat Completions stream."""
    choice = {"index": 0, "delta": {"content": content}, "logprobs": None}
    choice["finish_reason"] = finish_reason
    chunk = {**HEAD, "object": "chat.completion.chunk", "choices": [choice], "usage": None}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


ANSWERS = {
    "text": completion(content="Twelve euros."),
    "structured": completion(content='{"vendor": "Acme", "total": 12.5}'),
    "tools": completion(tool_calls=[CALL]),
    "responses": response(),
}
EVENTS = [*(event(f" word{n}") for n in range(CHUNKS)), event("", "stop"), b"data: [DONE]\n\n"]


class Server(asyncio.Protocol):
    """As little of HTTP/1.1 as the OpenAI client needs."""

    def connection_made(self, transport: Any) -> None:
        """Begin a connection."""
        self.transport = transport
        self.head = bytearray()
        self.missing = 0

    def data_received(self, data: bytes) -> None:
        """Count a body, and answer after its last byte."""
        if not self.missing:
            self.head += data
            head, found, body = bytes(self.head).partition(b"\r\n\r\n")
            if not found:
                return
            self.kind = head.split(b"/", 2)[1].decode()
            length = head.lower().partition(b"content-length: ")[2]
            self.missing = int(length.split(b"\r\n", 1)[0])
            self.head.clear()
            data = body
        self.missing -= len(data)
        if not self.missing:
            self.answer()

    def answer(self) -> None:
        """Send what the path asks for."""
        if self.kind in ("stream", "slow"):
            kind, length = b"text/event-stream", b"transfer-encoding: chunked"
        else:
            kind, length = b"application/json", b"content-length: %d" % len(ANSWERS[self.kind])
        head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n%b\r\n\r\n" % (kind, length)
        if self.kind == "slow":
            self.transport.write(head)
            self.task = asyncio.ensure_future(self.send_slowly())
        elif self.kind == "stream":
            self.transport.write(head + b"".join(map(http_chunk, EVENTS)) + http_chunk(b""))
        else:
            self.transport.write(head + ANSWERS[self.kind])

    async def send_slowly(self) -> None:
        """Send a stream as a service does, chunk by chunk."""
        for data in EVENTS:
            self.transport.write(http_chunk(data))
            await asyncio.sleep(0.002)
        self.transport.write(http_chunk(b""))


def http_chunk(data: bytes) -> bytes:
    """Return data as one chunk of a body of unknown length."""
    return b"%x\r\n%b\r\n" % (len(data), data)


async def serve() -> None:
    """Print the port, then answer for ever."""
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running_server() -> Iterator[str]:
    """Run the server in a process of its own, and give its address."""
    command = [sys.executable, __file__, "serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.wait()


# What is called.


class Receipt(BaseModel):
    """A shop receipt."""

    vendor: str
    total: float


QUESTION = [HumanMessage("What is the total?")]


WHOSE = ("ChatOpenAI", "calls alone", "ChatGPTV")


def model(whose: str, address: str, kind: str = "text", **arguments: Any) -> Any:
    """Return a chat model on the server."""
    arguments |= {"model": "gpt-4o", "api_key": "none", "max_retries": 0}
    arguments["base_url"] = f"{address}/{kind}/v1"
    if whose == "ChatGPTV":
        # Untouched, as ChatOpenAI sends them: this is about the calls, not about the pixels.
        return ChatGPTV(detail="high", image_policy=ImagePolicy(resize="never"), **arguments)
    chat = ChatOpenAI(**arguments)
    if whose == "calls alone":
        use_plain_completions(chat)
    return chat


def png(size: int) -> bytes:
    """Return a PNG of noise of about that many bytes."""
    side = math.isqrt(size // 3)
    rows = b"".join(b"\0" + os.urandom(3 * side) for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, part in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(kind + part))
        data += struct.pack(">I", len(part)) + kind + part + checksum
    return data


def picture(size: int, form: str = "image_url") -> dict[str, Any]:
    """Return a content block with an image of that many bytes."""
    data = base64.b64encode(png(size)).decode()
    if form == "image":
        return {"type": "image", "base64": data, "mime_type": "image/png"}
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def conversation(size: int, form: str, images: int = 10) -> list[Any]:
    """Return a history of turns, each with an image of that many bytes."""
    turns: list[Any] = []
    for _ in range(images):
        turns.append(HumanMessage([{"type": "text", "text": "And this?"}, picture(size, form)]))
        turns.append(AIMessage("Twelve euros."))
    return [*turns, *QUESTION]


async def stream_async(chat: Any) -> None:
    async for _ in chat.astream(QUESTION):
        pass


# How it is measured.


def cpu_ratios(call: Callable[[Any], object], chats: list[Any], rounds: int) -> list[float]:
    """Return the CPU time of a call on each but the first, as a share of that on the first."""
    for chat in chats:
        call(chat)
    ratios: list[list[float]] = []
    for _ in range(rounds):
        times = []
        for chat in chats:
            start = time.process_time()
            call(chat)
            times.append(time.process_time() - start)
        ratios.append([later / times[0] for later in times[1:]])
    return [statistics.median(values) for values in zip(*ratios, strict=True)]


def many(call: Callable[[Any], object], times: int) -> Callable[[Any], object]:
    """Make many calls of one."""
    return lambda chat: repeated(lambda: call(chat), times)()


def awaited(call: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Any]:
    """Make a call of what is to be awaited."""
    return lambda chat: LOOP.run_until_complete(call(chat))


async def at_once(chat: Any) -> None:
    await asyncio.gather(*(chat.ainvoke(QUESTION) for _ in range(64)))


async def stall(chat: Any, messages: list[Any]) -> float:
    """Return for how many milliseconds the event loop did nothing else, at the first call."""
    READY.clear()
    checked.forget_all()
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - start - 0.001)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    await chat.ainvoke(messages)
    ticking.cancel()
    return worst * 1000


def resident(field: str) -> int:
    """Return VmRSS (now) or VmHWM (the peak) in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def peak(whose: str, address: str, how: str, form: str, size: int) -> float:
    """Return the memory that one call with a file needs at its peak, in sizes of its base64."""
    chat = model(whose, address)
    call = awaited(lambda chat: chat.ainvoke(messages)) if how == "async" else None
    messages: list[Any] = QUESTION
    (call or (lambda chat: chat.invoke(messages)))(chat)
    messages = [HumanMessage([picture(size, form)])]
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    (call or (lambda chat: chat.invoke(messages)))(chat)
    return (resident("VmHWM") - before) / (size * 4 / 3)


def peak_elsewhere(*arguments: str) -> float:
    """Run `peak` in a fresh process."""
    command = [sys.executable, __file__, "peak", *arguments]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


# The figures.


def invoke(chat: Any) -> Any:
    return chat.invoke(QUESTION)


def ainvoke(chat: Any) -> Any:
    return chat.ainvoke(QUESTION)


def stream(chat: Any) -> Any:
    return list(chat.stream(QUESTION))


def tools(chat: Any) -> Any:
    return chat.bind_tools([Receipt])


def structured(chat: Any) -> Any:
    return chat.with_structured_output(Receipt)


def cpu_rows(address: str) -> Iterator[tuple[str, float, list[float]]]:
    """Measure the ratios of CPU time."""

    def row(name: str, goal: float, kind: str, call: Any, wrap: Any = None, **arguments: Any):
        rounds = arguments.pop("rounds", 9)
        chats = [model(whose, address, kind, **arguments) for whose in WHOSE]
        return name, goal, cpu_ratios(call, list(map(wrap, chats)) if wrap else chats, rounds)

    yield row("call", 0.7, "text", many(invoke, 40))
    yield row("call, async", 0.7, "text", many(awaited(ainvoke), 40))
    yield row("64 calls at once, async", 0.8, "text", awaited(at_once))
    yield row("chunk of a stream", 0.6, "stream", stream)
    yield row("chunk of a stream, async", 0.6, "stream", awaited(stream_async))
    yield row("chunk of a stream, every 2 ms", 0.6, "slow", stream, rounds=3)
    yield row("tool call", 1.15, "tools", many(invoke, 40), tools)
    yield row("structured output", 1.15, "structured", many(invoke, 40), structured)
    yield row("Responses", 1.15, "responses", many(invoke, 40), use_responses_api=True)
    for size, label in ((67_000, "67 kB"), (MEGABYTE, "1 MB")):
        for form in FORMS:
            history = conversation(size, form)

            def turn(chat: Any, history: list[Any] = history) -> Any:
                return chat.invoke(history)

            times = 3 if size < MEGABYTE else 1
            yield row(f"ten of {label} in the history ({form})", 0.2, "text", many(turn, times))


def large_rows(address: str, size: int) -> Iterator[tuple[str, float, list[float]]]:
    """Measure what a large file does."""
    for form in FORMS:
        messages = [HumanMessage([picture(size, form)])]
        stalls = []
        for whose in WHOSE:
            chat = model(whose, address)
            stalls.append(
                statistics.median(LOOP.run_until_complete(stall(chat, messages)) for _ in range(5))
            )
        yield f"stall of the loop, ms ({form})", 10, stalls
        for how in ("sync", "async"):
            peaks = [peak_elsewhere(whose, address, how, form, str(size)) for whose in WHOSE]
            yield f"peak / base64, {how} ({form})", 2, peaks


def main() -> None:
    """Print each figure beside its goal."""
    with running_server() as address:
        print(f"{'CPU / ChatOpenAI':44}{'goal':>6}{'calls alone':>13}{'ChatGPTV':>10}")
        for name, goal, (alone, ours) in cpu_rows(address):
            print(f"{name:44}{goal:6}{alone:13.2f}{ours:10.2f}", flush=True)
        for label, size in LARGE.items():
            print(f"\n{label:44}{'goal':>6}{'calls alone':>13}{'ChatGPTV':>10}{WHOSE[0]:>12}")
            for name, goal, (theirs, alone, ours) in large_rows(address, size):
                print(f"{name:44}{goal:6}{alone:13.2f}{ours:10.2f}{theirs:12.2f}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            asyncio.run(serve())
        case ["peak", whose, address, how, form, size]:
            print(peak(whose, address, how, form, int(size)))
        case _:
            main()
