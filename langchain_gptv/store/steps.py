"""What the store asks of its backend, written once and run with or without await."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from langchain_core.runnables import run_in_executor
from langchain_core.stores import BaseStore

Backend = BaseStore[str, bytes]
T = TypeVar("T")


@runtime_checkable
class AddsNew(Protocol):
    """A backend that can write a key only if it is free, in one step.

    It keeps several processes apart: two pictures never end up under one key. Redis has SET NX
    for it, SQL an INSERT.
    """

    def add_new(self, key: str, value: bytes) -> bool:
        """Write the value, or return False when the key is taken."""


@runtime_checkable
class KnowsSizes(Protocol):
    """A backend that tells sizes without reading the values."""

    def sizes(self, prefix: str) -> list[tuple[str, int]]:
        """Return (key, bytes) of every key that begins with `prefix`, longest unused first."""


@dataclass(frozen=True, slots=True)
class Read:
    """Answered with the values, None where there is none."""

    keys: tuple[str, ...]

    def run(self, backend: Backend) -> list[bytes | None]:
        """Read with the backend's blocking method."""
        return list(backend.mget(self.keys))

    async def arun(self, backend: Backend) -> list[bytes | None]:
        """Read with the backend's own await."""
        return list(await backend.amget(self.keys))


@dataclass(frozen=True, slots=True)
class Write:
    """Answered with whether it was written; `new` writes only where nothing is."""

    key: str
    value: bytes
    new: bool = False

    def run(self, backend: Backend) -> bool:
        """Write with the backend's blocking method."""
        if self.new and isinstance(backend, AddsNew):
            return backend.add_new(self.key, self.value)
        backend.mset([(self.key, self.value)])
        return True

    async def arun(self, backend: Backend) -> bool:
        """Write with the backend's own await."""
        if self.new and isinstance(backend, AddsNew):
            return await run_in_executor(None, backend.add_new, self.key, self.value)
        await backend.amset([(self.key, self.value)])
        return True


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes the value, if there is one."""

    key: str

    def run(self, backend: Backend) -> None:
        """Delete with the backend's blocking method."""
        backend.mdelete([self.key])

    async def arun(self, backend: Backend) -> None:
        """Delete with the backend's own await."""
        await backend.amdelete([self.key])


@dataclass(frozen=True, slots=True)
class Pause:
    """Lets whoever is writing to the same key finish."""

    seconds: float = 0.001

    def run(self, backend: Backend) -> None:
        """Sleep on this thread."""
        time.sleep(self.seconds)

    async def arun(self, backend: Backend) -> None:
        """Sleep, and let others run."""
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True, slots=True)
class Keys:
    """Answered with the keys that begin with `prefix`."""

    prefix: str

    def run(self, backend: Backend) -> list[str]:
        """List with the backend's blocking method."""
        return list(backend.yield_keys(prefix=self.prefix))

    async def arun(self, backend: Backend) -> list[str]:
        """List with the backend's own await."""
        return [key async for key in backend.ayield_keys(prefix=self.prefix)]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Answered with (key, bytes) of every value, longest unused first where that is known."""

    prefix: str

    def run(self, backend: Backend) -> list[tuple[str, int]]:
        """Ask the backend, or read its values one by one."""
        if isinstance(backend, KnowsSizes):
            return backend.sizes(self.prefix)
        keys = Keys(self.prefix).run(backend)
        return [(key, len(Read((key,)).run(backend)[0] or b"")) for key in keys]

    async def arun(self, backend: Backend) -> list[tuple[str, int]]:
        """Ask the backend, or await its values one by one."""
        if isinstance(backend, KnowsSizes):
            return await run_in_executor(None, backend.sizes, self.prefix)
        keys = await Keys(self.prefix).arun(backend)
        return [(key, len((await Read((key,)).arun(backend))[0] or b"")) for key in keys]


Steps = Generator[Read | Write | Delete | Pause | Keys | Sizes, Any, T]


def run(steps: Steps[T], backend: Backend) -> T:
    """Take the steps one after the other."""
    answer: Any = None
    try:
        while True:
            answer = steps.send(answer).run(backend)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    finally:
        steps.close()


async def arun(steps: Steps[T], backend: Backend) -> T:
    """Take the steps one after the other, and let others run meanwhile."""
    answer: Any = None
    try:
        while True:
            answer = await steps.send(answer).arun(backend)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    finally:
        steps.close()
