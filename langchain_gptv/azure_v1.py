"""Azure's v1 API, which has no deployments in its paths and no dates: OpenAI's own client on it.

The Azure client of `openai` puts `/deployments/<model>` into the path of a chat call, also under a
base URL that ends in `/openai/v1/`, where there is no such path.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import openai

from langchain_gptv.azure_wire import Generation

_BASE_URL_KEYS = ("base_url", "openai_api_base")
_VERSION_KEYS = ("api_version", "openai_api_version")


def with_v1_version(values: dict[str, Any]) -> dict[str, Any]:
    """Add `api_version="v1"` to the arguments of a model whose base URL is that of the v1 API.

    Example:
        >>> with_v1_version({"base_url": "https://r.openai.azure.com/openai/v1/"})["api_version"]
        'v1'
    """
    address = next((str(values[key]) for key in _BASE_URL_KEYS if values.get(key)), "")
    stated = any(values.get(key) for key in _VERSION_KEYS) or os.environ.get("OPENAI_API_VERSION")
    is_v1 = address.rstrip("/").endswith("/openai/v1")
    return {**values, "api_version": "v1"} if is_v1 and not stated else values


def use_v1_clients(model: Any) -> None:
    """Let an Azure chat model of langchain-openai speak the v1 API; other versions stay.

    A `client` that the caller passed is left alone.

    Args:
        model: The chat model, whose clients are replaced.
    """
    if not Generation.of(model.openai_api_version).is_v1:
        return
    shared = _shared_arguments(model)
    if model.root_client is not None:
        model.root_client = openai.OpenAI(
            **shared, api_key=_key(model), http_client=model.http_client
        )
        model.client = model.root_client.chat.completions
    if model.root_async_client is not None:
        model.root_async_client = openai.AsyncOpenAI(
            **shared, api_key=_async_key(model), http_client=model.http_async_client
        )
        model.async_client = model.root_async_client.chat.completions


def _shared_arguments(model: Any) -> dict[str, Any]:
    version = model.openai_api_version
    query = {} if version in (None, "v1") else {"api-version": version}
    retries = {} if model.max_retries is None else {"max_retries": model.max_retries}
    return {
        "base_url": model.openai_api_base or f"{model.azure_endpoint.rstrip('/')}/openai/v1/",
        "organization": model.openai_organization,
        "timeout": model.request_timeout,
        "default_headers": model.default_headers,
        "default_query": {**query, **(model.default_query or {})},
        **retries,
    }


def _key(model: Any) -> str | Callable[[], str]:
    """Return what signs a call: a token of Entra ID before a key, as langchain-openai has it."""
    if model.azure_ad_token:
        return str(model.azure_ad_token.get_secret_value())
    provide: Callable[[], str] | None = model.azure_ad_token_provider
    return provide or str(model.openai_api_key.get_secret_value())


def _async_key(model: Any) -> str | Callable[[], Awaitable[str]]:
    if not model.azure_ad_token and (provide := model.azure_ad_async_token_provider):
        return provide  # type: ignore[no-any-return]
    key = _key(model)
    return key if isinstance(key, str) else partial(asyncio.to_thread, key)
