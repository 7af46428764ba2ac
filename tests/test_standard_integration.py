"""LangChain's standard integration suite on each wire, from cassettes.

They were recorded from `gptv serve`, whose engine is no language model. What needs one is expected
to fail, each with its reason, and strictly: a test that starts to pass must leave the table. A
cassette of the real service expects no failure.
"""

from types import SimpleNamespace

import httpx
import pytest
from answering import OTHER_MODEL
from conftest import EXAMPLE_IMAGES
from langchain_core.exceptions import OutputParserException
from langchain_core.utils import function_calling
from langchain_openai.chat_models.base import OpenAIRefusalError
from langchain_tests.integration_tests import ChatModelIntegrationTests, chat_models
from pictures import one_page

from langchain_gptv import AzureChatGPTV, ChatGPTV, Image, ImageSources

pytestmark = pytest.mark.vcr

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
HOW_IT_FAILS = (AssertionError, OpenAIRefusalError, OutputParserException)
"""What is expected of those; a request that is not in the cassette fails all the same."""

CHART = EXAMPLE_IMAGES / "chart.png"
PAGE = one_page("Bicycles hired: 3,120 in summer")


class ChartSources(ImageSources):
    """Gives the chart for every URL."""

    def fetch(self, url: str) -> Image:
        return Image.from_path(CHART)


URLS_FROM_HERE = {"image_sources": ChartSources(), "fetch_urls": True}


class StandardSuite(ChatModelIntegrationTests):
    """What holds on every wire; not collected itself, since its name does not start with Test."""

    @pytest.fixture(autouse=True)
    def _answered_by(self, service, request):
        """Note who answers, and mark what fails there, with its reason."""
        self.service = service
        reason = NEEDS_A_LANGUAGE_MODEL.get(request.node.originalname)
        if reason and service.is_engine:
            request.applymarker(pytest.mark.xfail(reason=reason, raises=HOW_IT_FAILS, strict=True))
            request.getfixturevalue("drop_old_recording")

    @pytest.fixture(autouse=True)
    def _pictures_from_here(self, monkeypatch):
        """Give the suite a picture or a page of ours where it would download one."""

        def get(url: str, **_options) -> httpx.Response:
            data = PAGE if url.endswith(".pdf") else CHART.read_bytes()
            return httpx.Response(200, content=data)

        monkeypatch.setattr(chat_models.httpx, "get", get)

    @pytest.fixture(autouse=True)
    def _same_ids(self, monkeypatch):
        """Give the calls in few-shot examples the id that they were recorded with."""
        monkeypatch.setattr(function_calling, "uuid", SimpleNamespace(uuid4=lambda: "call_1"))

    @property
    def chat_model_class(self) -> type:
        return ChatGPTV

    @property
    def chat_model_params(self) -> dict:
        return {**self.service.openai(), **URLS_FROM_HERE}

    @property
    def model_override_value(self) -> str | None:
        return None if self.service.is_engine else OTHER_MODEL

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_urls(self) -> bool:
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


class TestChatCompletions(StandardSuite):
    """ChatGPTV on Chat Completions; upstream cannot set `supports_image_tool_message` there."""


class TestResponses(StandardSuite):
    """ChatGPTV on Responses."""

    @property
    def chat_model_params(self) -> dict:
        return {**super().chat_model_params, "use_responses_api": True}


class TestAzure(StandardSuite):
    """AzureChatGPTV."""

    @property
    def chat_model_class(self) -> type:
        return AzureChatGPTV

    @property
    def chat_model_params(self) -> dict:
        return {**self.service.azure(), **URLS_FROM_HERE}
