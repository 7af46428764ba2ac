"""From what a chat model is invoked with to the messages that leave, off the event loop."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from langchain_core.prompt_values import ChatPromptValue, PromptValue
from pydantic import BaseModel, ConfigDict, Field

from langchain_gptv.enhancements.looking import alook_at, has_one_image, look_at
from langchain_gptv.enhancements.settings import Enhancements
from langchain_gptv.exceptions import PlanError
from langchain_gptv.messages import (
    Api,
    ToolImages,
    inline_urls,
    normalize_messages,
    wrap_objects,
)
from langchain_gptv.replies import EnhancedMessages
from langchain_gptv.sending.blocks import has_images, is_text_only
from langchain_gptv.sending.policy import ImagePolicy
from langchain_gptv.sending.sender import ImageSender, SentMessages
from langchain_gptv.sources import NO_SOURCES, FetchUrls, ImageSources
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
    from langchain_core.runnables import RunnableConfig


class NormalPrompt(ChatPromptValue):
    """Messages whose images are in the normal form already."""


class VisionInput(BaseModel):
    """The settings of both chat models, and how their input becomes what is sent."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    detail: Detail = "auto"
    image_policy: ImagePolicy = ImagePolicy()
    tool_images: ToolImages = "relocate"
    image_sources: ImageSources = Field(default=NO_SOURCES, exclude=True)
    fetch_urls: FetchUrls = False
    enhancements: Enhancements | None = None

    @abstractmethod
    def _profile(self) -> VisionProfile | None:
        """Return how the model takes images; None for the embedded engine, which takes all."""

    def _convert_input(self, model_input: LanguageModelInput) -> PromptValue:
        """Normalise here, so that wire, trace and cache agree. Runs twice per call."""
        return self._normal(model_input, self.fetch_urls)

    def _normal(self, model_input: LanguageModelInput, fetch_urls: FetchUrls) -> PromptValue:
        if isinstance(model_input, NormalPrompt):
            return model_input
        if isinstance(model_input, SentMessages):
            return NormalPrompt(messages=model_input)
        if is_text_only(model_input) and not isinstance(model_input, str):
            return NormalPrompt(messages=normalize_messages(cast("list[BaseMessage]", model_input)))
        value: PromptValue = super()._convert_input(wrap_objects(model_input))  # type: ignore[misc]
        messages = normalize_messages(value.to_messages(), sources=self.image_sources)
        return NormalPrompt(messages=inline_urls(messages, self.image_sources, fetch_urls))

    async def _aconvert_input(self, model_input: LanguageModelInput) -> PromptValue:
        """Open files, fetch URLs and decode pixels off the event loop."""
        if is_text_only(model_input):
            return self._convert_input(model_input)
        return await asyncio.to_thread(self._convert_input, model_input)

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - the name that LangChain gives it
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Ask, without blocking the event loop on files or pixels."""
        value = await self._aconvert_input(input)
        answer: AIMessage = await super().ainvoke(value, config, **kwargs)  # type: ignore[misc]
        return answer

    async def astream(
        self,
        input: LanguageModelInput,  # noqa: A002 - the name that LangChain gives it
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Stream, without blocking the event loop on files or pixels."""
        value = await self._aconvert_input(input)
        async for chunk in super().astream(value, config, **kwargs):  # type: ignore[misc]
            yield chunk

    def _send(self, messages: LanguageModelInput, kwargs: dict[str, Any]) -> SentMessages:
        """Return the messages as they leave; what is ours of the call is taken out of `kwargs`."""
        detail, enhancements = self._take_settings(kwargs)
        if isinstance(messages, SentMessages):
            return messages
        normal = self._convert_input(messages).to_messages()
        if is_text_only(normal):
            return SentMessages(normal)
        wanted = self._wanted_here(enhancements, normal, kwargs)
        sent = self._sender(detail, kwargs, normal).send(normal)
        return EnhancedMessages.of(sent, look_at(normal, wanted)) if wanted else sent

    async def _asend(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> SentMessages:
        """Do the same without blocking the event loop."""
        if is_text_only(messages) or isinstance(messages, SentMessages):
            return self._send(messages, kwargs)
        detail, enhancements = self._take_settings(kwargs)
        normal = (await self._aconvert_input(messages)).to_messages()
        wanted = self._wanted_here(enhancements, normal, kwargs)
        sent = await asyncio.to_thread(self._sender(detail, kwargs, normal).send, normal)
        return EnhancedMessages.of(sent, await alook_at(normal, wanted)) if wanted else sent

    def _take_settings(self, kwargs: dict[str, Any]) -> tuple[Detail, Enhancements | None]:
        detail = kwargs.pop("detail", None) or self.detail
        return detail, kwargs.pop("enhancements", self.enhancements)

    def _wanted_here(
        self, asked: Enhancements | None, messages: Sequence[BaseMessage], kwargs: dict[str, Any]
    ) -> Enhancements | None:
        """Return what is to be looked for here; what the service looks for goes into `kwargs`."""
        if asked is None or not asked.is_wanted or not has_one_image(messages):
            return None
        if asked.by != "service":
            return asked
        body = kwargs.get("extra_body") or getattr(self, "extra_body", None) or {}
        kwargs["extra_body"] = {**body, **self._service_fields(asked, kwargs)}
        return None

    def _service_fields(self, asked: Enhancements, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that ask the service itself for enhancements.

        Raises:
            PlanError: It never had any.
        """
        raise PlanError(
            'Enhancements(by="service") are of AzureChatGPTV alone: only Azure\'s Chat Completions '
            'had them. Pass by="local" or by="azure-vision".'
        )

    def _sender(
        self, detail: Detail, kwargs: dict[str, Any], messages: Sequence[BaseMessage]
    ) -> ImageSender:
        # Without images any model will do, one that takes none or that nobody knows.
        profile = self._profile() if has_images(messages) else None
        return ImageSender(profile, self.image_policy, detail, self._api(kwargs), self.tool_images)

    def _api(self, kwargs: dict[str, Any]) -> Api:
        payload = {**self._default_params, **kwargs}  # type: ignore[attr-defined]
        return "responses" if self._use_responses_api(payload) else "chat"  # type: ignore[attr-defined]
