"""What is asked for beside the answer, and of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from langchain_gptv.exceptions import PlanError
from langchain_gptv.vision.observations import Observer

OBSERVERS = ("local", "azure-vision", "service")
DEFAULT_MAX_TOKENS = 2000


@dataclass(frozen=True)
class Enhancements:
    """What is seen in the image of a call, given to the model and tied to its answer.

    The lines of text and the objects go beside the image as untrusted data. The answer's
    `response_metadata["enhancements"]` says which of its phrases are where; `grounded_spans`
    reads it and `draw_grounding` draws it. A call with enhancements has one image at most.

    Attributes:
        ocr: Give the text of the picture to the model.
        grounding: Give it the objects, and tie phrases of the answer to their boxes; with `ocr`
            also phrases that are printed in the picture.
        by: Who looks: "local" the embedded engine (extra `local`, objects by the extra
            `objects`); "azure-vision" Azure Image Analysis 4.0 as the environment names it;
            "service" the chat service itself, for servers that speak the wire of 2023-24, such as
            `gptv serve`; or any `Observer` of your own.
        merge_duplicates: One box for all objects of a kind, as the service had it; False gives
            each a span of its own.
        max_tokens: The most that the block beside the image may take, estimated; lines over it
            are left out, and the block says how many.
        on_enhancement_error: "raise" when the picture could not be looked at; "continue" asks
            without, and the answer's metadata has a warning.

    Example:
        >>> Enhancements(by="local", merge_duplicates=False).ocr
        True
    """

    ocr: bool = True
    grounding: bool = True
    # Compared but not hashed: an observer of one's own need not be hashable.
    by: Literal["local", "azure-vision", "service"] | Observer = field(default="local", hash=False)
    merge_duplicates: bool = True
    max_tokens: int = DEFAULT_MAX_TOKENS
    on_enhancement_error: Literal["raise", "continue"] = "raise"

    def __post_init__(self) -> None:
        if self.by not in OBSERVERS and not isinstance(self.by, Observer):
            raise PlanError(
                f"by={self.by!r} looks at no picture. Pass one of "
                f"{', '.join(map(repr, OBSERVERS))}, or an object with observe(image)."
            )
        if self.max_tokens < 1:
            raise PlanError(f"max_tokens={self.max_tokens} must be at least 1.")
        if self.on_enhancement_error not in ("raise", "continue"):
            raise PlanError(
                f'on_enhancement_error={self.on_enhancement_error!r} must be "raise" or "continue".'
            )

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Self:
        # It never changes, and an observer may hold models, locks and clients.
        return self

    @property
    def is_wanted(self) -> bool:
        """Whether anything is asked for."""
        return self.ocr or self.grounding

    def to_wire(self) -> dict[str, Any]:
        """Return the fields of the service's own request."""
        return {"ocr": {"enabled": self.ocr}, "grounding": {"enabled": self.grounding}}
