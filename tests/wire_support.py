"""What the tests of the wire share: a small engine, pictures, and a server in a thread."""

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import PIL.Image
import pytest

from langchain_gptv.exceptions import CannotFillError
from langchain_gptv.local.evidence import Answer, Evidence
from langchain_gptv.local.wire import LocalService
from langchain_gptv.vision.boxes import Box

TOTAL = Evidence("text", "12.50", 0.987654, Box(1, 2, 30, 40))
ANSWER = "The total is 12.50 euros."


class FakeEngine:
    """Answers the same of any image, fills each string with "12.50", and notes what it got."""

    def __init__(self) -> None:
        self.images = []
        self.question = None

    def answer(self, images, question):
        self._note(images, question)
        if not images:
            return Answer("There is no image.", "cannot_tell")
        return Answer(ANSWER, "seen", (TOTAL,))

    def fill(self, images, question, schema):
        self._note(images, question)
        properties = schema.get("properties", {})
        if "owner" in properties:
            raise CannotFillError("owner", "no name is printed.")
        return dict.fromkeys(properties, "12.50"), (TOTAL,)

    def _note(self, images, question):
        self.images, self.question = [image.width for image in images], question


def encode(width=20, height=10, kind="PNG"):
    """Return a picture as base64; its width tells one from another."""
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "white").save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def data_url(width=20, height=10, kind="PNG"):
    """Return a picture as a data URL."""
    return f"data:image/{kind.lower()};base64,{encode(width, height, kind)}"


def chat_image(width=20, **extra):
    """An image part of Chat Completions."""
    return {"type": "image_url", "image_url": {"url": data_url(width), **extra}}


def input_image(width=20, **extra):
    """An image part of Responses."""
    return {"type": "input_image", "image_url": data_url(width), **extra}


def user(*content):
    """A user message of Chat Completions; strings become text parts."""
    parts = [{"type": "text", "text": p} if isinstance(p, str) else p for p in content]
    return {"role": "user", "content": parts}


def schema(*names):
    """A JSON Schema of string properties."""
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }


def post(service, path, body, *, query=None, content_type="application/json", method="POST"):
    """Send one request and return its status and its JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": content_type}
    reply = service.handle(method, path, query or {}, headers, raw)
    return reply.status, json.loads(reply.body)


def need_server() -> None:
    """Skip where nothing can be served."""
    for library in ("starlette", "uvicorn"):
        pytest.importorskip(library, reason="the extra 'local' is not installed")


def build_app(*args, **kwargs):
    """Build the app of `gptv serve`."""
    need_server()
    from langchain_gptv.local import server

    return server.build_app(*args, **kwargs)


@contextmanager
def running(app) -> Iterator[str]:
    """Run an app on a free port and yield its address."""
    need_server()
    from langchain_gptv.local.server import bind, make_server

    with bind("127.0.0.1", 0) as listener:
        server = make_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def make_service(**kwargs):
    """A service on a fresh engine."""
    return LocalService(FakeEngine(), **kwargs)
