"""What both chat models change of langchain-openai, through its documented hooks."""

from __future__ import annotations

import asyncio
import copy
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

import openai
from langchain_core.prompt_values import ChatPromptValue, PromptValue
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_gptv.image_policy import (
    ImagePolicy,
    ImageSender,
    SentMessages,
    has_images,
    is_plain,
    split_ready_content,
)
from langchain_gptv.messages import (
    Api,
    ToolImages,
    inline_urls,
    normalize_messages,
    wrap_objects,
)
from langchain_gptv.replies import add_facts, explained_errors, tidy_choice, tidy_response
from langchain_gptv.sources import FetchUrls, ImageSources
from langchain_gptv.token_counts import count_message_tokens
from langchain_gptv.vision.profiles import VisionProfile, get_profile
from langchain_gptv.vision.rules import Detail

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
    from langchain_core.outputs import ChatGenerationChunk, ChatResult
    from langchain_core.runnables import RunnableConfig

LOCAL_MODEL = "gptv-local"
NAME_KEYS = ("azure_deployment", "deployment_name", "model", "model_name")

_CLIENTS = {"client", "async_client", "root_client", "root_async_client"}
_HTTP_CLIENTS = {"http_client", "http_async_client"}
_Answer = TypeVar("_Answer", "ChatResult", "ChatGenerationChunk")
_T = TypeVar("_T")


class NormalPrompt(ChatPromptValue):
    """Messages whose images are in the normal form already."""


class VisionHooks:
    """What both chat models change of langchain-openai, through its documented hooks."""

    detail: Detail
    image_policy: ImagePolicy
    tool_images: ToolImages
    image_sources: ImageSources
    fetch_urls: FetchUrls

    @property
    def _llm_type(self) -> str:
        return "gptv-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        # Part of the LLM cache's key: the same messages under another `detail` are another call.
        shown = {"detail": self.detail, "image_policy": repr(self.image_policy)}
        return {**super()._identifying_params, **shown}  # type: ignore[misc]

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Say no: langchain-core loads only classes of its own list, so none could be loaded."""
        return False

    def __reduce__(self) -> tuple[Any, ...]:
        # Clients hold locks: the arguments travel, the key among them, and clients are made anew.
        return _remade, (type(self), self._arguments())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        given = self._arguments()
        shared = {name: given.pop(name) for name in _HTTP_CLIENTS & given.keys()}
        return type(self)(**copy.deepcopy(given, memo), **shared)

    def _arguments(self) -> dict[str, Any]:
        """Return what the model was made with, less what is made for the embedded engine."""
        known_as = {getattr(self, name, None) for name in ("base_model", *NAME_KEYS)}
        made = _CLIENTS | (_HTTP_CLIENTS if LOCAL_MODEL in known_as else set())
        names: set[str] = self.model_fields_set - made  # type: ignore[attr-defined]
        return {name: getattr(self, name) for name in names}

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
        if is_plain(model_input) and not isinstance(model_input, str):
            return NormalPrompt(messages=normalize_messages(cast("list[BaseMessage]", model_input)))
        value: PromptValue = super()._convert_input(wrap_objects(model_input))  # type: ignore[misc]
        messages = normalize_messages(value.to_messages(), sources=self.image_sources)
        return NormalPrompt(messages=inline_urls(messages, self.image_sources, fetch_urls))

    async def _aconvert_input(self, model_input: LanguageModelInput) -> PromptValue:
        """Open files, fetch URLs and decode pixels off the event loop."""
        if is_plain(model_input):
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
        """Return the messages as they leave; `detail` of the call is taken out of `kwargs`."""
        detail = kwargs.pop("detail", None) or self.detail
        if isinstance(messages, SentMessages):
            return messages
        normal = self._convert_input(messages).to_messages()
        if is_plain(normal):
            return SentMessages(normal)
        return self._sender(detail, kwargs, normal).send(normal)

    async def _asend(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> SentMessages:
        if is_plain(messages):
            return self._send(messages, kwargs)
        return await asyncio.to_thread(self._send, messages, kwargs)

    def _sender(
        self, detail: Detail, kwargs: dict[str, Any], messages: Sequence[BaseMessage]
    ) -> ImageSender:
        # Without images any model will do, one that takes none or that nobody knows.
        profile = self._profile() if has_images(messages) else None
        return ImageSender(profile, self.image_policy, detail, self._api(kwargs), self.tool_images)

    def _api(self, kwargs: dict[str, Any]) -> Api:
        payload = {**self._default_params, **kwargs}  # type: ignore[attr-defined]
        return "responses" if self._use_responses_api(payload) else "chat"  # type: ignore[attr-defined]

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        sent = self._send(input_, kwargs)
        is_split = not is_plain(sent) and self._api(kwargs) == "chat"
        lean, ready = split_ready_content(sent) if is_split else (sent, {})
        payload: dict[str, Any] = super()._get_request_payload(lean, stop=stop, **kwargs)  # type: ignore[misc]
        for index, content in ready.items():
            payload["messages"][index]["content"] = content
        return payload

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        sent = self._send(messages, kwargs)
        with explained_errors(sent):
            result: ChatResult = super()._generate(sent, *args, **kwargs)  # type: ignore[misc]
        return _with_plan(result, sent)

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        sent = await self._asend(messages, kwargs)
        with explained_errors(sent):
            result: ChatResult = await super()._agenerate(sent, *args, **kwargs)  # type: ignore[misc]
        return _with_plan(result, sent)

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        sent = self._send(messages, kwargs)
        with explained_errors(sent):
            for number, chunk in enumerate(super()._stream(sent, *args, **kwargs)):  # type: ignore[misc]
                yield chunk if number else _with_plan(chunk, sent)

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        sent = await self._asend(messages, kwargs)
        number = 0
        with explained_errors(sent):
            async for chunk in super()._astream(sent, *args, **kwargs):  # type: ignore[misc]
                yield chunk if number else _with_plan(chunk, sent)
                number += 1

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[Any] | None = None,
        *,
        allow_fetching_images: bool = False,
        count: Literal["estimate", "api"] = "estimate",
    ) -> int:
        """Count input tokens, images included.

        Args:
            messages: As they would be passed to `invoke`.
            tools: Counted as the text of their schemas.
            allow_fetching_images: Nothing is ever fetched; a URL counts as a large image.
            count: "estimate" needs no network; "api" asks OpenAI's exact endpoint.
        """
        if count == "api":
            return self._count_by_api(messages, tools)
        normal = self._normal(list(messages), False).to_messages()
        plan = self._sender(self.detail, {}, normal).plan(normal)
        profile = (self._profile() if has_images(normal) else None) or get_profile(LOCAL_MODEL)
        return count_message_tokens(
            normal,
            profile,
            detail=self.detail,
            tools=tools or (),
            planned=plan.tokens if plan else None,
        )

    def _count_by_api(self, messages: Sequence[BaseMessage], tools: Sequence[Any] | None) -> int:
        bound = {"tools": [convert_to_openai_tool(tool) for tool in tools]} if tools else {}
        responses = self.model_copy(update={"use_responses_api": True})  # type: ignore[attr-defined]
        payload = responses._get_request_payload(list(messages), **bound)
        wanted = {key: payload[key] for key in ("model", "input", "tools") if key in payload}
        counted = self.root_client.responses.input_tokens.count(**wanted)  # type: ignore[attr-defined]
        return int(counted.input_tokens)

    def _create_chat_result(
        self,
        response: dict[str, Any] | openai.BaseModel,
        generation_info: dict[str, Any] | None = None,
    ) -> ChatResult:
        if isinstance(response, dict) and response.get("choices"):
            response = tidy_response(response)
        result: ChatResult = super()._create_chat_result(response, generation_info)  # type: ignore[misc]
        fields = response if isinstance(response, dict) else response.model_dump(warnings=False)
        for generation, choice in zip(result.generations, fields["choices"], strict=True):
            if isinstance(response, dict):
                # langchain-openai takes the refusal from the client's models only.
                generation.message.additional_kwargs["refusal"] = choice["message"].get("refusal")
            add_facts(generation.message, fields, choice.get("finish_reason"))
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *args: Any, **kwargs: Any
    ) -> ChatGenerationChunk | None:
        if chunk.get("choices"):
            chunk = {**chunk, "choices": [tidy_choice(choice) for choice in chunk["choices"]]}
        converted: ChatGenerationChunk | None = super()._convert_chunk_to_generation_chunk(  # type: ignore[misc]
            chunk, *args, **kwargs
        )
        if converted is not None:
            add_facts(converted.message, chunk, None)
        return converted


def _remade(cls: type[_T], arguments: dict[str, Any]) -> _T:
    return cls(**arguments)


def _with_plan(answer: _Answer, sent: SentMessages) -> _Answer:
    """Tell with the answer what was sent."""
    if sent.vision_plan is not None:
        generations = getattr(answer, "generations", None) or [answer]
        for generation in generations:
            generation.message.response_metadata["vision_plan"] = sent.vision_plan
    return answer
