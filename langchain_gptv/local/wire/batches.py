"""OpenAI's Batch API in front of the embedded engine: files in, files out, one line a request."""

from __future__ import annotations

import json
import queue
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_gptv.local.wire import errors
from langchain_gptv.local.wire.body import read_body
from langchain_gptv.local.wire.uploads import StoredFile, Uploads

ENDPOINTS = ("/v1/chat/completions", "/v1/responses")
WINDOW_S = 86_400.0
MAX_REQUESTS = 50_000
MAX_BATCHES = 1_000

_PATH = re.compile(r"/v1/(files|batches)(?:/([^/]+))?(?:/(content|cancel))?")

Request = dict[str, Any]
Post = Callable[[str, bytes], tuple[int, dict[str, Any]]]
"""Takes the path and the body of a request; returns status and body of its reply."""


@dataclass
class Batch:
    """One batch, as its owner sees it."""

    input_file: str
    endpoint: str
    window_s: float
    metadata: dict[str, str] | None
    batch_id: str = field(default_factory=lambda: f"batch_{uuid.uuid4().hex}")
    created: float = field(default_factory=time.time)
    status: str = "validating"
    faults: list[dict[str, Any]] = field(default_factory=list)
    output_file: str | None = None
    error_file: str | None = None
    total: int = 0
    completed: int = 0
    failed: int = 0
    ended: float | None = None

    def described(self) -> dict[str, Any]:
        """Return what the wire says of it."""
        ended = {f"{self.status}_at": int(self.ended)} if self.ended else {}
        return {
            "id": self.batch_id,
            "object": "batch",
            "endpoint": self.endpoint,
            "errors": {"object": "list", "data": self.faults} if self.faults else None,
            "input_file_id": self.input_file,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file,
            "error_file_id": self.error_file,
            "created_at": int(self.created),
            "expires_at": int(self.created + self.window_s),
            "request_counts": {
                "total": self.total,
                "completed": self.completed,
                "failed": self.failed,
            },
            "metadata": self.metadata,
            **ended,
        }


class BatchDesk:
    """Takes files and batches; one thread works off the batches in turn.

    Args:
        post: Answers one request.
        uploads: Where the files are.
        window_s: Seconds after which what is not answered has expired.
    """

    def __init__(
        self, post: Post, uploads: Uploads | None = None, window_s: float = WINDOW_S
    ) -> None:
        self._post, self._window_s = post, window_s
        self._uploads = uploads or Uploads()
        self._batches: dict[str, Batch] = {}
        self._waiting: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> dict[str, Any] | bytes | None:
        """Answer a request; None when the path is none of these."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        what, named, action = match.groups()
        content_type = headers.get("content-type", "")
        if what == "files":
            return self._answer_file(f"{method} {action or ''}", named, content_type, body)
        return self._answer_batch(f"{method} {action or ''}", named, query, content_type, body)

    def _answer_file(
        self, wanted: str, file_id: str | None, content_type: str, body: bytes
    ) -> dict[str, Any] | bytes:
        if file_id is None:
            if wanted == "POST ":
                return self._uploads.receive(content_type, body)
            return self._uploads.listed() if wanted == "GET " else _not_so(wanted)
        if wanted == "GET content":
            return self._uploads.get(file_id).data
        if wanted == "DELETE ":
            return self._uploads.delete(file_id)
        return self._uploads.get(file_id).described() if wanted == "GET " else _not_so(wanted)

    def _answer_batch(
        self,
        wanted: str,
        batch_id: str | None,
        query: Mapping[str, str],
        content_type: str,
        body: bytes,
    ) -> dict[str, Any]:
        if batch_id is None:
            if wanted == "POST ":
                return self._create(content_type, body).described()
            return self._listed(query) if wanted == "GET " else _not_so(wanted)
        batch = self._batches.get(batch_id)
        if batch is None:
            raise errors.request_error(f"No batch found with id '{batch_id}'.", status=404)
        if wanted == "POST cancel" and batch.ended is None:
            batch.status = "cancelling"
        return batch.described() if wanted in ("GET ", "POST cancel") else _not_so(wanted)

    def _create(self, content_type: str, body: bytes) -> Batch:
        request = read_body(content_type, body)
        request["completion_window"].one_of("24h")
        file = self._uploads.get(request["input_file_id"].required().text())
        metadata = request["metadata"].object() if request["metadata"].given else None
        endpoint = request["endpoint"].one_of(*ENDPOINTS)
        batch = Batch(file.file_id, endpoint, self._window_s, metadata)
        with self._lock:
            if len(self._batches) >= MAX_BATCHES:
                raise errors.request_error(f"There are {MAX_BATCHES} batches already.", status=429)
            self._batches[batch.batch_id] = batch
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
        self._waiting.put(batch)
        return batch

    def _listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return a page, the newest first."""
        newest = list(reversed(self._batches.values()))
        after = next((n for n, b in enumerate(newest, 1) if b.batch_id == query.get("after")), 0)
        limit = min(int(query["limit"]), 100) if query.get("limit", "").isdigit() else 20
        page = [batch.described() for batch in newest[after : after + limit]]
        ids = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        more = after + limit < len(newest)
        return {"object": "list", "data": page, "has_more": more, **ids}

    def _work(self) -> None:
        while True:
            batch = self._waiting.get()
            try:
                self._run(batch)
            except errors.WireError as error:  # the input file is gone, or there is no room
                batch.faults.append({**error.error, "line": None})
                _end(batch, "failed")

    def _run(self, batch: Batch) -> None:
        requests = list(_read_lines(self._uploads.get(batch.input_file), batch))
        batch.total = len(requests)
        if batch.faults:
            return _end(batch, "failed")
        if batch.status == "validating":
            batch.status = "in_progress"
        lines = [self._answered(request, batch) for request in requests]
        batch.output_file = self._kept(batch, "output", [line for line in lines if _is_good(line)])
        batch.error_file = self._kept(
            batch, "error", [line for line in lines if not _is_good(line)]
        )
        return _end(batch, _last_status(lines))

    def _answered(self, request: Request, batch: Batch) -> dict[str, Any]:
        fault = _fault(batch)
        line = {"id": f"batch_req_{uuid.uuid4().hex}", "custom_id": request["custom_id"]}
        if fault is not None:
            batch.failed += 1
            return {**line, "response": None, "error": fault}
        status, body = self._post(batch.endpoint, json.dumps(request["body"]).encode())
        batch.completed += status == 200
        batch.failed += status != 200
        reply = {"status_code": status, "request_id": f"req_{uuid.uuid4().hex}", "body": body}
        return {**line, "response": reply, "error": None}

    def _kept(self, batch: Batch, kind: str, lines: list[dict[str, Any]]) -> str | None:
        if not lines:
            return None
        data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        name = f"{batch.batch_id}_{kind}.jsonl"
        return self._uploads.add(name, "batch_output", data).file_id


def _read_lines(file: StoredFile, batch: Batch) -> Iterator[Request]:
    """Yield the requests; what is wrong with a line goes into the faults of the batch."""
    seen: set[str] = set()
    lines = file.data.splitlines()
    if not 0 < len(lines) <= MAX_REQUESTS:
        batch.faults.append(_line_fault("invalid_file", f"{len(lines)} requests.", None))
        return
    for number, line in enumerate(lines, 1):
        try:
            request = json.loads(line)
            wanted, named, body = request["url"], request["custom_id"], request["body"]
        except (ValueError, KeyError, TypeError) as error:
            batch.faults.append(_line_fault("invalid_json_line", str(error), number))
            continue
        if named in seen:
            batch.faults.append(_line_fault("duplicate_custom_id", f"{named}", number))
        elif wanted != batch.endpoint or not isinstance(body, dict):
            batch.faults.append(_line_fault("invalid_url", f"{wanted}", number))
        else:
            seen.add(named)
            yield request


def _line_fault(code: str, message: str, line: int | None) -> dict[str, Any]:
    return {"code": code, "message": message, "param": None, "line": line}


def _fault(batch: Batch) -> dict[str, str] | None:
    if batch.status == "cancelling":
        return {"code": "batch_cancelled", "message": "The batch was cancelled."}
    if time.time() >= batch.created + batch.window_s:
        message = "This request could not be executed before the completion window expired."
        return {"code": "batch_expired", "message": message}
    return None


def _last_status(lines: list[dict[str, Any]]) -> str:
    codes = {line["error"]["code"] for line in lines if line["error"]}
    return next((code.removeprefix("batch_") for code in sorted(codes)), "completed")


def _is_good(line: Mapping[str, Any]) -> bool:
    return line["response"] is not None and line["response"]["status_code"] == 200


def _end(batch: Batch, status: str) -> None:
    batch.ended = time.time()
    batch.status = status


def _not_so(wanted: str) -> dict[str, Any]:
    raise errors.request_error(
        f"{wanted.strip()} is not accepted here.", code="method_not_supported", status=405
    )
