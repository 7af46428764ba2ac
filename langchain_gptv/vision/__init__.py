"""Pixels and arithmetic: no LangChain, no network, no clock."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.vision.boxes import Box as Box
    from langchain_gptv.vision.images import Image as Image

_EXPORTS = {"Box": "boxes", "Image": "images"}
__all__ = ["Box", "Image"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
