"""What can be told of an image before anything is moved, planned or decoded."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_gptv.exceptions import (
    BudgetError,
    DetailNotSupportedError,
    ImageTooLargeError,
    LimitError,
    MessageError,
)
from langchain_gptv.messages import Api
from langchain_gptv.sending.blocks import FoundImage
from langchain_gptv.sending.policy import ImagePolicy
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail


def check_file(found: FoundImage, api: Api) -> None:
    """Refuse an uploaded file where it is not taken.

    Raises:
        MessageError: Chat Completions takes no image from a file.
    """
    if api == "chat" and found.block.get("file_id"):
        raise MessageError(
            f"{found.name} is the uploaded file {found.block['file_id']!r}, which Chat "
            "Completions takes no image from. Set use_responses_api=True, or send its URL "
            "or bytes."
        )


def check_detail(found: FoundImage, profile: VisionProfile, detail: Detail) -> None:
    """Refuse a `detail` that the model does not take.

    Raises:
        DetailNotSupportedError: With those it takes.
    """
    asked = found.detail or detail
    if asked not in profile.details:
        raise DetailNotSupportedError(
            f"{found.name} would go with detail={asked!r}, which {profile.model} on "
            f"{profile.service} does not accept. Pass one of "
            f"{', '.join(map(repr, profile.details))}."
        )


def check_bytes(found: FoundImage, profile: VisionProfile, policy: ImagePolicy) -> None:
    """Refuse a file that is to be sent as it is and is over the limit of one image.

    Raises:
        ImageTooLargeError: With its size and the limit.
    """
    limit = profile.limits.max_image_bytes
    size = len(found.data_url.partition(",")[2]) if limit else 0
    as_it_is = policy.resize == "never" and policy.on_limit == "error"
    if limit is not None and as_it_is and size > limit:
        raise ImageTooLargeError(
            f"{found.name} has {size:,} bytes as base64, over the limit of {limit:,} per "
            'image. Pass resize="auto" or on_limit="fit" to send it packed tighter.',
            value=size,
            limit=limit,
        )


def check_count(count: int, profile: VisionProfile) -> None:
    """Refuse more images than a request holds.

    Raises:
        LimitError: With the number of calls that would do.
    """
    limit = profile.limits.max_images
    if limit is not None and count > limit:
        raise LimitError(
            f"{count - limit} of {count} images over the limit of {limit} per "
            f"request. Send them in {-(-count // limit)} calls."
        )


def check_unseen(unseen: Sequence[FoundImage], tokens: int, policy: ImagePolicy) -> None:
    """Refuse images whose size is not known when they might take the whole budget.

    Raises:
        BudgetError: With what would make their size known.
    """
    if unseen and policy.max_tokens is not None and tokens > policy.max_tokens:
        raise BudgetError(
            f"{len(unseen)} images are not here ({unseen[0].name} is at {unseen[0].url[:80]!r}), "
            f"so they count as large ones: {tokens:,} tokens, over max_tokens="
            f"{policy.max_tokens:,}. Pass fetch_urls=True, send the images themselves, or raise it."
        )
