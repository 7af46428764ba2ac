"""Messages with images: the only place that reads and builds image content."""

from langchain_gptv.messages.admission import Api, admit_blocks
from langchain_gptv.messages.build import human_message, image_block
from langchain_gptv.messages.inlining import inline_urls
from langchain_gptv.messages.normalize import normalize_messages, wrap_objects
from langchain_gptv.messages.placement import ToolImages, place_images
from langchain_gptv.messages.prompts import ImagesPlaceholder, images_placeholder

__all__ = [
    "Api",
    "ImagesPlaceholder",
    "ToolImages",
    "admit_blocks",
    "human_message",
    "image_block",
    "images_placeholder",
    "inline_urls",
    "normalize_messages",
    "place_images",
    "wrap_objects",
]
