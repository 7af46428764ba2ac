"""A connection that goes to checked addresses and ends at a deadline."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from typing import Any

import httpcore2


def time_left(deadline: float) -> float:
    """Return the seconds until a moment of `time.monotonic()`.

    Raises:
        httpcore2.ReadTimeout: It has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the deadline has passed")
    return left


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the given addresses, whatever host is asked for.

    Args:
        addresses: Which were checked.
        deadline: By `time.monotonic()`, for all that is done with the connection.
    """

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> _TimedStream:
        """Connect to the first address that answers; each has its share of the time."""
        failed: Exception = httpcore2.ConnectError(f"{host} has no address")
        for index, address in enumerate(self._addresses):
            share = time_left(self._deadline) / (len(self._addresses) - index)
            try:
                stream = httpcore2.SyncBackend().connect_tcp(address, port, share)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failed


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every step ends at one deadline: a drop at a time does not keep it."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, time_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, time_left(self._deadline))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> _TimedStream:
        """Go on in TLS, for the host that was asked for."""
        left = time_left(self._deadline)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket."""
        return self._stream.get_extra_info(info)
