"""LangChain's standard integration suite, against the embedded engine on each wire.

The engine is no language model. What needs one is expected to fail, each with its reason, and
strictly: a test that starts to pass must leave the table.
"""

import io

import httpx
import PIL.Image
import pytest
from conftest import EXAMPLE_IMAGES
from langchain_tests.integration_tests import ChatModelIntegrationTests, chat_models

from langchain_gptv import AzureChatGPTV, ChatGPTV

pytestmark = pytest.mark.usefixtures("engine")

JOKE = "it asks for a joke about cats, which no picture shows; the engine refuses to make one up"
NEEDS_A_LANGUAGE_MODEL = {
    "test_structured_output": JOKE,
    "test_structured_output_async": JOKE,
    "test_structured_output_pydantic_2_v1": JOKE,
    "test_structured_output_optional_param": JOKE,
    "test_json_mode": JOKE,
    "test_bind_runnables_as_tools": "the question does not name the tool that it is about",
    "test_tool_choice": "'Hello!' has no location that a forced call could be made with",
    "test_unicode_tool_call_integration": "the second argument stands in the question unmarked",
}


CHART = (EXAMPLE_IMAGES / "chart.png").read_bytes()


def _page() -> bytes:
    """Return the chart as a PDF file of one page."""
    buffer = io.BytesIO()
    with PIL.Image.open(EXAMPLE_IMAGES / "chart.png") as picture:
        picture.convert("RGB").save(buffer, "PDF", resolution=100)
    return buffer.getvalue()


class EngineSuite(ChatModelIntegrationTests):
    """What holds on every wire; not collected itself, since its name does not start with Test."""

    @pytest.fixture(autouse=True)
    def _expect_failure(self, request):
        """Mark what needs a language model, with its reason."""
        reason = NEEDS_A_LANGUAGE_MODEL.get(request.node.originalname)
        if reason:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    @pytest.fixture(autouse=True)
    def _pictures_from_here(self, monkeypatch):
        """Give the suite a picture or a page of ours where it would download one."""

        def get(url: str, **_options) -> httpx.Response:
            return httpx.Response(200, content=_page() if url.endswith(".pdf") else CHART)

        monkeypatch.setattr(chat_models.httpx, "get", get)

    @property
    def chat_model_class(self) -> type:
        return ChatGPTV

    @property
    def chat_model_params(self) -> dict:
        return {"model": "gptv-local"}

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return False

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestChatCompletions(EngineSuite):
    """ChatGPTV on Chat Completions; upstream cannot set `supports_image_tool_message` there."""


class TestResponses(EngineSuite):
    """ChatGPTV on Responses."""

    @property
    def chat_model_params(self) -> dict:
        return {"model": "gptv-local", "use_responses_api": True}


class TestAzure(EngineSuite):
    """AzureChatGPTV."""

    @property
    def chat_model_class(self) -> type:
        return AzureChatGPTV

    @property
    def chat_model_params(self) -> dict:
        return {"azure_deployment": "gptv-local", "api_version": "2024-10-21"}
