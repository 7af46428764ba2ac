"""The tokens of a call, estimated: the engine has no tokenizer, since it is no language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain_gptv.local.wire.asking import Ask
from langchain_gptv.local.wire.content import SentImage
from langchain_gptv.vision.profile_data import LOCAL_MODEL
from langchain_gptv.vision.tokens import estimate_image_tokens

CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took in and gave out; `input_tokens` includes `image_tokens`."""

    input_tokens: int = 0
    image_tokens: int = 0
    output_tokens: int = 0

    def for_chat(self, *, choices: int) -> dict[str, Any]:
        """In the words of Chat Completions, where each choice is billed."""
        output_tokens = self.output_tokens * choices
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": self.input_tokens + output_tokens,
            "prompt_tokens_details": {
                "cached_tokens": 0,
                "audio_tokens": 0,
                "image_tokens": self.image_tokens,
            },
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def for_responses(self) -> dict[str, Any]:
        """In the words of Responses."""
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {
                "cached_tokens": 0,
                "cache_write_tokens": 0,
                "image_tokens": self.image_tokens,
            },
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.input_tokens + self.output_tokens,
        }


def estimate_usage(ask: Ask, answer: str) -> Usage:
    """Estimate what a request took in, with all it carried, and what its answer gave out."""
    conversation = ask.conversation
    image_tokens = sum(_image_tokens(sent) for sent in conversation.all_images)
    return Usage(
        _text_tokens(ask.instructions + conversation.all_text) + image_tokens,
        image_tokens,
        _text_tokens(answer),
    )


def _text_tokens(text: str) -> int:
    return max(1, -(-len(text) // CHARACTERS_PER_TOKEN))


def _image_tokens(sent: SentImage) -> int:
    image = sent.image
    return estimate_image_tokens(image.width, image.height, model=LOCAL_MODEL, detail=sent.detail)
