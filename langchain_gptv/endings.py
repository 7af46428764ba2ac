"""Answers that end as they should not: cut off, unreadable, or refused before a model saw them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
import openai
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai.chat_models.base import OpenAIConnectionError

from langchain_gptv.exceptions import GPTVError, ReplyError

_NO_ANSWER = "Something that is no model may have answered: check base_url, and what is before it."

_STATUS_NOTES = {
    401: "The key or token is wrong, or has expired. A token provider is asked again by the next "
    "call; a key has to be replaced.",
    413: "The request is too large for the service, or for a gateway before it: set "
    "image_policy=ImagePolicy(max_bytes=...), or send fewer images.",
}


def check_ended(chunks: Sequence[ChatGenerationChunk], model: Any) -> None:
    """Raise unless the last of a stream's chunks says that the answer has ended.

    A connection may close without a trace of what is missing; half an answer would look whole.

    Args:
        chunks: All that came.
        model: The chat model that was called.

    Raises:
        ReplyError: Nothing came that belongs to an answer.
        openai.APIConnectionError: The answer is not whole.
    """
    if not chunks:
        text = f"The service answered with no event of a stream. {_NO_ANSWER}"
        raise ReplyError(text, reply="")
    if not any(map(_says_the_end, reversed(chunks))):
        raise _cut_off(model)


@contextmanager
def explained_endings(model: Any) -> Iterator[None]:
    """Note on an error why the answer cannot be read; a stream cut in a character is cut off."""
    try:
        yield
    except (openai.OpenAIError, GPTVError):
        raise
    except UnicodeDecodeError as error:
        raise _cut_off(model) from error
    except Exception as error:
        if note := _explain_reply(error):
            error.add_note(note)
        raise


def explain_status(error: openai.APIStatusError) -> str | None:
    """Return what to do about a status that says nothing of an image; None where there is nothing.

    Example:
        >>> import httpx2, openai
        >>> reply = httpx2.Response(413, request=httpx2.Request("POST", "https://api.openai.com"))
        >>> explain_status(openai.APIStatusError("", response=reply, body=None))[:24]
        'The request is too large'
    """
    return _STATUS_NOTES.get(error.status_code)


def _says_the_end(chunk: ChatGenerationChunk) -> bool:
    is_last = getattr(chunk.message, "chunk_position", None) == "last"
    return is_last or bool((chunk.generation_info or {}).get("finish_reason"))


def _cut_off(model: Any) -> OpenAIConnectionError:
    client = model.root_client or model.root_async_client  # none beside a `client` of the caller's
    message = (
        "The stream ended before the answer did: what came is not whole. Ask again, or use "
        "invoke, which retries."
    )
    return OpenAIConnectionError(
        message=message, request=httpx2.Request("POST", str(client.base_url) if client else "")
    )


def _explain_reply(error: Exception) -> str | None:
    response = getattr(error, "response", None)  # put there by langchain-openai
    if isinstance(response, httpx2.Response):
        kind = response.headers.get("content-type", "no type")
        what = f"{len(response.content):,} bytes of {kind} with status {response.status_code}"
        return f"The service answered with {what}, which cannot be read as an answer. {_NO_ANSWER}"
    if isinstance(error, json.JSONDecodeError) or "OpenAI-compatible endpoint" in str(error):
        return f"The service's answer cannot be read. {_NO_ANSWER}"
    return None
