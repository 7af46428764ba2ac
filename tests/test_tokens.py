"""Image and text tokens against worked examples, and the properties every rule must have."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_gptv.exceptions import DetailNotSupportedError
from langchain_gptv.vision.profiles import get_profile, known_models
from langchain_gptv.vision.rules import (
    PatchRule,
    PatchSize,
    TileRule,
    UpperBoundRule,
    fit_patches,
    fit_side,
)
from langchain_gptv.vision.tokens import estimate_image_tokens, estimate_text_tokens

# (model, service, width, height, detail, tokens), each printed in a vendor's document or
# computed in it step by step.
FACTS = [
    ("gpt-4-vision-preview", 1024, 1024, "high", 765),
    ("gpt-4o", 2048, 4096, "high", 1105),
    ("gpt-4o", 4096, 8192, "low", 85),
    ("gpt-4o-mini", 2048, 4096, "high", 36_835),
    ("o1", 1024, 1024, "high", 675),
    ("gpt-5.1", 1024, 1024, "high", 630),
    ("computer-use-preview", 1024, 768, "high", 581),
    ("gpt-5.4", 1024, 1024, "high", 1229),
    ("gpt-5.4", 2048, 2048, "high", 3000),
    ("gpt-5.4", 4032, 3024, "low", 3687),
    ("gpt-5.5", 1920, 1080, "high", 2448),
    ("gpt-5.6-sol", 4032, 3024, "auto", 14_364),
    ("gpt-5.6-sol", 4032, 3024, "high", 2942),
    ("gpt-5.6-sol", 4032, 3024, "low", 231),
    ("gpt-6-astra", 4032, 3024, "high", 2942),
    ("gptv-local", 2048, 2048, "auto", 2500),
]


@pytest.mark.parametrize(("model", "width", "height", "detail", "tokens"), FACTS)
def test_worked_examples_of_the_documents(model, width, height, detail, tokens):
    """What a vendor computed by hand is what we estimate."""
    assert estimate_image_tokens(width, height, model=model, detail=detail) == tokens


def test_every_shared_vector_holds(shared):
    """All collected vectors hold, within one token where bills were rounded down."""
    vectors = json.loads((shared / "specs" / "image_token_vectors.json").read_text())["vectors"]
    for vector in vectors:
        if "image_tokens" in vector:
            tokens = math.ceil(round(vector["patches"] * vector["mult"], 6))
            assert abs(tokens - vector["image_tokens"]) <= 1
            continue
        size = vector["w"], vector["h"]
        if "model" not in vector:
            assert _patches(fit_patches(*size, vector["budget"] or 30_000)) == vector["patches"]
            continue
        profile = get_profile(vector["model"])
        assert profile.tokens(*size, vector["detail"]) == vector["tokens"]
        if "resized" in vector:
            assert list(profile.seen_size(*size, vector["detail"])) == vector["resized"]


def _patches(size: tuple[int, int]) -> int:
    return math.ceil(size[0] / 32) * math.ceil(size[1] / 32)


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5.2"])
def test_a_detail_the_model_does_not_know_is_refused(model):
    """Models before gpt-5.4 have no original, and the error says what they have."""
    with pytest.raises(DetailNotSupportedError, match=rf'{model} on openai .*detail="original"'):
        estimate_image_tokens(10, 10, model=model, detail="original")


def test_more_patches_than_the_service_takes_are_counted_as_they_can_be_sent():
    """Beyond 30,000 patches a request is refused, so the image is taken at what is accepted."""
    profile = get_profile("gpt-5.6-sol")
    assert profile.tokens(4800, 6400, "original") == 36_000
    assert profile.tokens(9600, 12_800, "original") <= 36_000


sides = st.integers(1, 12_000)
sizes = st.tuples(sides, sides)
rules = st.sampled_from([get_profile(model).rule for model in known_models()])


@given(sizes, rules, st.data())
def test_the_seen_size_costs_the_same_and_is_never_larger(size, rule, data):
    """Sending what the model sees changes no token, and seeing it again changes no pixel."""
    detail = data.draw(st.sampled_from(rule.details[1:]))
    seen = rule.seen_size(*size, detail)
    assert 1 <= seen[0] <= size[0]
    assert 1 <= seen[1] <= size[1]
    assert rule.seen_size(*seen, detail) == seen
    assert rule.tokens(*seen, detail) == rule.tokens(*size, detail)


@given(sizes, rules, st.data())
def test_the_seen_size_keeps_the_aspect(size, rule, data):
    """One scale makes both sides, each rounded down to a whole pixel but never to none."""
    detail = data.draw(st.sampled_from(rule.details[1:]))
    seen = rule.seen_size(*size, detail)
    least = max(0 if now == 1 else now / was for now, was in zip(seen, size, strict=True))
    most = min((now + 1) / was for now, was in zip(seen, size, strict=True))
    assert least < most + 1e-9


@given(st.tuples(st.integers(1, 768), st.integers(1, 2048)), st.integers(0, 200))
def test_more_pixels_never_cost_less_under_the_tile_rule(size, more):
    """As long as nothing is scaled, a larger image costs at least as much."""
    rule = TileRule(85, 170)
    width, height = size
    grown = min(768, width + more), min(2048, height + more)
    assert rule.tokens(*size, "high") <= rule.tokens(*grown, "high")


@given(sizes, st.integers(1, 3000))
def test_a_patch_budget_is_kept(size, budget):
    """Whatever the shape, the fitted size needs no more patches than allowed."""
    fitted = fit_patches(*size, budget)
    assert _patches(fitted) <= budget
    assert fitted[0] <= size[0]
    assert fitted[1] <= size[1]


@given(sizes, st.integers(1, 5000))
def test_a_longest_side_is_kept(size, most):
    """The fitted size has no side above the limit and is unchanged when it need not change."""
    fitted = fit_side(*size, most)
    assert max(fitted) <= most
    assert max(size) > most or fitted == size


def test_an_upper_bound_is_the_dearest_of_its_rules():
    """Small images cost most by tiles, large ones by patches."""
    tiles = TileRule(85, 170)
    patches = PatchRule(2.0, {"high": PatchSize(2048), "original": PatchSize(65_535)})
    bound = UpperBoundRule((tiles, patches))
    assert bound.tokens(32, 32, "high") == 255
    assert bound.tokens(3200, 3200, "original") == 20_000
    assert bound.seen_size(3200, 3200, "original") == (3200, 3200)


# What the o200k vocabulary makes of it.
TEXTS = [
    ("What's in this image?", 5),
    ("Describe the following image in one sentence", 7),
    ("You are a helpful assistant that helps describe images.", 10),
    ("Total: 1,234.56 EUR on 2026-11-22, invoice 00123456789", 24),
    ("Décrivez l'image ci-dessous en une seule phrase, s'il vous plaît.", 17),
    ("Beschreibe bitte die Abbildung ausführlich und nenne alle sichtbaren Gegenstände.", 18),
    ("请用一句话描述这张图片，并列出图中所有可见的物体、文字和颜色。", 24),
    ("이 이미지를 한 문장으로 설명하고 보이는 물건을 모두 나열해 주세요.", 20),
    ("Опишите это изображение одним предложением, пожалуйста.", 11),
    ("👍🎉 great 🐶🐱", 9),
    ("", 0),
]


@pytest.mark.parametrize(("text", "tokens"), TEXTS)
def test_text_is_estimated_without_a_vocabulary(text, tokens):
    """Short texts in several scripts come within 3 tokens of the real count."""
    assert abs(estimate_text_tokens(text) - tokens) <= 3


@given(st.text(), st.text())
def test_text_tokens_add_up(first, second):
    """Two texts on two lines cost what each costs, and a token or two between."""
    together = estimate_text_tokens(f"{first}\n{second}")
    apart = estimate_text_tokens(first) + estimate_text_tokens(second)
    assert 0 <= together <= apart + 4
