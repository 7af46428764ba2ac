"""What `UsageTracker` counts, of real calls over the wire."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx2
import openai
import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from leaving import Wire, make_model

from langchain_gptv import ChatGPTV, human_message
from langchain_gptv.usage import UsageTracker


def test_estimated_stands_beside_billed():
    """A call with an image counts the plan's tokens, the bill's and its price."""
    tracker, wire = UsageTracker(), Wire()
    model = make_model("openai", "chat", wire)
    question = human_message("Total?", "examples/images/receipt.png", detail="low")
    answer = model.invoke([question], {"callbacks": [tracker]})
    (call,) = tracker.calls
    assert call.image_tokens == answer.response_metadata["vision_plan"]["tokens"] > 0
    assert (call.input_tokens, call.output_tokens) == (1, 1)
    assert call.cost_usd == Decimal("0.0000175")
    assert not call.failed


def test_calls_of_a_tool_are_known_as_its_own(engine):
    """What a tool asks a model, through a chain too, is counted for the tool."""
    model = ChatGPTV(model="gptv-local")

    @tool
    def look(image: str) -> str:
        """Look at an image."""
        chain = model | (lambda answer: answer.text)
        return chain.invoke([human_message("What is the total?", image)])

    tracker = UsageTracker()
    look.invoke({"image": "examples/images/receipt.png"}, {"callbacks": [tracker]})
    model.invoke("Hi", {"callbacks": [tracker]})
    assert {name: total.calls for name, total in tracker.by_tool().items()} == {"look": 1, "": 1}
    assert list(tracker.by_model()) == ["gptv-local"]
    assert tracker.total.cost_usd == 0
    assert tracker.total.unknown == 0


def test_a_failed_call_is_counted():
    """A call that ends in an error is one of the failed ones, and its price is not known."""
    tracker = UsageTracker()
    broken = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(500)))
    model = ChatGPTV(model="gpt-4o", api_key="none", http_client=broken, max_retries=0)
    with pytest.raises(openai.InternalServerError, match="500"):
        model.invoke("Hi", {"callbacks": [tracker]})
    assert (tracker.total.failed, tracker.total.unknown) == (1, 1)


async def test_async_streams_and_threads_are_all_counted(engine):
    """No call is lost, however it is made."""
    tracker = UsageTracker()
    model = ChatGPTV(model="gptv-local").with_config(callbacks=[tracker])
    await model.ainvoke("Hi")
    async for _ in model.astream([HumanMessage("Hi")]):
        pass
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(model.invoke, ["Hi"] * 20))
    assert tracker.total.calls == 22
    assert tracker.total.input_tokens == 22 * tracker.calls[0].input_tokens
