"""`prepare_images(...) | model`: images got ready for any chat model, and as plain functions."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from contract_rows import BASE64, DATA, PNG, RED, URL, image
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from leaving import Wire, leaving, make_model, roots
from pictures import encoded, noise

from langchain_gptv import human_message, images_placeholder, prepare_images
from langchain_gptv.exceptions import (
    BudgetError,
    DetailNotSupportedError,
    MessageError,
    PlanError,
)


class Listening(GenericFakeChatModel):
    """A chat model of somebody else's, which keeps what it is asked."""

    asked: list[Any] = []  # noqa: RUF012

    def _generate(self, messages, *args, **kwargs):
        self.asked.append(messages)
        return super()._generate(messages, *args, **kwargs)


@pytest.fixture
def model():
    """A chat model that knows nothing of ours."""
    return Listening(messages=iter([AIMessage("A cat.")] * 3), asked=[])


def seen(detail: str, url: str = DATA) -> dict:
    """Make the block that arrives."""
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}}


def test_any_chat_model_gets_ready_blocks(model):
    """The step normalises, states `detail` and moves a tool's image to the user."""
    chain = prepare_images("gpt-4o", detail="low") | model
    messages = [
        human_message("?", PNG),
        ToolMessage([image(url=URL, detail="high")], tool_call_id="call_1"),
    ]
    assert chain.invoke(messages).text == "A cat."
    user, tool, moved = model.asked[0]
    assert user.content[1] == seen("low")
    assert tool.content[0]["type"] == "text"
    assert moved.content[1] == seen("high", URL)


async def test_async_works_off_the_event_loop(monkeypatch):
    """Pixels are prepared in a thread, so the loop goes on."""
    threads = []
    of_pil = "langchain_gptv.vision.images.Image.from_pil"

    def from_pil(picture):
        threads.append(threading.current_thread())
        raise PlanError("seen")

    monkeypatch.setattr(of_pil, from_pil)
    with pytest.raises(MessageError, match="seen"):
        await prepare_images("gpt-4o").ainvoke([HumanMessage([image(image=RED)])])
    assert threads[0] is not threading.main_thread()


async def test_async_gives_the_same():
    """`ainvoke` and `abatch` give what `invoke` gives."""
    step = prepare_images("gpt-4o", detail="low")
    messages = [human_message("?", PNG)]
    assert await step.ainvoke(messages) == step.invoke(messages)
    assert await step.abatch([messages] * 2) == [step.invoke(messages)] * 2


@pytest.mark.parametrize("form", ["text", "pairs", "prompt"])
def test_it_takes_what_a_chat_model_takes(form):
    """A string, pairs with bare pictures, or what a prompt gives."""
    step = prepare_images("gpt-4o", detail="low")
    if form == "text":
        assert step.invoke("?") == [HumanMessage("?")]
    elif form == "pairs":
        assert step.invoke([("user", ["?", PNG])])[0].content[1] == seen("low")
    else:
        prompt = ChatPromptTemplate([("system", "Be brief."), images_placeholder("images")])
        system, user = (prompt | step).invoke({"images": [PNG]})
        assert (system, user.content) == (SystemMessage("Be brief."), [seen("low")])


def test_the_policy_holds():
    """Fields of `ImagePolicy` are settings of the step."""
    photo = encoded(noise(1200, 900), "JPEG")
    messages = [human_message("?", photo, detail="high")]
    with pytest.raises(BudgetError, match="max_tokens=300"):
        prepare_images("gpt-4o", max_tokens=300).invoke(messages)
    fitted = prepare_images("gpt-4o", max_tokens=300, on_limit="fit").invoke(messages)
    assert len(fitted[0].content[1]["image_url"]["url"]) < len(photo)
    assert fitted.vision_plan["tokens"] <= 300


def test_without_a_model_images_go_as_they_are():
    """No profile, no sizes: only the form is made right."""
    (message,) = prepare_images().invoke([HumanMessage([image(base64=BASE64)])])
    assert message.content == [seen("auto")]


def test_paths_need_a_root(tmp_path):
    """The door is closed unless it is opened."""
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    messages = [HumanMessage([image(path=str(path))])]
    with pytest.raises(MessageError, match="outside the allowed roots"):
        prepare_images("gpt-4o").invoke(messages)
    step = prepare_images("gpt-4o", detail="low", sources=roots(tmp_path))
    assert step.invoke(messages)[0].content == [seen("low")]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"model": "gpt-3.5-turbo"}, PlanError, "takes no images"),
        ({"max_pixels": 3}, TypeError, "max_pixels"),
        ({"on_limit": "split"}, PlanError, r"none of 'error', 'fit', 'drop_oldest'.*plan_images"),
        ({"resize": "sometimes"}, PlanError, "resize='sometimes' is none of 'auto', 'always'"),
    ],
)
def test_wrong_settings_are_told_at_once(arguments, error, match):
    """A model without eyes and a setting or value that is none are errors before anything runs."""
    with pytest.raises(error, match=match):
        prepare_images(**arguments)


def test_a_detail_that_the_model_does_not_take():
    """The error names the image."""
    step = prepare_images("gpt-4o", detail="original", service="azure")
    with pytest.raises(DetailNotSupportedError, match=r"messages\[0\].content\[1\].*azure"):
        step.invoke([human_message("?", PNG)])


def test_our_own_model_sends_it_as_it_was_prepared():
    """What was prepared is not prepared again."""
    wire = Wire()
    chain = prepare_images("gpt-4o", detail="low") | make_model("openai", "responses", wire)
    chain.invoke([human_message("?", PNG)])
    (left,) = leaving(wire.take()[0])
    assert left["content"][1] == {"type": "input_image", "image_url": DATA, "detail": "low"}


async def test_langchain_openais_own_model_keeps_detail():
    """The step alone mends what `ChatOpenAI` loses of a standard block."""
    wire = Wire()
    chain = prepare_images("gpt-4o", detail="low") | ChatOpenAI(model="gpt-4o", **wire.clients())
    await asyncio.wait_for(chain.ainvoke([human_message("?", PNG)]), 10)
    assert leaving(wire.take()[0])[0]["content"][1] == seen("low")


def kinds(message) -> list[str]:
    """Return the types of the blocks of a message."""
    return [block["type"] for block in message.content]


def test_an_image_that_is_not_here_counts_as_a_large_one():
    """Nobody knows the size behind a URL before the call, so the budget keeps room for it."""
    blocks = [image(url=URL), image(base64=BASE64, mime_type="image/png")]
    step = prepare_images("gpt-4o", detail="high", max_tokens=765 + 255)
    assert kinds(step.invoke([HumanMessage(blocks)])[0]) == ["image_url", "image_url"]
    step = prepare_images("gpt-4o", detail="high", max_tokens=765 + 254)
    with pytest.raises(BudgetError, match="takes 255 tokens on gpt-4o, over max_tokens=254"):
        step.invoke([HumanMessage(blocks)])


def test_images_that_are_not_here_may_take_the_whole_budget():
    """The error says why, and what would make their size known."""
    step = prepare_images("gpt-4o", detail="high", max_tokens=700)
    with pytest.raises(BudgetError, match="are not here.*count as large ones.*fetch_urls=True"):
        step.invoke([HumanMessage([image(url=URL), image(base64=BASE64, mime_type="image/png")])])


def test_the_oldest_make_room_wherever_they_are():
    """Over the number of a request the first are left out, images behind URLs too."""
    step = prepare_images("gpt-4o", service="azure", detail="low", on_limit="drop_oldest")
    blocks = [image(url=f"{URL}?{number}") for number in range(51)]
    (message,) = step.invoke([HumanMessage([*blocks, image(base64=BASE64, mime_type="image/png")])])
    assert kinds(message) == ["text", "text", *["image_url"] * 50]
    assert message.content[0]["text"].startswith("(An earlier image was left out")
