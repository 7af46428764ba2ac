"""How many input tokens an image and a text are billed, told before the call.

Text is estimated from its characters: exact counting needs the model's vocabulary, which tiktoken
downloads. The estimate is meant for prompts beside images, where it is a few tokens off.
"""

from __future__ import annotations

import re

from langchain_gptv.vision.profiles import get_profile
from langchain_gptv.vision.rules import Detail


def estimate_image_tokens(
    width: int, height: int, *, model: str, detail: Detail = "auto", service: str = "openai"
) -> int:
    """Estimate the input tokens billed for one image.

    Args:
        width: Pixels as sent, after `prepare_image`.
        height: Pixels as sent.
        model: Base model name; on Azure the model, not the deployment.
        detail: The API setting. "auto" counts as the model's profile says.
        service: "openai" or "azure".

    Raises:
        DetailNotSupportedError: The model does not accept `detail`.
        PlanError: The model takes no images.

    Example:
        >>> estimate_image_tokens(1024, 1024, model="gpt-4o", detail="high")
        765

    Source: OpenAI "Images and vision" guide; the date checked is in profiles.json.
    """
    return get_profile(model, service).tokens(width, height, detail)


def estimate_text_tokens(text: str) -> int:
    """Estimate the input tokens of a text, without its message's `MESSAGE_TOKENS`.

    Within 20 % of the o200k vocabulary on prose in a dozen languages, code and JSON; within
    2 tokens on an English prompt of one sentence.

    Example:
        >>> estimate_text_tokens("What is the total on this receipt?")
        8
    """
    return round(sum(_piece_tokens(match[0]) for match in re.finditer(_PIECES, text)))


MESSAGE_TOKENS = 4
"""What every message costs beside its text: its role and the marks around it."""

REPLY_TOKENS = 3
"""What every request costs once: the start of the answer."""

# Words with their contraction, three digits, line ends with their indent, other spaces, the rest.
# From U+0300 on everything counts as a letter: vowel signs belong to their word.
_PIECES = (
    r"(?:[^\W\d_]|[\u0300-\U0010ffff])+(?:'[a-z]{1,2}\b)?|\d{1,3}|\n\s*|[^\S\n]{2,}|[^\w\s]+|_+"
)


def _piece_tokens(piece: str) -> float:
    first = piece[0]
    if first.isdigit() or first.isspace():
        return 1
    if not first.isalpha() and first < "\u0300":
        # A rule such as "-----" is one token; mixed signs such as '"},' are two to a token.
        return (len(piece) + 1) / 2 if len(set(piece)) > 1 else 1
    if piece.isascii():
        return 1 + max(0, len(piece) - 8) / 8
    # Chinese, Japanese and Korean signs are most of a token each, emoji about two.
    narrow = sum(sign < "\u2e80" for sign in piece)
    emoji = sum(sign >= "\U0001f000" for sign in piece)
    rest = max(1, narrow / 4) if narrow else 0
    return rest + 0.75 * (len(piece) - narrow - emoji) + 2 * emoji
