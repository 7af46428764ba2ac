"""What a request and a response become before they are compared or stored.

vcrpy calls these on what is sent and on what it loads, so both are idempotent.
"""

from __future__ import annotations

import re
from typing import Any

from langchain_gptv.testing.digests import CleanBody, digest_body, is_text
from langchain_gptv.testing.scrub import (
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    drop_ports,
    keep_headers,
    remember_secrets,
    scrub_body,
    scrub_url,
)

_BOUNDARY = re.compile(r"boundary=\"?([^\";\s]+)")
_PLAIN_BOUNDARY = "boundary"


def clean_request(request: Any) -> Any:
    """Return a vcrpy request without secrets and with digests for pictures."""
    from vcr.request import Request

    remember_secrets(request.headers)
    headers = keep_headers(request.headers, REQUEST_HEADERS)
    body = _read(request.body)
    if body is not None and not isinstance(body, CleanBody):
        cleaned = _clean(_with_plain_boundary(headers, body))
        body = CleanBody(drop_ports(cleaned), cleaned.pictures)
    return Request(request.method, scrub_url(request.uri), body, headers)


def clean_response(response: dict[str, Any]) -> dict[str, Any]:
    """Return a vcrpy response without secrets and with digests for pictures.

    A body that is no text, such as speech or the bytes of a picture, stays as it is.
    """
    response["headers"] = keep_headers(response["headers"], RESPONSE_HEADERS)
    body = response.get("body") or {}
    data = body.get("string")
    if isinstance(data, str):
        data = data.encode()
    if data and not isinstance(data, CleanBody) and is_text(data):
        body["string"] = _clean(data)
    return response


def _clean(body: bytes) -> CleanBody:
    digested = digest_body(body)
    return CleanBody(scrub_body(digested), digested.pictures)


def _read(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return _read(body.read())
    return b"".join(part.encode() if isinstance(part, str) else bytes(part) for part in body)


def _with_plain_boundary(headers: dict[str, Any], body: bytes) -> bytes:
    """Give the parts of a form a boundary that is the same every time."""
    for value in headers.get("content-type", []):
        found = _BOUNDARY.search(value)
        if found:
            headers["content-type"] = [value.replace(found[1], _PLAIN_BOUNDARY)]
            body = body.replace(found[1].encode(), _PLAIN_BOUNDARY.encode())
    return body
