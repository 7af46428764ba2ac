"""The images of a call made ready as a step of a chain, for any chat model."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableLambda

from langchain_gptv.messages import Api, ToolImages, inline_urls, normalize_messages, wrap_objects
from langchain_gptv.sending.policy import ImagePolicy
from langchain_gptv.sending.sender import ImageSender
from langchain_gptv.sources import NO_SOURCES, FetchUrls, ImageSources
from langchain_gptv.vision.profiles import VisionProfile, get_profile
from langchain_gptv.vision.rules import Detail


def prepare_images(
    model: str | VisionProfile | None = None,
    detail: Detail = "auto",
    *,
    service: str = "openai",
    api: Api = "chat",
    tool_images: ToolImages = "relocate",
    sources: ImageSources = NO_SOURCES,
    fetch_urls: FetchUrls = False,
    **policy: Any,
) -> Runnable[Any, list[BaseMessage]]:
    """Make a step that gets images ready, to stand before any chat model: `step | model`.

    It takes what a chat model takes. What `ChatGPTV` does in itself, it does for others. Called
    async it works in a thread.

    Args:
        model: Base model name or profile, for sizes and budget; None sends images as they are.
        detail: The API setting of images that do not say their own.
        service: "openai" or "azure".
        api: Which of OpenAI's two APIs the chat model calls.
        tool_images: As in `ChatGPTV`.
        sources: Which paths in message content may be opened, and which URLs fetched; by default
            no path.
        fetch_urls: As in `ChatGPTV`.
        policy: The fields of `ImagePolicy`, such as `max_tokens=2000, on_limit="fit"`.

    Raises:
        MessageError: When it runs: a block cannot be sent; it names message and block.

    Example:
        >>> from langchain_gptv import human_message
        >>> step = prepare_images("gpt-4o", detail="low")
        >>> ready = step.invoke([human_message("?", "examples/images/receipt.png")])
        >>> ready[0].content[1]["image_url"]["detail"]
        'low'
    """
    profile = get_profile(model, service) if isinstance(model, str) else model
    sender = ImageSender(profile, ImagePolicy(**policy), detail, api, tool_images)

    def prepare(model_input: Any) -> list[BaseMessage]:
        if isinstance(model_input, PromptValue):
            messages = model_input.to_messages()
        else:
            inputs = [model_input] if isinstance(model_input, str) else wrap_objects(model_input)
            messages = convert_to_messages(inputs)
        normal = normalize_messages(messages, sources=sources)
        return sender.send(inline_urls(normal, sources, fetch_urls))

    return RunnableLambda(prepare, name="prepare_images")
