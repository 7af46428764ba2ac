"""The service's own wire of 2023-24: what leaves, and what our server answers."""

import json
import re

import httpx2
import pytest
from conftest import EXAMPLE_IMAGES
from wire_support import build_app, chat_image, make_service, post, running, user

from langchain_gptv import AzureChatGPTV, Enhancements, grounded_spans, human_message
from langchain_gptv.exceptions import PlanError
from langchain_gptv.local.transport import default_service

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

STREET = EXAMPLE_IMAGES / "street.jpg"
GENERATIONS = {
    "2023-12-01-preview": "/openai/deployments/eyes/extensions/chat/completions",
    "2024-02-15-preview": "/openai/deployments/eyes/chat/completions",
    "2024-03-01-preview": "/openai/deployments/eyes/chat/completions",
}
ASKED = {"ocr": {"enabled": True}, "grounding": {"enabled": True}}


@pytest.fixture(scope="module")
def address(engine):
    """`gptv serve` on this machine."""
    with running(build_app(default_service())) as url:
        yield url


def azure(address, version, **settings):
    """A model on a deployment there; keeps what it sent in `sent`."""
    sent = []
    client = httpx2.Client(event_hooks={"request": [sent.append]}, trust_env=False)
    model = AzureChatGPTV(
        azure_deployment="eyes",
        base_model="gpt-4-vision-preview",
        azure_endpoint=address,
        api_key="key",
        api_version=version,
        http_client=client,
        **{"enhancements": Enhancements(by="service"), **settings},
    )
    return model, sent


@pytest.mark.usefixtures("detector")
@pytest.mark.parametrize("version", GENERATIONS)
@pytest.mark.parametrize("stream", [False, True], ids=["invoke", "stream"])
def test_every_generation_is_answered_over_http(address, version, stream):
    """The fields leave under the generation's path, and the grounding comes back typed."""
    model, sent = azure(address, version)
    question = [human_message("Describe it.", STREET)]
    if stream:
        chunks = list(model.stream(question))
        answer = sum(chunks[1:], chunks[0])
    else:
        answer = model.invoke(question)
    (request,) = sent
    assert request.url.path == GENERATIONS[version]
    assert request.url.params["api-version"] == version
    body = json.loads(request.read())
    assert body["enhancements"] == ASKED
    assert len(body["messages"][0]["content"]) == 2
    assert answer.response_metadata["finish_reason"] == "stop"
    assert [span.text for span in grounded_spans(answer)] == ["1 truck", "2 people", "1 car"]
    assert answer.response_metadata["enhancements"]["grounding"]["status"] == "Success"


@pytest.mark.usefixtures("detector")
async def test_it_is_asked_async_too(address):
    """`ainvoke` takes the same path."""
    model, _ = azure(address, "2023-12-01-preview")
    answer = await model.ainvoke([human_message("Describe it.", STREET)])
    assert len(grounded_spans(answer)) == 3


@pytest.mark.usefixtures("detector")
def test_own_fields_of_the_body_go_along(address):
    """`extra_body` keeps the resource that the service was to use, in the generation's spelling."""
    source = {"type": "AzureComputerVision", "parameters": {"endpoint": "e", "key": "k"}}
    model, sent = azure(address, "2023-12-01-preview", extra_body={"data_sources": [source]})
    assert grounded_spans(model.invoke([human_message("Describe it.", STREET)]))
    body = json.loads(sent[0].read())
    assert body["dataSources"] == [source]
    assert body["enhancements"] == ASKED


def test_a_call_without_them_takes_the_plain_path(address):
    """Without enhancements the oldest generation has no extensions in its path."""
    model, sent = azure(address, "2023-12-01-preview", enhancements=None)
    answer = model.invoke([human_message("Describe it.", STREET)])
    assert sent[0].url.path == "/openai/deployments/eyes/chat/completions"
    assert "enhancements" not in answer.response_metadata


def test_later_generations_are_refused_before_the_call(address):
    """The error names the versions that had enhancements."""
    model, sent = azure(address, "2024-10-21")
    with pytest.raises(PlanError, match="'2024-10-21' has no enhancements.*2024-03-01-preview"):
        model.invoke([human_message("?", STREET)])
    assert sent == []


def ask(path, version, **fields):
    """Post to the server in front of a small engine."""
    query = {"api-version": version} if version else {}
    body = {"model": "gptv-local", "messages": [user("?", chat_image())], **fields}
    return post(make_service(), path, body, query=query)


EXTENSIONS = GENERATIONS["2023-12-01-preview"]
PLAIN = GENERATIONS["2024-02-15-preview"]


@pytest.mark.parametrize(
    ("path", "version", "message"),
    [
        (PLAIN, "2023-12-01-preview", "body -> enhancements\n  extra fields not permitted"),
        (PLAIN, "2024-04-01-preview", "body -> enhancements\n  extra fields not permitted"),
        ("/openai/v1/chat/completions", None, "body -> enhancements"),
        ("/v1/chat/completions", None, "Unrecognized request argument supplied: enhancements"),
    ],
)
def test_the_server_knows_where_they_may_be_asked_for(path, version, message):
    """Elsewhere the fields are refused as the real services refuse them."""
    status, body = ask(path, version, enhancements=ASKED)
    assert status == 400
    assert message in body["error"]["message"]


def test_the_extensions_are_of_one_generation():
    """The path of 2023-12 does not exist in later versions."""
    status, _ = ask(EXTENSIONS, "2024-02-15-preview", enhancements=ASKED)
    assert status == 404


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": [user("?", chat_image(), chat_image(30))]}, "multiple images.*there are 2"),
        ({"enhancements": {"video": {"enabled": True}}}, "'enhancements.video' is not supported"),
        ({"enhancements": {"ocr": {"enabled": "yes"}}}, "'enhancements.ocr.enabled': expected a b"),
        ({"dataSources": [{"type": "AzureSearch"}]}, "Supported values are: 'AzureComputerVision'"),
    ],
)
def test_what_cannot_be_had_is_refused(fields, message):
    """Several images, video, wrong types and foreign data sources are errors by name."""
    status, body = ask(EXTENSIONS, "2023-12-01-preview", **{"enhancements": ASKED, **fields})
    assert status == 400
    assert re.search(message, body["error"]["message"])


def test_the_documented_reply(address):
    """The reply of 2023-12 says `finish_details`, and stands the grounding beside the message."""
    model, sent = azure(address, "2023-12-01-preview")
    model.invoke([human_message("Describe it.", STREET)])
    request = sent[0]
    reply = httpx2.post(
        request.url, content=request.read(), headers={"content-type": "application/json"}
    ).json()
    (choice,) = reply["choices"]
    assert choice["finish_details"] == {"type": "stop", "stop": "<|fim_suffix|>"}
    assert "finish_reason" not in choice
    (said,) = choice["enhancements"]["grounding"]["lines"]
    assert said["text"] == choice["message"]["content"]
    for span in said["spans"]:
        cut = said["text"][span["offset"] : span["offset"] + span["length"]]
        assert cut == span["text"]
        assert len(span["polygon"]) == 4
        assert all(0 <= point[axis] <= 1 for point in span["polygon"] for axis in "xy")


def test_ocr_alone_has_no_part_of_the_reply():
    """OCR fed the model; the schema has no place for it."""
    status, body = ask(EXTENSIONS, "2023-12-01-preview", enhancements={"ocr": {"enabled": True}})
    assert status == 200
    assert "enhancements" not in body["choices"][0]
