"""Azure AI Vision's video index, and the request by which a chat model asked about its videos.

The service of Video Retrieval (2023-05-01-preview) ended on 2025-06-30. What is here speaks to
servers that still answer as it did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from langchain_gptv._clock import clock
from langchain_gptv.enhancements.azure_rest import Access, VisionResource
from langchain_gptv.enhancements.video_calls import (
    IndexCalls,
    Ingestion,
    VideoDocument,
    VideoFeature,
    VideoHit,
    find_completed,
    read_hits,
    read_ingestion,
    video_source,
)
from langchain_gptv.exceptions import EnhancementTimeoutError

__all__ = ["Ingestion", "VideoDocument", "VideoHit", "VideoIndex"]


class VideoIndex:
    """One index of videos: make it, fill it, wait, search it; and ask a chat model about it.

    Args:
        endpoint: Of the Azure AI Vision resource.
        name: Of the index: up to 24 letters, digits and single hyphens, or a GUID.
        **access: `key` or `credential`, `timeout` and HTTP clients, as `Access` has them.

    Raises:
        PlanError: The name is none that the service takes.
        MissingKeyError: There is no key and no credential.

    Example:
        >>> index = VideoIndex("https://eyes.cognitiveservices.azure.com", "gate", key="...")
        >>> index.part("clip-1")
        {'type': 'acv_document_id', 'acv_document_id': 'clip-1'}
    """

    def __init__(self, endpoint: str, name: str, **access: Unpack[Access]) -> None:
        self._calls = IndexCalls(name)
        self.name = name
        self.resource = VisionResource(endpoint, **access)

    def create(
        self,
        features: Sequence[VideoFeature] = ("vision", "speech"),
        *,
        metadata_fields: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Make the index.

        Args:
            features: What is looked for in the videos.
            metadata_fields: Each `{"name", "type": "string" | "datetime", "searchable",
                "filterable"}`.

        Raises:
            EnhancementError: As in `AzureVision.analyze`.
        """
        self.resource.send(self._calls.create(features, metadata_fields))

    async def acreate(
        self,
        features: Sequence[VideoFeature] = ("vision", "speech"),
        *,
        metadata_fields: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Do the same without blocking the event loop."""
        await self.resource.asend(self._calls.create(features, metadata_fields))

    def ingest(self, videos: Sequence[VideoDocument], ingestion: str) -> Ingestion:
        """Start to put videos in; the service takes about as long as they play.

        Args:
            videos: One or more.
            ingestion: Your name for this batch.

        Raises:
            EnhancementError: As in `AzureVision.analyze`.
        """
        return read_ingestion(self.resource.send(self._calls.ingest(videos, ingestion)))

    async def aingest(self, videos: Sequence[VideoDocument], ingestion: str) -> Ingestion:
        """Do the same without blocking the event loop."""
        return read_ingestion(await self.resource.asend(self._calls.ingest(videos, ingestion)))

    def wait(self, ingestion: str, *, timeout: float = 600.0, every: float = 5.0) -> Ingestion:
        """Wait until a batch is in.

        Args:
            ingestion: Its name.
            timeout: Seconds to wait in all.
            every: Seconds between two looks; none pass while a cassette is replayed.

        Raises:
            VisionServiceError: The service could not put it in, or knows no such batch.
            EnhancementTimeoutError: It is not in yet.
        """
        deadline = clock.now() + timeout
        listing = self._calls.list_ingestions()
        while not (found := find_completed(self.resource.send(listing), ingestion)):
            _check_time(deadline, every, ingestion, timeout)
            clock.wait(every)
        return found

    async def await_ingestion(
        self, ingestion: str, *, timeout: float = 600.0, every: float = 5.0
    ) -> Ingestion:
        """Do as `wait` does, without blocking the event loop."""
        deadline = clock.now() + timeout
        listing = self._calls.list_ingestions()
        while not (found := find_completed(await self.resource.asend(listing), ingestion)):
            _check_time(deadline, every, ingestion, timeout)
            await clock.await_for(every)
        return found

    def search(
        self,
        text: str,
        *,
        features: Sequence[VideoFeature] = ("vision",),
        where: Mapping[str, Sequence[str]] | None = None,
    ) -> list[VideoHit]:
        """Find the stretches of video that fit a text, best first.

        Args:
            text: In plain words, such as "a man with a black hoodie".
            features: Whether to look, to listen, or both.
            where: Values that metadata fields must have, by the field's name.

        Raises:
            EnhancementError: As in `AzureVision.analyze`.
        """
        return read_hits(self.resource.send(self._calls.search(text, features, where)))

    async def asearch(
        self,
        text: str,
        *,
        features: Sequence[VideoFeature] = ("vision",),
        where: Mapping[str, Sequence[str]] | None = None,
    ) -> list[VideoHit]:
        """Do the same without blocking the event loop."""
        return read_hits(await self.resource.asend(self._calls.search(text, features, where)))

    def delete(self) -> None:
        """Delete the index and all that is in it."""
        self.resource.send(self._calls.delete())

    async def adelete(self) -> None:
        """Do the same without blocking the event loop."""
        await self.resource.asend(self._calls.delete())

    def part(self, document_id: str) -> dict[str, Any]:
        """Return the content part that puts a video of the index before the model."""
        return {"type": "acv_document_id", "acv_document_id": document_id}

    def request_fields(self, video_url: str | None = None) -> dict[str, Any]:
        """Return the fields beside the messages, for `invoke(..., extra_body=...)`.

        They hold the resource's key where there is one, and so do traces of the call.

        Args:
            video_url: Where the service finds the video, with its signature (SAS); None lets the
                chat resource read it by its own managed identity.

        Raises:
            PlanError: It is no MP4 or MOV file; or there is a key, which needs a URL beside it.

        Example:
            >>> index = VideoIndex("https://e.azure.com", "gate", credential=lambda: "...")
            >>> index.request_fields()["dataSources"][0]["parameters"]
            {'indexName': 'gate', 'documentAuthenticationKind': 'managedidentity'}
        """
        source = video_source(self.resource, self.name, video_url)
        return {"enhancements": {"video": {"enabled": True}}, "dataSources": [source]}

    def __repr__(self) -> str:
        return f"VideoIndex({self.resource.endpoint!r}, {self.name!r})"


def _check_time(deadline: float, every: float, ingestion: str, timeout: float) -> None:
    if clock.now() + every > deadline:
        raise EnhancementTimeoutError(
            f"The ingestion {ingestion!r} is not complete after {timeout:g} s. Wait on, or set "
            "timeout=..."
        )
