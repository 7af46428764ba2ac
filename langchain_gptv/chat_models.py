"""The chat models: langchain-openai's own, with images that arrive as they were meant. Wiring only.

`ChatGPTV(model="gptv-local")` reaches the embedded engine through the same client and the same
wire as a real deployment, in process and with no key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

import openai
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import Field, ModelWrapValidatorHandler, model_validator

from langchain_gptv.azure_v1 import use_v1_clients, with_v1_version
from langchain_gptv.azure_wire import Generation, body_for
from langchain_gptv.chat_hooks import NAME_KEYS, VisionHooks
from langchain_gptv.exceptions import MissingKeyError
from langchain_gptv.local import ADDRESS
from langchain_gptv.vision.profile_data import LOCAL_MODEL
from langchain_gptv.vision.profiles import VisionProfile, get_profile

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput

    from langchain_gptv.enhancements.settings import Enhancements

DEFAULT_MODEL = "gpt-5.4"

_NO_KEY = {"api_key": "not-needed", "stream_usage": True}
_T = TypeVar("_T")


class ChatGPTV(VisionHooks, ChatOpenAI):
    """`ChatOpenAI` that keeps what you say about images, and answers without a key too.

    Everything of `ChatOpenAI` works: streaming, tools, structured output, Responses.

    Args:
        model: "gptv-local" is the embedded engine, which needs no key.
        detail: Of images that do not say their own; `invoke(..., detail=...)` and
            `bind(detail=...)` set it per call. "auto" is decided here, before the call.
        image_policy: Budget and sizes of the images of a call.
        tool_images: Images in tool, assistant and system messages "relocate" to the next user
            message where the service would not look at them; "keep" and "error" do as they say.
        image_sources: Which paths in message content may be opened; by default none. And which
            URLs `fetch_urls` may fetch; by default those of public hosts over https.
        fetch_urls: True fetches every image URL here and sends the image itself, for hosts that
            the service cannot reach; "private" only URLs of private hosts and of those that
            `image_sources` names; False leaves all to the service.
        enhancements: OCR and object grounding beside the answer, as `Enhancements` says;
            `invoke(..., enhancements=...)` and `bind(enhancements=...)` set it per call, and None
            goes without.

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
            served = _is_served(values, "base_url", "openai_api_base")
            local = _NO_KEY if served else {"base_url": f"{ADDRESS}/v1", **_local_client()}
            values = {**local, **_given(values)}
        return _with_key(values, handler)

    def _profile(self) -> VisionProfile | None:
        return None if self.model_name == LOCAL_MODEL else get_profile(self.model_name)


class AzureChatGPTV(VisionHooks, AzureChatOpenAI):
    """`AzureChatOpenAI` that keeps what you say about images.

    `azure_deployment="gptv-local"` speaks Azure's wire to the embedded engine, with no key.

    Args:
        base_model: The model behind the deployment, such as "gpt-4o"; without it the deployment's
            own name is taken for one.
        detail: As in `ChatGPTV`, as are all other settings.

    Example:
        >>> from langchain_gptv import AzureChatGPTV, human_message
        >>> model = AzureChatGPTV(azure_deployment="gptv-local", api_version="2024-10-21")
    """

    base_model: str | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _reach_local_engine(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(values, dict) and LOCAL_MODEL in _names(values, *NAME_KEYS):
            served = _is_served(values, "azure_endpoint")
            local = _NO_KEY if served else {"azure_endpoint": ADDRESS, **_local_client()}
            values = {**local, **_given(values)}
        return _with_key(with_v1_version(values) if isinstance(values, dict) else values, handler)

    def _use_clients(self) -> None:
        use_v1_clients(self)
        super()._use_clients()

    @property
    def _generation(self) -> Generation:
        return Generation.of(self.openai_api_version)

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload = super()._get_request_payload(input_, stop=stop, **kwargs)
        return body_for(self._generation, payload, self.deployment_name)

    def _service_fields(self, asked: Enhancements, kwargs: dict[str, Any]) -> dict[str, Any]:
        if self._api(kwargs) == "responses":
            return super()._service_fields(asked, kwargs)
        return {"enhancements": asked.to_wire()}

    def _profile(self) -> VisionProfile | None:
        names = (self.base_model, self.model_name, self.deployment_name)
        if LOCAL_MODEL in names:
            return None
        name = next(name for name in (*names, DEFAULT_MODEL) if name)
        return get_profile(name, "azure", self._generation.limits_as_of)


def _is_served(values: dict[str, Any], *keys: str) -> bool:
    """Tell whether the embedded engine is asked at an address, not in this process."""
    addresses = (str(values[key]) for key in keys if values.get(key))
    return any(not address.startswith(ADDRESS) for address in addresses)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Return what was said: `base_url=None` is as good as no `base_url`."""
    return {name: value for name, value in values.items() if value is not None}


def _names(values: dict[str, Any], *keys: str) -> set[Any]:
    return {values.get(key) for key in keys}


def _local_client() -> dict[str, Any]:
    """Return the arguments that send the OpenAI client's requests to the embedded engine."""
    from langchain_gptv.local.transport import local_http_clients

    client, async_client = local_http_clients()
    clients = {"http_client": client, "http_async_client": async_client}
    return {**_NO_KEY, **clients, "openai_proxy": "", "max_retries": 0}


def _with_key(values: Any, handler: ModelWrapValidatorHandler[_T]) -> _T:
    try:
        return handler(values)
    except openai.OpenAIError as error:
        names = _names(values, *NAME_KEYS) - {None} or {DEFAULT_MODEL}
        raise MissingKeyError(
            f"{' '.join(map(repr, names))} is a remote model and there is no key for it. Set "
            "OPENAI_API_KEY, or AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT; or take "
            f"{LOCAL_MODEL!r}, which needs none."
        ) from error
