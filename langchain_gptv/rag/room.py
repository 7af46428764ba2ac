"""Which pictures of a context there is room for, and how each is sent."""

from __future__ import annotations

from collections.abc import Mapping

from langchain_gptv.exceptions import BudgetError
from langchain_gptv.store import root_of
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.plan import ImageDecision, ImagePlan, plan_images
from langchain_gptv.vision.profiles import VisionProfile
from langchain_gptv.vision.rules import Detail

_MANY = 10_000


class Room:
    """How many pictures and tokens there is room for, and what has taken it.

    Attributes:
        images: Pictures at most.
        tokens: Of all pictures at most; None is no limit.
        taken: Handle and tokens of the pictures that have a place.
    """

    def __init__(self, profile: VisionProfile, max_images: int | None, tokens: int | None) -> None:
        limits = [most for most in (max_images, profile.limits.max_images) if most is not None]
        self.images = min(limits, default=_MANY)
        self.tokens = tokens
        self.taken: dict[int, tuple[str, int]] = {}

    def take(self, place: int, handle: str, tokens: int) -> None:
        """Take a picture if it fits; a page takes the place of its figures, and shows them."""
        if root_of(handle) in {other for other, _ in self.taken.values()}:
            return
        rest = {p: taken for p, taken in self.taken.items() if root_of(taken[0]) != handle}
        used = sum(needed for _, needed in rest.values()) + tokens
        if len(rest) < self.images and (self.tokens is None or used <= self.tokens):
            self.taken = {**rest, place: (handle, tokens)}


def plan_pictures(
    pictures: Mapping[int, tuple[str, Image]], profile: VisionProfile, detail: Detail, room: Room
) -> tuple[ImagePlan | None, dict[int, ImageDecision]]:
    """Choose the pictures that fit as they should be seen, best first; else the best, smaller.

    Args:
        pictures: Handle and picture, by the place of their source.
        profile: Who looks.
        detail: The API setting.
        room: What is taken of it stays taken.

    Returns:
        The plan, and by the place of its source how each picture is sent; (None, {}) without any.
    """
    if not pictures or not room.images:
        return None, {}
    seen = [image for _, image in pictures.values()]
    wanted = plan_images(seen, profile, detail=detail, on_limit="split").decisions
    for (place, (handle, _)), decision in zip(pictures.items(), wanted, strict=True):
        room.take(place, handle, decision.tokens)
    details = dict(zip(pictures, (decision.detail for decision in wanted), strict=True))
    places = sorted(room.taken) or [next(iter(pictures))]
    try:
        plan = plan_images(
            [pictures[place][1] for place in places],
            profile,
            # The best alone may go down to "low"; what fits is sent as it was decided.
            detail=[details[place] for place in places] if room.taken else detail,
            max_tokens=room.tokens,
            on_limit="fit",
        )
    except BudgetError:
        return None, {}
    return plan, dict(zip(places, plan.decisions, strict=True))
