"""`image_info`: size, type, pages and tokens of an image, without a model."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel, Field

from langchain_gptv.tools.base import Content, ImageArguments, VisionResult, VisionTool
from langchain_gptv.tools.steps import Steps
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profiles import VisionProfile, get_profile


class ImageFacts(VisionResult):
    """What an image's header says, and what it costs to show.

    Attributes:
        mime_type: By content, such as "image/png".
        byte_count: Of the file.
        frame_count: Pages of a TIFF, frames of an animation; 1 for a still picture.
        has_transparency: Whether any pixel may be transparent.
        model: Whose tokens are told; empty when no model was named.
        tokens: Estimated input tokens by `detail`.
        seen_size: (width, height) at which the model sees it, by `detail`.
    """

    mime_type: str
    byte_count: int
    frame_count: int
    has_transparency: bool
    model: str = ""
    tokens: dict[str, int] = Field(default_factory=dict)
    seen_size: dict[str, tuple[int, int]] = Field(default_factory=dict)


def image_info(image: Any, *, model: str | None = None, service: str = "openai") -> ImageFacts:
    """Tell what an image is and what it costs, without asking a model.

    Args:
        image: A path, bytes, data URL, PIL image, numpy array, open file or `Image`.
        model: Base model name, such as "gpt-5.4"; None tells no tokens.
        service: "openai" or "azure".

    Raises:
        ImageError: It is no image.

    Example:
        >>> info = image_info("examples/images/chart.png", model="gpt-4o")
        >>> info.width, info.height, info.tokens["low"]
        (900, 600, 85)
    """
    profile = None if model is None else get_profile(model, service)
    return _info(Image.of(image), profile)


async def aimage_info(
    image: Any, *, model: str | None = None, service: str = "openai"
) -> ImageFacts:
    """Tell what an image is without blocking the event loop; otherwise as `image_info`."""
    return await asyncio.to_thread(image_info, image, model=model, service=service)


def _info(image: Image, profile: VisionProfile | None) -> ImageFacts:
    size = image.width, image.height
    details = () if profile is None else [each for each in profile.details if each != "auto"]
    return ImageFacts(
        width=image.width,
        height=image.height,
        mime_type=image.mime_type,
        byte_count=image.byte_count,
        frame_count=image.frame_count,
        has_transparency=image.has_transparency,
        model="" if profile is None else profile.model,
        tokens={each: profile.tokens(*size, each) for each in details} if profile else {},
        seen_size={each: profile.seen_size(*size, each) for each in details} if profile else {},
    )


class ImageInfo(VisionTool):
    """The tool `image_info`; its artifact is an `ImageFacts`."""

    name: str = "image_info"
    description: str = (
        "Tell an image's size in pixels, type, pages and how large you see it. Free of charge: no "
        "model looks at it."
    )
    args_schema: type[BaseModel] = ImageArguments

    def steps(self, image: str) -> Steps[tuple[Content, ImageFacts]]:
        """Tell of the image that the model named."""
        opened = self.open(image)
        profile = self.profile if self.llm is not None else None
        info = _info(opened.image, profile).model_copy(update={"image": opened.handle})
        return _said(info), info
        yield  # asks no model


def _said(info: ImageFacts) -> str:
    kind = info.mime_type.removeprefix("image/").upper()
    pages = f", {info.frame_count} pages or frames" if info.frame_count > 1 else ""
    said = f"{info.image}: {info.width} x {info.height} pixels, {kind}{pages}."
    for detail, (width, height) in info.seen_size.items():
        said += f" At detail {detail}: seen at {width} x {height}, {info.tokens[detail]} tokens."
    return said
