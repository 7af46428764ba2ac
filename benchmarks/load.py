"""Ask `gptv serve` from 200 callers at once, and print what came of it.

    python benchmarks/load.py [--questions 10000] [--callers 200]

The server is one process of its own, started by the command that users run; this one only asks.
Half of the questions are text, half are about a picture that the server has looked at once, before
the callers come. Latency is counted from a caller's sending to the last byte, so it holds the wait
behind all others; the ratio of its percentiles says whether anybody is left waiting. Memory is the
server's resident set, in MB. Needs Linux.
"""

import argparse
import asyncio
import base64
import re
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

RECEIPT = Path(__file__).parents[1] / "examples" / "images" / "receipt.png"
QUESTIONS = ("What is the total?", "What is the date?", "How big is it?", "What does it say?")
MAX_RATIO = 5.0
MAX_GROWTH = 1.1
"""Of the memory, between a tenth of the way and the end."""


@dataclass
class Load:
    """What was seen so far.

    Attributes:
        latencies: Seconds of each question.
        faults: How often each status or error came.
        memory: (seconds since the start, MB, open files) of the server, over time.
    """

    latencies: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float, int]] = field(default_factory=list)

    @property
    def percentiles(self) -> tuple[float, float, float]:
        """Seconds at p50, p99 and at most."""
        cuts = statistics.quantiles(self.latencies, n=100)
        return cuts[49], cuts[98], max(self.latencies)

    @property
    def growth(self) -> float:
        """Return the last memory over that a tenth of the way."""
        early = self.memory[max(1, len(self.memory) // 10)]
        return self.memory[-1][1] / early[1]


def question(number: int, picture: str) -> dict:
    """Return the body of a question; every second one has the picture."""
    content: list[dict] = [{"type": "text", "text": QUESTIONS[number // 2 % len(QUESTIONS)]}]
    if number % 2:
        content.append({"type": "image_url", "image_url": {"url": picture, "detail": "high"}})
    return {"model": "gptv-local", "messages": [{"role": "user", "content": content}]}


def small_picture() -> str:
    """Return the receipt as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(RECEIPT.read_bytes()).decode()}"


@contextmanager
def serving() -> Iterator[tuple[int, str]]:
    """Run `gptv serve`, and yield its process and its address."""
    start = "from langchain_gptv.cli import main; main()"
    command = [sys.executable, "-c", start, "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr or ():
            if found := re.search(r"(http://\S+/v1)", line):
                break
        yield process.pid, found[1]
    finally:
        process.terminate()
        process.wait(timeout=20)


def memory_of(pid: int) -> tuple[float, int]:
    """Return the resident set in MB, and the open files of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    megabytes = pages * resource.getpagesize() / 1e6
    return megabytes, len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def ask_all(
    pid: int, address: str, *, callers: int, numbers: Iterator[int], every_s: float
) -> Load:
    """Let callers ask until the numbers run out, and watch the server meanwhile."""
    load, picture = Load(), small_picture()
    limits = httpx2.Limits(max_connections=callers, max_keepalive_connections=callers)
    async with httpx2.AsyncClient(trust_env=False, timeout=120, limits=limits) as http:

        async def caller() -> None:
            for number in numbers:
                await ask(http, f"{address}/chat/completions", question(number, picture), load)

        watching = asyncio.create_task(watch(pid, load, every_s))
        await asyncio.gather(*(caller() for _ in range(callers)))
        watching.cancel()
        load.memory.append((time.perf_counter(), *memory_of(pid)))
    return load


async def ask(http: httpx2.AsyncClient, url: str, body: dict, load: Load) -> None:
    """Ask one question and note how that went."""
    started = time.perf_counter()
    try:
        reply = await http.post(url, json=body)
    except httpx2.HTTPError as error:
        load.faults[type(error).__name__] += 1
        return
    load.latencies.append(time.perf_counter() - started)
    if reply.status_code != 200 or not reply.json()["choices"][0]["message"]["content"]:
        load.faults[str(reply.status_code)] += 1


async def watch(pid: int, load: Load, every_s: float) -> None:
    """Note the memory of the server over time."""
    while True:
        load.memory.append((time.perf_counter(), *memory_of(pid)))
        await asyncio.sleep(every_s)


def report(load: Load, callers: int, first_s: float) -> bool:
    """Print the tables; return whether the load was held."""
    begun = load.memory[0][0]
    seconds = load.memory[-1][0] - begun
    p50, p99, most = load.percentiles
    print("| questions | callers | errors | s | a second | p50 s | p99 s | max s | p99/p50 |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    print(
        f"| {len(load.latencies):,} | {callers} | {load.faults.total()} | {seconds:.0f} "
        f"| {len(load.latencies) / seconds:.0f} | {p50:.2f} | {p99:.2f} | {most:.2f} "
        f"| {p99 / p50:.1f} |"
    )
    print(
        f"\nThe first look at the picture, before: {first_s:.1f} s. Errors: {dict(load.faults)}\n"
    )
    print("| after s | memory MB | open files |\n|--:|--:|--:|")
    step = max(1, len(load.memory) // 10)
    for when, megabytes, files in [*load.memory[::step], load.memory[-1]]:
        print(f"| {when - begun:.0f} | {megabytes:.0f} | {files} |")
    print(f"\nMemory at the end over that a tenth of the way: {load.growth:.3f}")
    return not load.faults and p99 <= MAX_RATIO * p50 and load.growth <= MAX_GROWTH


def run(numbers: Iterator[int], callers: int, every_s: float) -> bool:
    """Start a server, let callers ask it, and print the tables."""
    with serving() as (pid, address):
        first = Load()
        url = f"{address}/chat/completions"

        async def look_once() -> None:
            async with httpx2.AsyncClient(trust_env=False, timeout=120) as http:
                await ask(http, url, question(1, small_picture()), first)

        asyncio.run(look_once())
        load = asyncio.run(ask_all(pid, address, callers=callers, numbers=numbers, every_s=every_s))
    return report(load, callers, first.latencies[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--callers", type=int, default=200)
    options = parser.parse_args()
    held = run(iter(range(options.questions)), options.callers, every_s=1)
    sys.exit(not held)


if __name__ == "__main__":
    main()
