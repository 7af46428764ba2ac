"""What one model call of an agent will take, before it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from langchain_gptv.middleware.budget import (
    CallEstimate,
    RunBudget,
    estimate_images,
    estimate_input_cost,
)
from langchain_gptv.middleware.views import Sighting, fill, names_of
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profiles import get_profile


def estimate_call(
    model: BaseChatModel,
    name: str,
    budget: RunBudget,
    messages: Sequence[BaseMessage],
    shown: Sequence[Sighting],
    images: Mapping[str, Image],
) -> CallEstimate:
    """Estimate as much as the budget asks for.

    Args:
        model: What is called.
        name: Its base model, for tokens and prices.
        budget: What is limited; what is not limited is not counted.
        messages: As the model is shown them, with references.
        shown: Where the pictures stand.
        images: By handle; those that are no longer stored are not here.

    Raises:
        PlanError: A budget in dollars, and no price for the model.
    """
    handles = tuple(handle for handle in names_of(shown) if handle in images)
    if budget.max_image_tokens is None and budget.max_cost_usd is None:
        return CallEstimate(handles, 0)
    service = "azure" if hasattr(model, "azure_endpoint") else "openai"
    profile = get_profile(name, service)
    pictures = [(images[s.handle], s.detail) for s in shown if s.handle in images]
    tokens = estimate_images(pictures, profile, planned=hasattr(model, "image_policy"))
    estimate = CallEstimate(handles, tokens, model=name, service=service)
    if budget.max_cost_usd is None:
        return estimate
    # With the pictures in: a reference would count as a URL of unknown size.
    cost = estimate_input_cost(fill(messages, images), profile, tokens, name)
    return replace(estimate, cost_usd=cost)


def model_name(model: BaseChatModel) -> str:
    """Return the name that a chat model's own settings give; "unknown" when they give none."""
    names = ("base_model", "model_name", "model", "deployment_name")
    return next((str(name) for key in names if (name := getattr(model, key, None))), "unknown")
