"""Prices, and what the bill says of an estimate."""

from datetime import date
from decimal import Decimal

import pytest

from langchain_gptv.exceptions import PlanError
from langchain_gptv.vision.costs import compare_usage, estimate_cost


def test_a_price_is_exact_dollars():
    """A million input tokens cost what the price list says, without rounding errors."""
    assert estimate_cost(1_000_000, model="gpt-4o", as_of=date(2026, 1, 1)) == Decimal("2.5")


def test_output_tokens_cost_their_own_price():
    """Output is dearer than input."""
    cost = estimate_cost(0, 1_000_000, model="gpt-4o", as_of=date(2026, 1, 1))
    assert cost == Decimal("10")


def test_the_day_of_the_call_decides_the_price():
    """o3 became cheaper in 2025, and an old call keeps its old price."""
    before = estimate_cost(1000, model="o3", as_of=date(2025, 5, 1))
    assert before > estimate_cost(1000, model="o3", as_of=date(2026, 1, 1))


def test_the_embedded_engine_is_free():
    """It is the one model whose price is 0."""
    assert estimate_cost(1000, 10, model="gptv-local") == 0


@pytest.mark.parametrize("model", ["my-deployment", "gpt-7-never"])
def test_an_unknown_price_is_none_and_never_zero(model):
    """Nothing is free for want of a price."""
    assert estimate_cost(1000, model=model) is None


def test_an_unknown_service_has_no_prices():
    """A service that the price list does not know gives no price either."""
    assert estimate_cost(1000, model="gpt-4o", service="local") is None


@pytest.mark.parametrize(
    "usage",
    [
        779,
        {"prompt_tokens": 779, "completion_tokens": 3, "total_tokens": 782},
        {"input_tokens": 779, "output_tokens": 3, "total_tokens": 782},
    ],
)
def test_every_shape_of_usage_is_read(usage):
    """A number, OpenAI's usage and LangChain's usage_metadata compare alike."""
    told = compare_usage(765, usage, text_tokens=14)
    assert (told.estimated, told.billed, told.difference, told.ratio) == (779, 779, 0, 1.0)
    assert str(told) == "estimated 779, billed 779: as estimated."


@pytest.mark.parametrize(
    ("images", "billed", "verdict"),
    [
        (765, 87, "did not look at all of them, or the profile is stale"),
        (765, 1500, "735 more than estimated: text, tools or a schema"),
        (765, 765, "as estimated"),
        (1000, 1049, "as estimated"),
    ],
)
def test_the_verdict_says_what_a_difference_means(images, billed, verdict):
    """Too little means an image was not seen, too much that something was not counted."""
    assert verdict in compare_usage(images, billed).verdict


def test_an_overestimated_text_is_not_blamed_on_the_images():
    """A bill between the images and the whole estimate only says that the text was short."""
    assert "text was shorter" in compare_usage(765, 800, text_tokens=500).verdict


def test_an_estimate_of_nothing_has_no_ratio():
    """A bill without an estimate is infinitely more, not an error."""
    assert compare_usage(0, 10).ratio == float("inf")


@pytest.mark.parametrize("usage", [{}, {"prompt_tokens": None}, {"output_tokens": 5}])
def test_usage_without_input_tokens_is_an_error(usage):
    """A missing bill is never read as a bill of 0."""
    with pytest.raises(PlanError, match="holds no input tokens"):
        compare_usage(765, usage)
