"""Who answers the tests with cassettes: `gptv serve`, the real service, or a cassette of either."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from langchain_gptv.chat_models import DEFAULT_MODEL
from langchain_gptv.vision.profile_data import LOCAL_MODEL

API_VERSION = "2024-10-21"
OTHER_MODEL = "gpt-5.4-mini"
"""A second name, which the suite asks for in a call."""

_SERVING = re.compile(r"serving \S+ at (http://\S+)/v1")
_DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)/")


@dataclass(frozen=True, slots=True)
class Service:
    """Where the requests of a test go.

    Attributes:
        model: Or the deployment on Azure, which is named as its model.
        address: Scheme, host and port; None is the embedded engine in this process.
        api_key: None leaves it to the environment.
        api_version: Of Azure.
    """

    model: str = LOCAL_MODEL
    address: str | None = None
    api_key: str | None = "not-needed"
    api_version: str = API_VERSION

    @property
    def is_engine(self) -> bool:
        """Whether the embedded engine answers, which is no language model."""
        return self.model == LOCAL_MODEL

    def openai(self) -> dict[str, Any]:
        """Return the arguments of `ChatGPTV`."""
        return _given(
            model=self.model,
            base_url=self.address and f"{self.address}/v1",
            api_key=self.api_key,
            **self._clients(),
        )

    def azure(self) -> dict[str, Any]:
        """Return the arguments of `AzureChatGPTV`."""
        return _given(
            azure_deployment=self.model,
            azure_endpoint=self.address,
            api_key=self.api_key,
            api_version=self.api_version,
            **self._clients(),
        )

    def _clients(self) -> dict[str, Any]:
        # Shared, since each of its own would read the certificates, which takes most of a replay.
        return _http_clients() if self.is_engine and self.address else {}


def of_the_environment(*, azure: bool) -> Service:
    """Return the real service that the variables name; the clients read their keys themselves."""
    if azure:
        return Service(
            os.environ.get("AZURE_OPENAI_DEPLOYMENT", DEFAULT_MODEL),
            os.environ["AZURE_OPENAI_ENDPOINT"].rstrip("/"),
            None,
            os.environ.get("OPENAI_API_VERSION", API_VERSION),
        )
    address = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1")
    return Service(
        os.environ.get("GPTV_MODEL", DEFAULT_MODEL), address.rstrip("/").removesuffix("/v1"), None
    )


def of_a_cassette(requests: list[Any]) -> Service:
    """Return the service that the first of the recorded requests was sent to."""
    if not requests:
        return Service(address="http://127.0.0.1")
    url = urlsplit(requests[0].uri)
    deployment = _DEPLOYMENT.search(url.path)
    version = parse_qs(url.query).get("api-version", [API_VERSION])[0]
    model = deployment[1] if deployment else json.loads(requests[0].body)["model"]
    return Service(model, f"{url.scheme}://{url.netloc}", api_version=version)


@contextmanager
def serving() -> Iterator[str]:
    """Run `gptv serve` on a free port and yield its address, without `/v1`."""
    code = "from langchain_gptv.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            found = next(filter(None, map(_SERVING.search, server.stderr)), None)
            assert found, "gptv serve did not start; run it by hand to see why"
            yield found[1]
        finally:
            server.terminate()


@functools.cache
def _http_clients() -> dict[str, Any]:
    # No proxy of the environment leads to this machine.
    sync, asynchronous = httpx2.Client(trust_env=False), httpx2.AsyncClient(trust_env=False)
    return {"http_client": sync, "http_async_client": asynchronous}


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
