"""`images_placeholder`: a place in a prompt for any number of images in any form."""

from __future__ import annotations

import numpy as np
import pytest
from contract_rows import DATA, PNG, RED, URL, RedPicture, image
from langchain_core.load import dumps, loads
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.prompts import (
    ChatPromptTemplate,
    HumanMessagePromptTemplate,
    PromptTemplate,
    SystemMessagePromptTemplate,
)
from leaving import Wire, leaving, make_model

from langchain_gptv import Image, image_block, images_placeholder
from langchain_gptv.exceptions import ImageNotFoundError, MessageError
from langchain_gptv.messages import ImagesPlaceholder


@pytest.fixture
def wire() -> Wire:
    """Where requests end."""
    return Wire()


def prompt_with(**settings) -> ChatPromptTemplate:
    """Make a prompt with a place for images between two messages."""
    place = images_placeholder("images", **settings)
    return ChatPromptTemplate([("system", "Be brief."), place, ("user", "{question}")])


def placed(prompt: ChatPromptTemplate, images, **others) -> list:
    """Return the blocks that stand for the images."""
    messages = prompt.invoke({"images": images, "question": "?", **others}).to_messages()
    assert messages[0] == SystemMessage("Be brief.")
    assert messages[-1] == HumanMessage("?")
    return [block for message in messages[1:-1] for block in message.content]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_any_number_of_images(count):
    """None leaves no message at all, as OpenAI refuses empty content."""
    assert len(placed(prompt_with(), [PNG] * count)) == count
    messages = prompt_with().format_messages(images=[PNG] * count, question="?")
    assert len(messages) == 2 + bool(count)


@pytest.mark.parametrize(
    "source",
    [PNG, RED, np.asarray(RED), DATA, Image.of(PNG), image_block(PNG)],
    ids=["bytes", "PIL", "numpy", "data URL", "Image", "block"],
)
@pytest.mark.parametrize("alone", [True, False])
def test_any_form_of_image(source, alone, wire):
    """One image or a list, in any form: the same picture leaves."""
    chain = prompt_with(detail="low") | make_model("openai", "chat", wire)
    chain.invoke({"images": source if alone else [source], "question": "?"})
    (block,) = leaving(wire.take()[0])[1]["content"]
    assert block["image_url"]["url"] == RedPicture()


def test_paths_and_urls(tmp_path):
    """The program's own paths are opened; URLs are left to the service."""
    path = tmp_path / "red.png"
    path.write_bytes(PNG)
    blocks = placed(prompt_with(), [path, str(path), URL])
    assert [block.get("url") for block in blocks] == [None, None, URL]
    assert blocks[0] == blocks[1] == image_block(PNG)


@pytest.mark.parametrize("collection", [list, tuple, iter])
def test_any_collection(collection):
    """A tuple and a generator hold images as a list does."""
    assert len(placed(prompt_with(), collection([PNG, URL]))) == 2


def test_detail_is_for_all_that_do_not_say_their_own(wire):
    """The placeholder's `detail` reaches the wire; a ready block keeps what it says."""
    chain = prompt_with(detail="low") | make_model("openai", "chat", wire)
    chain.invoke({"images": [PNG, image(url=URL, detail="high"), image(url=URL)], "question": "?"})
    blocks = leaving(wire.take()[0])[1]["content"]
    assert [block["image_url"]["detail"] for block in blocks] == ["low", "high", "low"]


def test_text_comes_first():
    """A text of its own stands before the images, and alone when there are none."""
    prompt = prompt_with(text="The pages:")
    assert placed(prompt, [PNG])[0] == {"type": "text", "text": "The pages:"}
    assert placed(prompt, []) == [{"type": "text", "text": "The pages:"}]


def test_a_missing_variable_is_an_error():
    """As with any variable of a prompt."""
    assert prompt_with().input_variables == ["images", "question"]
    with pytest.raises(KeyError, match="images"):
        prompt_with().invoke({"question": "?"})


@pytest.mark.parametrize("given", [{}, {"images": []}, {"images": None}])
def test_optional_may_be_left_out(given):
    """An optional placeholder without a value leaves nothing."""
    prompt = prompt_with(optional=True)
    assert prompt.input_variables == ["question"]
    messages = prompt.invoke({"question": "?", **given}).to_messages()
    assert [message.type for message in messages] == ["system", "human"]


def test_partial():
    """Images can be filled in ahead of the question."""
    prompt = prompt_with().partial(images=[PNG])
    assert prompt.input_variables == ["question"]
    assert len(prompt.invoke({"question": "?"}).to_messages()) == 3


@pytest.mark.parametrize("value", [None, [PNG, None]])
def test_nothing_for_an_image_is_an_error(value):
    """The error names the variable and the place in the list."""
    with pytest.raises(MessageError, match=r"images\[\d\] is None. Leave it out"):
        prompt_with().invoke({"images": value, "question": "?"})


def test_a_file_that_is_not_there_is_an_error():
    """Images are opened when the prompt is filled in, so the error comes before the call."""
    with pytest.raises(ImageNotFoundError, match="no/such.png"):
        prompt_with().invoke({"images": ["no/such.png"], "question": "?"})


def test_pretty_repr_shows_the_place():
    """LangChain's own raises for a prompt with images; ours names the variable."""
    shown = prompt_with(text="The pages:").pretty_repr()
    assert "{images}" in shown
    assert "The pages:" in shown
    assert "{question}" in shown


def test_pretty_repr_of_the_filled_prompt():
    """What was filled in can be shown too."""
    value = prompt_with().invoke({"images": [image_block(URL)], "question": "?"})
    assert URL in value.to_messages()[1].pretty_repr()


def test_two_placeholders_and_addition():
    """Prompts with placeholders add up."""
    prompt = images_placeholder("before", text="Before:") + images_placeholder("after")
    messages = prompt.invoke({"before": [PNG], "after": [PNG, PNG]}).to_messages()
    assert [len(message.content) for message in messages] == [2, 2]


async def test_async_gives_the_same():
    """`ainvoke` of the prompt gives what `invoke` gives."""
    given = {"images": [PNG, RED], "question": "?"}
    assert await prompt_with().ainvoke(given) == prompt_with().invoke(given)


async def test_async_chain(wire):
    """A whole chain runs async."""
    chain = prompt_with(detail="low") | make_model("openai", "responses", wire)
    assert (await chain.ainvoke({"images": [PNG], "question": "?"})).text == "A cat."
    (block,) = leaving(wire.take()[0])[1]["content"]
    assert block == {"type": "input_image", "image_url": DATA, "detail": "low"}


def test_what_was_filled_in_can_be_saved():
    """A filled prompt is dumped and loaded with its images."""
    value = prompt_with().invoke({"images": [PNG], "question": "?"})
    assert loads(dumps(value), allowed_objects="core") == value


def test_a_prompt_with_a_placeholder_can_be_saved():
    """It is loaded by who says that it may be: LangChain itself allows its own classes only."""
    prompt = prompt_with(detail="low", text="The pages:")
    allowed = [ChatPromptTemplate, SystemMessagePromptTemplate, HumanMessagePromptTemplate]
    loaded = loads(
        dumps(prompt),
        valid_namespaces=["langchain_gptv"],
        allowed_objects=[*allowed, PromptTemplate, ImagesPlaceholder],
    )
    assert loaded == prompt
