"""What both chat models change of langchain-openai, through its documented hooks."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import openai
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import model_validator

from langchain_gptv._version import __version__
from langchain_gptv.chat_input import VisionInput
from langchain_gptv.completions import use_plain_completions
from langchain_gptv.endings import check_ended, explained_endings
from langchain_gptv.replies import (
    add_enhancements,
    add_facts,
    alast_chunk,
    awith_facts,
    explained_errors,
    last_chunk,
    tidy_choice,
    tidy_response,
    with_facts,
    with_plan,
)
from langchain_gptv.sending.blocks import has_images, is_text_only
from langchain_gptv.sending.counting import count_message_tokens
from langchain_gptv.sending.sender import split_ready_content
from langchain_gptv.vision.profile_data import LOCAL_MODEL
from langchain_gptv.vision.profiles import get_profile

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

NAME_KEYS = ("azure_deployment", "deployment_name", "model", "model_name")

_CLIENTS = {"client", "async_client", "root_client", "root_async_client"}
_HTTP_CLIENTS = {"http_client", "http_async_client"}
_T = TypeVar("_T")


class VisionHooks(VisionInput):
    """The hooks of `ChatGPTV` and `AzureChatGPTV`, from making a request to reading its answer."""

    @model_validator(mode="after")
    def _set_up(self) -> Self:
        self._add_version("langchain-gptv", __version__)  # type: ignore[attr-defined]
        self._use_clients()
        return self

    def _use_clients(self) -> None:
        use_plain_completions(self)

    @property
    def _llm_type(self) -> str:
        return "gptv-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        # Part of the LLM cache's key: the same messages under another `detail` are another call.
        shown = {"detail": self.detail, "image_policy": repr(self.image_policy)}
        if self.enhancements is not None:
            shown["enhancements"] = repr(self.enhancements)
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
        names = self.model_fields_set - made
        return {name: getattr(self, name) for name in names}

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        sent = self._send(input_, kwargs)
        is_split = not is_text_only(sent) and self._api(kwargs) == "chat"
        lean, ready = split_ready_content(sent) if is_split else (sent, {})
        payload: dict[str, Any] = super()._get_request_payload(lean, stop=stop, **kwargs)  # type: ignore[misc]
        for index, content in ready.items():
            payload["messages"][index]["content"] = content
        return payload

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        sent = self._send(messages, kwargs)
        with explained_errors(sent), explained_endings(self):
            result: ChatResult = super()._generate(sent, *args, **kwargs)  # type: ignore[misc]
        return with_facts(result, sent)

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        sent = await self._asend(messages, kwargs)
        with explained_errors(sent), explained_endings(self):
            result: ChatResult = await super()._agenerate(sent, *args, **kwargs)  # type: ignore[misc]
        return await awith_facts(result, sent)

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        sent = self._send(messages, kwargs)
        chunks: list[ChatGenerationChunk] = []
        with explained_errors(sent), explained_endings(self):
            for chunk in super()._stream(sent, *args, **kwargs):  # type: ignore[misc]
                yield chunk if chunks else with_plan(chunk, sent)
                chunks.append(chunk)
            check_ended(chunks, self)
        yield from last_chunk(chunks, sent)

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        sent = await self._asend(messages, kwargs)
        chunks: list[ChatGenerationChunk] = []
        with explained_errors(sent), explained_endings(self):
            async for chunk in super()._astream(sent, *args, **kwargs):  # type: ignore[misc]
                yield chunk if chunks else with_plan(chunk, sent)
                chunks.append(chunk)
            check_ended(chunks, self)
        for chunk in await alast_chunk(chunks, sent):
            yield chunk

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
        bound: dict[str, Any] = (
            {"tools": [convert_to_openai_tool(tool) for tool in tools]} if tools else {}
        )
        responses = self.model_copy(update={"use_responses_api": True})
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
            add_enhancements(generation.message, choice.get("enhancements"))
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
            for choice in chunk.get("choices") or ():
                add_enhancements(converted.message, choice.get("enhancements"))
        return converted


def _remade(cls: type[_T], arguments: dict[str, Any]) -> _T:
    return cls(**arguments)
