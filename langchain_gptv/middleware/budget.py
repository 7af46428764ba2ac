"""What the pictures of one run of an agent may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from langchain_core.messages import BaseMessage

from langchain_gptv.exceptions import PlanError
from langchain_gptv.sending.counting import count_message_tokens
from langchain_gptv.vision.costs import estimate_cost
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.plan import plan_images
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail


@dataclass(frozen=True)
class RunBudget:
    """What one run may take; None is without limit.

    Attributes:
        max_images: Different images shown to the model.
        max_image_tokens: Estimated input tokens of images, summed over the calls.
        max_cost_usd: US dollars: what the calls so far were billed, and the estimated input of
            the next.
    """

    max_images: int | None = None
    max_image_tokens: int | None = None
    max_cost_usd: Decimal | float | None = None

    @property
    def is_unbounded(self) -> bool:
        """Whether there is nothing to count."""
        return self.max_images is self.max_image_tokens is self.max_cost_usd is None

    def problem(self, spent: Spent, call: CallEstimate) -> str | None:
        """Say what the next call would pass, and the way out; None when it fits."""
        images = len({*spent.images, *call.images})
        if self.max_images is not None and images > self.max_images:
            return _stop(f"{images} different images", f"max_images={self.max_images}")
        tokens = spent.image_tokens + call.image_tokens
        if self.max_image_tokens is not None and tokens > self.max_image_tokens:
            limit = f"max_image_tokens={self.max_image_tokens:,}"
            return _stop(f"about {tokens:,} image tokens", limit)
        if self.max_cost_usd is not None:
            cost = spent.cost_usd + call.cost_usd
            if cost > Decimal(str(self.max_cost_usd)):
                return _stop(f"about ${cost:.4f}", f"max_cost_usd={self.max_cost_usd}")
        return None


def _stop(what: str, limit: str) -> str:
    return (
        f"Stopped before the next model call: it would bring this run to {what}, over {limit}. "
        "Raise the budget of VisionMiddleware, or show fewer images with a smaller `window`."
    )


@dataclass(frozen=True)
class Spent:
    """What a run has taken so far.

    Attributes:
        images: Handles shown to the model.
        image_tokens: Estimated, over all calls.
        cost_usd: Of the calls whose usage was reported.
    """

    images: tuple[str, ...] = ()
    image_tokens: int = 0
    cost_usd: Decimal = field(default_factory=Decimal)

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Spent:
        """Read what `to_state` wrote."""
        kept = state.get("vision_spent") or {}
        images = tuple(kept.get("images", ()))
        return cls(images, kept.get("image_tokens", 0), Decimal(kept.get("cost_usd", "0")))

    def to_state(self) -> dict[str, Any]:
        """Return plain values, for any checkpointer."""
        return {
            "images": list(self.images),
            "image_tokens": self.image_tokens,
            "cost_usd": str(self.cost_usd),
        }

    def plus(self, call: CallEstimate, answers: Sequence[BaseMessage]) -> Spent:
        """Add a call that was made, at its bill where the answer tells it."""
        images = tuple(dict.fromkeys([*self.images, *call.images]))
        return Spent(
            images, self.image_tokens + call.image_tokens, self.cost_usd + call.billed(answers)
        )


@dataclass(frozen=True)
class CallEstimate:
    """What one call will take.

    Attributes:
        images: Handles shown.
        image_tokens: Estimated input tokens of the images.
        cost_usd: Estimated price of the input.
        model: Whose price it is.
        service: "openai" or "azure".
    """

    images: tuple[str, ...]
    image_tokens: int
    cost_usd: Decimal = Decimal()
    model: str = ""
    service: str = "openai"

    def billed(self, answers: Sequence[BaseMessage]) -> Decimal:
        """Return the price by the usage that the answers report; without one, the estimate."""
        usages = [usage for a in answers if (usage := getattr(a, "usage_metadata", None))]
        if not self.cost_usd or not usages:
            return self.cost_usd
        tokens = (usages[0]["input_tokens"], usages[0]["output_tokens"])
        return _price(*tokens, self.model, self.service)


def estimate_images(
    shown: Sequence[tuple[Image, Detail]], profile: VisionProfile, *, planned: bool
) -> int:
    """Estimate the tokens of the images of a call.

    Args:
        shown: Each image with its `detail`.
        profile: How the model counts.
        planned: Whether the chat model plans sizes itself, as `ChatGPTV` does.
    """
    if not planned:
        return sum(profile.tokens(image.width, image.height, detail) for image, detail in shown)
    images = [image for image, _ in shown]
    return plan_images(images, profile, detail=[detail for _, detail in shown]).tokens


def estimate_input_cost(
    messages: Sequence[BaseMessage], profile: VisionProfile, image_tokens: int, model: str
) -> Decimal:
    """Estimate the price of the input of a call, text and images.

    Raises:
        PlanError: There is no price for the model, so no budget in dollars can be kept.
    """
    tokens = count_message_tokens(messages, profile, planned=image_tokens)
    return _price(tokens, 0, model, profile.service)


def _price(input_tokens: int, output_tokens: int, model: str, service: str) -> Decimal:
    cost = estimate_cost(input_tokens, output_tokens, model=model, service=service)
    if cost is None:
        raise PlanError(
            f"There is no price for {model!r} on {service}, so max_cost_usd cannot be kept. Name "
            "the base model with VisionMiddleware(model=...), or limit max_image_tokens."
        )
    return cost
