"""The clients that people use, against the engine in this process and behind a real server."""

import json

import httpx2
import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import OpenAIRefusalError
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI
from pydantic import BaseModel
from wire_support import (
    ANSWER,
    build_app,
    chat_image,
    input_image,
    make_service,
    running,
    schema,
    user,
)

from langchain_gptv._version import __version__
from langchain_gptv.local.transport import AsyncLocalTransport, LocalTransport

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

QUESTION = [user("What is the total?", chat_image())]
INPUT = [
    {
        "role": "user",
        "content": [{"type": "input_text", "text": "What is the total?"}, input_image()],
    }
]
TOOL = {"name": "save", "description": "Save it.", "parameters": schema("total")}
CHAT = {"model": "gptv-local", "messages": QUESTION}
RESPONSES = {"model": "gptv-local", "input": INPUT}
PROVENANCE = {
    "engine": "gptv-local",
    "version": __version__,
    "is_language_model": False,
    "certainty": "seen",
    "evidence": [
        {
            "kind": "text",
            "text": "12.50",
            "score": 0.9877,
            "box": [1.0, 2.0, 30.0, 40.0],
            "image_index": 0,
        }
    ],
}


class Receipt(BaseModel):
    """A receipt."""

    total: str


class Owner(BaseModel):
    """What the fake engine cannot fill."""

    owner: str


@pytest.fixture(scope="module", params=["in process", "server"])
def wire(request):
    """Yield the address and the keyword arguments that lead a client to the engine."""
    service = make_service()
    if request.param == "server":
        with running(build_app(service)) as address:
            yield address, httpx2.Client(trust_env=False), httpx2.AsyncClient(trust_env=False)
    else:
        clients = (
            httpx2.Client(transport=LocalTransport(service)),
            httpx2.AsyncClient(transport=AsyncLocalTransport(service)),
        )
        yield "http://gptv.local", *clients


@pytest.fixture
def client(wire):
    """The official client, which here refuses a reply that its own types do not allow."""
    address, http, _ = wire
    return OpenAI(
        base_url=f"{address}/v1",
        api_key="not-needed",
        http_client=http,
        max_retries=0,
        _strict_response_validation=True,
    )


@pytest.fixture
def async_client(wire):
    """The asynchronous client, just as strict."""
    address, _, http = wire
    return AsyncOpenAI(
        base_url=f"{address}/v1",
        api_key="not-needed",
        http_client=http,
        max_retries=0,
        _strict_response_validation=True,
    )


@pytest.fixture(params=[False, True], ids=["chat", "responses"])
def chat_model(wire, request):
    """LangChain's own chat model, on either API."""
    address, http, async_http = wire
    return ChatOpenAI(
        model="gptv-local",
        base_url=f"{address}/v1",
        api_key="not-needed",
        http_client=http,
        http_async_client=async_http,
        use_responses_api=request.param,
        stream_usage=True,
    )


def test_chat_answers(client):
    """A completion carries the answer, its finish reason, and what it is."""
    completion = client.chat.completions.create(**CHAT)
    assert completion.choices[0].message.content == ANSWER
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == "gptv-local"
    assert completion.system_fingerprint == f"gptv-local-{__version__}"
    assert completion.gptv == PROVENANCE
    assert completion.id.startswith("chatcmpl-")


def test_chat_counts_tokens(client):
    """Usage counts the image by the engine's profile, and text at four characters a token."""
    usage = client.chat.completions.create(**CHAT).usage
    assert usage.prompt_tokens_details.image_tokens == 1
    assert usage.prompt_tokens == 1 + 5
    assert usage.completion_tokens == 7
    assert usage.total_tokens == 13


async def test_chat_answers_asynchronously(async_client):
    """The asynchronous client gets the same answer."""
    completion = await async_client.chat.completions.create(**CHAT)
    assert completion.choices[0].message.content == ANSWER


def test_chat_streams_word_by_word(client):
    """A stream sends the words, then the provenance beside the finish reason, then the usage."""
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(**CHAT, stream=True, stream_options=options))
    words = [chunk.choices[0].delta.content for chunk in chunks[:-2]]
    assert words == ["", "The", " total", " is", " 12.50", " euros."]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-2].gptv == PROVENANCE
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 13


async def test_chat_streams_asynchronously(async_client):
    """The asynchronous client reads the same words."""
    stream = await async_client.chat.completions.create(**CHAT, stream=True)
    words = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(words) == ANSWER


def test_chat_repeats_the_choice(client):
    """The engine is deterministic: `n` choices are the same, and each is billed."""
    completion = client.chat.completions.create(**CHAT, n=2)
    assert [choice.message.content for choice in completion.choices] == [ANSWER, ANSWER]
    assert completion.usage.completion_tokens == 14


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_chat_cuts_at_the_limit(client, limit):
    """An answer over the limit is cut and says so."""
    completion = client.chat.completions.create(**CHAT, **{limit: 3})
    assert completion.choices[0].message.content == "The total is"
    assert completion.choices[0].finish_reason == "length"


def test_chat_stops_before_a_stop_word(client):
    """An answer ends before the first stop word."""
    completion = client.chat.completions.create(**CHAT, stop=["euros", " is"])
    assert completion.choices[0].message.content == "The total"
    assert completion.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "save"}}])
def test_chat_calls_a_forced_function(client, choice):
    """A forced function is called with arguments that fit its schema."""
    tools = [{"type": "function", "function": TOOL}]
    completion = client.chat.completions.create(**CHAT, tools=tools, tool_choice=choice)
    [call] = completion.choices[0].message.tool_calls
    assert completion.choices[0].finish_reason == "tool_calls"
    assert completion.choices[0].message.content is None
    assert (call.function.name, call.function.arguments) == ("save", '{"total": "12.50"}')


def test_chat_calls_the_first_function_it_can_fill(client):
    """With several functions and "required", one that cannot be filled is passed over."""
    own = {"name": "own", "parameters": schema("owner")}
    tools = [{"type": "function", "function": function} for function in (own, TOOL)]
    completion = client.chat.completions.create(**CHAT, tools=tools, tool_choice="required")
    assert completion.choices[0].message.tool_calls[0].function.name == "save"


def test_chat_answers_in_words_when_no_function_is_forced(client):
    """With "auto" the engine answers, since it cannot weigh whether a call would help."""
    tools = [{"type": "function", "function": TOOL}]
    completion = client.chat.completions.create(**CHAT, tools=tools, tool_choice="auto")
    assert completion.choices[0].message.content == ANSWER


def test_chat_parses_structured_output(client):
    """The client's own parser reads the answer into a model."""
    completion = client.chat.completions.parse(**CHAT, response_format=Receipt)
    assert completion.choices[0].message.parsed == Receipt(total="12.50")


def test_chat_refuses_what_it_cannot_fill(client):
    """A schema that cannot be filled is a refusal, as of a model that keeps to schemas."""
    message = client.chat.completions.parse(**CHAT, response_format=Owner).choices[0].message
    assert message.content is None
    assert message.parsed is None
    assert message.refusal == "I cannot fill 'owner': no name is printed."


def test_chat_answers_in_json_mode(client):
    """JSON mode gives the answer, its certainty and its evidence as an object."""
    form = {"type": "json_object"}
    completion = client.chat.completions.create(**CHAT, response_format=form)
    answer = json.loads(completion.choices[0].message.content)
    assert answer["answer"] == ANSWER
    assert answer["evidence"] == PROVENANCE["evidence"]


def test_responses_answers(client):
    """A response carries the answer, the caller's metadata, and what it is."""
    response = client.responses.create(**RESPONSES, metadata={"run": "7"}, temperature=0.5)
    assert response.output_text == ANSWER
    assert (response.status, response.model) == ("completed", "gptv-local")
    assert response.metadata["run"] == "7"
    assert "not a language model" in response.metadata["gptv_engine"]
    assert response.temperature == 0.5
    assert response.gptv == PROVENANCE
    assert response.usage.total_tokens == 13


async def test_responses_streams_asynchronously(async_client):
    """The asynchronous client reads the words and the completed response."""
    stream = await async_client.responses.create(**RESPONSES, stream=True)
    events = [event async for event in stream]
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == ANSWER
    assert events[-1].response.output_text == ANSWER


def test_responses_sends_the_whole_sequence_of_events(client):
    """The events come in the order of the real service, numbered from 0."""
    events = list(client.responses.create(**RESPONSES, stream=True))
    names = [event.type.removeprefix("response.") for event in events]
    assert names == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        *["output_text.delta"] * 5,
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].response.gptv == PROVENANCE


def test_responses_streams_a_forced_call(client):
    """A forced call streams its arguments and ends in a function call item."""
    events = list(
        client.responses.create(
            **RESPONSES, stream=True, tools=[{"type": "function", **TOOL}], tool_choice="required"
        )
    )
    name = "response.function_call_arguments.delta"
    deltas = [event.delta for event in events if event.type == name]
    [call] = events[-1].response.output
    assert "".join(deltas) == call.arguments == '{"total": "12.50"}'
    assert (call.type, call.name, call.status) == ("function_call", "save", "completed")


def test_responses_cut_at_the_limit_are_incomplete(client):
    """A cut response is incomplete and says why, in a stream too."""
    response = client.responses.create(**RESPONSES, max_output_tokens=3)
    assert response.output_text == "The total is"
    assert response.incomplete_details.reason == "max_output_tokens"
    events = list(client.responses.create(**RESPONSES, max_output_tokens=3, stream=True))
    assert events[-1].type == "response.incomplete"


def test_responses_parses_structured_output(client):
    """The client's own parser reads the answer into a model."""
    response = client.responses.parse(**RESPONSES, text_format=Receipt)
    assert response.output_parsed == Receipt(total="12.50")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_responses_refuses_what_it_cannot_fill(client, stream):
    """A schema that cannot be filled is a refusal part."""
    form = {"type": "json_schema", "name": "owner", "schema": schema("owner")}
    reply = client.responses.create(**RESPONSES, text={"format": form}, stream=stream)
    response = list(reply)[-1].response if stream else reply
    [part] = response.output[0].content
    assert part.type == "refusal"
    assert part.refusal == "I cannot fill 'owner': no name is printed."


def test_models_are_listed(client):
    """The engine is listed, and can be asked for by name."""
    assert [model.id for model in client.models.list()] == ["gptv-local"]
    assert client.models.retrieve("gptv-local").owned_by == "langchain-gptv"


def test_azure_answers(wire):
    """The Azure client gets an answer from a deployment of any name, with Azure's marks."""
    address, http, _ = wire
    client = AzureOpenAI(
        azure_endpoint=address, api_key="k", api_version="2024-10-21", http_client=http
    )
    request = CHAT | {"model": "my-deployment"}
    completion = client.chat.completions.create(**request)
    assert completion.choices[0].message.content == ANSWER
    assert completion.model == "gptv-local"
    assert completion.prompt_filter_results == [{"prompt_index": 0, "content_filter_results": {}}]
    chunks = list(client.chat.completions.create(**request, stream=True))
    assert chunks[0].choices == []
    words = [chunk.choices[0].delta.content or "" for chunk in chunks[1:]]
    assert "".join(words) == ANSWER


async def test_azure_responses_answer(wire):
    """The Azure client posts Responses without a deployment in the path, and is answered."""
    address, _, http = wire
    client = AsyncAzureOpenAI(
        azure_endpoint=address,
        azure_deployment="my-deployment",
        api_key="k",
        api_version="2025-03-01-preview",
        http_client=http,
    )
    response = await client.responses.create(**RESPONSES | {"model": "my-deployment"})
    assert response.output_text == ANSWER


def test_azure_v1_answers(wire):
    """The v1 API of Azure is plain OpenAI under another path."""
    address, http, _ = wire
    client = OpenAI(base_url=f"{address}/openai/v1", api_key="k", http_client=http)
    request = CHAT | {"model": "my-deployment"}
    assert client.chat.completions.create(**request).choices[0].message.content == ANSWER


def test_chat_model_invokes_and_streams(chat_model):
    """LangChain's own chat model gets the answer and the usage, whole and streamed."""
    prompt = [HumanMessage(QUESTION[0]["content"])]
    message = chat_model.invoke(prompt)
    assert message.text == ANSWER
    assert message.usage_metadata["total_tokens"] == 13
    streamed = list(chat_model.stream(prompt))
    assert "".join(chunk.text for chunk in streamed) == ANSWER


async def test_chat_model_invokes_and_streams_asynchronously(chat_model):
    """The asynchronous methods give the same."""
    prompt = [HumanMessage(QUESTION[0]["content"])]
    assert (await chat_model.ainvoke(prompt)).text == ANSWER
    assert "".join([chunk.text async for chunk in chat_model.astream(prompt)]) == ANSWER


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_chat_model_reads_structured_output(chat_model, method):
    """Structured output works by schema and by a forced call."""
    reader = chat_model.with_structured_output(Receipt, method=method)
    assert reader.invoke([HumanMessage(QUESTION[0]["content"])]) == Receipt(total="12.50")


def test_chat_model_raises_on_a_refusal(chat_model):
    """LangChain raises its own error when the schema cannot be filled."""
    reader = chat_model.with_structured_output(Owner, method="json_schema")
    with pytest.raises(OpenAIRefusalError, match="no name is printed"):
        reader.invoke([HumanMessage(QUESTION[0]["content"])])


def test_chat_model_streams_a_forced_call(chat_model):
    """A forced call is put together from the chunks of a stream."""
    model = chat_model.bind_tools([Receipt], tool_choice="Receipt")
    chunks = list(model.stream([HumanMessage(QUESTION[0]["content"])]))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    [call] = whole.tool_calls
    assert (call["name"], call["args"]) == ("Receipt", {"total": "12.50"})


async def test_azure_chat_model_answers(wire):
    """LangChain's Azure chat model gets the answer, whole and streamed, sync and async."""
    address, http, async_http = wire
    model = AzureChatOpenAI(
        azure_endpoint=address,
        azure_deployment="my-deployment",
        api_version="2024-10-21",
        api_key="k",
        http_client=http,
        http_async_client=async_http,
    )
    prompt = [HumanMessage(QUESTION[0]["content"])]
    assert model.invoke(prompt).text == ANSWER
    assert (await model.ainvoke(prompt)).text == ANSWER
    assert "".join(chunk.text for chunk in model.stream(prompt)) == ANSWER
    assert "".join([chunk.text async for chunk in model.astream(prompt)]) == ANSWER
