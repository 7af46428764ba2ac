"""What the tests of batches share: pictures, and a server that counts what it is asked."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import PIL.Image

QUESTION = "How wide is it?"


def make_pictures(folder: Path, count: int) -> list[str]:
    """Write pictures that differ in their pixels; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04}.png" for number in range(count)]
    for number, path in enumerate(paths):
        PIL.Image.new("RGB", (8, 8), (number % 256, number // 256, 7)).save(path)
    return [str(path) for path in paths]


def records(out: Path) -> list[dict]:
    """Return the lines of a file of results."""
    return [json.loads(line) for line in out.read_bytes().splitlines()]


class ChatSite(http.server.ThreadingHTTPServer):
    """Answers Chat Completions with the question's picture, by what it is told to do.

    Attributes:
        asked: How often each picture was asked about.
        answered: How often each picture had its answer sent out whole.
        faults: Replies (status, headers, body) that are given first, one a request.
        delay_s: Before each answer.
        gate: Closed, it holds all answers back.
        tokens: That each answer is billed for: input and output.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.times: list[float] = []
        self.faults: list[tuple[int, dict[str, str], dict]] = []
        self.delay_s = 0.0
        self.gate = threading.Event()
        self.gate.set()
        self.tokens = (250, 100)
        self.content = "8 pixels"
        self.at_a_time = self.most_at_a_time = 0
        self.mutex = threading.Lock()

    @property
    def url(self) -> str:
        """For `base_url`."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChatSite

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        site = self.server
        picture = body["messages"][-1]["content"][-1]["image_url"]["url"]
        with site.mutex:
            site.asked[picture] += 1
            site.times.append(time.monotonic())
            site.at_a_time += 1
            site.most_at_a_time = max(site.most_at_a_time, site.at_a_time)
            fault = site.faults.pop(0) if site.faults else None
        time.sleep(site.delay_s)
        site.gate.wait(30)
        with site.mutex:
            site.at_a_time -= 1
        self._send(*(fault or (200, {}, self._answer(body))))
        with site.mutex:
            site.answered[picture] += 1

    def _answer(self, body: dict) -> dict:
        message = {"role": "assistant", "content": self.server.content}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        read, written = self.server.tokens
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": 0}
        head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1}
        return {**head, "model": body["model"], "choices": [choice], "usage": usage}

    def _send(self, status: int, headers: dict[str, str], body: dict) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def chat_site() -> Iterator[ChatSite]:
    """Run the server while the block lasts."""
    site = ChatSite()
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()
