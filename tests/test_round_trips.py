"""Chat models and messages through what LangChain programs do with them."""

from __future__ import annotations

import copy
import multiprocessing
import pickle

import pytest
from contract_rows import DATA, PNG, URL, image
from langchain_core.load import dumpd, dumps, load, loads
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from leaving import Wire, leaving, make_model, send
from pydantic import BaseModel

from langchain_gptv import (
    AzureChatGPTV,
    ChatGPTV,
    ImagePolicy,
    human_message,
    image_block,
    normalize_messages,
)

KINDS = [(service, api) for service in ("openai", "azure") for api in ("chat", "responses")]
QUESTION = human_message("What is it?", PNG, detail="low")
CONVERSATION = [
    SystemMessage("Be brief."),
    QUESTION,
    AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "call_1"}]),
    ToolMessage([image_block(PNG), {"type": "text", "text": "Found."}], tool_call_id="call_1"),
]


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


def image_left(items) -> dict:
    """Return (URL, detail) of the last part of the last message."""
    part = items[-1]["content"][-1]
    inner = part["image_url"]
    return (inner["url"], inner["detail"]) if isinstance(inner, dict) else (inner, part["detail"])


@pytest.mark.parametrize("form", ["as given", "normal"])
def test_messages_are_dumped_and_loaded(form):
    """`dumps`/`loads` and `dumpd`/`load` keep every block."""
    messages = CONVERSATION if form == "as given" else normalize_messages(CONVERSATION)
    assert loads(dumps(messages), allowed_objects="messages") == messages
    assert load(dumpd(messages), allowed_objects="messages") == messages


def test_a_loaded_conversation_leaves_the_same(model, wire):
    """What went through a database is sent as if it had not."""
    loaded = loads(dumps(CONVERSATION), allowed_objects="messages")
    assert send(model, wire, loaded) == send(model, wire, CONVERSATION)


def test_a_dump_of_a_model_says_that_it_cannot_be_loaded(model):
    """LangChain loads classes of a fixed list only, and no dump holds the key."""
    text = dumps(model)
    assert '"not_implemented"' in text
    assert "sk-test" not in text
    with pytest.raises(NotImplementedError, match="doesn't implement serialization"):
        loads(text, allowed_objects="core")


SETTINGS = {
    "detail": "low",
    "tool_images": "keep",
    "image_policy": ImagePolicy(max_tokens=900),
    "temperature": 0.5,
    "api_key": "sk-test",
}
MADE = {
    "openai": lambda: ChatGPTV(model="gpt-4o", **SETTINGS),
    "azure": lambda: AzureChatGPTV(
        azure_deployment="eyes",
        base_model="gpt-4o",
        azure_endpoint="https://example.openai.azure.com",
        api_version="2025-03-01-preview",
        **SETTINGS,
    ),
    "text only": lambda: ChatGPTV(model="gpt-4", **SETTINGS),
}
COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "model_copy": lambda model: model.model_copy(deep=True),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("what", MADE)
def test_a_copy_of_a_model_is_set_as_it_was(what, how):
    """Pickling and copying, which fail with langchain-openai's models, keep every setting."""
    model = MADE[what]()
    copied = COPIES[how](model)
    assert type(copied) is type(model)
    for name in (*SETTINGS.keys() - {"api_key"}, "openai_api_key", "model_name", "metadata"):
        assert getattr(copied, name) == getattr(model, name)
    assert copied._identifying_params == model._identifying_params


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_of_the_local_model_answers(how, engine):
    """The embedded engine is reached from a copy too."""
    for model in (
        ChatGPTV(model="gptv-local", detail="low"),
        AzureChatGPTV(azure_deployment="gptv-local", api_version="2024-10-21"),
    ):
        assert COPIES[how](model).invoke("Hello").text


def test_a_deep_copy_shares_the_http_client(model, wire):
    """A client that was passed in is the caller's, so a copy goes on using it."""
    assert send(copy.deepcopy(model), wire, [QUESTION]) == send(model, wire, [QUESTION])


def _model_name(model) -> str:
    return model.model_name


def test_a_model_goes_to_another_process():
    """A pool of processes can be handed a model."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_model_name, [MADE["openai"]()]) == "gpt-4o"


def test_with_config(model, wire):
    """A configured model is still the same model."""
    configured = model.with_config(tags=["vision"], run_name="look")
    assert image_left(send(configured, wire, [QUESTION])) == (DATA, "low")


@tool
def look(place: str) -> str:
    """Look at a place."""
    return place


def test_bind_tools(model, wire):
    """Tools go along, and so do the images."""
    model.bind_tools([look]).invoke([QUESTION])
    (body,) = wire.take()
    assert image_left(leaving(body)) == (DATA, "low")
    assert "look" in str(body["tools"])


class Animal(BaseModel):
    """An animal."""

    name: str


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_with_structured_output(method, kind, wire):
    """Whatever the way to ask for a shape, the images are there."""
    wire.answer = structured(kind[1], method)
    chain = make_model(*kind, wire).with_structured_output(Animal, method=method)
    assert chain.invoke([QUESTION]) == Animal(name="cat")
    (body,) = wire.take()
    assert image_left(leaving(body)) == (DATA, "low")


async def test_with_structured_output_async(kind, wire):
    """As above, for `ainvoke`."""
    wire.answer = structured(kind[1], "json_schema")
    chain = make_model(*kind, wire).with_structured_output(Animal)
    assert await chain.ainvoke([QUESTION]) == Animal(name="cat")


def structured(api: str, method: str) -> dict:
    """Return an answer that holds a cat in the way that was asked for."""
    from leaving import CHAT_ANSWER, RESPONSES_ANSWER

    text = '{"name": "cat"}'
    called = {"name": "Animal", "arguments": text}
    if api == "responses":
        answer = copy.deepcopy(RESPONSES_ANSWER)
        answer["output"][0]["content"][0]["text"] = text
        if method == "function_calling":
            answer["output"] = [{"type": "function_call", "id": "f", "call_id": "c", **called}]
        return answer
    answer = copy.deepcopy(CHAT_ANSWER)
    message = answer["choices"][0]["message"]
    message["content"] = text
    if method == "function_calling":
        message["tool_calls"] = [{"id": "c", "type": "function", "function": called}]
    return answer


def test_batch(model, wire):
    """Each input of a batch leaves with its own image."""
    urls = [f"https://example.com/{number}.png" for number in range(5)]
    answers = model.batch([[HumanMessage([image(url=url, detail="low")])] for url in urls])
    assert [answer.text for answer in answers] == ["A cat."] * 5
    left = sorted(image_left(leaving(body)) for body in wire.take())
    assert left == [(url, "low") for url in urls]


async def test_abatch(model, wire):
    """As above, async."""
    inputs = [[human_message("?", URL, detail="low")]] * 5
    assert len(await model.abatch(inputs, config={"max_concurrency": 2})) == 5
    assert [image_left(leaving(body)) for body in wire.take()] == [(URL, "low")] * 5


async def test_astream_events(model, wire):
    """The events name the model's start, chunks and end; the start shows the image as it left."""
    events = [event async for event in model.astream_events([QUESTION], version="v2")]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "on_chat_model_start"
    assert "on_chat_model_stream" in kinds
    assert kinds[-1] == "on_chat_model_end"
    assert image_left(leaving(wire.take()[0])) == (DATA, "low")
    chunks = (event for event in events if event["event"] == "on_chat_model_stream")
    assert "".join(event["data"]["chunk"].text for event in chunks) == "A cat."


async def test_a_chain_with_a_fallback(kind, wire):
    """`with_fallbacks` and `with_retry` wrap it like any runnable."""

    def fail(messages):
        raise ValueError("no")

    model = make_model(*kind, wire)
    chain = RunnableLambda(fail).with_fallbacks([model.with_retry(stop_after_attempt=2)])
    assert (await chain.ainvoke([QUESTION])).text == "A cat."
    assert image_left(leaving(wire.take()[0])) == (DATA, "low")


async def test_a_langgraph_checkpoint(model, wire):
    """Images survive the state of a graph, and a second turn sees the first."""
    pytest.importorskip("langgraph.graph", reason="the extra 'agents' is not installed")
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, MessagesState, StateGraph

    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    graph.add_edge(START, "model")
    app = graph.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    app.invoke({"messages": [QUESTION]}, config)
    app.invoke({"messages": [HumanMessage("And now?")]}, config)
    first, second = (leaving(body) for body in wire.take())
    assert second[0] == first[0]
    assert image_left(second[:1]) == (DATA, "low")
