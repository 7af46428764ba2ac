"""What calls cost: tokens and money, estimated beside billed, per model and per tool."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import LLMResult

from langchain_gptv.display.usage import show_usage
from langchain_gptv.vision.costs import estimate_cost
from langchain_gptv.vision.usage import CallUsage, UsageTotal, add_up


class UsageTracker(BaseCallbackHandler):
    """Counts what every call takes, of any chat model, from any thread.

    Args:
        service: "openai" or "azure", for the prices.

    Example:
        >>> from langchain_gptv import ChatGPTV
        >>> tracker = UsageTracker()
        >>> answer = ChatGPTV(model="gptv-local").invoke("Hi", {"callbacks": [tracker]})
        >>> tracker.total.calls
        1
    """

    def __init__(self, *, service: str = "openai") -> None:
        self._service = service
        self._lock = threading.Lock()
        self._calls: list[CallUsage] = []
        self._started: dict[UUID, tuple[float, str, str]] = {}
        self._tools: dict[UUID, str] = {}

    @property
    def calls(self) -> tuple[CallUsage, ...]:
        """Every call that ended, in the order in which they ended."""
        with self._lock:
            return tuple(self._calls)

    @property
    def total(self) -> UsageTotal:
        """The sum of all calls."""
        return add_up(self.calls)

    def by_model(self) -> dict[str, UsageTotal]:
        """Return the sum per model."""
        return _by(self.calls, "model")

    def by_tool(self) -> dict[str, UsageTotal]:
        """Return the sum per tool; the key "" holds the calls outside of tools."""
        return _by(self.calls, "tool")

    def _repr_html_(self) -> str:
        return show_usage(self)._repr_html_()

    def __str__(self) -> str:
        return str(show_usage(self))

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Note the tool, so that the calls below it are known as its."""
        with self._lock:
            self._tools[run_id] = (serialized or {}).get("name") or kwargs.get("name") or "tool"

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Note that a chain inside a tool is the tool's."""
        with self._lock:
            if parent_run_id in self._tools:
                self._tools[run_id] = self._tools[parent_run_id]

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Note when the call began, and whose it is."""
        model = (kwargs.get("invocation_params") or {}).get("model") or ""
        with self._lock:
            tool = self._tools.get(parent_run_id, "") if parent_run_id else ""
            self._started[run_id] = time.monotonic(), model, tool

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Note what the call took."""
        with self._lock:
            since, model, tool = self._started.pop(run_id, (time.monotonic(), "", ""))
        message = _message(response)
        if message is not None:
            call = self._read(message, model, tool, time.monotonic() - since)
            with self._lock:
                self._calls.append(call)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Note a call that failed."""
        with self._lock:
            since, model, tool = self._started.pop(run_id, (time.monotonic(), "", ""))
            seconds = time.monotonic() - since
            self._calls.append(CallUsage(model, tool, seconds=seconds, failed=True))

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the tool's run."""
        self._forget(run_id)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the tool's run."""
        self._forget(run_id)

    def on_chain_end(self, outputs: dict[str, Any], *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the chain's run."""
        self._forget(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the chain's run."""
        self._forget(run_id)

    def _forget(self, run_id: UUID) -> None:
        with self._lock:
            self._tools.pop(run_id, None)

    def _read(self, message: AIMessage, model: str, tool: str, seconds: float) -> CallUsage:
        metadata, usage = message.response_metadata, message.usage_metadata
        name = metadata.get("model_name") or model
        read = usage["input_tokens"] if usage else None
        written = usage["output_tokens"] if usage else None
        return CallUsage(
            name,
            tool,
            read,
            written,
            (metadata.get("vision_plan") or {}).get("tokens"),
            self._cost(name, read, written),
            seconds,
        )

    def _cost(self, model: str, read: int | None, written: int | None) -> Decimal | None:
        if read is None or written is None:
            return None
        return estimate_cost(read, written, model=model, service=self._service)


def _by(calls: Sequence[CallUsage], field: str) -> dict[str, UsageTotal]:
    names = dict.fromkeys(getattr(call, field) for call in calls)
    return {name: add_up(c for c in calls if getattr(c, field) == name) for name in names}


def _message(response: LLMResult) -> AIMessage | None:
    for generations in response.generations:
        for generation in generations:
            message = getattr(generation, "message", None)
            if isinstance(message, AIMessage):
                return message
    return None
