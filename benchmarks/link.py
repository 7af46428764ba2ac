"""What a question about a picture takes end to end, through a link of so many Mbit/s.

    python benchmarks/link.py [--rounds 5]

A loopback server in a process of its own reads at the rate of the link and answers with the number
of bytes that came. ChatOpenAI sends the file as its guide says; ChatGPTV gets it by `human_message`
and has forgotten every image before each call. Both start from the file on disk and take turns;
times are the medians of the rounds' ratios.
"""

import argparse
import base64
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from overhead import completion
from PIL import Image as PILImage
from prepare import Report, make_photo
from timing import seconds, speedups

from langchain_gptv import ChatGPTV, human_message
from langchain_gptv.messages import checked
from langchain_gptv.sending.cache import READY

IMAGES = Path(__file__).parents[1] / "examples" / "images"
QUESTION = "What is in this picture?"
GOALS = {"high": (15, {20: 8, 100: 3}), "low": (50, {20: 25, 100: 5})}
"""ChatOpenAI's bytes in ours, and its time in ours by the Mbit/s of the link."""

MOST_SECONDS = 900
SLICE = 16_384

Call = Callable[[], int]


class Link(BaseHTTPRequestHandler):
    """Reads a body at the Mbit/s that the path begins with, and answers how many bytes it had."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Take a request as a slow link would deliver it."""
        bytes_per_s = float(self.path.split("/")[1]) * 1e6 / 8
        length, start = int(self.headers["content-length"]), time.perf_counter()
        done = 0
        while done < length:
            done += len(self.rfile.read(min(SLICE, length - done)))
            time.sleep(max(0, start + done / bytes_per_s - time.perf_counter()))
        answer = completion(content=str(length))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def serve() -> None:
    """Print the port, then answer until the parent is gone, at most `MOST_SECONDS`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Link)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    parent = threading.Thread(target=sys.stdin.read, daemon=True)
    parent.start()
    parent.join(MOST_SECONDS)


@contextmanager
def running_link() -> Iterator[str]:
    """Run the server in a process of its own, and give its address."""
    with subprocess.Popen(
        [sys.executable, __file__, "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.communicate("", timeout=10)


def chat_model(cls: type, address: str, mbit_per_s: int, **arguments: Any) -> Any:
    """Return a chat model behind a link."""
    url = f"{address}/{mbit_per_s}/v1"
    return cls(model="gpt-4o", api_key="none", base_url=url, max_retries=0, **arguments)


def untouched(address: str, mbit_per_s: int, path: Path, detail: str) -> Call:
    """Make the call of ChatOpenAI that sends the file as it is, and returns the bytes."""
    model = chat_model(ChatOpenAI, address, mbit_per_s)

    def call() -> int:
        data = base64.b64encode(path.read_bytes()).decode()
        url = f"data:image/{path.suffix[1:].replace('jpg', 'jpeg')};base64,{data}"
        image = {"type": "image_url", "image_url": {"url": url, "detail": detail}}
        return int(model.invoke([HumanMessage([{"type": "text", "text": QUESTION}, image])]).text)

    return call


def prepared(address: str, mbit_per_s: int, path: Path, detail: str) -> Call:
    """Make the first call of ChatGPTV about the file, which returns the bytes."""
    model = chat_model(ChatGPTV, address, mbit_per_s, detail=detail)

    def call() -> int:
        READY.clear()
        checked.forget_all()
        return int(model.invoke([human_message(QUESTION, path)]).text)

    return call


def report_photo(report: Report, address: str, photo: Path, rounds: int) -> None:
    """Compare bytes and time of a photo of 12 MP."""
    for detail, (bytes_goal, time_goals) in GOALS.items():
        for mbit_per_s, time_goal in time_goals.items():
            theirs, ours = (
                way(address, mbit_per_s, photo, detail) for way in (untouched, prepared)
            )
            sent = theirs(), ours()
            faster = speedups(theirs, {"ours": ours}, rounds)["ours"]
            what = f"12 MP at {detail}, {mbit_per_s} Mbit/s: ChatOpenAI's"
            report.at_least(f"{what} time in ours", faster, time_goal)
        print(f"    {sent[0]:,} bytes became {sent[1]:,}")
        report.at_least(
            f"12 MP at {detail}: ChatOpenAI's bytes in ours", sent[0] / sent[1], bytes_goal
        )


def report_small(report: Report, address: str, files: list[Path], rounds: int) -> None:
    """Compare the time of files that may go as they are."""
    for path in files:
        for detail in GOALS:
            theirs, ours = (way(address, 50, path, detail) for way in (untouched, prepared))
            sent = theirs(), ours()
            share = 1 / speedups(theirs, {"ours": ours}, 3 * rounds)["ours"]
            print(f"    {sent[0]:,} bytes became {sent[1]:,}")
            report.at_most(f"{path.name} at {detail}, 50 Mbit/s: share of untouched", share, 1.1)


def make_small(photo: Path) -> list[Path]:
    """Write files that are acceptable as they are, beside the photo."""
    files = [photo.with_name(name) for name in ("small.jpg", "small.webp", "tiny.jpg")]
    with PILImage.open(photo) as picture:
        for path, size in zip(files, ((1024, 768), (1024, 768), (320, 240)), strict=True):
            picture.resize(size).save(path, quality=85)
    return [*files, IMAGES / "receipt.png"]


def main() -> None:
    """Print each figure beside its goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    report = Report()
    with tempfile.TemporaryDirectory() as folder, running_link() as address:
        photo = make_photo(Path(folder) / "photo.jpg", 4032, 3024, quality=92)
        files = make_small(photo)
        print(f"    at 20 Mbit/s it takes {seconds(untouched(address, 20, photo, 'low')):.2f} s")
        report_photo(report, address, photo, rounds)
        report_small(report, address, files, rounds)
    print(f"{report.missed} goals missed")


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
