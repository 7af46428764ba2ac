"""Describe a folder of any size on a Ray cluster: prepared on all machines, asked from one place.

    pip install "langchain-gptv[ray]"
    python examples/describe_a_million_images_ray.py FOLDER out.jsonl [base_url]

Workers read and encode the pictures, which is the work that grows with their number. One actor asks
the model, so that there is one rate limit, one limit of cost and one file of results, the same as
`run_batch` writes: run it again, here or with `gptv batch`, and it goes on where it ended. A worker
may be killed at any time: Ray gives its pictures to another one, and what was asked about them
already, or is being asked, is not asked again.
"""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import ray

from langchain_gptv import ChatGPTV, Image
from langchain_gptv.batch import Item, Journal, load_items
from langchain_gptv.batch.asking import Asker
from langchain_gptv.batch.money import Money
from langchain_gptv.batch.questions import Question

QUESTION = "Describe the picture."
AT_A_TIME = 32
BATCH = 16


@ray.remote(num_cpus=0)
class Desk:
    """Asks and writes down, for all workers."""

    def __init__(self, out: str, model: str, base_url: str | None) -> None:
        llm = ChatGPTV(model=model, **({"base_url": base_url} if base_url else {}))
        self.journal = Journal(out)
        self.asker = Asker(Question.of(QUESTION, None, llm), llm, self.journal, Money(llm))
        self.places = asyncio.Semaphore(AT_A_TIME)

    async def ask(self, name: str, data: bytes) -> str:
        """Ask about one picture; a second call about it waits for the first and pays nothing."""
        async with self.places:
            return (await self.asker.ask(Item(name, data))).kind


class Describe:
    """The worker: opens pictures and hands them to the desk."""

    def __init__(self, desk: Any, log: str | None = None) -> None:
        self.desk = desk
        if log:  # so that a test can kill one
            Path(log, str(os.getpid())).touch()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Describe the pictures of a batch; a broken one is recorded and costs no other."""
        asked = [self.desk.ask.remote(str(path), read(str(path))) for path in batch["path"]]
        return {"path": batch["path"], "outcome": ray.get(asked)}


def read(path: str) -> bytes:
    """Return the bytes to send; of what is no picture, the file as it is, for the record."""
    try:
        return Image.of(path).data
    except (OSError, ValueError):
        return Path(path).read_bytes() if Path(path).is_file() else b""


def main(folder: str, out: str, base_url: str | None = None, log: str | None = None) -> None:
    """Describe all images of a folder."""
    desk = Desk.remote(str(Path(out).resolve()), "gptv-local", base_url)
    paths = [{"path": str(Path(item.name).resolve())} for item in load_items(folder)]
    described = ray.data.from_items(paths).map_batches(
        Describe, fn_constructor_args=(desk, log), batch_size=BATCH, concurrency=2, num_cpus=0.5
    )
    for outcome, count in Counter(row["outcome"] for row in described.iter_rows()).items():
        print(f"{count} {outcome}")


if __name__ == "__main__":
    ray.init(include_dashboard=False)
    main(*sys.argv[1:])
