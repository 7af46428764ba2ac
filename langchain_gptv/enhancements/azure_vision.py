"""Azure AI Vision's Image Analysis 4.0 as an observer: text, objects and people with their boxes.

The service answers until 2028-09-25. Only pixels leave: no metadata of the file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, Unpack, get_args

from langchain_gptv._urls import is_web_url
from langchain_gptv.enhancements.azure_rest import Access, Call, VisionResource
from langchain_gptv.enhancements.azure_sdk import SDKResource
from langchain_gptv.enhancements.image_analysis import ImageAnalysis, read_analysis
from langchain_gptv.exceptions import (
    MissingKeyError,
    PlanError,
    UnsuitableImageError,
    VisionConnectionError,
)
from langchain_gptv.vision.headers import MimeType
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.observations import Observation
from langchain_gptv.vision.prepare import PreparedImage, fit_within, prepare_to_size

Feature = Literal["read", "objects", "people", "caption", "denseCaptions", "tags"]

FEATURES: tuple[Feature, ...] = get_args(Feature)
API_VERSION = "2024-02-01"
MIN_SIDE, MAX_SIDE, MAX_BYTES = 50, 16_000, 20_971_520
MIME_TYPES: tuple[MimeType, ...] = (
    *("image/jpeg", "image/png", "image/gif"),
    *("image/bmp", "image/webp", "image/tiff"),
)
"""What the service takes and we can tell; every other type is sent as one of these."""


class AzureVision:
    """Looks at pictures through Azure AI Vision; an `Observer` like the embedded engine.

    Args:
        endpoint: `https://<resource>.cognitiveservices.azure.com`.
        client: In place of an endpoint, an `ImageAnalysisClient` of Azure's SDK
            (`azure-ai-vision-imageanalysis`), with its own key, retries and timeouts. That of its
            `aio` serves async calls alone.
        features: What is asked for; each is billed. "caption" and "denseCaptions" exist in some
            regions only.
        language: Of captions and tags, such as "en"; None is the service's default.
        **access: `key` or `credential`, `timeout` and HTTP clients, as `Access` has them.

    Raises:
        MissingKeyError: There is no key and no credential.
        PlanError: A feature is none of `FEATURES`; or there is no endpoint, or a client beside it.

    Example:
        >>> vision = AzureVision("https://eyes.cognitiveservices.azure.com", key="...")
        >>> vision.features
        ('read', 'objects', 'people')
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        client: Any = None,
        features: Sequence[Feature] = ("read", "objects", "people"),
        language: str | None = None,
        **access: Unpack[Access],
    ) -> None:
        self.features = _checked_features(features)
        self.language = language
        self.resource = _resource(endpoint, client, access)

    @classmethod
    def from_env(cls, **settings: Any) -> Self:
        """Take `AZURE_VISION_ENDPOINT`, and `AZURE_VISION_KEY` unless a credential is passed.

        Raises:
            MissingKeyError: One of them is not set.
        """
        needed = ["AZURE_VISION_ENDPOINT"]
        if not settings.get("credential"):
            needed.append("AZURE_VISION_KEY")
        if missing := [name for name in needed if not os.environ.get(name)]:
            raise MissingKeyError(f"{' and '.join(missing)} is not set in the environment.")
        key = None if settings.get("credential") else os.environ["AZURE_VISION_KEY"]
        return cls(os.environ["AZURE_VISION_ENDPOINT"], **{"key": key, **settings})

    def observe(self, image: Image, /) -> Observation:
        """Look at a picture.

        Raises:
            EnhancementError: As in `analyze`.
        """
        return self.analyze(image).observation

    async def aobserve(self, image: Image, /) -> Observation:
        """Look at a picture, without blocking the event loop."""
        return (await self.aanalyze(image)).observation

    def analyze(self, image: Any) -> ImageAnalysis:
        """Return all that the service says about a picture.

        Args:
            image: An `Image` or anything that `Image.of` takes; or an https URL, which the
                service fetches itself.

        Raises:
            UnsuitableImageError: A side is under 50 pixels.
            VisionAccessError: The key or the token is wrong.
            UnsupportedFeatureError: A feature that the resource's region does not have.
            VisionServiceError: Any other refusal.
            VisionConnectionError: The endpoint does not answer, or not like this service.
            EnhancementTimeoutError: Not in time.
            ImageError: The image cannot be read.
        """
        asked = self._ask(image)
        return asked.read(self.resource.send(asked.call))

    async def aanalyze(self, image: Any) -> ImageAnalysis:
        """Do the same without blocking the event loop."""
        asked = await asyncio.to_thread(self._ask, image)
        return asked.read(await self.resource.asend(asked.call))

    def _ask(self, image: Any) -> _Asked:
        if isinstance(image, str) and is_web_url(image):
            return _Asked(self._call(json={"url": image}))
        prepared = _prepare(Image.of(image))
        headers = {"Content-Type": "application/octet-stream"}
        call = self._call(content=prepared.data, headers=headers)
        return _Asked(call, prepared.transform.original)

    def _call(self, **body: Any) -> Call:
        query = {"api-version": API_VERSION, "features": ",".join(self.features)}
        if self.language:
            query["language"] = self.language
        return Call("POST", "/computervision/imageanalysis:analyze", query, **body)

    def __repr__(self) -> str:
        shown = f"features={self.features}, language={self.language!r}"
        return f"AzureVision({self.resource.endpoint!r}, {shown})"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and what is needed to read its answer; `size` is None of what is not here."""

    call: Call
    size: tuple[int, int] | None = None

    def read(self, data: Any) -> ImageAnalysis:
        try:
            return read_analysis(data, self.size)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            raise VisionConnectionError(
                f"The answer is not that of Image Analysis {API_VERSION}: {error!r}. Check the "
                "endpoint."
            ) from error


def _resource(endpoint: str | None, client: Any, access: Access) -> VisionResource | SDKResource:
    if endpoint is not None and client is None:
        return VisionResource(endpoint, **access)
    if endpoint is not None or client is None or access:
        given = ", ".join(filter(None, ("endpoint" if endpoint else "", *access)))
        raise PlanError(
            f"AzureVision takes an endpoint with a key or credential, or client=... alone, not "
            f"{'client and ' if client is not None else ''}{given or 'neither'}."
        )
    return SDKResource(client)


def _checked_features(features: Sequence[Feature]) -> tuple[Feature, ...]:
    if not features or set(features) - set(FEATURES):
        raise PlanError(f"features={tuple(features)} must be one or more of {', '.join(FEATURES)}.")
    return tuple(dict.fromkeys(features))


def _prepare(image: Image) -> PreparedImage:
    """Return a file that the service takes: upright, and within its limits."""
    box = (MAX_SIDE, MAX_SIDE)
    if min(fit_within((image.width, image.height), box)) < MIN_SIDE:
        raise UnsuitableImageError(
            f"'{image.name}' has {image.width} x {image.height} pixels; Azure AI Vision takes from "
            f"{MIN_SIDE} to {MAX_SIDE:,} on each side. Enlarge it, or let it be read here."
        )
    return prepare_to_size(image, box, max_bytes=MAX_BYTES, accepted=MIME_TYPES, resize="always")
