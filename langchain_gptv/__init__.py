"""The vision layer for LangChain on OpenAI and Azure OpenAI."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports
from langchain_gptv._version import __version__ as __version__

if TYPE_CHECKING:
    from langchain_gptv.chat_models import AzureChatGPTV as AzureChatGPTV
    from langchain_gptv.chat_models import ChatGPTV as ChatGPTV
    from langchain_gptv.image_policy import ImagePolicy as ImagePolicy
    from langchain_gptv.image_policy import prepare_images as prepare_images
    from langchain_gptv.local.engine import LocalEngine as LocalEngine
    from langchain_gptv.messages import human_message as human_message
    from langchain_gptv.messages import image_block as image_block
    from langchain_gptv.messages import images_placeholder as images_placeholder
    from langchain_gptv.messages import normalize_messages as normalize_messages
    from langchain_gptv.messages import place_images as place_images
    from langchain_gptv.sources import ImageSources as ImageSources
    from langchain_gptv.vision.boxes import Box as Box
    from langchain_gptv.vision.costs import compare_usage as compare_usage
    from langchain_gptv.vision.costs import estimate_cost as estimate_cost
    from langchain_gptv.vision.draw import draw_boxes as draw_boxes
    from langchain_gptv.vision.images import Image as Image
    from langchain_gptv.vision.plan import ImagePlan as ImagePlan
    from langchain_gptv.vision.plan import plan_images as plan_images
    from langchain_gptv.vision.prepare import PreparedImage as PreparedImage
    from langchain_gptv.vision.prepare import prepare_image as prepare_image
    from langchain_gptv.vision.profiles import VisionProfile as VisionProfile
    from langchain_gptv.vision.profiles import get_profile as get_profile
    from langchain_gptv.vision.profiles import register_profile as register_profile
    from langchain_gptv.vision.tokens import estimate_image_tokens as estimate_image_tokens
    from langchain_gptv.vision.tokens import estimate_text_tokens as estimate_text_tokens

_EXPORTS = {
    "AzureChatGPTV": "chat_models",
    "Box": "vision.boxes",
    "ChatGPTV": "chat_models",
    "Image": "vision.images",
    "ImagePlan": "vision.plan",
    "ImagePolicy": "image_policy",
    "ImageSources": "sources",
    "LocalEngine": "local.engine",
    "PreparedImage": "vision.prepare",
    "VisionProfile": "vision.profiles",
    "compare_usage": "vision.costs",
    "draw_boxes": "vision.draw",
    "estimate_cost": "vision.costs",
    "estimate_image_tokens": "vision.tokens",
    "estimate_text_tokens": "vision.tokens",
    "get_profile": "vision.profiles",
    "human_message": "messages",
    "image_block": "messages",
    "images_placeholder": "messages",
    "normalize_messages": "messages",
    "place_images": "messages",
    "plan_images": "vision.plan",
    "prepare_image": "vision.prepare",
    "prepare_images": "image_policy",
    "register_profile": "vision.profiles",
}
__all__ = [
    "AzureChatGPTV",
    "Box",
    "ChatGPTV",
    "Image",
    "ImagePlan",
    "ImagePolicy",
    "ImageSources",
    "LocalEngine",
    "PreparedImage",
    "VisionProfile",
    "__version__",
    "compare_usage",
    "draw_boxes",
    "estimate_cost",
    "estimate_image_tokens",
    "estimate_text_tokens",
    "get_profile",
    "human_message",
    "image_block",
    "images_placeholder",
    "normalize_messages",
    "place_images",
    "plan_images",
    "prepare_image",
    "prepare_images",
    "register_profile",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
