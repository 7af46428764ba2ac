"""Messages with images: the only place that reads and builds image content."""

from langchain_gptv.messages.build import human_message, image_block
from langchain_gptv.messages.normalize import normalize_messages, wrap_objects
from langchain_gptv.messages.placement import Api, ToolImages, place_images
from langchain_gptv.messages.prompts import ImagesPlaceholder, images_placeholder

__all__ = [
    "Api",
    "ImagesPlaceholder",
    "ToolImages",
    "human_message",
    "image_block",
    "images_placeholder",
    "normalize_messages",
    "place_images",
    "wrap_objects",
]
