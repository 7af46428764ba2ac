"""Agents with the middleware, over HTTP: what state, traces and requests hold."""

import sqlite3
import subprocess
import sys

import pytest
from agents import (
    ask,
    base64_in,
    chat_openai,
    data_url,
    make_agent,
    noting_server,
    picture,
    sent_images,
    sent_text,
    take_photo,
)
from conftest import ROOT
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command

from langchain_gptv import ChatGPTV, ImageStore, VisionMiddleware
from langchain_gptv.exceptions import BudgetError, MessageError
from langchain_gptv.middleware import ImageWindow, RunBudget
from langchain_gptv.store import reference

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

THREAD = {"configurable": {"thread_id": "1"}}
PHOTO = "take_photo width=120"


@pytest.fixture(scope="module")
def server():
    """`gptv serve` with a quick engine, and the bodies that it was sent."""
    with noting_server() as found:
        yield found


@pytest.fixture
def bodies(server):
    """What the server was sent in this test."""
    server[1].clear()
    return server[1]


@pytest.fixture(params=["ChatOpenAI", "ChatGPTV"])
def model(request, server):
    """LangChain's own model and ours, before the same server."""
    if request.param == "ChatOpenAI":
        return chat_openai(server[0])
    return ChatGPTV(model="gptv-local", base_url=f"{server[0]}/v1")


class Tracer(BaseCallbackHandler):
    """Keeps all that a tracer is told."""

    def __init__(self):
        self.told = []

    def on_chain_start(self, serialized, inputs, **kwargs):
        self.told.append(inputs)

    def on_chain_end(self, outputs, **kwargs):
        self.told.append(outputs)

    def on_chat_model_start(self, serialized, messages, **kwargs):
        self.told.append(messages)

    def on_llm_end(self, response, **kwargs):
        self.told.append(response)

    def on_tool_start(self, serialized, input_str, **kwargs):
        self.told.append(input_str)


def all_of(saver):
    """Everything that a checkpointer holds."""
    return [(each.checkpoint, each.metadata, each.pending_writes) for each in saver.list(None)]


def test_state_holds_references_and_the_call_holds_pixels(model, bodies):
    """Checkpoints and traces have no base64 of user or tool; the model gets every picture."""
    saver, tracer = InMemorySaver(), Tracer()
    agent = make_agent(VisionMiddleware(), model, checkpointer=saver)
    state = agent.invoke(ask(PHOTO, picture(90)), {**THREAD, "callbacks": [tracer]})
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    assert base64_in(all_of(saver), "checkpoints") == []
    assert base64_in(tracer.told[:1], "root") == []
    tools_own = [told for told in tracer.told if not isinstance(told, ToolMessage)]
    assert len(all_of(saver)) > 4
    assert len(tools_own) > 6
    assert [sent_images(body) for body in bodies] == [[90], [90, 120]]


def test_a_tools_picture_stands_where_the_model_looks(model, bodies):
    """It moves out of the tool message to a user message, and is labelled with its handle."""
    vision = VisionMiddleware()
    state = make_agent(vision, model).invoke(ask(PHOTO, picture(90)))
    roles = [message["role"] for message in bodies[-1]["messages"]]
    assert roles == ["user", "assistant", "tool", "user"]
    moved = bodies[-1]["messages"][-1]["content"]
    assert [part["type"] for part in moved] == ["text", "image_url"]
    handle = vision.store.put(picture(120))
    assert state["messages"][2].content[1]["image_url"] == {"url": reference(handle)}
    assert f"[Image {handle}: 120 x 40 pixels]" in sent_text(bodies[-1])


async def test_the_same_without_blocking(model, bodies):
    """The async agent stores, shows and answers the same."""
    saver = InMemorySaver()
    agent = make_agent(VisionMiddleware(), model, checkpointer=saver)
    state = await agent.ainvoke(ask(PHOTO, picture(90)), THREAD)
    assert state["messages"][-1].text == "The total is 12.50 euros."
    assert base64_in(all_of(saver), "checkpoints") == []
    assert [sent_images(body) for body in bodies] == [[90], [90, 120]]


def test_tokens_stream_from_a_filled_model(model, bodies):
    """Streaming works as without the middleware."""
    agent = make_agent(VisionMiddleware(), model)
    given = ask("What is the total?", picture(90))
    chunks = [chunk for chunk, _ in agent.stream(given, stream_mode="messages")]
    assert len([chunk for chunk in chunks if chunk.text]) > 1
    assert bodies[0]["stream"] is True
    assert sent_images(bodies[0]) == [90]


def test_only_the_newest_pictures_are_sent(model, bodies):
    """Older ones are named by their handle; state keeps all."""
    vision = VisionMiddleware(window=ImageWindow(images=2, step=1))
    agent = make_agent(vision, model, checkpointer=InMemorySaver())
    for width in (91, 92, 93):
        state = agent.invoke(ask("What is the total?", picture(width)), THREAD)
    assert [sent_images(body) for body in bodies] == [[91], [91, 92], [92, 93]]
    oldest = vision.store.put(picture(91))
    assert f"[Image {oldest}: not shown again." in sent_text(bodies[-1])
    assert reference(oldest) in str(state["messages"][0].content)


def test_without_wrapping_the_state_is_clean_all_the_same(model):
    """`wrap` is for the input's own checkpoint; the state holds references without it too."""
    vision, saver = VisionMiddleware(), InMemorySaver()
    middleware = [vision]
    agent = create_agent(model, [take_photo], middleware=middleware, checkpointer=saver)
    agent.invoke(ask(PHOTO, picture(90)), THREAD)
    assert base64_in(agent.get_state(THREAD).values) == []
    assert base64_in(all_of(saver)[0]) == []
    assert base64_in(all_of(saver)) != []


def test_a_thread_goes_on_in_a_new_process(tmp_path, server, bodies):
    """With store and checkpoints on disk, another process shows the model the first picture."""
    code = """
import sqlite3, sys
from agents import ask, chat_openai, make_agent, picture
from langgraph.checkpoint.sqlite import SqliteSaver
from langchain_gptv import ImageStore, VisionMiddleware

address, folder, *widths = sys.argv[1:]
vision = VisionMiddleware(ImageStore.on_disk(folder))
connection = sqlite3.connect(f"{folder}/threads.sqlite", check_same_thread=False)
saver = SqliteSaver(connection)
agent = make_agent(vision, chat_openai(address), checkpointer=saver)
pictures = [picture(int(width)) for width in widths]
agent.invoke(ask("What is the total?", *pictures), {"configurable": {"thread_id": "1"}})
"""
    for widths in (["91"], []):
        command = [sys.executable, "-c", code, server[0], str(tmp_path), *widths]
        subprocess.run(command, check=True, cwd=ROOT / "tests", capture_output=True)
    assert [sent_images(body) for body in bodies] == [[91], [91]]
    with sqlite3.connect(tmp_path / "threads.sqlite") as connection:
        saver = SqliteSaver(connection)
        assert base64_in(all_of(saver)) == []


def test_two_users_never_mix(server, bodies):
    """A handle of one user's is not shown to the model of another."""
    backend = ImageStore().backend
    ann, bob = (ImageStore(backend, namespace=name) for name in ("ann", "bob"))
    handle = ann.put(picture(91))
    block = {"type": "image", "url": reference(handle)}
    for store in (ann, bob):
        agent = make_agent(VisionMiddleware(store), chat_openai(server[0]))
        agent.invoke({"messages": [{"role": "user", "content": [block]}]})
    assert [sent_images(body) for body in bodies] == [[91], []]
    assert f"[Image {handle}: no longer stored." in sent_text(bodies[1])
    assert bob.handles() == []


def test_a_run_stops_before_it_passes_its_budget(server, bodies):
    """The run ends with a message that names what was reached; the next run begins anew."""
    vision = VisionMiddleware(budget=RunBudget(max_images=1))
    agent = make_agent(vision, chat_openai(server[0]), checkpointer=InMemorySaver())
    state = agent.invoke(ask(PHOTO, picture(90)), THREAD)
    last = state["messages"][-1]
    assert isinstance(last, AIMessage)
    assert last.text.startswith("Stopped before the next model call: it would bring this run to 2")
    assert len(bodies) == 1
    assert "vision_spent" not in state


def test_a_budget_of_tokens_counts_every_call(server, bodies):
    """A picture that is sent twice counts twice; "error" raises before the request leaves."""
    budget = RunBudget(max_image_tokens=255 + 2 * 255 - 1)
    vision = VisionMiddleware(budget=budget, on_budget="error", model="gpt-4o")
    agent = make_agent(vision, chat_openai(server[0]))
    with pytest.raises(BudgetError, match="about 765 image tokens, over max_image_tokens=764"):
        agent.invoke(ask(PHOTO, picture(90)))
    assert len(bodies) == 1
    agent.invoke(ask("What is the total?", picture(90)))
    assert len(bodies) == 2


async def test_a_budget_of_dollars(server, bodies):
    """The price of the input is known before the call, of text and pictures."""
    budget = RunBudget(max_cost_usd=0.001)
    vision = VisionMiddleware(budget=budget, model="gpt-4o")
    agent = make_agent(vision, chat_openai(server[0]))
    state = await agent.ainvoke(ask("What is the total?", picture(2000, 2000)))
    assert "over max_cost_usd=0.001" in state["messages"][-1].text
    assert bodies == []
    state = await agent.ainvoke(ask("What is the total?", picture(90)))
    assert state["messages"][-1].text == "The total is 12.50 euros."


def test_a_tools_command_is_stored_too(server):
    """A tool may answer with a Command; its pictures go the same way."""
    vision = VisionMiddleware()

    @tool
    def take_photo(width: int) -> Command:
        """Take a photo."""
        raise NotImplementedError

    block = {"type": "image_url", "image_url": {"url": data_url(picture(120))}}
    command = Command(update={"messages": [ToolMessage([block], tool_call_id="1")], "x": 1})
    result = vision.wrap_tool_call(None, lambda request: command)
    assert base64_in(result.update) == []
    assert result.update["x"] == 1
    assert vision.store.get(vision.store.handles()[0]).width == 120


def test_a_broken_picture_of_the_user_is_a_typed_error(server, bodies):
    """It is raised before the run begins, and nothing is sent."""
    agent = make_agent(VisionMiddleware(), chat_openai(server[0]))
    broken = {"type": "image", "base64": "aGVsbG8gd29ybGQ=", "mime_type": "image/png"}
    with pytest.raises(MessageError, match=r"content\[0\]"):
        agent.invoke({"messages": [{"role": "user", "content": [broken]}]})
    assert bodies == []


def test_a_wrapped_agent_is_still_the_agent(server):
    """Configuration, state and resuming work as before."""
    agent = make_agent(VisionMiddleware(), chat_openai(server[0]), checkpointer=InMemorySaver())
    assert type(agent).__name__ == "CompiledStateGraph"
    again = agent.with_config({"tags": ["x"]})
    again.invoke(ask("What is the total?", picture(90)), THREAD)
    assert base64_in(all_of(agent.checkpointer)) == []
    assert len(agent.get_state(THREAD).values["messages"]) == 2
    assert agent.invoke(None, THREAD)["messages"][-1].text == "The total is 12.50 euros."
