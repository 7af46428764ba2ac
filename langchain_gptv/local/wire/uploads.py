"""Files that clients upload and download: in memory, with a limit, gone with the process."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from langchain_gptv.local.wire import errors

MAX_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as OpenAI's `/v1/files` has it."""

    name: str
    purpose: str
    data: bytes
    file_id: str = field(default_factory=lambda: f"file-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def described(self) -> dict[str, Any]:
        """Return what the wire says of it."""
        return {
            "id": self.file_id,
            "object": "file",
            "bytes": len(self.data),
            "created_at": self.created,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


class Uploads:
    """The files of a service.

    Args:
        max_bytes: Of all files together; one that would pass it is refused.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._files: dict[str, StoredFile] = {}

    def add(self, name: str, purpose: str, data: bytes) -> StoredFile:
        """Keep a file."""
        kept = StoredFile(name, purpose, data)
        with self._lock:
            size = sum(len(file.data) for file in self._files.values()) + len(data)
            if size > self._max_bytes:
                raise errors.request_error(
                    f"The files would take {size:,} bytes, over the limit of {self._max_bytes:,}. "
                    "Delete those that are not needed.",
                    code="storage_limit_exceeded",
                )
            self._files[kept.file_id] = kept
        return kept

    def receive(self, content_type: str, body: bytes) -> dict[str, Any]:
        """Keep the file of an upload, and return what the wire says of it."""
        fields = _form(content_type, body)
        for name in ("purpose", "file"):
            if name not in fields:
                raise errors.missing(name)
        purpose = fields["purpose"][1].decode(errors="replace")
        if purpose != "batch":
            raise errors.wrong_value("purpose", purpose, ("batch",))
        filename, data = fields["file"]
        return self.add(filename or "file", purpose, data).described()

    def get(self, file_id: str) -> StoredFile:
        """Return a file."""
        kept = self._files.get(file_id)
        if kept is None:
            raise errors.request_error(f"No such File object: {file_id}", param="id", status=404)
        return kept

    def listed(self) -> dict[str, Any]:
        """Return what the wire says of all files."""
        with self._lock:
            data = [file.described() for file in self._files.values()]
        return {"object": "list", "data": data, "has_more": False}

    def delete(self, file_id: str) -> dict[str, Any]:
        """Forget a file."""
        self.get(file_id)
        with self._lock:
            self._files.pop(file_id, None)
        return {"id": file_id, "object": "file", "deleted": True}


def _form(content_type: str, body: bytes) -> dict[str, tuple[str | None, bytes]]:
    """Return (file name, bytes) of each field of a multipart form."""
    if not content_type.lower().startswith("multipart/form-data"):
        raise errors.request_error(
            "A file is uploaded as 'multipart/form-data'.", code="unsupported_content_type"
        )
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parsed: Message = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = parsed.get_payload() if parsed.is_multipart() else []
    return {
        str(part.get_param("name", header="content-disposition")): (
            part.get_filename(),
            _payload(part),
        )
        for part in parts
        if isinstance(part, Message)
    }


def _payload(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
