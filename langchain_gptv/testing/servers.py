"""Which server answered, told from the address and from what an answer says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_MODEL = re.compile(r'"model(?:Version)?"\s*:\s*"([^"]{1,100})"')
_ENGINE = re.compile(
    r'"system_fingerprint"\s*:\s*"gptv-local-([^"]{1,40})"'
    r'|"engine"\s*:\s*"gptv-local"\s*,\s*"version"\s*:\s*"([^"]{1,40})"'
)
_AZURE_HOST = re.compile(
    r"\.(?:openai|cognitiveservices|services\.ai|inference\.ai|models\.ai)\.azure\.(?:com|us|cn)$"
    r"|\.azure-api\.net$"
)


def is_azure(uri: str) -> bool:
    """Whether the address is one of Azure's, by its host."""
    return bool(_AZURE_HOST.search(urlsplit(uri).hostname or ""))


def name_servers(exchanges: Iterable[tuple[str, str]]) -> list[str]:
    """Name who answered, and with which model, once each.

    An answer that names no model, such as an error, counts for the model that gave another answer
    from the same host.

    Args:
        exchanges: (address, body of the answer); the body is JSON or a stream.

    Example:
        >>> name_servers([("https://api.openai.com/v1/responses", '{"model": "gpt-5.4-nano"}')])
        ['OpenAI, gpt-5.4-nano']
    """
    told: dict[str, list[tuple[str, str]]] = {}
    for uri, answer in exchanges:
        model = _MODEL.search(answer)
        named = _service(uri, answer), model[1] if model else ""
        told.setdefault(urlsplit(uri).netloc, []).append(named)
    names = [
        ", ".join(filter(None, (service, model)))
        for answers in told.values()
        for service, model in ([each for each in answers if each[1]] or answers)
    ]
    return list(dict.fromkeys(names))


def _service(uri: str, answer: str) -> str:
    engine = _ENGINE.search(answer)
    if engine:
        return f"gptv serve {engine[1] or engine[2]} (embedded engine)"
    if is_azure(uri):
        is_vision = urlsplit(uri).path.startswith("/computervision/")
        return "Azure AI Vision" if is_vision else "Azure OpenAI"
    host = urlsplit(uri).netloc
    return "OpenAI" if host == "api.openai.com" else host
