"""The requests and answers of Azure AI Vision's video index, as its how-to has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import quote, urlsplit

from langchain_gptv.azure_wire import VIDEO_INDEX
from langchain_gptv.enhancements.azure_rest import Call, VisionResource
from langchain_gptv.exceptions import PlanError, VisionConnectionError, VisionServiceError

VideoFeature = Literal["vision", "speech"]

API_VERSION = "2023-05-01-preview"
VIDEO_TYPES = (".mp4", ".mov")
"""What a video prompt takes; the index itself takes more."""

_NAME = re.compile(
    r"(?=.{1,24}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4,12}){4}"
)
_MALFORMED = (KeyError, TypeError, AttributeError, IndexError, ValueError)


@dataclass(frozen=True, slots=True)
class VideoDocument:
    """A video to put into the index.

    Attributes:
        document_id: Your name for it, which messages use too.
        url: Where the service finds it; for a private store with a signature (SAS).
        metadata: Values of the index's metadata fields.
    """

    document_id: str
    url: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ingestion:
    """How far the service is with putting videos in: "Running", "Completed" or "Failed"."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class VideoHit:
    """A stretch of a video that fits a query.

    Attributes:
        document_id: Of the video.
        kind: "VideoFrame" for what is seen, "SpeechTextSegment" for what is said.
        start_s: Seconds from the start of the video.
        end_s: Seconds.
        best_s: Where it fits best, in seconds.
        relevance: 0 to 1, to compare the hits of one query.
    """

    document_id: str
    kind: str
    start_s: float
    end_s: float
    best_s: float
    relevance: float


@dataclass(frozen=True, slots=True)
class IndexCalls:
    """Writes the requests about one index; `name` is checked."""

    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PlanError(
                f"name={self.name!r} is no name of a video index. It has up to 24 letters, digits "
                "and single hyphens, and begins and ends with a letter or digit."
            )

    def create(
        self, features: Sequence[VideoFeature], metadata_fields: Sequence[Mapping[str, Any]]
    ) -> Call:
        """Make the index."""
        body: dict[str, Any] = {"features": [{"name": name} for name in _checked(features)]}
        if metadata_fields:
            body["metadataSchema"] = {"fields": [dict(given) for given in metadata_fields]}
        return self._call("PUT", json=body)

    def ingest(self, videos: Sequence[VideoDocument], ingestion: str) -> Call:
        """Put videos in."""
        body = {"videos": [_added(video) for video in videos]}
        return self._call("PUT", f"/ingestions/{quote(ingestion, safe='')}", body)

    def list_ingestions(self) -> Call:
        """Ask how far the newest batches are."""
        return self._call("GET", "/ingestions", **{"$top": "20"})

    def search(
        self, text: str, features: Sequence[VideoFeature], where: Mapping[str, Sequence[str]] | None
    ) -> Call:
        """Find what fits a text."""
        filters: dict[str, Any] = {"featureFilters": list(_checked(features))}
        if where:
            filters["stringFilters"] = [
                {"fieldName": name, "values": list(values)} for name, values in where.items()
            ]
        return self._call("POST", ":queryByText", {"queryText": text, "filters": filters})

    def delete(self) -> Call:
        """Delete the index."""
        return self._call("DELETE")

    def _call(self, method: str, path: str = "", json: Any = None, **query: str) -> Call:
        path = f"/computervision/retrieval/indexes/{self.name}{path}"
        return Call(method, path, {"api-version": API_VERSION, **query}, json=json)


def video_source(resource: VisionResource, name: str, video_url: str | None) -> dict[str, Any]:
    """Return the data source by which a chat request names an index; see `VideoIndex`."""
    return {"type": VIDEO_INDEX, "parameters": _parameters(resource, name, video_url)}


def _parameters(resource: VisionResource, name: str, video_url: str | None) -> dict[str, Any]:
    if video_url is None and not resource.key:
        return {"indexName": name, "documentAuthenticationKind": "managedidentity"}
    if video_url is None:
        raise PlanError("With a key the service needs video_url=..., the video's own address.")
    if not urlsplit(video_url).path.lower().endswith(VIDEO_TYPES):
        shown = video_url.partition("?")[0]  # the rest signs for the video
        raise PlanError(f"'{shown}' must be one of {', '.join(VIDEO_TYPES)} for a prompt.")
    located = {"indexName": name, "videoUrls": [video_url]}
    if not resource.key:
        return located
    base_url = f"{resource.endpoint}/computervision"
    return {"computerVisionBaseUrl": base_url, "computerVisionApiKey": resource.key, **located}


def read_ingestion(data: Any) -> Ingestion:
    """Read how far a batch is."""
    try:
        return Ingestion(data["name"], data["state"])
    except _MALFORMED as error:
        raise _unread(error) from error


def find_completed(data: Any, ingestion: str) -> Ingestion | None:
    """Return a batch of a listing that is in; None while it is not.

    Raises:
        VisionServiceError: It failed, or is not in the listing.
    """
    found = next((b for b in map(read_ingestion, _values(data)) if b.name == ingestion), None)
    if found is None or found.state == "Failed":
        raise VisionServiceError(
            f"The ingestion {ingestion!r} {'failed' if found else 'is not known'}. Check that the "
            "service can read the videos' URLs, and ingest them again under a new name.",
            status_code=200,
            code=found.state if found else "NotFound",
        )
    return found if found.state == "Completed" else None


def read_hits(data: Any) -> list[VideoHit]:
    """Read what a search found."""
    try:
        return list(map(_hit, _values(data)))
    except _MALFORMED as error:
        raise _unread(error) from error


def _checked(features: Sequence[VideoFeature]) -> Sequence[VideoFeature]:
    known = get_args(VideoFeature)
    if not features or set(features) - set(known):
        raise PlanError(f"features={tuple(features)} must be one or more of {', '.join(known)}.")
    return features


def _added(video: VideoDocument) -> dict[str, Any]:
    added = {"mode": "add", "documentId": video.document_id, "documentUrl": video.url}
    return {**added, "metadata": dict(video.metadata)} if video.metadata else added


def _hit(found: Mapping[str, Any]) -> VideoHit:
    start, end, best = (_seconds(found[key]) for key in ("start", "end", "best"))
    kind, relevance = str(found["documentKind"]), float(found["relevance"])
    return VideoHit(str(found["documentId"]), kind, start, end, best, relevance)


def _values(data: Any) -> list[Mapping[str, Any]]:
    try:
        return list(data["value"])
    except _MALFORMED as error:
        raise _unread(error) from error


def _seconds(text: str) -> float:
    """Read "00:01:58" or "00:01:58.25"."""
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _unread(error: Exception) -> VisionConnectionError:
    return VisionConnectionError(
        f"The answer is not that of Video Retrieval {API_VERSION}: {error!r}. Check the endpoint."
    )
