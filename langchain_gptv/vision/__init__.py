"""Pixels and arithmetic: no LangChain, no network, no clock."""

from typing import TYPE_CHECKING

from langchain_gptv._lazy import lazy_exports

if TYPE_CHECKING:
    from langchain_gptv.vision.boxes import Box as Box
    from langchain_gptv.vision.costs import UsageComparison as UsageComparison
    from langchain_gptv.vision.costs import compare_usage as compare_usage
    from langchain_gptv.vision.costs import estimate_cost as estimate_cost
    from langchain_gptv.vision.images import Image as Image
    from langchain_gptv.vision.observations import DetectedObject as DetectedObject
    from langchain_gptv.vision.observations import Observation as Observation
    from langchain_gptv.vision.observations import Observer as Observer
    from langchain_gptv.vision.observations import TextLine as TextLine
    from langchain_gptv.vision.observations import Word as Word
    from langchain_gptv.vision.plan import ImageDecision as ImageDecision
    from langchain_gptv.vision.plan import ImagePlan as ImagePlan
    from langchain_gptv.vision.plan import plan_images as plan_images
    from langchain_gptv.vision.prepare import PreparedImage as PreparedImage
    from langchain_gptv.vision.prepare import prepare_image as prepare_image
    from langchain_gptv.vision.prepare import prepare_to_size as prepare_to_size
    from langchain_gptv.vision.profiles import VisionProfile as VisionProfile
    from langchain_gptv.vision.profiles import get_profile as get_profile
    from langchain_gptv.vision.profiles import known_models as known_models
    from langchain_gptv.vision.profiles import load_profiles as load_profiles
    from langchain_gptv.vision.profiles import register_profile as register_profile
    from langchain_gptv.vision.profiles import temporary_profiles as temporary_profiles
    from langchain_gptv.vision.rules import PatchRule as PatchRule
    from langchain_gptv.vision.rules import PatchSize as PatchSize
    from langchain_gptv.vision.rules import TileRule as TileRule
    from langchain_gptv.vision.tables import token_table as token_table
    from langchain_gptv.vision.text_height import measure_text_height as measure_text_height
    from langchain_gptv.vision.tokens import estimate_image_tokens as estimate_image_tokens
    from langchain_gptv.vision.tokens import estimate_text_tokens as estimate_text_tokens
    from langchain_gptv.vision.transform import Transform as Transform
    from langchain_gptv.vision.video.frames import Frame as Frame
    from langchain_gptv.vision.video.sampling import sample_frames as sample_frames
    from langchain_gptv.vision.video.scoring import FrameScorer as FrameScorer
    from langchain_gptv.vision.video.scoring import ObserverScorer as ObserverScorer
    from langchain_gptv.vision.video.sheets import contact_sheet as contact_sheet

_EXPORTS = {
    "Box": "boxes",
    "DetectedObject": "observations",
    "Frame": "video.frames",
    "FrameScorer": "video.scoring",
    "Image": "images",
    "ImageDecision": "plan",
    "ImagePlan": "plan",
    "Observation": "observations",
    "Observer": "observations",
    "ObserverScorer": "video.scoring",
    "PatchRule": "rules",
    "PatchSize": "rules",
    "PreparedImage": "prepare",
    "TextLine": "observations",
    "TileRule": "rules",
    "Transform": "transform",
    "UsageComparison": "costs",
    "VisionProfile": "profiles",
    "Word": "observations",
    "compare_usage": "costs",
    "contact_sheet": "video.sheets",
    "estimate_cost": "costs",
    "estimate_image_tokens": "tokens",
    "estimate_text_tokens": "tokens",
    "get_profile": "profiles",
    "known_models": "profiles",
    "load_profiles": "profiles",
    "measure_text_height": "text_height",
    "plan_images": "plan",
    "prepare_image": "prepare",
    "prepare_to_size": "prepare",
    "register_profile": "profiles",
    "sample_frames": "video.sampling",
    "temporary_profiles": "profiles",
    "token_table": "tables",
}
__all__ = [
    "Box",
    "DetectedObject",
    "Frame",
    "FrameScorer",
    "Image",
    "ImageDecision",
    "ImagePlan",
    "Observation",
    "Observer",
    "ObserverScorer",
    "PatchRule",
    "PatchSize",
    "PreparedImage",
    "TextLine",
    "TileRule",
    "Transform",
    "UsageComparison",
    "VisionProfile",
    "Word",
    "compare_usage",
    "contact_sheet",
    "estimate_cost",
    "estimate_image_tokens",
    "estimate_text_tokens",
    "get_profile",
    "known_models",
    "load_profiles",
    "measure_text_height",
    "plan_images",
    "prepare_image",
    "prepare_to_size",
    "register_profile",
    "sample_frames",
    "temporary_profiles",
    "token_table",
]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
