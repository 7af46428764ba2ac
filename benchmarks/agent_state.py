"""What a picture costs an agent's state: ten tool calls about one picture of 1 MB.

    python benchmarks/agent_state.py

The same agent with and without VisionMiddleware, in turn, before one `gptv serve` on loopback.
Checkpoints are the bytes that LangGraph writes to SQLite; a trace is all that a tracer is told, as
JSON; CPU is this process's own, per model call. Ratios are medians of the rounds.
"""

import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import Any

import PIL.Image
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumps
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite import SqliteSaver

from langchain_gptv import Image, VisionMiddleware, human_message

CALLS = 10
ROUNDS = 5
SIDE = 578
"""Pixels of a square of noise that is 1 MB as PNG."""


@tool
def note(number: int) -> str:
    """Note a number."""
    return f"Noted {number}."


class TenCalls(AgentMiddleware):
    """Asks the engine for a tool call until there have been ten, then for an answer."""

    def wrap_model_call(self, request: Any, handler: Any) -> Any:
        """Set the tool choice by how many tools have answered."""
        made = sum(isinstance(message, ToolMessage) for message in request.messages)
        return handler(request.override(tool_choice="any" if made < CALLS else "none"))


class Tracer(BaseCallbackHandler):
    """Counts the characters that a tracer would send."""

    def __init__(self) -> None:
        self.size = 0

    def _told(self, *told: Any, **_: Any) -> None:
        self.size += len(dumps(told[-1]))

    on_chain_start = on_chat_model_start = on_tool_start = _told
    on_chain_end = on_llm_end = on_tool_end = _told


@contextmanager
def serving():
    """Start `gptv serve` in a process of its own."""
    start = "from langchain_gptv.cli import main; main()"
    command = [sys.executable, "-c", start, "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in server.stdout:
            if found := re.search(r"serving \S+ at (http://\S+/v1)", line):
                yield found[1]
                return
    finally:
        server.terminate()
        server.wait()


def run(
    address: str, data: bytes, *, with_middleware: bool, traced: bool
) -> tuple[int, int, float]:
    """Return the bytes of checkpoints and trace, and the CPU seconds, of one run."""
    vision = VisionMiddleware()
    middleware = [TenCalls(), *([vision] if with_middleware else [])]
    model = ChatOpenAI(model="gptv-local", base_url=address, api_key="none", max_retries=0)
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    saver, tracer = SqliteSaver(connection), Tracer()
    agent = create_agent(model, [note], middleware=middleware, checkpointer=saver)
    agent = vision.wrap(agent) if with_middleware else agent
    callbacks = {"callbacks": [tracer]} if traced else {}
    start = time.process_time()
    agent.invoke(
        {"messages": [human_message("note number=3", data)]},
        {"configurable": {"thread_id": "1"}, **callbacks},
    )
    seconds = time.process_time() - start
    sizes = "select (select sum(length(checkpoint)) from checkpoints) + sum(length(value))"
    written = connection.execute(f"{sizes} from writes").fetchone()[0]
    return written, tracer.size, seconds


def main() -> None:
    data = PIL.Image.frombytes("RGB", (SIDE, SIDE), os.urandom(SIDE * SIDE * 3))
    png = Image.of(data).data
    print(f"one picture of {len(png):,} bytes, {CALLS} tool calls, ChatOpenAI")
    with serving() as address:
        traced = [run(address, png, with_middleware=on, traced=True) for on in (False, True)]
        for name, index in (("checkpoints", 0), ("trace", 1)):
            without, with_it = traced[0][index], traced[1][index]
            print(f"{name}: {without:,} bytes without, {with_it:,} with: 1/{without / with_it:.0f}")
        ratios = []
        for _ in range(ROUNDS):
            pair = [run(address, png, with_middleware=on, traced=False)[2] for on in (False, True)]
            ratios.append(pair[1] / pair[0])
            print(
                f"CPU per step: {pair[0] / (CALLS + 1) * 1000:.1f} ms without, "
                f"{pair[1] / (CALLS + 1) * 1000:.1f} ms with: {ratios[-1]:.2f}x"
            )
    print(f"CPU per step, median: {statistics.median(ratios):.2f}x")


if __name__ == "__main__":
    main()
