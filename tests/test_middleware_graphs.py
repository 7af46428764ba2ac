"""Stored pictures in graphs and chains of one's own, over HTTP."""

import pytest
from agents import ask, base64_in, chat_openai, noting_server, picture, sent_images, sent_text
from agents import take_photo as photo_tool
from langchain_core.prompts import ChatPromptTemplate
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from langchain_gptv import ChatGPTV, ImageStore, VisionMiddleware, human_message
from langchain_gptv.exceptions import MessageError
from langchain_gptv.middleware import ImageWindow, RunBudget
from langchain_gptv.store import reference

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

THREAD = {"configurable": {"thread_id": "1"}}


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


def graph(vision, model, saver=None):
    """A graph as one writes it by hand: a model, its tools, and back."""
    bound = vision.wrap_model(model).bind_tools([photo_tool])
    tools = ToolNode([photo_tool])

    def call_tools(state):
        return {"messages": vision.store_images(tools.invoke(state)["messages"])}

    building = StateGraph(MessagesState)
    building.add_node("model", lambda state: {"messages": [bound.invoke(state["messages"])]})
    building.add_node("tools", call_tools)
    building.add_edge(START, "model")
    building.add_conditional_edges("model", tools_condition, ["tools", END])
    building.add_edge("tools", "model")
    return vision.wrap(building.compile(checkpointer=saver))


def test_a_graph_of_ones_own_keeps_references(model, bodies):
    """Its checkpoints hold no base64 of user or tool, and its model is sent every picture."""
    saver = InMemorySaver()
    state = graph(VisionMiddleware(), model, saver).invoke(
        ask("take_photo width=120", picture(90)), THREAD
    )
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    kept = [(each.checkpoint, each.metadata, each.pending_writes) for each in saver.list(None)]
    assert len(kept) > 3
    assert base64_in(kept, "checkpoints") == []
    assert [sent_images(body) for body in bodies] == [[90], [90, 120]]
    assert [message["role"] for message in bodies[1]["messages"]][-2:] == ["tool", "user"]


async def test_a_wrapped_model_answers_in_every_way(model, bodies):
    """Invoked, streamed and batched, sync and async, it is sent the picture with its handle."""
    vision = VisionMiddleware(ImageStore())
    handle = vision.store.put(picture(77))
    wrapped = vision.wrap_model(model)
    messages = [human_message("What is the total?", reference(handle))]
    answer = wrapped.invoke(messages).text
    assert (await wrapped.ainvoke(messages)).text == answer
    assert "".join([chunk.text for chunk in wrapped.stream(messages)]) == answer
    assert "".join([chunk.text async for chunk in wrapped.astream(messages)]) == answer
    chain = ChatPromptTemplate.from_messages([("placeholder", "{said}")]) | wrapped
    assert [reply.text for reply in chain.batch([{"said": messages}] * 2)] == [answer] * 2
    assert [sent_images(body) for body in bodies] == [[77]] * 6
    assert all(f"[Image {handle}: 77 x 40 pixels]" in sent_text(body) for body in bodies)


def test_the_window_and_lost_pictures_are_told(model, bodies):
    """An older picture becomes a note, and so does one that is no longer stored."""
    vision = VisionMiddleware(window=ImageWindow(images=2, step=1))
    old, gone, new = (vision.store.put(picture(width)) for width in (71, 72, 73))
    messages = [human_message("And this?", reference(handle)) for handle in (old, gone, new)]
    vision.store.remove(gone)
    vision.wrap_model(model).invoke(messages)
    assert sent_images(bodies[0]) == [73]
    assert f"[Image {old}: not shown again." in sent_text(bodies[0])
    assert f"[Image {gone}: no longer stored." in sent_text(bodies[0])


def test_what_a_wrapped_model_cannot_do_is_said(model):
    """A budget needs the run of an agent; a model that is not wrapped names this way out."""
    with pytest.raises(ValueError, match=r"wrap_model\(\) keeps no budget: that counts over"):
        VisionMiddleware(budget=RunBudget(max_images=1)).wrap_model(model)
    if isinstance(model, ChatGPTV):
        with pytest.raises(MessageError, match=r"VisionMiddleware\(store\).wrap_model\(model\)"):
            model.invoke([human_message("?", "gptv://img_3f9a2c0b71de")])
