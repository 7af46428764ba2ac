"""What the images of one call may take."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from langchain_gptv.exceptions import PlanError
from langchain_gptv.vision.prepare import Resize

OnLimit = Literal["error", "fit", "drop_oldest"]


@dataclass(frozen=True)
class ImagePolicy:
    """What the images of one call may take, and what happens when they would take more.

    Attributes:
        max_tokens: Tokens of all images.
        max_cost_usd: US dollars for all images.
        max_bytes: Bytes of all images, before base64.
        on_limit: "error" raises before the request leaves; "fit" makes images smaller;
            "drop_oldest" leaves the first ones out and says so in their place.
        resize: "auto" scales an image down to what the model sees where that pays; "never" sends
            every file that is accepted as it is.

    Raises:
        PlanError: `on_limit` or `resize` is none of these.

    Example:
        >>> ImagePolicy(max_tokens=2000, on_limit="fit").is_unbounded
        False
    """

    max_tokens: int | None = None
    max_cost_usd: Decimal | float | None = None
    max_bytes: int | None = None
    on_limit: OnLimit = "error"
    resize: Resize = "auto"

    def __post_init__(self) -> None:
        if self.on_limit not in get_args(OnLimit):
            raise PlanError(
                f"on_limit={self.on_limit!r} is none of {_listed(OnLimit)}. A call is one request; "
                'for several plan_images(..., on_limit="split") tells what goes into each.'
            )
        if self.resize not in get_args(Resize):
            raise PlanError(f"resize={self.resize!r} is none of {_listed(Resize)}.")

    @property
    def is_unbounded(self) -> bool:
        """Whether there is no budget, so that no image has to make room for another."""
        return self.max_tokens is self.max_cost_usd is self.max_bytes is None


def _listed(kinds: object) -> str:
    return ", ".join(map(repr, get_args(kinds)))
