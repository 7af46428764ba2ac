"""Counting the tokens of a conversation, without network."""

import base64
import json

import httpx2
import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI

from langchain_gptv import AzureChatGPTV, ChatGPTV, estimate_image_tokens, human_message
from langchain_gptv.exceptions import GPTVWarning

PAGE = EXAMPLE_IMAGES / "page.png"


def images_of(model, **settings) -> int:
    """Return what a page adds to a message."""
    with_page = [human_message("Read it.", PAGE, **settings)]
    return model.get_num_tokens_from_messages(with_page) - model.get_num_tokens_from_messages(
        [human_message("Read it.")]
    )


@pytest.mark.parametrize("detail", ["low", "high"])
@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "gpt-5.4", "o3"])
def test_an_image_counts_by_its_models_rule(name, detail):
    """Each model has its own rule, where langchain-openai has one for all."""
    model = ChatGPTV(model=name, api_key="x")
    assert images_of(model, detail=detail) == estimate_image_tokens(
        1240, 1754, model=name, detail=detail
    )


def test_auto_counts_what_is_sent():
    """On gpt-5.6 the service's auto is original; ours is decided before, and counted so."""
    model = ChatGPTV(model="gpt-5.6-terra", api_key="x")
    payload = model._get_request_payload([human_message("Read it.", PAGE)])
    sent = payload["messages"][0]["content"][1]["image_url"]["detail"]
    assert sent == "high"
    assert images_of(model) == estimate_image_tokens(
        1240, 1754, model="gpt-5.6-terra", detail="high"
    )


def test_an_azure_deployment_counts_as_its_base_model():
    """The name of a deployment says nothing; `base_model` does."""
    settings = {"api_version": "2024-10-21", "azure_endpoint": "https://a.invalid", "api_key": "x"}
    model = AzureChatGPTV(azure_deployment="mine", base_model="gpt-4o-mini", **settings)
    assert images_of(model, detail="low") == 2833


def test_a_url_counts_as_a_large_image_and_is_not_fetched():
    """Counting opens no connection, so what cannot be known is bounded from above."""
    model = ChatGPTV(model="gpt-4o", api_key="x")
    url = [human_message("?", "https://example.invalid/a.png", detail="high")]
    assert model.get_num_tokens_from_messages(url) > 765


def test_tools_and_calls_count_as_text():
    """Schemas of tools and arguments of calls are not free."""
    model = ChatGPTV(model="gpt-4o", api_key="x")
    tool = {"type": "function", "function": {"name": "zoom", "description": "Look closer."}}
    messages = [HumanMessage("Look.")]
    plain = model.get_num_tokens_from_messages(messages)
    assert model.get_num_tokens_from_messages(messages, tools=[tool]) > plain + 10
    call = AIMessage("", tool_calls=[{"name": "zoom", "args": {"x": 1}, "id": "c"}])
    assert model.get_num_tokens_from_messages([*messages, call]) > plain + 5
    assert model.get_num_tokens_from_messages(
        [*messages, call, ToolMessage("ok", tool_call_id="c")]
    )


def test_files_are_said_not_to_count():
    """A PDF's tokens are not known, and that is said."""
    data = base64.b64encode(b"%PDF-1.4").decode()
    file = {"type": "file", "base64": data, "mime_type": "application/pdf", "filename": "a.pdf"}
    with pytest.warns(GPTVWarning, match="files are not counted"):
        ChatGPTV(model="gpt-4o", api_key="x").get_num_tokens_from_messages(
            [HumanMessage(content=[file])]
        )


def test_upstream_signature_is_kept():
    """Code that counts with ChatOpenAI counts with ChatGPTV."""
    import inspect

    upstream = inspect.signature(ChatOpenAI.get_num_tokens_from_messages).parameters
    ours = inspect.signature(ChatGPTV.get_num_tokens_from_messages).parameters
    assert set(upstream) <= set(ours)


def test_the_exact_endpoint_counts_when_asked():
    """`count="api"` sends what `invoke` would send to OpenAI's own counter."""
    asked = []

    def count(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.url.path, json.loads(request.content)))
        return httpx2.Response(200, json={"object": "response.input_tokens", "input_tokens": 321})

    http = httpx2.Client(transport=httpx2.MockTransport(count))
    model = ChatGPTV(model="gpt-4o", api_key="x", http_client=http)
    assert model.get_num_tokens_from_messages([human_message("?", PAGE)], count="api") == 321
    ((path, body),) = asked
    assert path.endswith("/responses/input_tokens")
    assert body["input"][0]["content"][1]["detail"] == "high"
