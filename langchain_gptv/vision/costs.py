"""What a call costs, in US dollars, and whether the bill was as estimated.

Prices come from genai-prices and the data it carries; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

from langchain_gptv.exceptions import PlanError
from langchain_gptv.vision.profile_data import LOCAL_MODEL

# Text beside an image is estimated, and rounding differs by a token per image: less than this is
# no news. A tool or a schema is many times more.
_TEXT_SLACK = 25
_RATIO_SLACK = 0.05


def estimate_cost(
    input_tokens: int,
    output_tokens: int = 0,
    *,
    model: str,
    service: str = "openai",
    as_of: date | None = None,
) -> Decimal | None:
    """Estimate the price of a call in US dollars, without cached input or other discounts.

    Args:
        input_tokens: Text and images.
        output_tokens: What the model is expected to write.
        model: Base model name; on Azure the model, not the deployment.
        service: "openai" or "azure".
        as_of: The day of the call, where prices changed; None is today's price.

    Returns:
        US dollars, or None when the price is not known. Never 0 for want of a price; only the
        embedded engine is free.

    Example:
        >>> estimate_cost(1_000_000, model="gpt-4o")
        Decimal('2.50')
    """
    if model == LOCAL_MODEL:
        return Decimal()
    import genai_prices

    when = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) if as_of else None
    usage = genai_prices.Usage(input_tokens=input_tokens, output_tokens=output_tokens)
    try:
        price = genai_prices.calc_price(
            usage, model, provider_id=service, genai_request_timestamp=when
        )
    except LookupError:
        return None
    return price.total_price


class HasTokens(Protocol):
    """Anything with the estimated tokens of its images, such as an `ImagePlan`."""

    @property
    def tokens(self) -> int:
        """Estimated input tokens of all images."""


@dataclass(frozen=True, slots=True)
class UsageComparison:
    """An estimate beside the bill.

    Attributes:
        estimated: Tokens of images and text as estimated before the call.
        billed: Input tokens of the bill.
        verdict: A sentence that says what the difference means.
    """

    estimated: int
    billed: int
    verdict: str

    @property
    def difference(self) -> int:
        """Billed less estimated tokens."""
        return self.billed - self.estimated

    @property
    def ratio(self) -> float:
        """Billed over estimated tokens."""
        return self.billed / self.estimated if self.estimated else float("inf")

    def __str__(self) -> str:
        return f"estimated {self.estimated:,}, billed {self.billed:,}: {self.verdict}"


def compare_usage(
    plan: HasTokens | int, usage: Mapping[str, Any] | int, *, text_tokens: int = 0
) -> UsageComparison:
    """Compare a plan with the bill of its call.

    Args:
        plan: An `ImagePlan`, or the estimated tokens of its images.
        usage: The `usage` of an OpenAI response, LangChain's `usage_metadata`, or input tokens.
        text_tokens: What the text of the call was estimated at.

    Raises:
        PlanError: The usage holds no input tokens.

    Example:
        >>> compare_usage(765, {"prompt_tokens": 779}, text_tokens=14).difference
        0
    """
    images = plan if isinstance(plan, int) else plan.tokens
    billed = usage if isinstance(usage, int) else _input_tokens(usage)
    estimated = images + text_tokens
    return UsageComparison(estimated, billed, _verdict(images, estimated, billed))


def _input_tokens(usage: Mapping[str, Any]) -> int:
    for key in ("input_tokens", "prompt_tokens"):
        if isinstance(usage.get(key), int):
            return int(usage[key])
    raise PlanError(
        f"The usage {dict(usage)!r} holds no input tokens. Pass the `usage` of a response, "
        "`usage_metadata` of a message, or the number."
    )


def _verdict(images: int, estimated: int, billed: int) -> str:
    slack = max(_TEXT_SLACK, _RATIO_SLACK * estimated)
    if billed < images - slack:
        return (
            f"the images alone were estimated at {images:,}. Either the service did not look at "
            "all of them, or the profile is stale: see its as_of and source."
        )
    if abs(billed - estimated) <= slack:
        return "as estimated."
    if billed < estimated:
        return "less than estimated; the text was shorter than assumed."
    return (
        f"{billed - estimated:,} more than estimated: text, tools or a schema that were not "
        "counted, or a stale profile: see its as_of and source."
    )
