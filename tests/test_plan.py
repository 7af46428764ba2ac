"""The plan before the call: one decision per image, within the budget, with its reason."""

import re
import struct
import zlib
from decimal import Decimal

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_gptv.exceptions import (
    BudgetError,
    DetailNotSupportedError,
    LimitError,
    PlanError,
    UnknownModelWarning,
)
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.plan import plan_images
from langchain_gptv.vision.profiles import get_profile, known_models
from langchain_gptv.vision.tables import token_table, token_text


def sized(width, height, *, name="image", size=50_000):
    """Make a PNG of which only the header is real; the planner needs no more."""
    ihdr = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", ihdr), _chunk(b"IDAT", bytes(size)), _chunk(b"IEND", b"")
    return Image(b"\x89PNG\r\n\x1a\n" + b"".join(chunks), name=name)


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PHOTO = sized(4032, 3024, name="photo.png")


@pytest.mark.parametrize(
    ("model", "size", "text_height", "detail", "reason"),
    [
        ("gpt-5.6-sol", (4032, 3024), 60, "high", "text is 60 px high: high makes it 27 px"),
        ("gpt-5.6-sol", (4032, 3024), 100, "low", "text is 100 px high: low makes it 13 px"),
        ("gpt-5.6-sol", (1000, 800), 10, "high", "text is 10 px high: high keeps it"),
        ("gpt-5.6-sol", (3840, 2160), 13, "original", "high makes it 7 px, original keeps it"),
        ("gpt-4o", (3840, 2160), 13, "high", "text is 13 px high: high makes it 5 px"),
        ("gpt-4o", (400, 300), 20, "low", "text is 20 px high: low keeps it"),
        ("gpt-4o", (400, 300), 9, "high", "text is 9 px high: high keeps it"),
        ("gpt-5.4", (2048, 2048), 13, "high", "text is 13 px high: high makes it 10 px"),
        ("gpt-4.1-mini", (1024, 1024), 30, "high", "text is 30 px high: high keeps it"),
    ],
)
def test_auto_is_the_cheapest_detail_that_keeps_text_readable(
    model, size, text_height, detail, reason
):
    """The height of the text decides, and the reason says how high the model will see it."""
    (decision,) = plan_images([sized(*size)], model, text_height=text_height).decisions
    assert decision.detail == detail
    assert reason in decision.reason


def test_auto_measures_the_text_of_a_real_picture():
    """Without a given height a page is looked at; a picture without text gets no less than high."""
    page = PIL.Image.new("RGB", (1600, 1200), "white")
    (decision,) = plan_images([page], "gpt-4o").decisions
    assert (decision.detail, decision.reason) == ("high", "no text found; high shows the most")


def test_auto_prefers_low_where_it_shows_every_pixel():
    """A small picture without text costs 85 tokens on gpt-4o instead of 255."""
    plan = plan_images([PIL.Image.new("RGB", (400, 300), "white")], "gpt-4o")
    assert (plan.tokens, plan.decisions[0].reason) == (85, "low shows every pixel")


def test_low_is_not_chosen_where_it_costs_more():
    """On gpt-5.4 the service's low takes more tokens than its high."""
    (decision,) = plan_images([PHOTO], "gpt-5.4", text_height=200).decisions
    assert (decision.detail, decision.tokens) == ("high", 2942)


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.6-sol", "gpt-6-astra"])
def test_auto_never_means_original_for_a_photo(model):
    """Where the service's auto would cost 12,000 tokens and more, ours costs 2,942."""
    assert plan_images([PHOTO], model, text_height=60).tokens == 2942
    assert get_profile(model).tokens(4032, 3024, "auto") > 11_000


def test_original_is_chosen_only_when_the_budget_has_room():
    """Small text on a large page gets original, or else high and the advice to zoom."""
    page = sized(3840, 2160)
    rich = plan_images([page], "gpt-5.6-sol", text_height=13, max_tokens=10_000)
    poor = plan_images([page], "gpt-5.6-sol", text_height=13, max_tokens=5000)
    assert (rich.decisions[0].detail, rich.tokens) == ("original", 9792)
    assert (poor.decisions[0].detail, poor.tokens) == ("high", 2765)
    assert poor.decisions[0].advice == "zoom 2x2"


@pytest.mark.parametrize(
    ("size", "height", "advice"),
    [
        ((3840, 2160), 13, "zoom 2x2"),
        ((7680, 4320), 13, "zoom 4x4"),
        ((3840, 2160), 30, ""),
        ((500, 300), 5, ""),
        ((13_000, 12_000), 12, "crop to the text"),
    ],
)
def test_zoom_is_advised_where_text_would_be_lost(size, height, advice):
    """As many parts as bring the text to a readable size; none for text that is tiny anyway."""
    plan = plan_images([sized(*size)], "gpt-4o", text_height=height)
    assert plan.decisions[0].advice == advice


def test_the_callers_detail_is_kept():
    """What was asked for is what is planned, and the reason says so."""
    (decision,) = plan_images([PHOTO], "gpt-5.6-sol", detail="original").decisions
    assert (decision.detail, decision.tokens) == ("original", 14_364)
    assert decision.reason == 'detail="original" as asked'


def test_a_detail_that_the_model_has_not_is_refused_even_for_no_images():
    """The setting is checked before any image is."""
    with pytest.raises(DetailNotSupportedError, match='does not accept detail="original"'):
        plan_images([], "gpt-4o", detail="original")


def test_a_type_the_service_does_not_take_is_said_to_be_converted(tmp_path):
    """A TIFF goes out as something else, and the reason says it."""
    path = tmp_path / "scan.tif"
    PIL.Image.new("L", (300, 200), 255).save(path)
    (decision,) = plan_images([path], "gpt-4o", detail="high").decisions
    assert decision.reason.endswith("; image/tiff converted")


MANY = [sized(1024, 1024, name=f"{number}.png") for number in range(6)]


def test_a_budget_that_is_exceeded_names_the_value_the_rule_and_the_ways_out():
    """The default is an error before the call, not a smaller picture."""
    message = (
        r"Sending 6 images takes 4,590 tokens on gpt-4o, over max_tokens=3,000\. Raise it, send "
        r'fewer images, or pass on_limit="fit", "split" or "drop_oldest"\.'
    )
    with pytest.raises(BudgetError, match=message):
        plan_images(MANY, "gpt-4o", detail="high", max_tokens=3000)


def test_too_many_images_are_counted_in_the_error():
    """The counts, the limit, the service, and how many calls it takes."""
    message = re.escape(
        "10 of 60 images over the limit of 50 per request on Azure. Send them in 2 calls, or pass "
        'on_limit="split".'
    )
    with pytest.raises(LimitError, match=message):
        plan_images([PHOTO] * 60, "gpt-4o", detail="low", service="azure")


def test_too_many_bytes_for_the_service_are_a_limit_error():
    """The limit on all images of a request is known too."""
    heavy = [sized(2000, 2000, size=15_000_000)] * 4
    with pytest.raises(LimitError, match=r"over the limit of 50,000,000 per request on OpenAI"):
        plan_images(heavy, "gpt-5.6-sol", detail="original")


def test_fit_makes_the_largest_images_smaller_first():
    """A thumbnail keeps its pixels as long as a photo beside it has some to give."""
    thumbnail = sized(200, 200, name="thumbnail")
    plan = plan_images(
        [thumbnail, PHOTO], "gpt-5.6-sol", max_tokens=500, on_limit="fit", text_height=50
    )
    small, large = plan.decisions
    assert (small.width, small.height) == (200, 200)
    assert large.width < 1000
    assert plan.tokens <= 500
    assert large.reason == "made smaller to fit the budget"
    assert large.advice.startswith("zoom")


def test_fit_falls_back_to_low_on_tile_models():
    """Where smaller pixels cost the same, auto gives up high."""
    plan = plan_images(MANY, "gpt-4o", max_tokens=600, on_limit="fit", text_height=30)
    assert {decision.detail for decision in plan.decisions} == {"low"}
    assert {decision.width for decision in plan.decisions} == {512}


def test_fit_keeps_the_callers_detail():
    """A detail that was asked for stays; then only pixels can be saved."""
    plan = plan_images(MANY, "gpt-4o", detail="high", max_tokens=2000, on_limit="fit")
    assert {decision.detail for decision in plan.decisions} == {"high"}
    with pytest.raises(BudgetError, match=r"takes 1,530 tokens .*as small as they can be"):
        plan_images(MANY, "gpt-4o", detail="high", max_tokens=600, on_limit="fit")


def test_split_fills_requests_in_order():
    """Each request is within the budget, and nothing is lost or moved."""
    plan = plan_images(MANY, "gpt-4o", detail="high", max_tokens=1600, on_limit="split")
    assert [[d.index for d in batch] for batch in plan.batches] == [[0, 1], [2, 3], [4, 5]]
    assert plan.tokens == 6 * 765


def test_split_cannot_help_one_image_that_is_too_much():
    """The image is named."""
    with pytest.raises(BudgetError, match=r"1 image \('photo.png'\) takes 765 .*does not help"):
        plan_images([PHOTO], "gpt-4o", detail="high", max_tokens=700, on_limit="split")


def test_drop_oldest_names_what_is_left_out():
    """The newest images stay, and the others are still told of."""
    plan = plan_images(MANY, "gpt-4o", detail="high", max_tokens=1600, on_limit="drop_oldest")
    assert [d.name for d in plan.decisions] == ["4.png", "5.png"]
    assert [d.name for d in plan.dropped] == ["0.png", "1.png", "2.png", "3.png"]
    assert "Left out, the oldest first: 0.png, 1.png, 2.png, 3.png" in str(plan)


def test_drop_oldest_does_not_drop_everything():
    """When even the newest image alone is too much, that is an error."""
    with pytest.raises(BudgetError, match=r"'5.png'\) takes 765 .*Even the newest image"):
        plan_images(MANY, "gpt-4o", detail="high", max_tokens=10, on_limit="drop_oldest")


def test_a_budget_in_dollars_is_for_all_requests_together():
    """Splitting does not make a call cheaper; making images smaller does."""
    cost = plan_images(MANY, "gpt-5.6-sol", detail="high").cost_usd
    assert cost == pytest.approx(Decimal("0.0295"), rel=Decimal("0.2"))
    with pytest.raises(BudgetError, match=r"over max_cost_usd=0.01\. Splitting does not help"):
        plan_images(MANY, "gpt-5.6-sol", max_cost_usd=0.01, on_limit="split", text_height=20)
    cheap = plan_images(MANY, "gpt-5.6-sol", max_cost_usd=0.01, on_limit="fit", text_height=20)
    assert cheap.cost_usd <= Decimal("0.01")


def test_a_budget_in_dollars_needs_a_price():
    """For want of a price the budget is refused, not ignored."""
    with (
        pytest.warns(UnknownModelWarning, match="priceless"),
        pytest.raises(BudgetError, match=r"price of priceless is not known.*Pass max_tokens"),
    ):
        plan_images([PHOTO], "priceless", detail="high", max_cost_usd=1)


def test_the_embedded_engine_is_within_any_budget_of_dollars():
    """It sends no bill."""
    assert plan_images([PHOTO], "gptv-local", detail="high", max_cost_usd=0.01).cost_usd == 0


def test_a_misspelled_on_limit_is_refused():
    """The allowed words are named."""
    with pytest.raises(PlanError, match="on_limit='shrink' is none of 'error', 'fit'"):
        plan_images([PHOTO], "gpt-4o", on_limit="shrink")


@pytest.mark.parametrize("on_limit", ["error", "fit", "split", "drop_oldest"])
def test_no_images_are_a_plan_of_nothing(on_limit):
    """An empty list is no error whatever the budget."""
    plan = plan_images([], "gpt-4o", max_tokens=0, on_limit=on_limit)
    assert (plan.decisions, plan.tokens, plan.dropped) == ((), 0, ())
    assert str(plan).startswith("gpt-4o on openai: 0 images, 0 tokens")


def test_a_plan_prints_within_80_columns():
    """Long names are cut in the table, long reasons wrapped."""
    long = sized(4000, 3000, name="/scans/" + "very-" * 30 + "long.png")
    text = str(
        plan_images([long, *MANY], "gpt-4o", text_height=13, max_tokens=2000, on_limit="split")
    )
    assert max(map(len, text.splitlines())) <= 80
    assert "Call 3 of" in text
    assert "zoom 3x3" in text


def test_a_plan_shows_as_html_with_names_escaped():
    """A file name cannot put markup into a notebook."""
    page = plan_images([sized(10, 10, name="<b>.png")], "gpt-4o", detail="low")._repr_html_()
    assert "&lt;b&gt;.png" in page
    assert "<b>" not in page


def test_the_token_table_compares_models_and_details():
    """One row per image, model and detail that the model has."""
    rows = token_table([PHOTO], ["gpt-4o", "gpt-5.6-sol"], ["low", "original"])
    assert [(row.model, row.detail, row.tokens) for row in rows] == [
        ("gpt-4o", "low", 85),
        ("gpt-5.6-sol", "low", 231),
        ("gpt-5.6-sol", "original", 14_364),
    ]
    text = token_text(rows)
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"gpt-5.6-sol  original  4032x3024  14,364 .*\$0\.0575", text)
    assert token_text([]) == ""


def test_the_token_table_refuses_a_detail_that_no_model_has():
    """An empty table would hide a mistake."""
    with pytest.raises(DetailNotSupportedError, match="gpt-4o on openai does not accept"):
        token_table([PHOTO], ["gpt-4o"], ["original"])


sizes = st.tuples(st.integers(1, 9000), st.integers(1, 9000))
pictures = st.lists(sizes, min_size=1, max_size=6).map(
    lambda all_sizes: [sized(*size, name=str(i), size=999) for i, size in enumerate(all_sizes)]
)
models = st.sampled_from(known_models())


@given(pictures, models, st.integers(1, 20_000), st.integers(100, 9000), st.integers(5, 90))
def test_no_plan_exceeds_its_budget_or_loses_an_image(images, model, tokens, size, height):
    """Whatever the way, requests keep to the budget, order is kept and every image is told of."""
    for on_limit in ("error", "fit", "split", "drop_oldest"):
        try:
            plan = plan_images(
                images,
                model,
                max_tokens=tokens,
                max_bytes=size,
                text_height=height,
                on_limit=on_limit,
            )
        except BudgetError:
            continue
        for batch in plan.batches:
            assert sum(decision.tokens for decision in batch) <= tokens
            assert sum(decision.bytes for decision in batch) <= size
        indexes = [decision.index for decision in (*plan.dropped, *plan.decisions)]
        assert indexes == list(range(len(images)))
        assert plan.tokens == sum(decision.tokens for decision in plan.decisions)
        for decision in plan.decisions:
            _check_decision(decision, images[decision.index], get_profile(model))


def _check_decision(decision, image, profile):
    size = decision.width, decision.height
    assert decision.width <= image.width
    assert decision.height <= image.height
    assert decision.detail in profile.details[1:]
    assert profile.seen_size(*size, decision.detail) == size
    assert profile.tokens(*size, decision.detail) == decision.tokens
