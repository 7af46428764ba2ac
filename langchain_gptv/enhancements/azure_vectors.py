"""Azure AI Vision's multimodal embeddings: words and pictures as vectors of one space.

The service answers until 2028-09-25. Only pixels leave: no metadata of the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Unpack

from langchain_core.embeddings import Embeddings

from langchain_gptv.enhancements.azure_rest import Access, Call, VisionResource
from langchain_gptv.exceptions import PlanError, UnsuitableImageError, VisionConnectionError
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.prepare import prepare_to_size

API_VERSION, MODEL_VERSION = "2024-02-01", "2023-04-15"
MIN_SIDE, MAX_SIDE, MAX_BYTES = 10, 1024, 20_000_000
"""The service takes up to 16,000 pixels on each side, and its model sees far fewer."""

MAX_WORDS = 70
_AT_ONCE = 4


class AzureVisionEmbeddings(Embeddings):
    """Vectors of 1024 numbers by `vectorizeText` and `vectorizeImage`; their cosine compares them.

    Args:
        endpoint: `https://<resource>.cognitiveservices.azure.com`.
        model_version: "2023-04-15" knows 102 languages, "2022-04-11" English; vectors of the two
            must not be compared.
        **access: `key` or `credential`, `timeout` and HTTP clients, as `Access` has them.

    Raises:
        MissingKeyError: There is no key and no credential.

    Example:
        >>> embeddings = AzureVisionEmbeddings("https://eyes.cognitiveservices.azure.com", key="k")
        >>> scorer = EmbeddingScorer(embeddings)  # doctest: +SKIP
    """

    def __init__(
        self, endpoint: str, *, model_version: str = MODEL_VERSION, **access: Unpack[Access]
    ) -> None:
        self.model_version = model_version
        self.resource = VisionResource(endpoint, **access)

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a text of 1 to 70 words.

        Raises:
            PlanError: It has none, or more.
            EnhancementError: The service refused, did not answer, or not in time.
        """
        return self._read(self.resource.send(self._text_call(text)))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vector of each text; otherwise as `embed_query`."""
        return self._send([self._text_call(text) for text in texts])

    def embed_images(self, images: Sequence[Any]) -> list[list[float]]:
        """Return the vector of each picture: an `Image`, or anything that `Image.of` takes.

        Raises:
            UnsuitableImageError: A side is under 10 pixels.
            ImageError: One cannot be read.
            EnhancementError: The service refused, did not answer, or not in time.
        """
        return self._send([self._image_call(image) for image in images])

    async def aembed_query(self, text: str) -> list[float]:
        """Do the same without blocking the event loop."""
        return self._read(await self.resource.asend(self._text_call(text)))

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Do the same without blocking the event loop."""
        return await self._asend([self._text_call(text) for text in texts])

    async def aembed_images(self, images: Sequence[Any]) -> list[list[float]]:
        """Do the same without blocking the event loop."""
        return await self._asend(
            [await asyncio.to_thread(self._image_call, image) for image in images]
        )

    def _send(self, calls: Sequence[Call]) -> list[list[float]]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return [self._read(answer) for answer in pool.map(self.resource.send, calls)]

    async def _asend(self, calls: Sequence[Call]) -> list[list[float]]:
        room = asyncio.Semaphore(_AT_ONCE)

        async def send(call: Call) -> list[float]:
            async with room:
                return self._read(await self.resource.asend(call))

        return list(await asyncio.gather(*map(send, calls)))

    def _text_call(self, text: str) -> Call:
        words = len(text.split())
        if not 1 <= words <= MAX_WORDS:
            raise PlanError(f"The text has {words} words; vectorizeText takes 1 to {MAX_WORDS}.")
        return self._call("vectorizeText", json={"text": text})

    def _image_call(self, source: Any) -> Call:
        image = Image.of(source)
        if min(image.width, image.height) < MIN_SIDE:
            raise UnsuitableImageError(
                f"'{image.name}' has {image.width} x {image.height} pixels; vectorizeImage takes "
                f"at least {MIN_SIDE} on each side. Enlarge it."
            )
        box = (MAX_SIDE, MAX_SIDE)
        prepared = prepare_to_size(image, box, max_bytes=MAX_BYTES, resize="always")
        headers = {"Content-Type": "application/octet-stream"}
        return self._call("vectorizeImage", content=prepared.data, headers=headers)

    def _call(self, what: str, **body: Any) -> Call:
        query = {"api-version": API_VERSION, "model-version": self.model_version}
        return Call("POST", f"/computervision/retrieval:{what}", query, **body)

    def _read(self, answer: Any) -> list[float]:
        try:
            return [float(value) for value in answer["vector"]]
        except (KeyError, TypeError, ValueError) as error:
            raise VisionConnectionError(
                f"The answer of {self.resource.endpoint} has no vector: {error!r}. Check the "
                "endpoint."
            ) from error

    def __repr__(self) -> str:
        return f"AzureVisionEmbeddings({self.resource.endpoint!r})"
