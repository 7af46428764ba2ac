"""The parts of the agent middleware: window, references, view, budget."""

import asyncio
from itertools import pairwise

import pytest
from agents import base64_in, data_url, picture
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_gptv import Box, Image, ImageStore, image_block
from langchain_gptv.exceptions import MessageError, PlanError
from langchain_gptv.middleware import ImageWindow, RunBudget
from langchain_gptv.middleware.budget import (
    CallEstimate,
    Spent,
    estimate_images,
    estimate_input_cost,
)
from langchain_gptv.middleware.filled_models import filled_model
from langchain_gptv.middleware.references import astore_images, referenced, store_images
from langchain_gptv.middleware.views import fill, shown_sightings, sightings, view
from langchain_gptv.vision.profiles import get_profile


def block(width=60, **extra):
    """A data URL in OpenAI's form."""
    return {"type": "image_url", "image_url": {"url": data_url(picture(width)), **extra}}


@pytest.fixture
def store():
    """An empty store."""
    return ImageStore()


def shown_widths(messages, store, window):
    """Return the widths of the pictures that a view of the messages holds."""
    found = sightings(messages)
    shown = shown_sightings(found, messages, window)
    images = {sighting.handle: store.get(sighting.handle) for sighting in shown}
    seen = sightings(view(messages, found, shown, images))
    return [images[sighting.handle].width for sighting in seen]


def test_the_window_moves_in_steps():
    """It always shows the newest, and drops several at once, so that it seldom moves."""
    window = ImageWindow(images=10)
    first = [window.first_shown(total) for total in range(40)]
    assert all(total - dropped >= min(total, 10) for total, dropped in enumerate(first))
    assert all(total - dropped < 15 for total, dropped in enumerate(first))
    assert sorted(set(first)) == [0, 5, 10, 15, 20, 25]
    assert ImageWindow(images=None).first_shown(1000) == 0
    assert ImageWindow(images=1).first_shown(3) == 2
    with pytest.raises(ValueError, match="images=0 of ImageWindow must be 1 or more"):
        ImageWindow(images=0)


def test_the_beginning_of_a_request_stands_still_between_steps(store):
    """What the model was shown is a prefix of what it is shown next, but once in `step` images."""
    messages, requests = [], []
    for number in range(24):
        messages += store_images([HumanMessage([block(100 + number)])], store)
        found = sightings(messages)
        shown = shown_sightings(found, messages, ImageWindow(images=8, step=4))
        images = {sighting.handle: store.get(sighting.handle) for sighting in shown}
        requests.append([m.content for m in view(messages, found, shown, images)])
    moved = [new[: len(old)] != old for old, new in pairwise(requests)]
    assert sum(moved) == 4
    assert [index for index, is_moved in enumerate(moved) if is_moved] == [10, 14, 18, 22]


def test_the_window_counts_turns_of_the_user(store):
    """With `turns`, the pictures of the last user turns are shown, whatever their number."""
    messages = []
    for turn in range(6):
        messages += [HumanMessage([block(100 + turn), block(200 + turn)]), AIMessage("Seen.")]
    messages = store_images(messages, store)
    window = ImageWindow(images=None, turns=2, step=1)
    assert shown_widths(messages, store, window) == [104, 204, 105, 205]
    assert shown_widths(messages, store, ImageWindow(images=1, turns=2, step=1)) == [205]


@pytest.mark.parametrize(
    "given",
    [
        {"type": "image_url", "image_url": {"url": data_url(picture()), "detail": "low"}},
        {
            "type": "image",
            "base64": data_url(picture()).partition(",")[2],
            "mime_type": "image/png",
            "extras": {"detail": "low"},
        },
        {"type": "input_image", "image_url": data_url(picture()), "detail": "low"},
        {"type": "image", "image": picture(), "detail": "low"},
    ],
    ids=["image_url", "standard", "responses", "bytes"],
)
def test_every_form_becomes_a_reference(given, store):
    """Whatever form a picture came in, a short reference with its `detail` is left."""
    (message,) = store_images([HumanMessage([given], id="1")], store)
    handle = store.put(picture())
    image_url = {"url": f"gptv://{handle}", "detail": "low"}
    assert message.content == [{"type": "image_url", "image_url": image_url}]
    assert message.id == "1"
    (filled,) = fill([message], {handle: store.get(handle)})
    assert filled.content[0]["image_url"] == {"url": data_url(picture()), "detail": "low"}


def test_what_holds_no_bytes_stays_as_it_is(store):
    """Text, URLs of the web, files and references are returned as the same objects."""
    messages = [
        HumanMessage("data:image/png;base64, a user may write of it"),
        HumanMessage([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
        HumanMessage([{"type": "input_image", "file_id": "file-1"}]),
        HumanMessage([{"type": "image", "url": "gptv://img_3f9a2c"}]),
        AIMessage("Yes."),
    ]
    assert all(a is b for a, b in zip(store_images(messages, store), messages, strict=True))
    assert store.handles() == []


def test_base64_in_the_text_of_a_tool_becomes_an_image(store):
    """A tool that writes a data URL into its text shows the picture, not 10,000 tokens."""
    answer = ToolMessage(f"Saved {data_url(picture(400, 300))} for you.", tool_call_id="1")
    (message,) = store_images([answer], store)
    assert message.content[0] == {"type": "text", "text": "Saved "}
    assert store.get(referenced(message.content[1])).width == 400
    assert message.content[2] == {"type": "text", "text": " for you."}


def test_a_crop_keeps_the_handle_that_its_tool_gave_it(store):
    """A picture that a tool stored and named is not stored under a second name."""
    root = store.put(picture())
    crop = store.put_crop(root, picture(10, 10), Box(0, 0, 10, 10))
    content = [{"type": "text", "text": f"The crop is {crop}."}, image_block(picture(10, 10))]
    (message,) = store_images([ToolMessage(content, tool_call_id="1")], store)
    assert referenced(message.content[1]) == crop
    assert len(store.handles()) == 2


def test_a_broken_picture_ends_in_words_or_an_error(store):
    """Of a tool it becomes a note that the model can act on; of a user it is an error."""
    broken = {"type": "image", "base64": "aGVsbG8gd29ybGQ=", "mime_type": "image/png"}
    (message,) = store_images([ToolMessage([broken], tool_call_id="1")], store)
    assert message.content[0]["text"].startswith("[An image of this tool cannot be used: ")
    with pytest.raises(MessageError, match=r"content\[0\]"):
        store_images([HumanMessage([broken])], store)


async def test_storing_does_not_block_the_event_loop(store):
    """While the pictures of a message are stored, other tasks run."""
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    (message,) = await astore_images([HumanMessage([block()])], store)
    ticking.cancel()
    assert referenced(message.content[0]) == store.put(picture())
    assert ticks > 1


def test_an_older_picture_is_named_in_its_place(store):
    """A note says the handle and how to see the picture again; a lost one says that it is gone."""
    messages = store_images([HumanMessage([block(1), block(2), block(3)])], store)
    found = sightings(messages)
    shown = shown_sightings(found, messages, ImageWindow(images=2, step=1))
    last = shown[-1].handle
    (message,) = view(messages, found, shown, {last: store.get(last)})
    texts = [part["text"] for part in message.content if part["type"] == "text"]
    assert "not shown again" in texts[0]
    assert "no longer stored" in texts[1]
    assert texts[2] == f"[Image {last}: 3 x 40 pixels]"
    assert found[0].handle in texts[0]


def test_a_budget_says_what_would_pass_it():
    """Images count once, tokens with every call; the message names the limit and the way out."""
    spent = Spent().plus(CallEstimate(("a", "b"), 900), [])
    assert RunBudget(max_images=2).problem(spent, CallEstimate(("b",), 900)) is None
    problem = RunBudget(max_images=2).problem(spent, CallEstimate(("c",), 900))
    assert "3 different images, over max_images=2" in problem
    problem = RunBudget(max_image_tokens=1500).problem(spent, CallEstimate(("b",), 900))
    assert "about 1,800 image tokens, over max_image_tokens=1,500. Raise the budget" in problem
    assert RunBudget(max_image_tokens=1800).problem(spent, CallEstimate(("b",), 900)) is None


def test_a_cost_is_counted_by_the_bill():
    """The estimate decides before a call; after it, the usage of the answer counts."""
    call = CallEstimate(("a",), 0, estimate_price(), model="gpt-4o")
    usage = {"input_tokens": 1_000_000, "output_tokens": 0, "total_tokens": 1_000_000}
    spent = Spent().plus(call, [AIMessage("Yes.", usage_metadata=usage)])
    assert spent.cost_usd == 2.5
    assert Spent.of_state({"vision_spent": spent.to_state()}) == spent
    assert "about $2.5" in RunBudget(max_cost_usd=2.5).problem(spent, call)


def estimate_price():
    """The price of a short question with a picture of 765 tokens."""
    return estimate_input_cost([HumanMessage("What?")], get_profile("gpt-4o"), 765, "gpt-4o")


def test_a_budget_in_dollars_needs_a_price():
    """Without a price the budget cannot be kept, which is said and not ignored."""
    with pytest.raises(PlanError, match="no price for 'priceless' on .*max_image_tokens"):
        estimate_input_cost([HumanMessage("x")], get_profile("gpt-4o"), 1, "priceless")


def test_images_are_estimated_as_the_model_sends_them():
    """A model that plans sizes counts its plan; another sends the picture as it is."""
    large = Image.of(picture(2000, 2000))
    profile = get_profile("gpt-4o")
    assert estimate_images([(large, "high"), (large, "low")], profile, planned=False) == 765 + 85
    assert estimate_images([(large, "high")], profile, planned=True) == 765


def test_a_filled_model_traces_references_and_calls_with_pictures(store):
    """What callbacks see holds no base64; what the model is called with holds the picture."""
    seen, traced = [], []

    class Watching(GenericFakeChatModel):
        def _generate(self, messages, *args, **kwargs):
            seen.extend(messages)
            return super()._generate(messages, *args, **kwargs)

    class Tracer(BaseCallbackHandler):
        def on_chat_model_start(self, serialized, messages, **kwargs):
            traced.extend(messages[0])

    (message,) = store_images([HumanMessage([block()])], store)
    handle = store.handles()[0]
    model = Watching(messages=iter([AIMessage("Yes."), AIMessage("No.")]))
    filled = filled_model(model, lambda messages: fill(messages, {handle: store.get(handle)}))
    assert isinstance(filled, Watching)
    assert filled.invoke([message], {"callbacks": [Tracer()]}).text == "Yes."
    assert base64_in(traced) == []
    assert seen[0].content[0]["image_url"]["url"] == data_url(picture())
    assert model.invoke([message]).text == "No."
    assert seen[1].content == message.content
