"""Which chat model answers a command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from langchain_gptv.vision.profile_data import LOCAL_MODEL

if TYPE_CHECKING:
    from langchain_openai.chat_models.base import BaseChatOpenAI


def choose_model(name: str | None) -> tuple[BaseChatOpenAI, str]:
    """Return the chat model for `--model`, and why it was chosen.

    With `AZURE_OPENAI_ENDPOINT` set, the name is an Azure deployment. Without a name,
    `GPTV_MODEL` decides; without that, a key means the default remote model and no key means the
    embedded engine.

    Raises:
        UnknownModelError: No key is set and nothing is known of the name.
        MissingKeyError: The model is remote and there is no key for it.
    """
    from langchain_gptv.chat_models import DEFAULT_MODEL, AzureChatGPTV, ChatGPTV

    name = name or os.environ.get("GPTV_MODEL")
    azure = bool(os.environ.get("AZURE_OPENAI_ENDPOINT"))
    has_key = any(os.environ.get(key) for key in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"))
    if name is None and not has_key:
        return ChatGPTV(model=LOCAL_MODEL), "no key is set"
    if name == LOCAL_MODEL:
        return ChatGPTV(model=LOCAL_MODEL), "as asked"
    if not has_key:
        _check_known(name or DEFAULT_MODEL)
    if azure:
        deployment = name or os.environ.get("AZURE_OPENAI_DEPLOYMENT") or DEFAULT_MODEL
        version = os.environ.get("OPENAI_API_VERSION", "2024-10-21")
        return AzureChatGPTV(azure_deployment=deployment, api_version=version), "on Azure"
    return ChatGPTV(model=name or DEFAULT_MODEL), "a key is set"


def workers_for(model: BaseChatOpenAI) -> int:
    """Return how many questions at a time are asked: few of an engine that takes all cores."""
    from langchain_gptv.local.transport import BASE_URL

    return 2 if model.openai_api_base == BASE_URL else 8


def announce(model: BaseChatOpenAI, why: str) -> None:
    """Say on stderr, in one line, who answers."""
    name = getattr(model, "deployment_name", None) or model.model_name
    is_local = LOCAL_MODEL in (name, model.model_name)
    what = "embedded engine, no language model" if is_local else "remote model"
    typer.echo(f"gptv: {name} answers ({what}; {why})", err=True)


def _check_known(name: str) -> None:
    """Tell a misspelt name from a remote model without a key."""
    import difflib
    import warnings

    from langchain_gptv.exceptions import UnknownModelError, UnknownModelWarning
    from langchain_gptv.vision.profiles import get_profile, known_models

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownModelWarning)
        if get_profile(name).known:
            return
    near = difflib.get_close_matches(name, [LOCAL_MODEL, *known_models()], n=1, cutoff=0.75)
    hint = f"Did you mean {near[0]!r}?" if near else f"Without a key there is {LOCAL_MODEL!r}."
    raise UnknownModelError(f"{name!r} is no model that I know, and no key is set. {hint}")
