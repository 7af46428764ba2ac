"""The chat models: langchain-openai's own, with images that arrive as they were meant. Wiring only.

`ChatGPTV(model="gptv-local")` reaches the embedded engine through the same client and the same
wire as a real deployment, in process and with no key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

import openai
from langchain_core.prompt_values import ChatPromptValue, PromptValue
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import Field, ModelWrapValidatorHandler, model_validator

from langchain_gptv._version import __version__
from langchain_gptv.exceptions import MissingKeyError
from langchain_gptv.messages import with_wire_images

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

LOCAL_MODEL = "gptv-local"
DEFAULT_MODEL = "gpt-5.4"

_LOCAL_URL = "http://gptv.local"
_T = TypeVar("_T")


class _VisionHooks:
    """What both chat models change of langchain-openai, through its documented hooks."""

    @property
    def _llm_type(self) -> str:
        return "gptv-chat"

    @classmethod
    def is_lc_serializable(cls) -> bool:
        # langchain-core only loads classes of a fixed list, so a dump could never be loaded.
        return False

    def _convert_input(self, model_input: LanguageModelInput) -> PromptValue:
        """Normalise here, so that wire, trace and cache agree. Runs twice per call."""
        value: PromptValue = super()._convert_input(model_input)  # type: ignore[misc]
        return ChatPromptValue(messages=with_wire_images(value.to_messages()))

    def _create_chat_result(
        self,
        response: dict[str, Any] | openai.BaseModel,
        generation_info: dict[str, Any] | None = None,
    ) -> ChatResult:
        result: ChatResult = super()._create_chat_result(response, generation_info)  # type: ignore[misc]
        fields = response if isinstance(response, dict) else response.model_extra or {}
        if "gptv" in fields:
            for generation in result.generations:
                generation.message.response_metadata["gptv"] = fields["gptv"]
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *args: Any, **kwargs: Any
    ) -> ChatGenerationChunk | None:
        converted: ChatGenerationChunk | None = super()._convert_chunk_to_generation_chunk(  # type: ignore[misc]
            chunk, *args, **kwargs
        )
        if converted is not None and "gptv" in chunk:
            converted.message.response_metadata["gptv"] = chunk["gptv"]
        return converted


class ChatGPTV(_VisionHooks, ChatOpenAI):
    """`ChatOpenAI` that keeps what you say about images, and answers without a key too.

    Everything of `ChatOpenAI` works: streaming, tools, structured output, Responses.

    Example:
        >>> from langchain_gptv import ChatGPTV, human_message
        >>> model = ChatGPTV(model="gptv-local")
        >>> message = human_message("What is the total?", "examples/images/receipt.png")
        >>> answer = model.invoke([message])
    """

    model_name: str = Field(default=DEFAULT_MODEL, alias="model")

    @model_validator(mode="wrap")
    @classmethod
    def _reach_local_engine(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(values, dict) and LOCAL_MODEL in _names(values, "model", "model_name"):
            values = {"base_url": f"{_LOCAL_URL}/v1", **_local_client(), **values}
        return _with_key(values, handler, cls.__name__)

    @model_validator(mode="after")
    def _set_gptv_version(self) -> Self:
        self._add_version("langchain-gptv", __version__)
        return self


class AzureChatGPTV(_VisionHooks, AzureChatOpenAI):
    """`AzureChatOpenAI` that keeps what you say about images.

    `azure_deployment="gptv-local"` speaks Azure's wire to the embedded engine, with no key.

    Example:
        >>> from langchain_gptv import AzureChatGPTV, human_message
        >>> model = AzureChatGPTV(azure_deployment="gptv-local", api_version="2024-10-21")
    """

    @model_validator(mode="wrap")
    @classmethod
    def _reach_local_engine(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        names = ("azure_deployment", "deployment_name", "model", "model_name")
        if isinstance(values, dict) and LOCAL_MODEL in _names(values, *names):
            values = {"azure_endpoint": _LOCAL_URL, **_local_client(), **values}
        return _with_key(values, handler, cls.__name__)

    @model_validator(mode="after")
    def _set_gptv_version(self) -> Self:
        self._add_version("langchain-gptv", __version__)
        return self


def _names(values: dict[str, Any], *keys: str) -> set[Any]:
    return {values.get(key) for key in keys}


def _local_client() -> dict[str, Any]:
    """Return the arguments that send the OpenAI client's requests to the embedded engine."""
    from langchain_gptv.local.transport import local_http_clients

    client, async_client = local_http_clients()
    return {
        "api_key": "not-needed",
        "http_client": client,
        "http_async_client": async_client,
        "openai_proxy": "",
        "stream_usage": True,
        "max_retries": 0,
    }


def _with_key(values: Any, handler: ModelWrapValidatorHandler[_T], name: str) -> _T:
    try:
        return handler(values)
    except openai.OpenAIError as error:
        raise MissingKeyError(
            f"{name} has no key for a remote model ({error}) Set OPENAI_API_KEY (or "
            f"AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT), pass api_key=..., "
            f"or use model={LOCAL_MODEL!r}, which needs none."
        ) from error
