"""Azure AI Vision on loopback: a server that keeps to the documented exchanges."""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import PIL.Image

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "entra-token-0123456789"
MODEL = "loopback-site"
"""What answers here calls itself, so that no recording of it passes for one of Azure's."""
SIGHT_ANSWER = 'A cup below a sign that says "NO ENTRY".'
VIDEO_ANSWER = "A man with a black hoodie walks to the gate."


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Reply:
    """What is answered."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def denied() -> Reply:
    """What the service says to a wrong key."""
    text = "Access denied due to invalid subscription key or wrong API endpoint."
    return Reply(401, {"error": {"code": "401", "message": text}})


def refused(message: str, code: str = "", status: int = 400) -> Reply:
    """What the service says to a request that it cannot do."""
    error: dict[str, Any] = {"code": "InvalidRequest", "message": message}
    if code:
        error["innererror"] = {"code": code, "message": message}
    return Reply(status, {"error": error}, {"x-ms-error-code": "InvalidRequest"})


class AzureSite(http.server.ThreadingHTTPServer):
    """Checks the key, keeps each request and lets `answer` reply.

    Attributes:
        asked: The requests so far.
        fault: A reply that is given in place of every answer.
        delay_s: Seconds before each reply.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.fault: Reply | None = None
        self.delay_s = 0.0

    @property
    def endpoint(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_port}"

    def reply(self, asked: Asked) -> Reply:
        """Answer a request."""
        self.asked.append(asked)
        time.sleep(self.delay_s)
        signed = {
            asked.headers.get("ocp-apim-subscription-key"),
            asked.headers.get("api-key"),
            asked.headers.get("authorization"),
        }
        if not signed & {KEY, f"Bearer {TOKEN}"}:
            return denied()
        return self.fault or self.answer(asked)

    def answer(self, asked: Asked) -> Reply:
        """Answer a request that is signed."""
        raise NotImplementedError

    def handle_error(self, request, client_address) -> None:
        """Stay silent when a client hangs up, which is what a timeout is."""


class VisionSite(AzureSite):
    """Image Analysis 4.0: sees one sign, one cup and two people in every picture.

    Boxes are shares of the picture that arrived, so that a wrong mapping back shows.
    """

    def answer(self, asked: Asked) -> Reply:
        """Answer `imageanalysis:analyze`, and as a deployment beside it."""
        if asked.path.startswith("/openai/deployments/"):
            return Reply(200, chat_answer(SIGHT_ANSWER))
        if asked.path != "/computervision/imageanalysis:analyze":
            return Reply(404, {"error": {"code": "404", "message": "Resource not found"}})
        if asked.headers["content-type"] == "application/json":
            width, height = 400, 200
        else:
            with PIL.Image.open(io.BytesIO(asked.body)) as picture:
                width, height = picture.size
        return Reply(200, seen(width, height, asked.query["features"].split(",")))


class VideoSite(AzureSite):
    """Video Retrieval: one ingestion is running at the first look and complete at the second."""

    def __init__(self) -> None:
        super().__init__()
        self.indexes: dict[str, Any] = {}
        self.ingestions: dict[str, int] = {}

    def answer(self, asked: Asked) -> Reply:
        """Answer what is asked about an index."""
        name, _, rest = asked.path.removeprefix("/computervision/retrieval/indexes/").partition("/")
        name, _, action = name.partition(":")
        if asked.method == "PUT" and not rest:
            self.indexes[name] = asked.json
            return Reply(201, {"name": name, **asked.json, "eTag": '"1"', "userData": {}})
        if name not in self.indexes:
            return Reply(404, {"error": {"code": "NotFound", "message": f"No index {name}"}})
        if asked.method == "DELETE":
            del self.indexes[name]
            return Reply(204, None)
        return Reply(200, HITS) if action == "queryByText" else self._ingestions(asked, rest)

    def _ingestions(self, asked: Asked, rest: str) -> Reply:
        if asked.method == "PUT":
            name = rest.removeprefix("ingestions/")
            self.ingestions[name] = 0
            return Reply(202, {"name": name, "state": "Running"})
        states = []
        for name, looks in self.ingestions.items():
            done = "Failed" if name.startswith("broken") else "Completed"
            states.append({"name": name, "state": done if looks else "Running"})
            self.ingestions[name] = looks + 1
        return Reply(200, {"value": states})


class VideoChatSite(VideoSite):
    """Video Retrieval, and in front of it a deployment that answers video prompts of 2023-24.

    A prompt must name an index that is there, with the key of its resource, and one document.
    """

    def answer(self, asked: Asked) -> Reply:
        """Answer a chat request, or what is asked about an index."""
        if not asked.path.startswith("/openai/deployments/"):
            return super().answer(asked)
        if not asked.json["enhancements"]["video"]["enabled"]:
            return refused("There is no video to answer about")
        (source,) = asked.json.get("dataSources") or asked.json["data_sources"]
        parameters = source["parameters"]
        if source["type"] != "AzureComputerVisionVideoIndex" or not parameters["videoUrls"]:
            return refused("The data source is no video index")
        if parameters["computerVisionApiKey"] != KEY:
            return denied()
        if parameters["indexName"] not in self.indexes:
            return refused(f"There is no index {parameters['indexName']}")
        parts = [part for message in asked.json["messages"] for part in message["content"]]
        (_,) = (part for part in parts if part["type"] == "acv_document_id")
        return Reply(200, chat_answer(VIDEO_ANSWER))


def chat_answer(text: str) -> dict[str, Any]:
    """Return an answer of 2023-12, as its how-to shows the one about a video."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_702_415_412,
        "model": MODEL,
        "choices": [
            {
                "finish_details": {"type": "stop", "stop": "<|fim_suffix|>"},
                "index": 0,
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {"completion_tokens": 11, "prompt_tokens": 663, "total_tokens": 674},
    }


HITS = {
    "value": [
        {
            "documentId": "clip-1",
            "documentKind": "VideoFrame",
            "start": "00:01:58",
            "end": "00:02:09.5",
            "best": "00:02:03",
            "relevance": 0.24,
        }
    ]
}


def seen(width: int, height: int, features: list[str]) -> dict[str, Any]:
    """Return an analysis of a picture of that size, of the shape of the published schema."""
    results = {
        "caption": {"captionResult": {"text": "a cup at a sign", "confidence": 0.8}},
        "denseCaptions": {
            "denseCaptionsResult": {
                "values": [
                    {"text": "a red cup", "confidence": 0.7, "boundingBox": _box(width, height)}
                ]
            }
        },
        "tags": {
            "tagsResult": {
                "values": [
                    {"name": "cup", "confidence": 0.6},
                    {"name": "indoor", "confidence": 0.9},
                ]
            }
        },
        "objects": {
            "objectsResult": {
                "values": [
                    {
                        "id": "object-1",
                        "boundingBox": _box(width, height),
                        "tags": [{"name": "cup", "confidence": 0.7}],
                    }
                ]
            }
        },
        "people": {
            "peopleResult": {
                "values": [
                    {"boundingBox": _box(width, height, 0.5), "confidence": 0.95},
                    {"boundingBox": _box(width, height, 0.6), "confidence": 0.002},
                ]
            }
        },
        "read": {"readResult": {"blocks": [{"lines": [_line(width, height)]}]}},
    }
    found: dict[str, Any] = {
        "modelVersion": MODEL,
        "metadata": {"width": width, "height": height},
    }
    for feature in features:
        found.update(results[feature])
    return found


def _box(width: int, height: int, left: float = 0.25) -> dict[str, int]:
    """A quarter of each side, half way down."""
    x, y = round(left * width), round(0.5 * height)
    return {"x": x, "y": y, "w": round(width / 4), "h": round(height / 4)}


def _line(width: int, height: int) -> dict[str, Any]:
    polygon = [
        {"x": x * width // 10, "y": y * height // 10} for x, y in ((1, 1), (9, 1), (9, 2), (1, 2))
    ]
    words = [
        {"text": word, "boundingPolygon": polygon, "confidence": score}
        for word, score in (("NO", 0.9), ("ENTRY", 0.7))
    ]
    return {"text": "NO ENTRY", "boundingPolygon": polygon, "words": words}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        reply = self.server.reply(Asked(self.command, url.path, query, headers, body))
        is_raw = isinstance(reply.body, bytes)
        data = reply.body if is_raw else json.dumps(reply.body).encode()
        data = b"" if reply.body is None else data
        with contextlib.suppress(OSError):
            self.send_response(reply.status)
            headers = {"Content-Type": "application/json", **reply.headers}
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""


@contextlib.contextmanager
def serving(site: AzureSite) -> Iterator[Any]:
    """Run a site in a thread."""
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        thread.join()
        site.server_close()
