"""How a video in a message is sampled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from langchain_gptv.exceptions import MessageError
from langchain_gptv.vision.rules import DETAILS, Detail
from langchain_gptv.vision.video.sampling import Strategy


@dataclass(frozen=True)
class VideoOptions:
    """How a video is sampled; what a block says in its `extras`, and `video_block` as arguments.

    Attributes:
        count: Frames at most.
        between: (start, end) in seconds.
        strategy: As in `sample_frames`; by default "even", and "query" when there is a query.
        query: What the frames should show.
        max_side: Pixels of a frame's longer side; 512 is what models see at detail "low".
        detail: The API setting of the frames.
    """

    count: int = 20
    between: tuple[float, float] | None = None
    strategy: Strategy | None = None
    query: str | None = None
    max_side: int = 512
    detail: Detail = "low"

    def stated(self) -> dict[str, Any]:
        """Return what differs from the defaults, for the `extras` of a block."""
        default = VideoOptions()
        pairs = ((key, getattr(self, key)) for key in self.__dataclass_fields__)
        return {key: value for key, value in pairs if value != getattr(default, key)}

    @classmethod
    def of(cls, extras: Mapping[str, Any], where: str) -> VideoOptions:
        """Read the options of a block, which may come from anywhere.

        Raises:
            MessageError: One is not of its kind.
        """
        given = {
            key: extras[key] for key in cls.__dataclass_fields__ if extras.get(key) is not None
        }
        for key, value in given.items():
            if not _KINDS[key](value):
                raise MessageError(f"{where} is a video with {key}={value!r}, which is none.")
        if "between" in given:
            given["between"] = tuple(map(float, given["between"]))
        return cls(**given)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "count": lambda value: type(value) is int,
    "max_side": lambda value: type(value) is int,
    "between": lambda value: (
        isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_number, value))
    ),
    "strategy": lambda value: value in get_args(Strategy),
    "query": lambda value: isinstance(value, str),
    "detail": lambda value: value in DETAILS,
}
