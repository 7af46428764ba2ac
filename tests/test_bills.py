"""Estimates against what the services really billed."""

import importlib.util

import pytest
from conftest import ROOT

from langchain_gptv.vision.costs import compare_usage
from langchain_gptv.vision.profiles import get_profile
from langchain_gptv.vision.tokens import (
    MESSAGE_TOKENS,
    REPLY_TOKENS,
    estimate_image_tokens,
    estimate_text_tokens,
)

# (model, service, size, detail, count, prompt, billed), each from a published recording or post.
BILLS = [
    ("gpt-4o", "openai", (100, 100), "auto", "Describe the following image in one sentence", 269),
    ("gpt-4o", "openai", (3008, 2000), "auto", "What fruit is in the image?", 1119),
    ("gpt-4o-mini", "openai", (1, 1), "auto", "What's in this image?", 8512),
    ("gpt-4.1-nano", "openai", (540, 360), "auto", "What is this vegetable?", 515),
    ("gpt-5-mini", "azure", (100, 100), "auto", "Describe the following image in one sentence", 34),
    ("gpt-5-nano", "openai", (128, 128), "auto", "What do you see in this image?", 38),
    ("gpt-5.4", "openai", (60, 30), "auto", "What's in this image?", 15),
]


@pytest.mark.parametrize(
    ("model", "service", "size", "detail", "prompt", "billed"), BILLS, ids=lambda value: str(value)
)
def test_estimates_explain_published_bills(model, service, size, detail, prompt, billed):
    """Image and text tokens together come within 2 tokens of the bill of a short prompt."""
    image = estimate_image_tokens(*size, model=model, service=service, detail=detail)
    text = estimate_text_tokens(prompt) + MESSAGE_TOKENS + REPLY_TOKENS
    assert abs(billed - image - text) <= 2


# The posts give whole prompts, whose text took 10 to 20 tokens.
POSTS = [
    ("gpt-4.1", (1800, 2400), "high", None, 773),
    ("gpt-4.1-mini", (2400, 1800), "high", "2025-06-01", 2362),
    ("o3", (128, 64), "low", None, 86),
    ("o3", (128, 64), "high", None, 236),
    ("o4-mini", (128, 64), "high", None, 26),
    ("gpt-4o-mini", (128, 64), "low", None, 2845),
    ("gpt-5.6-sol", (4000, 2500), "original", None, 11_930),
]


@pytest.mark.parametrize(("model", "size", "detail", "day", "billed"), POSTS, ids=str)
def test_estimates_explain_what_people_measured(model, size, detail, day, billed):
    """What people posted of their bills is the estimate and a short prompt."""
    tokens = get_profile(model, as_of=day).tokens(*size, detail)
    assert 8 <= billed - tokens <= 20 or billed - tokens <= 0.01 * billed


@pytest.fixture(scope="module")
def bills(shared):
    """All recorded calls with images in the request, but for a model that is not OpenAI's."""
    spec = importlib.util.spec_from_file_location("bills", ROOT / "benchmarks" / "bills.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [
        bill
        for bill in module.read_bills(shared / "recordings")
        if not bill.model.startswith("grok")
    ]


def test_every_recorded_bill_of_a_seen_image_is_explained(bills):
    """Without tools and schemas at most 2 tokens of any recorded bill are left unexplained."""
    plain = {bill.name: bill.left for bill in bills if bill.is_plain}
    assert len(plain) >= 20
    assert {name: left for name, left in plain.items() if abs(left) > 2} == {}


def test_images_that_the_service_ignored_are_told_by_the_bill(bills):
    """Where an image was accepted but not looked at, the comparison says so."""
    ignored = [bill for bill in bills if not bill.seen]
    assert {bill.name[:2] for bill in ignored} == {"16", "75"}
    for bill in ignored:
        told = compare_usage(bill.image_tokens, bill.billed, text_tokens=bill.text_tokens)
        assert "did not look" in told.verdict
