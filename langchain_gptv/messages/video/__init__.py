"""Videos in messages: every form of block read, and turned into labelled frames."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.messages.video.blocks import video_block as video_block

_EXPORTS = {"video_block": "blocks"}
__all__ = ["video_block"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
