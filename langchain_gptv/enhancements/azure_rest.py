"""One Azure AI Vision resource over REST: its address, key or token, and what its errors mean."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, Protocol, TypedDict, Unpack

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


class Access(TypedDict, total=False):
    """How a resource is reached; one of `key` and `credential` must be given.

    Attributes:
        key: One of the resource's two keys.
        credential: In place of a key, what gives a token of Entra ID, such as
            `get_bearer_token_provider(DefaultAzureCredential(),
            "https://cognitiveservices.azure.com/.default")`; called before each call. The
            endpoint must then have the resource's own name in it.
        timeout: Seconds to connect, and to wait for each piece of the answer; 30 if not given.
        http_client: What sends; else one of this process.
        http_async_client: What sends from async code; else one is made for each call, since a
            connection belongs to its event loop.
    """

    key: str | None
    credential: TokenProvider | None
    timeout: float
    http_client: httpx2.Client | None
    http_async_client: httpx2.AsyncClient | None


class VisionResource:
    """Sends calls to one resource, and makes its faults errors of ours.

    Args:
        endpoint: `https://<resource>.cognitiveservices.azure.com`, with or without a path.
        **access: As `Access` has it.

    Raises:
        MissingKeyError: There is no key and no credential.
        VisionConnectionError: The endpoint is no URL.
    """

    def __init__(self, endpoint: str, **access: Unpack[Access]) -> None:
        self.key = access.get("key")
        self._credential = access.get("credential")
        if not (self.key or self._credential):
            raise MissingKeyError(
                f"There is no key for {endpoint!r}. Pass key=..., or for Entra ID "
                "credential=get_bearer_token_provider(...)."
            )
        self.endpoint = _checked_endpoint(endpoint)
        self.timeout = access.get("timeout", 30.0)
        self._client = access.get("http_client")
        self._async_client = access.get("http_async_client")

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
        raise explain_fault(response, endpoint)
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise VisionConnectionError(
            f"{endpoint} answers with {response.headers.get('content-type', 'no type')}, not "
            "JSON. Check that it is the endpoint of an Azure AI Vision resource."
        ) from error


class Refusal(Protocol):
    """The response of any HTTP client, with a status that is no success."""

    @property
    def status_code(self) -> int:
        """Of HTTP."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    def json(self) -> Any:
        """Return the body, parsed."""
        ...


def explain_fault(response: Refusal, endpoint: str) -> VisionServiceError:
    """Return the error by which the caller can tell what to do."""
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


def _way_out(response: Refusal) -> str:
    if response.status_code == 404:
        return "Check the endpoint, and the names of the index and its parts."
    if response.status_code == 429:
        return f"Try again in {response.headers.get('retry-after', 'a few')} s."
    return ""


def _code_and_text(response: Refusal) -> tuple[str, str]:
    """Return the innermost code and text of an error; a gateway's may be no JSON."""
    try:
        error = response.json()["error"]
        inner = error.get("innererror") or error
        return str(inner.get("code") or ""), str(inner.get("message") or error["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        code = response.headers.get("x-ms-error-code", "")
        return code, responses.get(response.status_code, "no reason given")
