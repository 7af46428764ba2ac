"""One pace for all workers: what the service asks of one call, every call keeps to."""

from __future__ import annotations

import asyncio
import time

import openai

TRIES = 6
"""Of one item, each of them with the retries of the client itself."""

LONGEST_S = 120.0

TRANSIENT = (openai.RateLimitError, openai.APIConnectionError, openai.InternalServerError)
_HOPELESS = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)


class Pace:
    """When the next call may begin."""

    def __init__(self) -> None:
        self._not_before = 0.0

    async def wait(self) -> None:
        """Wait until a call may begin."""
        while (left := self._not_before - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.5))

    def hold(self, seconds: float) -> None:
        """Let nobody begin a call for so long."""
        self._not_before = max(self._not_before, time.monotonic() + seconds)


def is_hopeless(error: Exception) -> bool:
    """Whether every other item would meet the same: a wrong key, no such model, no money left."""
    return isinstance(error, _HOPELESS) or getattr(error, "code", "") == "insufficient_quota"


def seconds_until_retry(error: Exception, attempt: int) -> float:
    """Return what `retry-after` says, else twice as long with each attempt from 0."""
    response = getattr(error, "response", None)
    headers = response.headers if response is not None else {}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return min(float(headers[name]) * unit, LONGEST_S)
        except (KeyError, ValueError):
            continue
    return float(min(2.0**attempt, LONGEST_S))
