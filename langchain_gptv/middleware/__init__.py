"""Agents whose state holds references to pictures, and whose model calls hold the pictures."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.middleware.budget import RunBudget as RunBudget
    from langchain_gptv.middleware.vision import VisionMiddleware as VisionMiddleware
    from langchain_gptv.middleware.window import ImageWindow as ImageWindow

_EXPORTS = {
    "ImageWindow": "window",
    "RunBudget": "budget",
    "VisionMiddleware": "vision",
}
__all__ = ["ImageWindow", "RunBudget", "VisionMiddleware"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
