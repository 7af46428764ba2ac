"""The vision layer for LangChain on OpenAI and Azure OpenAI."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports
from langchain_gptv._version import __version__ as __version__

if TYPE_CHECKING:
    from langchain_gptv.chat_models import AzureChatGPTV as AzureChatGPTV
    from langchain_gptv.chat_models import ChatGPTV as ChatGPTV
    from langchain_gptv.local.engine import LocalEngine as LocalEngine
    from langchain_gptv.messages import human_message as human_message
    from langchain_gptv.messages import image_block as image_block
    from langchain_gptv.vision.boxes import Box as Box
    from langchain_gptv.vision.draw import draw_boxes as draw_boxes
    from langchain_gptv.vision.images import Image as Image

_EXPORTS = {
    "AzureChatGPTV": "chat_models",
    "Box": "vision.boxes",
    "ChatGPTV": "chat_models",
    "Image": "vision.images",
    "LocalEngine": "local.engine",
    "draw_boxes": "vision.draw",
    "human_message": "messages",
    "image_block": "messages",
}
__all__ = [
    "AzureChatGPTV",
    "Box",
    "ChatGPTV",
    "Image",
    "LocalEngine",
    "__version__",
    "draw_boxes",
    "human_message",
    "image_block",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
