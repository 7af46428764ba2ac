"""Size, `detail`, tokens and cost of every image, decided before the call.

The plan works from headers. Pixels are decoded only to see how high the text is, when `detail` is
left to us and the image would be scaled down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from langchain_gptv.exceptions import PlanError
from langchain_gptv.vision.blobs import PictureBlob
from langchain_gptv.vision.budget import Budget
from langchain_gptv.vision.choose import (
    Choice,
    as_asked,
    choose,
    needs_text_height,
    smaller,
    zoom_advice,
)
from langchain_gptv.vision.costs import estimate_cost
from langchain_gptv.vision.fitting import check, keep_newest, pack, problem, shrink
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profile_data import Limits
from langchain_gptv.vision.profiles import VisionProfile, get_profile
from langchain_gptv.vision.rules import Detail

OnLimit = Literal["error", "fit", "split", "drop_oldest"]

_WAYS_OUT: dict[OnLimit, str] = {
    "error": 'Raise it, send fewer images, or pass on_limit="fit", "split" or "drop_oldest".',
    "fit": "The images are as small as they can be: raise it or send fewer.",
    "split": 'Splitting does not help: raise it, or pass on_limit="fit".',
    "drop_oldest": 'Even the newest image is too much: raise it, or pass on_limit="fit".',
}


@dataclass(frozen=True, slots=True)
class ImageDecision:
    """How one image is sent, and why.

    Attributes:
        index: The place of the image among those that were planned, from 0.
        name: What the image is called.
        file_size: (width, height) in pixels of the upright original.
        width: Pixels to send; what the model sees, never more than the original has.
        height: Pixels to send.
        detail: The API setting to send, never "auto".
        tokens: Estimated input tokens.
        bytes: Estimated bytes to send, before base64; a `max_bytes` for `prepare_image` that
            makes the plan come true.
        reason: Why this size and `detail`.
        advice: What would show more, such as "zoom 2x2"; may be empty.
        is_shrunk: Whether it is sent smaller than the model would see it, to fit the budget.
    """

    index: int
    name: str
    file_size: tuple[int, int]
    width: int
    height: int
    detail: Detail
    tokens: int
    bytes: int
    reason: str
    advice: str = ""
    is_shrunk: bool = False


@dataclass(frozen=True)
class ImagePlan:
    """The decisions about all images; print it to read them.

    Attributes:
        profile: The model and its limits.
        batches: The decisions of each request, in the order the images came; one request unless
            the plan was split.
        dropped: What is not sent, because newer images needed the room.
    """

    profile: VisionProfile
    batches: tuple[tuple[ImageDecision, ...], ...]
    dropped: tuple[ImageDecision, ...] = ()

    @property
    def decisions(self) -> tuple[ImageDecision, ...]:
        """All images that are sent, in the order they came."""
        return tuple(decision for batch in self.batches for decision in batch)

    @property
    def tokens(self) -> int:
        """Estimated input tokens of all images, without text."""
        return sum(decision.tokens for decision in self.decisions)

    @property
    def bytes(self) -> int:
        """Estimated bytes of all image files, before base64."""
        return sum(decision.bytes for decision in self.decisions)

    @property
    def cost_usd(self) -> Decimal | None:
        """Estimated US dollars for the image tokens; None when the price is not known."""
        return estimate_cost(self.tokens, model=self.profile.model, service=self.profile.service)

    def __str__(self) -> str:
        from langchain_gptv.vision.tables import plan_text

        return plan_text(self)

    def _repr_html_(self) -> str:
        from langchain_gptv.vision.tables import plan_html

        return plan_html(self)


def plan_images(
    images: Iterable[Any],
    model: str | VisionProfile,
    *,
    detail: Detail | Sequence[Detail] = "auto",
    max_tokens: int | None = None,
    max_cost_usd: Decimal | float | None = None,
    max_bytes: int | None = None,
    text_height: int | None = None,
    on_limit: OnLimit = "error",
    service: str = "openai",
    as_of: str | date | None = None,
) -> ImagePlan:
    """Decide size and `detail` of every image, within a budget and the service's limits.

    Args:
        images: Each an `Image`, or anything `Image.of` takes; oldest first.
        model: Base model name (on Azure the model, not the deployment), or a profile.
        detail: The API setting, for all images or one for each. "auto" is decided here: the
            cheapest that keeps text readable. It becomes "original" only where text would be
            unreadable at "high" and the budget has room.
        max_tokens: Tokens of the images of one request.
        max_cost_usd: US dollars for the images of all requests together.
        max_bytes: Bytes of the images of one request, before base64.
        text_height: Font size in pixels of the smallest text that matters, in the original;
            None lets it be measured where that is cheap.
        on_limit: What to do with too much: "error" raises, "fit" makes images smaller, "split"
            plans several requests, "drop_oldest" leaves out the first ones.
        service: "openai" or "azure".
        as_of: A day (YYYY-MM-DD); limits and rules are those known then. None is the newest.

    Raises:
        BudgetError: The budget cannot be kept in that way.
        LimitError: More images or bytes than one request may hold.
        DetailNotSupportedError: The model does not accept `detail`.
        ImageError: An image cannot be read.

    Example:
        >>> from PIL import Image as Pillow
        >>> plan = plan_images([Pillow.new("RGB", (1024, 1024))], "gpt-4o")
        >>> plan.tokens, plan.decisions[0].detail
        (765, 'high')
    """
    if on_limit not in _WAYS_OUT:
        raise PlanError(f"on_limit={on_limit!r} is none of {', '.join(map(repr, _WAYS_OUT))}.")
    profile = get_profile(model, service, as_of) if isinstance(model, str) else model
    cost = None if max_cost_usd is None else Decimal(str(max_cost_usd))
    budget = Budget(profile, max_tokens, max_bytes, cost, _WAYS_OUT[on_limit])
    loaded = [Image.of(image) for image in images]
    details = _details(detail, len(loaded), profile)
    heights = [
        _text_height(image, profile, asked, text_height)
        for image, asked in zip(loaded, details, strict=True)
    ]
    planner = _Planner(profile, budget, details, loaded, heights)
    return planner.plan(on_limit)


@dataclass(frozen=True)
class _Planner:
    profile: VisionProfile
    budget: Budget
    details: Sequence[Detail]
    images: Sequence[Image]
    text_heights: Sequence[int | None]

    def plan(self, on_limit: OnLimit) -> ImagePlan:
        wanted = self._wanted(allow_original=True)
        if problem(wanted, self.budget):
            wanted = self._wanted(allow_original=False)
        if on_limit == "split":
            batches = pack(wanted, self.budget)
            return ImagePlan(self.profile, tuple(map(tuple, batches)))
        dropped = 0
        if on_limit == "drop_oldest":
            dropped = keep_newest(wanted, self.budget)
        elif on_limit == "fit" and problem(wanted, self.budget):
            wanted = shrink([[first, *self._smaller(first)] for first in wanted], self.budget)
        check(wanted[dropped:], self.budget)
        return ImagePlan(self.profile, (tuple(wanted[dropped:]),), tuple(wanted[:dropped]))

    def _wanted(self, *, allow_original: bool) -> list[ImageDecision]:
        return [self._wanted_one(index, allow_original) for index in range(len(self.images))]

    def _wanted_one(self, index: int, allow_original: bool) -> ImageDecision:
        image, profile = self.images[index], self.profile
        if self.details[index] == "auto":
            height = self.text_heights[index]
            choice = choose(image, profile, height, allow_original=allow_original)
        else:
            choice = as_asked(image, profile, self.details[index])
        return self._decision(index, choice)

    def _smaller(self, first: ImageDecision) -> Iterator[ImageDecision]:
        details = [first.detail]
        if self.details[first.index] == "auto" and "low" in self.profile.details:
            details.append("low")
        choices = smaller(self.images[first.index], self.profile, details)
        # By what the model sees: low at 512 px comes before high at 500.
        for choice in sorted(choices, key=lambda c: (-c.width * c.height, c.tokens)):
            yield self._decision(first.index, choice)

    def _decision(self, index: int, choice: Choice) -> ImageDecision:
        image, limits = self.images[index], self.profile.limits
        converted = "" if image.mime_type in limits.mime_types else f"; {image.mime_type} converted"
        return ImageDecision(
            index,
            image.name,
            (image.width, image.height),
            choice.width,
            choice.height,
            choice.detail,
            choice.tokens,
            estimate_bytes(image, choice.width, choice.height, limits),
            choice.reason + converted,
            zoom_advice(choice, image, self.profile, self.text_heights[index]),
            choice.is_shrunk,
        )


def estimate_bytes(image: Image, width: int, height: int, limits: Limits) -> int:
    """Estimate the bytes of an image prepared at `width` x `height` pixels, before base64."""
    if isinstance(image.blob, PictureBlob) or image.mime_type not in limits.mime_types:
        # There is no file yet that could be weighed: a JPEG of usual quality.
        size = width * height // 4
    else:
        # Of fewer pixels each has more to say.
        share = width * height / (image.width * image.height)
        size = min(round(image.byte_count * share**0.75), image.byte_count)
    return max(1, min(size, limits.max_image_bytes or size))


def _details(
    detail: Detail | Sequence[Detail], count: int, profile: VisionProfile
) -> Sequence[Detail]:
    for asked in {detail} if isinstance(detail, str) else set(detail):
        profile.resolve_detail(asked)
    details: Sequence[Detail] = [detail] * count if isinstance(detail, str) else detail
    if len(details) != count:
        raise PlanError(f"detail has {len(details)} values for {count} images. Pass one or each.")
    return details


def _text_height(
    image: Image, profile: VisionProfile, detail: Detail, given: int | None
) -> int | None:
    if given is not None or detail != "auto" or not needs_text_height(image, profile):
        return given
    from langchain_gptv.vision.text_height import measure_text_height

    return measure_text_height(image)
