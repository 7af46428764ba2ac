"""The vision layer for LangChain on OpenAI and Azure OpenAI."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports
from langchain_gptv._version import __version__ as __version__

if TYPE_CHECKING:
    from langchain_gptv.chat_models import AzureChatGPTV as AzureChatGPTV
    from langchain_gptv.chat_models import ChatGPTV as ChatGPTV
    from langchain_gptv.enhancements.azure_vectors import (
        AzureVisionEmbeddings as AzureVisionEmbeddings,
    )
    from langchain_gptv.enhancements.azure_vision import AzureVision as AzureVision
    from langchain_gptv.enhancements.grounding import draw_grounding as draw_grounding
    from langchain_gptv.enhancements.grounding import grounded_spans as grounded_spans
    from langchain_gptv.enhancements.settings import Enhancements as Enhancements
    from langchain_gptv.enhancements.video_index import VideoIndex as VideoIndex
    from langchain_gptv.local.engine import LocalEngine as LocalEngine
    from langchain_gptv.messages import human_message as human_message
    from langchain_gptv.messages import image_block as image_block
    from langchain_gptv.messages import images_placeholder as images_placeholder
    from langchain_gptv.messages import normalize_messages as normalize_messages
    from langchain_gptv.messages import place_images as place_images
    from langchain_gptv.messages.video.blocks import video_block as video_block
    from langchain_gptv.middleware import VisionMiddleware as VisionMiddleware
    from langchain_gptv.sending.policy import ImagePolicy as ImagePolicy
    from langchain_gptv.sending.step import prepare_images as prepare_images
    from langchain_gptv.sources import ImageSources as ImageSources
    from langchain_gptv.store import ImageStore as ImageStore
    from langchain_gptv.tools.toolkit import VisionToolkit as VisionToolkit
    from langchain_gptv.transcripts import OpenAITranscriber as OpenAITranscriber
    from langchain_gptv.transcripts import TranscriptLine as TranscriptLine
    from langchain_gptv.transcripts import load_transcript as load_transcript
    from langchain_gptv.usage import UsageTracker as UsageTracker
    from langchain_gptv.vision.boxes import Box as Box
    from langchain_gptv.vision.costs import compare_usage as compare_usage
    from langchain_gptv.vision.costs import estimate_cost as estimate_cost
    from langchain_gptv.vision.draw import draw_boxes as draw_boxes
    from langchain_gptv.vision.grounding import GroundedSpan as GroundedSpan
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
    from langchain_gptv.vision.video.frames import Frame as Frame
    from langchain_gptv.vision.video.sampling import sample_frames as sample_frames
    from langchain_gptv.vision.video.sheets import contact_sheet as contact_sheet

_EXPORTS = {
    "AzureChatGPTV": "chat_models",
    "AzureVision": "enhancements.azure_vision",
    "AzureVisionEmbeddings": "enhancements.azure_vectors",
    "Box": "vision.boxes",
    "ChatGPTV": "chat_models",
    "Enhancements": "enhancements.settings",
    "Frame": "vision.video.frames",
    "GroundedSpan": "vision.grounding",
    "Image": "vision.images",
    "ImagePlan": "vision.plan",
    "ImagePolicy": "sending.policy",
    "ImageSources": "sources",
    "ImageStore": "store",
    "LocalEngine": "local.engine",
    "OpenAITranscriber": "transcripts",
    "PreparedImage": "vision.prepare",
    "TranscriptLine": "transcripts",
    "UsageTracker": "usage",
    "VideoIndex": "enhancements.video_index",
    "VisionMiddleware": "middleware",
    "VisionProfile": "vision.profiles",
    "VisionToolkit": "tools.toolkit",
    "compare_usage": "vision.costs",
    "contact_sheet": "vision.video.sheets",
    "draw_boxes": "vision.draw",
    "draw_grounding": "enhancements.grounding",
    "estimate_cost": "vision.costs",
    "estimate_image_tokens": "vision.tokens",
    "estimate_text_tokens": "vision.tokens",
    "get_profile": "vision.profiles",
    "grounded_spans": "enhancements.grounding",
    "human_message": "messages",
    "image_block": "messages",
    "images_placeholder": "messages",
    "load_transcript": "transcripts",
    "normalize_messages": "messages",
    "place_images": "messages",
    "plan_images": "vision.plan",
    "prepare_image": "vision.prepare",
    "prepare_images": "sending.step",
    "register_profile": "vision.profiles",
    "sample_frames": "vision.video.sampling",
    "video_block": "messages.video.blocks",
}
__all__ = [
    "AzureChatGPTV",
    "AzureVision",
    "AzureVisionEmbeddings",
    "Box",
    "ChatGPTV",
    "Enhancements",
    "Frame",
    "GroundedSpan",
    "Image",
    "ImagePlan",
    "ImagePolicy",
    "ImageSources",
    "ImageStore",
    "LocalEngine",
    "OpenAITranscriber",
    "PreparedImage",
    "TranscriptLine",
    "UsageTracker",
    "VideoIndex",
    "VisionMiddleware",
    "VisionProfile",
    "VisionToolkit",
    "__version__",
    "compare_usage",
    "contact_sheet",
    "draw_boxes",
    "draw_grounding",
    "estimate_cost",
    "estimate_image_tokens",
    "estimate_text_tokens",
    "get_profile",
    "grounded_spans",
    "human_message",
    "image_block",
    "images_placeholder",
    "load_transcript",
    "normalize_messages",
    "place_images",
    "plan_images",
    "prepare_image",
    "prepare_images",
    "register_profile",
    "sample_frames",
    "video_block",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
