"""LangChain's standard unit suite for both chat models."""

import pytest
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_gptv import AzureChatGPTV, ChatGPTV


class TestChatGPTV(ChatModelUnitTests):
    """ChatGPTV on Chat Completions."""

    @property
    def chat_model_class(self) -> type[ChatGPTV]:
        return ChatGPTV

    @property
    def chat_model_params(self) -> dict:
        return {"model": "gpt-4o", "api_key": "x"}

    @property
    def init_from_env_params(self) -> tuple[dict, dict, dict]:
        env = {"OPENAI_API_KEY": "key", "OPENAI_API_BASE": "https://a.invalid"}
        expected = {"openai_api_key": "key", "openai_api_base": "https://a.invalid"}
        return env, {"model": "gpt-4o"}, expected


class TestChatGPTVResponses(TestChatGPTV):
    """ChatGPTV on Responses."""

    @property
    def chat_model_params(self) -> dict:
        return {"model": "gpt-5.4", "api_key": "x", "use_responses_api": True}


class TestAzureChatGPTV(ChatModelUnitTests):
    """AzureChatGPTV."""

    @property
    def chat_model_class(self) -> type[AzureChatGPTV]:
        return AzureChatGPTV

    @property
    def chat_model_params(self) -> dict:
        return {
            "azure_deployment": "d",
            "base_model": "gpt-4o",
            "api_version": "2024-10-21",
            "azure_endpoint": "https://a.invalid",
            "api_key": "x",
        }

    @property
    def init_from_env_params(self) -> tuple[dict, dict, dict]:
        env = {
            "AZURE_OPENAI_API_KEY": "key",
            "AZURE_OPENAI_ENDPOINT": "https://a.invalid",
            "OPENAI_API_VERSION": "2024-10-21",
        }
        expected = {"openai_api_key": "key", "azure_endpoint": "https://a.invalid"}
        return env, {"azure_deployment": "d"}, expected


class TestLocal(TestChatGPTV):
    """ChatGPTV on the embedded engine."""

    @property
    def chat_model_params(self) -> dict:
        pytest.importorskip("rapidocr", reason="the extra 'local' is not installed")
        return {"model": "gptv-local"}
