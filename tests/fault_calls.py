"""Calls of chat models against a server that fails: every class, API and mode, and how they end."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx2
import openai
from faulty import FAULTS, FRESH, TEXT, FaultyServer
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from wire_support import data_url

from langchain_gptv import AzureChatGPTV, ChatGPTV
from langchain_gptv.exceptions import ReplyError

MODES = ("invoke", "ainvoke", "stream", "astream")
APIS = ("chat", "responses")
PAIRS = {"OpenAI": (ChatGPTV, ChatOpenAI), "Azure": (AzureChatGPTV, AzureChatOpenAI)}
"""Ours, and langchain-openai's own that it must behave like."""

RETRIES = 1
QUESTION = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is the total?"},
            {"type": "image_url", "image_url": {"url": data_url(), "detail": "low"}},
        ],
    }
]


@dataclass(frozen=True)
class Cell:
    """One way to call a model.

    Attributes:
        service: Of `PAIRS`.
        api: Of `APIS`.
        mode: Of `MODES`.
    """

    service: str
    api: str
    mode: str

    def __str__(self) -> str:
        return f"{self.service} {self.api} {self.mode}"


CELLS = [Cell(*cell) for cell in itertools.product(PAIRS, APIS, MODES)]


@dataclass(frozen=True)
class Outcome:
    """How a call ended.

    Attributes:
        text: What came, whole or up to the error.
        error: What it ended with, or None.
        requests: How many were made.
        seconds: Until it ended.
    """

    text: str
    error: Exception | None
    requests: int
    seconds: float

    @property
    def kind(self) -> str:
        """The class of the error, or "answer"."""
        return type(self.error).__name__ if self.error else "answer"

    @property
    def notes(self) -> str:
        """What is noted on the error."""
        return "\n".join(getattr(self.error, "__notes__", ()))

    @property
    def is_whole(self) -> bool:
        """Whether the whole answer came."""
        return self.error is None and self.text == TEXT


class Clients:
    """HTTP clients that all models of a run share, so that none makes its own."""

    def __init__(self) -> None:
        self.sync = httpx2.Client(trust_env=False, verify=False)
        self.async_ = httpx2.AsyncClient(trust_env=False, verify=False)
        # One thread for each call at a time, so that none waits for another.
        self.pool = ThreadPoolExecutor(len(CELLS))

    async def close(self) -> None:
        """Close both, and end the threads."""
        self.sync.close()
        await self.async_.aclose()
        self.pool.shutdown()


def make(cls: type, base: str, api: str, clients: Clients, **settings: Any) -> Any:
    """Make a chat model that reaches an address."""
    settings = {
        **{"max_retries": RETRIES, "timeout": 10, "use_responses_api": api == "responses"},
        **{"http_client": clients.sync, "http_async_client": clients.async_, **settings},
    }
    if issubclass(cls, AzureChatOpenAI):
        azure = {"azure_endpoint": base, "azure_deployment": "gpt-4o"}
        settings = {"azure_ad_token_provider": renewing(), **settings}
        return cls(**azure, api_version="2025-04-01-preview", **settings)
    return cls(base_url=f"{base}/v1", model="gpt-4o", **{"api_key": renewing(), **settings})


def renewing() -> Callable[[], str]:
    """Return a token provider whose first token has expired."""
    tokens = itertools.chain(["expired"], itertools.repeat(FRESH))
    return lambda: next(tokens)


async def call(model: Any, mode: str, texts: list[str], pool: Executor) -> None:
    """Call a model and collect what it says."""
    in_thread = partial(asyncio.get_running_loop().run_in_executor, pool)
    match mode:
        case "invoke":
            texts.append((await in_thread(model.invoke, QUESTION)).text)
        case "ainvoke":
            texts.append((await model.ainvoke(QUESTION)).text)
        case "stream":
            await in_thread(_read_stream, model, texts)
        case _:
            async for part in model.astream(QUESTION):
                texts.append(part.text)


def _read_stream(model: Any, texts: list[str]) -> None:
    texts.extend(part.text for part in model.stream(QUESTION))


async def outcome(
    server: FaultyServer, fault: str, cell: Cell, cls: type, clients: Clients
) -> Outcome:
    """Let a model meet a fault, and return how that ended."""
    base = server.base(fault)
    model = make(cls, base, cell.api, clients, **_settings_for(fault))
    texts: list[str] = []
    error = None
    started = time.monotonic()
    try:
        await call(model, cell.mode, texts, clients.pool)
    except Exception as raised:
        error = raised
    seconds = time.monotonic() - started
    return Outcome("".join(texts), error, server.count(base), seconds)


async def outcomes(
    server: FaultyServer, fault: str, clients: Clients
) -> list[tuple[Cell, Outcome, Outcome]]:
    """Let every model meet a fault at once; return ours and langchain-openai's for each cell."""
    calls = [
        outcome(server, fault, cell, cls, clients) for cell in CELLS for cls in PAIRS[cell.service]
    ]
    ended = await asyncio.gather(*calls)
    return list(zip(CELLS, ended[::2], ended[1::2], strict=True))


def _settings_for(fault: str) -> dict[str, Any]:
    """Return a short deadline for where nothing comes."""
    return {"timeout": 1.0} if fault in SLOW else {}


# What has to come of it

SLOW = ("slow headers", "stalled body")
DEADLINE_S = 8.0
"""Two tries of a server that is silent for 20 s, the wait between them, and a busy machine."""

_CUT = (json.JSONDecodeError, openai.APIConnectionError)
_UNREADABLE = ((ValueError, AttributeError), ReplyError)

ENDS: dict[str, tuple[Any, Any]] = {
    **dict.fromkeys(FAULTS, (None, None)),
    **dict.fromkeys(
        ("429 for ever", "429, retry-after an hour", "429, no money"),
        (openai.RateLimitError, openai.RateLimitError),
    ),
    **dict.fromkeys(
        ("500 for ever", "503 as HTML, for ever"),
        (openai.InternalServerError, openai.InternalServerError),
    ),
    **dict.fromkeys(
        ("reset", "no HTTP", "cut in a chunk", "cut in a character", "broken gzip"),
        (openai.APIConnectionError, openai.APIConnectionError),
    ),
    **dict.fromkeys(SLOW, (openai.APITimeoutError, openai.APITimeoutError)),
    **dict.fromkeys(("ended in an event", "ended in a character", "ended between events"), _CUT),
    **dict.fromkeys(
        ("malformed JSON", "JSON that is no answer", "log-in page", "wrong content type"),
        _UNREADABLE,
    ),
    "empty body": _UNREADABLE,
    "413 as HTML": (openai.APIStatusError, openai.APIStatusError),
    "404 as HTML": (openai.NotFoundError, openai.NotFoundError),
    "expired token": (openai.AuthenticationError, openai.AuthenticationError),
    "error in the stream": ((ValueError, AttributeError), openai.APIError),
}
"""The error of a whole answer and of a stream; None where a retry brings the answer."""

BETTER = ("ended in an event", "ended in a character", "ended between events")
"""Where langchain-openai gives half an answer for a whole one, or an error of decoding."""


def complaint(fault: str, cell: Cell, ours: Outcome, theirs: Outcome) -> str | None:
    """Return what is wrong with an outcome; None when it is as it has to be."""
    expected = ENDS[fault]["stream" in cell.mode]
    if not (isinstance(ours.error, expected) if expected else ours.is_whole):
        return f"{cell}: {ours.kind} {ours.text!r}"
    if not TEXT.startswith(ours.text):
        return f"{cell}: text that was never sent, {ours.text!r}"
    if ours.seconds > DEADLINE_S:
        return f"{cell}: took {ours.seconds:.1f} s"
    if ours.requests != theirs.requests:
        return f"{cell}: {ours.requests} requests, {theirs.requests} of langchain-openai"
    better = fault in BETTER and "stream" in cell.mode
    if theirs.error and not better and not isinstance(ours.error, type(theirs.error)):
        return f"{cell}: {ours.kind}, {theirs.kind} of langchain-openai"
    return None
