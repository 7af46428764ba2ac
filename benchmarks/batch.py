"""What keeping answers safe costs: a batch beside the same calls with nothing written down.

Run: python benchmarks/batch.py [PICTURES] [WORKERS]
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from langchain_gptv import ChatGPTV, human_message
from langchain_gptv.batch import Journal, arun_batch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from batching import chat_site, make_pictures

QUESTION, ROUNDS = "How wide is it?", 3


async def bare(paths, llm, workers):
    places = asyncio.Semaphore(workers)

    async def one(path):
        async with places:
            await llm.ainvoke([human_message(QUESTION, path)])

    await asyncio.gather(*map(one, paths))


async def kept(paths, llm, workers, out):
    await arun_batch(paths, llm=llm, out=out, ask=QUESTION, max_concurrency=workers, progress=False)


async def measure(folder: Path, count: int, workers: int) -> None:
    paths = make_pictures(folder / "in", count)
    with chat_site() as site:
        site.delay_s = 0.1
        llm = ChatGPTV(model="gpt-4o", base_url=site.url, api_key="k")
        await bare(paths[:workers], llm, workers)
        ratios, resumed = [], []
        for number in range(ROUNDS):
            out = folder / f"{number}.jsonl"
            times = [await timed(bare(paths, llm, workers))]
            times.append(await timed(kept(paths, llm, workers, out)))
            times.append(await timed(kept(paths, llm, workers, out)))
            ratios.append(times[1] / times[0])
            resumed.append(times[2] / times[1])
    print(f"{count} pictures, {workers} workers, answers after 100 ms, {ROUNDS} rounds in turn")
    print(f"with results kept / bare calls: {' '.join(f'{ratio:.2f}' for ratio in ratios)}")
    print(f"second run / first run:         {' '.join(f'{ratio:.2f}' for ratio in resumed)}")


async def timed(work) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def write_many(folder: Path, lines: int = 2_000) -> None:
    began = time.perf_counter()
    with Journal(folder / "many.jsonl") as journal:
        for number in range(lines):
            journal.append({"key": f"{number:064}", "item": "x.png", "answer": "A cat. " * 20})
    written = time.perf_counter() - began
    began = time.perf_counter()
    Journal(folder / "many.jsonl").close()
    print(
        f"one line on the disk: {1000 * written / lines:.2f} ms; opening {lines:,} lines again: ",
        end="",
    )
    print(f"{1000 * (time.perf_counter() - began):.0f} ms")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure(Path(scratch), *(given or [200, 16])))
        write_many(Path(scratch))
