"""The vision layer for LangChain on OpenAI and Azure OpenAI."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports
from langchain_gptv._version import __version__ as __version__

if TYPE_CHECKING:
    from langchain_gptv.vision.boxes import Box as Box
    from langchain_gptv.vision.images import Image as Image

_EXPORTS = {"Box": "vision.boxes", "Image": "vision.images"}
__all__ = ["Box", "Image", "__version__"]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
