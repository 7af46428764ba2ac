"""What `gptv serve` takes in: requests within bounds of size, time and memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from langchain_gptv.local.wire.errors import WireError, request_error

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BODY_BYTES = 128 * 2**20
"""Images of 50 MB are 67 MB of base64; twice that leaves room and bounds the memory."""

MAX_HELD_BYTES = 8 * MAX_BODY_BYTES
"""Of all requests that are read or wait: 1 GB, or 8 of the largest."""

MAX_READ_S = 60.0
"""For a request to arrive whole: whoever drips bytes does not hold its place for ever."""


@dataclass(slots=True)
class Intake:
    """Reads requests within bounds of size, time and memory; see `build_app`."""

    max_body_bytes: int
    max_held_bytes: int
    max_read_s: float
    held: int = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """Give the body of a request, which counts as held until its answer is there."""
        chunks: list[bytes] = []
        try:
            await self._collect_in_time(request, chunks)
            chunks[:] = [b"".join(chunks)]
            yield chunks[0]
        finally:
            self.held -= sum(map(len, chunks))

    async def _collect_in_time(self, request: Request, chunks: list[bytes]) -> None:
        try:
            with anyio.fail_after(self.max_read_s):
                await self._collect(request, chunks)
        except TimeoutError:
            raise _late(self.max_read_s) from None

    async def _collect(self, request: Request, chunks: list[bytes]) -> None:
        size = 0
        self._check(_stated_size(request))
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            self.held += len(chunk)
            self._check(size)
            if self.held > self.max_held_bytes:
                raise _busy()

    def _check(self, size: int) -> None:
        if size > self.max_body_bytes:
            raise request_error(
                f"The request is over the limit of {self.max_body_bytes:,} bytes. Send fewer or "
                "smaller images.",
                code="request_too_large",
                status=413,
            )


def _stated_size(request: Request) -> int:
    stated = request.headers.get("content-length", "")
    return int(stated[:20]) if stated.isdecimal() else 0


def _late(seconds: float) -> WireError:
    return request_error(
        f"The request did not arrive within {seconds:g} s.", code="request_timeout", status=408
    )


def _busy() -> WireError:
    return request_error(
        "The server has as many requests in memory as it takes. Come back in a second.",
        code="server_busy",
        status=503,
        kind="server_error",
    )
