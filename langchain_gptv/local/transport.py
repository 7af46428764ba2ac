"""The embedded engine as a transport of the OpenAI client: the whole wire, without a socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

from langchain_gptv.local import ADDRESS
from langchain_gptv.local.wire import LocalService, Reply

BASE_URL = f"{ADDRESS}/v1"
"""For the `base_url` of an OpenAI client."""

_lock = threading.Lock()
_default: LocalService | None = None


def default_service() -> LocalService:
    """Return the service of this process, made once, so that all clients share what it saw."""
    global _default
    from langchain_gptv.local.engine import LocalEngine

    with _lock:
        if _default is None:
            _default = LocalService(LocalEngine())
        return _default


class LocalTransport(httpx2.BaseTransport):
    """Hands each request to a service, whatever host it names.

    Args:
        service: What answers; by default the service of this process.

    Example:
        >>> import httpx2, openai
        >>> http = httpx2.Client(transport=LocalTransport(), trust_env=False)
        >>> client = openai.OpenAI(base_url=BASE_URL, api_key="not-needed", http_client=http)
    """

    def __init__(self, service: LocalService | None = None) -> None:
        self._service = service

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        reply = _handle(self._service, request, request.read())
        return httpx2.Response(reply.status, headers=reply.headers, content=reply.body)


class AsyncLocalTransport(httpx2.AsyncBaseTransport):
    """Hands each request to a service in a thread, so that the event loop goes on.

    Args:
        service: What answers; by default the service of this process.
    """

    def __init__(self, service: LocalService | None = None) -> None:
        self._service = service

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        body = await request.aread()
        reply = await asyncio.to_thread(_handle, self._service, request, body)
        content: Any = reply.body if isinstance(reply.body, bytes) else _give_way(reply.body)
        return httpx2.Response(reply.status, headers=reply.headers, content=content)


def local_http_clients(
    service: LocalService | None = None,
) -> tuple[httpx2.Client, httpx2.AsyncClient]:
    """Return HTTP clients whose requests the embedded engine answers.

    Args:
        service: What answers; by default the service of this process.
    """
    # A proxy of the environment would take the place of the transport.
    return (
        httpx2.Client(transport=LocalTransport(service), trust_env=False),
        httpx2.AsyncClient(transport=AsyncLocalTransport(service), trust_env=False),
    )


def _handle(service: LocalService | None, request: httpx2.Request, body: bytes) -> Reply:
    url = request.url
    return (service or default_service()).handle(
        request.method, url.path, dict(url.params), dict(request.headers), body
    )


async def _give_way(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    # The events are ready, so no thread is needed; but a long run of them must not starve others.
    for event in events:
        yield event
        await asyncio.sleep(0)
