"""ChatGPTV and AzureChatGPTV on the embedded engine, in process."""

import warnings

import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.messages import AIMessageChunk
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import BaseModel, Field

from langchain_gptv import AzureChatGPTV, ChatGPTV, human_message
from langchain_gptv.exceptions import MissingKeyError

pytestmark = pytest.mark.usefixtures("engine")

RECEIPT = EXAMPLE_IMAGES / "receipt.png"


@pytest.fixture(
    params=["chat", "responses", "azure"],
)
def model(request):
    """The same engine over each wire."""
    if request.param == "azure":
        return AzureChatGPTV(azure_deployment="gptv-local", api_version="2024-10-21")
    return ChatGPTV(model="gptv-local", use_responses_api=request.param == "responses")


@pytest.fixture
def total(truth) -> str:
    """The total that the receipt shows."""
    return truth["receipt.png"]["total"]["text"]


def test_a_question_is_answered_with_no_key(model, total):
    """The answer has the printed total, and the metadata says what answered."""
    answer = model.invoke([human_message("What is the total?", RECEIPT)])
    assert total in answer.text
    assert answer.usage_metadata["input_tokens"] > 100
    metadata = answer.response_metadata
    says = metadata.get("gptv", {}).get("is_language_model") is False
    assert says or "not a language model" in metadata["metadata"]["gptv_engine"]


async def test_it_answers_async_too(model, total):
    """`ainvoke` gives the same answer."""
    answer = await model.ainvoke([human_message("What is the total?", RECEIPT)])
    assert total in answer.text


def test_it_streams(model, total):
    """The chunks add up to the answer and carry usage."""
    chunks = list(model.stream([human_message("What is the total?", RECEIPT)]))
    whole = sum(chunks[1:], chunks[0])
    assert isinstance(whole, AIMessageChunk)
    assert len(chunks) > 3
    assert total in whole.text
    assert whole.usage_metadata["output_tokens"] > 0


async def test_it_streams_async(model, total):
    """`astream` gives the same chunks."""
    text = ""
    async for chunk in model.astream([human_message("What is the total?", RECEIPT)]):
        text += chunk.text
    assert total in text


@pytest.mark.parametrize("stream", [False, True], ids=["invoke", "stream"])
def test_evidence_is_in_the_metadata(stream, truth):
    """Score and box of each fact come along, and the box lies on the printed value."""
    model = ChatGPTV(model="gptv-local")
    question = [human_message("What is the total?", RECEIPT)]
    if stream:
        chunks = list(model.stream(question))
        answer = sum(chunks[1:], chunks[0])
    else:
        answer = model.invoke(question)
    fact = answer.response_metadata["gptv"]["evidence"][0]
    x1, y1, x2, y2 = truth["receipt.png"]["total"]["box"]
    left, top, right, bottom = fact["box"]
    assert fact["score"] > 0.8
    assert left < (x1 + x2) / 2 < right
    assert top < (y1 + y2) / 2 < bottom


class Receipt(BaseModel):
    """A shop receipt."""

    vendor: str
    total: float
    people_count: int | None = Field(None)


def test_structured_output_is_filled_from_the_picture(truth):
    """A Pydantic class gets the values that are printed."""
    model = ChatGPTV(model="gptv-local").with_structured_output(Receipt)
    receipt = model.invoke([human_message("Extract.", RECEIPT)])
    facts = truth["receipt.png"]
    assert f"{receipt.total:.2f}" in facts["total"]["text"]


def test_a_chain_runs_on_it(total):
    """Prompt, model and parser compose as with any chat model."""
    prompt = ChatPromptTemplate([("system", "Be brief."), MessagesPlaceholder("pictures")])
    chain = prompt | ChatGPTV(model="gptv-local")
    answer = chain.invoke({"pictures": [human_message("What is the total?", RECEIPT)]})
    assert total in answer.text


def test_it_is_a_chat_openai():
    """Code that checks for upstream's classes goes on working."""
    assert isinstance(ChatGPTV(model="gptv-local"), ChatOpenAI)
    azure = AzureChatGPTV(azure_deployment="gptv-local", api_version="2024-10-21")
    assert isinstance(azure, AzureChatOpenAI)


def test_a_remote_model_without_a_key_says_what_to_do():
    """The error names the variables and the model that needs none."""
    with pytest.raises(MissingKeyError, match=r"OPENAI_API_KEY.*gptv-local"):
        ChatGPTV(model="gpt-4o")


def test_detail_leaves_with_the_request():
    """A standard block's `detail` is in the payload, where langchain-openai drops it."""
    model = ChatGPTV(model="gptv-local")
    payload = model._get_request_payload([human_message("?", RECEIPT, detail="low")])
    assert payload["messages"][0]["content"][1]["image_url"]["detail"] == "low"


def test_keys_do_not_show():
    """A key is in no repr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "sk-planted" not in repr(ChatGPTV(model="gpt-4o", api_key="sk-planted"))
