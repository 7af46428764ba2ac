"""One Azure AI Vision resource over REST: its address, key or token, and what its errors mean."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from langchain_gptv._urls import is_web_url
from langchain_gptv._version import __version__
from langchain_gptv.exceptions import (
    EnhancementTimeoutError,
    MissingKeyError,
    UnsupportedFeatureError,
    VisionAccessError,
    VisionConnectionError,
    VisionServiceError,
)

TokenProvider = Callable[[], str]
"""Returns a token of Entra ID, as `azure.identity.get_bearer_token_provider(...)` makes one."""

_NOT_SUPPORTED = ("NotSupportedVisualFeature", "NotSupportedFeature", "NotSupportedLanguage")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `json` or `content` is its body."""

    method: str
    path: str
    query: Mapping[str, str]
    json: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class VisionResource:
    """Sends calls to one resource, and makes its faults errors of ours.

    Args:
        endpoint: `https://<resource>.cognitiveservices.azure.com`, with or without a path.
        key: One of the resource's two keys.
        credential: What gives a token of Entra ID in place of a key; called before each call.
        timeout: Seconds to connect, and to wait for each piece of the answer.
        http_client: What sends; None takes one of this process.
        http_async_client: What sends from async code; None makes one for each call, since a
            connection belongs to its event loop.

    Raises:
        MissingKeyError: There is no key and no credential.
        VisionConnectionError: The endpoint is no URL.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        key: str | None = None,
        credential: TokenProvider | None = None,
        timeout: float = 30.0,
        http_client: httpx2.Client | None = None,
        http_async_client: httpx2.AsyncClient | None = None,
    ) -> None:
        if not (key or credential):
            raise MissingKeyError(
                f"There is no key for {endpoint!r}. Pass key=..., or for Entra ID "
                "credential=get_bearer_token_provider(...)."
            )
        self.endpoint = _checked_endpoint(endpoint)
        self.key = key
        self.timeout = timeout
        self._credential = credential
        self._client = http_client
        self._async_client = http_async_client

    def send(self, call: Call) -> Any:
        """Return the JSON of the answer; None when it is empty.

        Raises:
            EnhancementError: The service refused, did not answer, or not in time.
        """
        client = self._client or _shared_client()
        request = self._request(client, call)
        with self._explained():
            return _read(client.send(request), self.endpoint)

    async def asend(self, call: Call) -> Any:
        """Do the same without blocking the event loop."""
        if self._async_client is None:
            async with httpx2.AsyncClient(verify=_tls()) as client:
                return await self._asend(client, call)
        return await self._asend(self._async_client, call)

    async def _asend(self, client: httpx2.AsyncClient, call: Call) -> Any:
        request = await asyncio.to_thread(self._request, client, call)
        with self._explained():
            return _read(await client.send(request), self.endpoint)

    def _request(self, client: httpx2.Client | httpx2.AsyncClient, call: Call) -> httpx2.Request:
        return client.build_request(
            call.method,
            f"{self.endpoint}{call.path}",
            params=dict(call.query),
            json=call.json,
            content=call.content,
            headers={**call.headers, **self._signature(), "User-Agent": _AGENT},
            timeout=self.timeout,
        )

    def _signature(self) -> dict[str, str]:
        if self._credential is None:
            return {"Ocp-Apim-Subscription-Key": self.key or ""}
        return {"Authorization": f"Bearer {self._credential()}"}

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TimeoutException as error:
            raise EnhancementTimeoutError(
                f"{self.endpoint} did not answer within {self.timeout:g} s. Try again, or set "
                "timeout=..."
            ) from error
        except httpx2.TransportError as error:
            fault = str(error).rstrip(".")
            raise VisionConnectionError(
                f"{self.endpoint} cannot be reached: {fault}. Check the endpoint and the network."
            ) from error

    def __repr__(self) -> str:
        return f"VisionResource({self.endpoint!r})"


_AGENT = f"langchain-gptv/{__version__}"


@functools.cache
def _shared_client() -> httpx2.Client:
    return httpx2.Client(verify=_tls())


@functools.cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes 20 ms.
    return httpx2.create_ssl_context()


def _checked_endpoint(endpoint: str) -> str:
    if not is_web_url(endpoint):
        raise VisionConnectionError(
            f"endpoint={endpoint!r} is no URL. Pass the resource's endpoint, such as "
            "'https://<resource>.cognitiveservices.azure.com'."
        )
    return endpoint.rstrip("/").removesuffix("/computervision")


def _read(response: httpx2.Response, endpoint: str) -> Any:
    if not response.is_success:
        raise _fault(response, endpoint)
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise VisionConnectionError(
            f"{endpoint} answers with {response.headers.get('content-type', 'no type')}, not "
            "JSON. Check that it is the endpoint of an Azure AI Vision resource."
        ) from error


def _fault(response: httpx2.Response, endpoint: str) -> VisionServiceError:
    status, (code, text) = response.status_code, _code_and_text(response)
    said = f"{endpoint} answers {status} {code}".rstrip() + f": {text.rstrip('.')}."
    if status in (401, 403):
        fix = "Check the key, that it is this resource's, and the roles of the identity."
        return VisionAccessError(f"{said} {fix}", status_code=status, code=code)
    if code in _NOT_SUPPORTED or "not supported in this region" in text:
        fix = "Leave it out of features=..., or take a resource in a region that has it."
        return UnsupportedFeatureError(f"{said} {fix}", status_code=status, code=code)
    return VisionServiceError(
        f"{said} {_way_out(response)}".rstrip(), status_code=status, code=code
    )


def _way_out(response: httpx2.Response) -> str:
    if response.status_code == 404:
        return "Check the endpoint, and the names of the index and its parts."
    if response.status_code == 429:
        return f"Try again in {response.headers.get('retry-after', 'a few')} s."
    return ""


def _code_and_text(response: httpx2.Response) -> tuple[str, str]:
    """Return the innermost code and text of an error; a gateway's may be no JSON."""
    try:
        error = response.json()["error"]
        inner = error.get("innererror") or error
        return str(inner.get("code") or ""), str(inner.get("message") or error["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return response.headers.get("x-ms-error-code", ""), response.reason_phrase
