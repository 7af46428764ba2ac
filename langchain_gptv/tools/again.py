"""`look_again`: an image from earlier in the conversation, shown to the model once more."""

from __future__ import annotations

from pydantic import BaseModel

from langchain_gptv.store import Crop, ImageStore
from langchain_gptv.tools.base import Content, ImageArguments, VisionResult, VisionTool, show
from langchain_gptv.tools.regions import write_region
from langchain_gptv.tools.steps import Steps
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image


class SeenAgain(VisionResult):
    """An image that is shown once more.

    Attributes:
        root: Handle of the picture that it was cut from; empty for a whole picture.
        region: Where it was cut out, in pixels of `root`.
    """

    root: str = ""
    region: Box | None = None


def look_again(handle: str, store: ImageStore) -> tuple[Image, SeenAgain]:
    """Take an image out of the store.

    Args:
        handle: Such as img_3f9a2c0b71de, or that of a crop.
        store: Where it is kept.

    Raises:
        UnknownImageError: There is none of that name, or no longer.

    Example:
        >>> store = ImageStore()
        >>> image, again = look_again(store.put("examples/images/chart.png"), store)
        >>> again.width, again.region
        (900, None)
    """
    image = store.get(handle)
    return image, _seen_again(handle, image, store.crop_of(handle))


async def alook_again(handle: str, store: ImageStore) -> tuple[Image, SeenAgain]:
    """Take an image out of the store with its own await; otherwise as `look_again`."""
    image = await store.aget(handle)
    return image, _seen_again(handle, image, await store.acrop_of(handle))


def _seen_again(handle: str, image: Image, crop: Crop | None) -> SeenAgain:
    size = {"width": image.width, "height": image.height}
    if crop is None:
        return SeenAgain(image=handle, **size)
    return SeenAgain(image=handle, root=crop.root, region=crop.box, **size)


class LookAgain(VisionTool):
    """The tool `look_again`; shows the image, and its artifact is a `SeenAgain`."""

    name: str = "look_again"
    description: str = (
        "See an image again that was shown, or cut out with zoom_image, earlier in the "
        "conversation and is not before you now."
    )
    args_schema: type[BaseModel] = ImageArguments

    def steps(self, image: str) -> Steps[tuple[Content, SeenAgain]]:
        """Show the image that the model named."""
        opened = self.open(image)
        again = _seen_again(opened.handle, opened.image, self.store.crop_of(opened.handle))
        return show(_said(again), opened.image), again
        yield  # asks no model


def _said(again: SeenAgain) -> str:
    said = f"{again.image}, {again.width} x {again.height} pixels"
    if again.region is None:
        return f"{said}:"
    return f"{said}, the region {write_region(again.region)} of {again.root}:"
