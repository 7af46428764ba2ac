"""What the images of one call may take."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from langchain_gptv.vision.prepare import Resize


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
    """

    max_tokens: int | None = None
    max_cost_usd: Decimal | float | None = None
    max_bytes: int | None = None
    on_limit: Literal["error", "fit", "drop_oldest"] = "error"
    resize: Resize = "auto"

    @property
    def is_unbounded(self) -> bool:
        """Whether there is no budget, so that no image has to make room for another."""
        return self.max_tokens is self.max_cost_usd is self.max_bytes is None
