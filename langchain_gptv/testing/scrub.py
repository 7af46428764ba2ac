"""Secrets kept out of cassettes: headers by a list of those allowed, the rest by their form.

What a request carries in a header that is not allowed is also taken out of bodies and addresses,
since a service may repeat a key in its answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

REDACTED = "REDACTED"

REQUEST_HEADERS = frozenset({"accept", "content-type"})
"""Headers of a request that are kept, in lower case."""

RESPONSE_HEADERS = frozenset(
    {"content-type", "content-encoding", "location", "openai-version"}
    | {"retry-after", "retry-after-ms", "x-should-retry"}
)
"""Headers of a response that are kept, in lower case."""

_SECRET_HEADERS = (
    *("authorization", "api-key", "x-api-key", "ocp-apim-subscription-key", "cookie"),
    *("openai-organization", "openai-project", "proxy-authorization", "x-ms-client-secret"),
)
_MIN_REMEMBERED = 16
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_LOOPBACK_PORT = re.compile(rf"(?<=://)({'|'.join(map(re.escape, _LOOPBACK))}):\d+".encode())

_AZURE_HOSTS = (
    r"openai\.azure|cognitiveservices\.azure|services\.ai\.azure|inference\.ai\.azure"
    r"|models\.ai\.azure|azure-api|search\.windows|vault\.azure"
    r"|(?:blob|file|queue|table|dfs)\.core\.windows"
)
_SECRET_QUERY = (
    r"sig|se|st|sp|sv|sr|spr|sip|ss|srt|skoid|sktid|skt|ske|sks|skv"
    r"|api[-_]?key|key|token|access[-_]token|id[-_]token|auth|subscription-key|client_secret"
    r"|x-amz-[a-z-]+|x-goog-[a-z-]+|signature|awsaccesskeyid|key-pair-id|policy|password"
)
_SECRET_FIELDS = (
    r"[a-z_]*api[-_]?key|authorization|password|passwd|client_secret|secret|access_token"
    r"|refresh_token|id_token|subscription_key|organization_id|project_id"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bsk-[A-Za-z0-9_*-]{8,}"), f"sk-{REDACTED}"),
    (re.compile(r"\borg-[A-Za-z0-9]{8,}"), f"org-{REDACTED}"),
    (re.compile(r"\bproj_[A-Za-z0-9]{8,}"), f"proj_{REDACTED}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]+){0,3}"), f"JWT-{REDACTED}"),
    (re.compile(r"(?i)\bbearer\s+(?=[^\s\"\\]*\d)[\w.~+/=-]{16,}"), f"Bearer {REDACTED}"),
    (re.compile(r"\b(https?://)[^/\s:@\"\\]+:[^/\s@\"\\]+@"), rf"\1{REDACTED}@"),
    (re.compile(rf"(?i)\b[a-z0-9-]{{1,63}}(?=(?:\.[a-z0-9-]{{1,63}})?\.(?:{_AZURE_HOSTS})\.(?:com|net|us|cn)\b)"),
     "RESOURCE"),
    (re.compile(rf"(?i)((?:[?&]|&amp;|\\u0026)(?:{_SECRET_QUERY})=)[^&\s\"'\\<>)]+"),
     rf"\g<1>{REDACTED}"),
    (re.compile(rf'(?i)((\\{{0,15}})"(?:{_SECRET_FIELDS})\2"\s*:\s*\2")[^"\\]+'),
     rf"\g<1>{REDACTED}"),
    # "key" may be anybody's word, unless it has the form of one of Azure's.
    (re.compile(r'(?i)((\\{0,15})"key\2"\s*:\s*\2")[a-z0-9+/]{32,}={0,2}(?=\\{0,15}")'),
     rf"\g<1>{REDACTED}"),
    (re.compile(r"\b(AccountKey|SharedAccessSignature|SharedAccessKey)=[^;\s\"\\]+"),
     rf"\1={REDACTED}"),
)  # fmt: skip

_seen: set[str] = set()


def scrub_text(text: str) -> str:
    """Take keys, tokens, signatures, account ids and Azure resource names out of a text.

    Example:
        >>> scrub_text("https://acme-prod.openai.azure.com/?api-key=1234&page=2")
        'https://RESOURCE.openai.azure.com/?api-key=REDACTED&page=2'
    """
    for secret in _seen:
        text = text.replace(secret, REDACTED)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def scrub_body(body: bytes) -> bytes:
    """Scrub a body of text; one that is no UTF-8 is returned as it is."""
    try:
        return scrub_text(body.decode()).encode()
    except UnicodeDecodeError:
        return body


def scrub_url(url: str) -> str:
    """Scrub an address; a server on this machine loses its port, which is another every time."""
    parts = urlsplit(scrub_text(url))
    host = parts.netloc.rpartition("@")[2]
    name = host.rpartition(":")[0] or host
    netloc = name if name in _LOOPBACK else host
    return urlunsplit(parts._replace(netloc=netloc))


def drop_ports(body: bytes) -> bytes:
    """Take the ports of servers on this machine out of a body; they are others every time."""
    return _LOOPBACK_PORT.sub(rb"\1", body)


def keep_headers(
    headers: Mapping[str, Any], allowed: frozenset[str], scrub: Callable[[str], str] = scrub_text
) -> dict[str, Any]:
    """Return the headers that are allowed, their values scrubbed, and no other."""
    kept = {}
    for name, value in headers.items():
        if name.lower() in allowed:
            values = value if isinstance(value, list | tuple) else [value]
            kept[name.lower()] = [scrub(_text(each)) for each in values]
    return kept


def remember_secrets(headers: Mapping[str, Any]) -> None:
    """Note the keys in the headers of a request, to take them out wherever they turn up."""
    for name, value in headers.items():
        if name.lower() in _SECRET_HEADERS:
            secret = _text(value).partition(" ")[2] or _text(value)
            if len(secret) >= _MIN_REMEMBERED:
                _seen.add(secret)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
