"""The contract around a call: `detail`, paths, bare objects, streams, caches, traces, schema."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from contract_rows import BASE64, DATA, PNG, RED, URL, Part, RedPicture, image, image_url
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.content import create_image_block, create_text_block
from leaving import Wire, content_of, leaving, make_model, roots, send
from wire_schema import check_body, extract, problems_of, published

from langchain_gptv import human_message, image_block, normalize_messages, place_images
from langchain_gptv.exceptions import LimitError, MessageError

KINDS = [(service, api) for service in ("openai", "azure") for api in ("chat", "responses")]


@pytest.fixture(params=KINDS, ids="-".join)
def kind(request):
    """A service and an API."""
    return request.param


@pytest.fixture
def wire() -> Wire:
    """Where requests end."""
    return Wire()


@pytest.fixture
def model(kind, wire):
    """A chat model of each kind that ends in `wire`."""
    return make_model(*kind, wire)


def details(items) -> list[str]:
    """Return the `detail` of every image that left."""
    found = []
    for item in items:
        for part in item.get("content") or item.get("output") or ():
            inner = part.get("image_url") if isinstance(part, dict) else None
            if inner:
                found.append((inner if isinstance(inner, dict) else part)["detail"])
    return found


PLAIN = HumanMessage([image(url=URL), image(url=URL, detail="high"), image_url({"url": DATA})])


def test_detail_of_the_model(kind, wire):
    """The model's `detail` holds for images that do not say their own."""
    model = make_model(*kind, wire, detail="low")
    assert details(send(model, wire, [PLAIN])) == ["low", "high", "low"]


def test_detail_of_a_call(model, wire):
    """`invoke(..., detail=)` and `bind(detail=)` come before the model's, and do not leave."""
    assert details(send(model, wire, [PLAIN], detail="low")) == ["low", "high", "low"]
    assert details(send(model.bind(detail="low"), wire, [PLAIN])) == ["low", "high", "low"]
    model.invoke([PLAIN], detail="low")
    assert "detail" not in wire.take()[0]


async def test_detail_of_a_call_async_and_streamed(model, wire):
    """All four ways to call take `detail`."""
    await model.ainvoke([PLAIN], detail="low")
    list(model.stream([PLAIN], detail="low"))
    async for _ in model.astream([PLAIN], detail="low"):
        pass
    bodies = wire.take()
    assert [details(leaving(body)) for body in bodies] == [["low", "high", "low"]] * 3


def test_a_stream_sends_what_invoke_sends(model, wire):
    """The body of a stream differs in `stream` and its options only."""
    message = human_message("?", PNG, URL)
    model.invoke([message])
    list(model.stream([message]))
    plain, streamed = wire.take()
    assert streamed.pop("stream") is True
    assert plain.pop("stream", False) is False
    streamed.pop("stream_options", None)
    assert plain == streamed


def test_auto_is_never_sent(model, wire):
    """`detail="auto"` is decided before the call, wherever it is said."""
    message = HumanMessage([image(url=URL, detail="auto"), image(base64=BASE64, detail="auto")])
    assert "auto" not in details(send(model, wire, [message], detail="auto"))


def test_a_wrong_detail_of_a_call_leaves_nothing(model, wire):
    """The error names the image, the value and what may be passed."""
    with pytest.raises(ValueError, match=r"messages\[0\].content\[0\].*detail='max'.*'low'"):
        model.invoke([PLAIN], detail="max")
    assert wire.bodies == []


FORMS = ["path", "PathLike", "file URL", "plain"]


@pytest.mark.parametrize("form", FORMS)
def test_a_path_inside_the_roots_is_opened(form, kind, wire, tmp_path):
    """Paths in content work in every form, once their folder is allowed."""
    path = tmp_path / "a cat.png"
    path.write_bytes(PNG)
    block = {
        "path": image(path=str(path)),
        "PathLike": image(image=path),
        "file URL": image_url({"url": path.as_uri()}),
        "plain": image_url(str(path)),
    }[form]
    model = make_model(*kind, wire, image_sources=roots(tmp_path))
    assert content_of(model, wire, HumanMessage([block])) == [Part(DATA).on(kind[1])]


@pytest.mark.parametrize("name", ["../secret.png", "link.png"])
def test_a_path_does_not_lead_out_of_the_roots(name, kind, wire, tmp_path):
    """Neither dots nor links get out of an allowed folder, and nothing leaves."""
    (tmp_path / "secret.png").write_bytes(PNG)
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "link.png").symlink_to(tmp_path / "secret.png")
    model = make_model(*kind, wire, image_sources=roots(allowed))
    with pytest.raises(
        MessageError, match=r"messages\[0\].content\[0\].*outside the allowed roots"
    ):
        model.invoke([HumanMessage([image(path=str(allowed / name))])])
    assert wire.bodies == []


def test_a_missing_file_inside_the_roots(kind, wire, tmp_path):
    """The error names the block and the file."""
    model = make_model(*kind, wire, image_sources=roots(tmp_path))
    with pytest.raises(MessageError, match=r"messages\[0\].content\[0\].*There is no file"):
        model.invoke([HumanMessage([image(path=str(tmp_path / "none.png"))])])
    assert wire.bodies == []


@pytest.mark.parametrize("bare", [RED, np.asarray(RED), PNG], ids=["PIL", "numpy", "bytes"])
@pytest.mark.parametrize("form", ["pair", "mapping"])
def test_bare_objects_in_content(bare, form, model, wire, kind):
    """`("user", [picture])` works, though LangChain's messages take only text and dicts."""
    content = ["?", bare]
    message = ("user", content) if form == "pair" else {"role": "user", "content": content}
    (left,) = send(model, wire, [message])
    assert left["content"][1] == Part(RedPicture()).on(kind[1])


@pytest.mark.parametrize("text", ["?", [("user", "?")], [HumanMessage("?")]])
def test_messages_without_images_are_left_alone(text, model, wire):
    """Plain text leaves as it is."""
    (left,) = send(model, wire, text)
    assert left["content"] == "?"


def test_the_message_that_is_named_is_the_callers(wire):
    """An image that moved to another message is called by where the caller put it."""
    model = make_model("openai", "chat", wire)
    messages = [
        SystemMessage("Be brief."),
        ToolMessage([create_text_block("?"), image_url({"url": DATA[:102]})], tool_call_id="1"),
    ]
    with pytest.raises(ValueError, match=r"messages\[1\].content\[1\].*(truncated|damaged)"):
        model.invoke(messages)
    assert wire.bodies == []


def test_more_images_than_a_request_may_hold(wire):
    """URLs count too; the error says how many calls it takes."""
    model = make_model("azure", "chat", wire)
    with pytest.raises(LimitError, match="10 of 60 images over the limit of 50.*2 calls"):
        model.invoke([HumanMessage([image(url=URL)] * 60)])
    assert wire.bodies == []


MIXED = [
    SystemMessage(["Know this.", image(url=URL)]),
    HumanMessage(["?", image(image=RED), create_image_block(url=URL, detail="low")]),
    ToolMessage(["Found.", image(base64=BASE64)], tool_call_id="call_1"),
    ToolMessage(DATA, tool_call_id="call_2", additional_kwargs={"type": "computer_call_output"}),
]


def test_normalizing_twice_changes_nothing():
    """What is in the normal form stays as it is, and so does what was placed."""
    once = normalize_messages(MIXED)
    assert normalize_messages(once) == once
    placed = place_images(once)
    assert place_images(placed) == placed
    assert normalize_messages(placed) == placed


def test_the_second_look_does_not_read_the_image_again(monkeypatch):
    """A call normalises three times, twice on the event loop: only the first looks into data."""
    once = normalize_messages([human_message("?", PNG)])
    monkeypatch.setattr("langchain_gptv.messages.forms.Image", None)
    assert normalize_messages(once) == once


def test_the_callers_messages_are_not_changed(model, wire):
    """Two calls with the same messages send the same, and the messages are as they were."""
    messages = [HumanMessage(["?", create_image_block(base64=BASE64, detail="low")])]
    before = copy.deepcopy(messages)
    first, second = send(model, wire, messages), send(model, wire, messages)
    assert first == second
    assert messages == before


def test_a_conversation_with_every_role_is_not_changed(wire):
    """Moving images copies the messages they move between."""
    model = make_model("openai", "chat", wire)
    messages = [*MIXED[:1], MIXED[1], MIXED[2]]
    before = [copy.deepcopy(message.content) for message in (MIXED[0], MIXED[2])]
    model.invoke(messages)
    assert [MIXED[0].content, MIXED[2].content] == before


def block(**fields):
    """Make a message with a block that carries a random id."""
    return [HumanMessage([create_text_block("?"), create_image_block(**fields)])]


def test_the_llm_cache_hits(kind, wire):
    """LangChain's factories put random ids into blocks, which are no part of the question."""
    model = make_model(*kind, wire, cache=InMemoryCache())
    answers = [model.invoke(block(url=URL, detail="low")).text for _ in range(2)]
    assert answers == ["A cat.", "A cat."]
    assert len(wire.take()) == 1


async def test_the_llm_cache_hits_async(kind, wire):
    """As above, for `ainvoke`."""
    model = make_model(*kind, wire, cache=InMemoryCache())
    for _ in range(2):
        await model.ainvoke(block(base64=BASE64, mime_type="image/png"))
    assert len(wire.take()) == 1


def test_the_llm_cache_misses_for_another_detail(kind, wire):
    """`detail` is part of the question, of the image as of the call; the model's is the call's."""
    cache = InMemoryCache()
    model = make_model(*kind, wire, cache=cache)
    model.invoke(block(url=URL, detail="low"))
    model.invoke(block(url=URL, detail="high"))
    model.invoke(block(url=URL), detail="low")
    model.invoke(block(url=URL), detail="high")
    model.invoke(block(url=URL))
    assert len(wire.take()) == 5
    make_model(*kind, wire, cache=cache, detail="low").invoke(block(url=URL))
    assert wire.take() == []


class Trace(BaseCallbackHandler):
    """Keeps what a tracer would see."""

    def __init__(self) -> None:
        self.seen = []

    def on_chat_model_start(self, serialized, messages, **kwargs) -> None:
        self.seen += messages[0]


def test_a_trace_sees_what_leaves(wire):
    """Callbacks get the blocks of the wire, `detail` and all, where LangChain's lose it."""
    model, trace = make_model("openai", "chat", wire), Trace()
    message = HumanMessage([image_block(PNG, detail="low"), image(url=URL, detail="high")])
    (left,) = send(model, wire, [message], config={"callbacks": [trace]})
    assert trace.seen[0].content == left["content"]


async def test_a_trace_sees_what_leaves_async(wire):
    """As above, for `ainvoke`, and also where the wire of Responses has its own words."""
    model, trace = make_model("openai", "responses", wire), Trace()
    message = HumanMessage([image_block(PNG, detail="low")])
    await model.ainvoke([message], config={"callbacks": [trace]})
    seen, (left,) = trace.seen[0].content[0], leaving(wire.take()[0])
    assert [Part(seen["image_url"]["url"], "low").on("responses")] == left["content"]


def body_with(part) -> dict:
    """Make a body of Chat Completions with one part."""
    return {"messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (image_url({"url": URL}), "'detail' is missing"),
        (image_url({"url": URL, "detail": None}), "none of"),
        (image_url({"url": URL, "detail": "max"}), "none of"),
        (image_url({"url": URL, "detail": "low"}, detail="low"), "not named in the schema"),
        (image_url(URL), "is no object"),
        (image_url({"url": "/data/cat.png", "detail": "low"}), "is no URL"),
        ({"type": "input_image", "image_url": URL, "detail": "low"}, "none of"),
    ],
)
def test_the_check_of_bodies_sees_what_is_wrong(part, problem):
    """What langchain-openai sends for these forms does not pass the extract."""
    assert problem in " ".join(problems_of(body_with(part), extract()))


def test_the_extract_says_what_the_published_schema_says():
    """Keys of the image parts, and the values of `detail`, are those of OpenAI's description."""
    if published() is None:
        pytest.skip("the folder with the published description is not here")
    ours, theirs = extract().schemas, published().schemas
    for name, published_name in {
        "Image": "ChatCompletionRequestMessageContentPartImage",
        "InputImage": "InputImageContent",
        "InputFile": "InputFileContent",
        "Text": "ChatCompletionRequestMessageContentPartText",
    }.items():
        assert ours[name]["properties"].keys() <= theirs[published_name]["properties"].keys()
    assert ours["InputImage"]["properties"]["detail"]["enum"] == theirs["ImageDetail"]["enum"]
    check_body(body_with(image_url({"url": URL, "detail": "low"})))
