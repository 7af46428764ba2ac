"""The generations of Azure OpenAI's chat API: path, words of the body, limits of the service.

| api-version                      | path                     | data sources     | enhancements |
|----------------------------------|--------------------------|------------------|--------------|
| up to 2023-12-01-preview         | `/extensions/...` for them | `dataSources`  | since 2023-12 |
| 2024-02-15 and 2024-03-01-preview| plain                    | `data_sources`   | yes          |
| later dates                      | plain                    | `data_sources`   | no           |
| v1                               | `/openai/v1/...`         | `data_sources`   | no           |

Source: Azure/azure-rest-api-specs, AzureOpenAI/inference, and the how-to "Use GPT-4 Turbo with
Vision" in its versions of 2023-12 to 2024-09.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from langchain_gptv.exceptions import LimitError, MessageError, PlanError
from langchain_gptv.vision.grounding import ENHANCED_VERSIONS

V1_NAMES = ("v1", "preview", "latest")
"""What the v1 API, which has no dates, is called where an api-version is asked for."""

VIDEO_INDEX = "AzureComputerVisionVideoIndex"
COMPUTER_VISION = "AzureComputerVision"

_DATED = re.compile(r"(\d{4}-\d\d-\d\d)(-preview)?")
_SPELLINGS = ("dataSources", "data_sources")
_PLAIN_SOURCES = "2024-02-01"
_COMPLETION_TOKENS = "2024-09-01"
_NEWEST_DAY, _V1_DAY = "9999-12-30", "9999-12-31"
_SEGMENT = "!$&'()*+,;=:@"
_VIDEOS = frozenset({"acv_document_id", "video", "video_url"})
_IMAGES = frozenset({"image", "image_url", "input_image"})


@dataclass(frozen=True, slots=True)
class Generation:
    """What one api-version of Azure OpenAI understands.

    Attributes:
        api_version: As it is called, such as "2024-10-21".
        day: Its date, YYYY-MM-DD; the v1 API stands after all of them.

    Example:
        >>> Generation.of("2023-12-01-preview").limits_as_of
        '2023-12-01'
        >>> Generation.of("2024-10-21").has_enhancements
        False
    """

    api_version: str
    day: str

    @classmethod
    def of(cls, api_version: str | None) -> Generation:
        """Read an api-version; None is the v1 API, and what is no date counts as the newest."""
        if api_version is None or api_version in V1_NAMES:
            return cls(api_version or "v1", _V1_DAY)
        dated = _DATED.fullmatch(api_version)
        return cls(api_version, dated[1] if dated else _NEWEST_DAY)

    @property
    def is_v1(self) -> bool:
        """Whether this is the API without dates."""
        return self.day == _V1_DAY

    @property
    def has_enhancements(self) -> bool:
        """Whether a request may ask for `enhancements`; they left in 2024-04-01-preview."""
        return self.api_version in ENHANCED_VERSIONS

    @property
    def has_extensions(self) -> bool:
        """Whether enhancements and data sources are asked for under a path of their own."""
        return self.day < _PLAIN_SOURCES

    @property
    def has_completion_tokens(self) -> bool:
        """Whether `max_completion_tokens` and `stream_options` are known.

        Source: "Azure OpenAI API preview lifecycle", changes of 2024-09-01-preview.
        """
        return self.day >= _COMPLETION_TOKENS

    @property
    def limits_as_of(self) -> str | None:
        """The day whose limits and token rules hold, for `get_profile`; None is today.

        Limits belong to the service, and all dates that are still served share today's; only the
        generations that went with GPT-4 Turbo with Vision keep their own.
        """
        return self.day if self.has_enhancements else None


def path_for(generation: Generation, body: Mapping[str, Any], base_path: str = "/openai/") -> str:
    """Return the path of a chat call, after that of the client's base URL.

    Args:
        generation: Of the service.
        body: What is sent; `model` is the deployment where the base URL names none.
        base_path: The path of the client's base URL, such as "/openai/deployments/eyes/".

    Example:
        >>> body = {"model": "eyes", "enhancements": {"ocr": {"enabled": True}}}
        >>> path_for(Generation.of("2023-12-01-preview"), body)
        '/deployments/eyes/extensions/chat/completions'
        >>> path_for(Generation.of("v1"), body, "/openai/v1/")
        '/chat/completions'
    """
    if generation.is_v1:
        return "/chat/completions"
    named = "/deployments" in base_path or not body.get("model")
    deployment = "" if named else f"/deployments/{quote(body['model'], safe=_SEGMENT)}"
    extends = generation.has_extensions and _extends(body)
    wanted = extends and not base_path.rstrip("/").endswith("/extensions")
    return f"{deployment}{'/extensions' if wanted else ''}/chat/completions"


def body_for(
    generation: Generation, payload: Mapping[str, Any], deployment: str | None = None
) -> dict[str, Any]:
    """Return the arguments of a call in the words of a generation.

    `extra_body` holds what the OpenAI client has no argument for: `enhancements`, and data sources
    in either spelling. A payload of the Responses API only gets its model.

    Args:
        generation: Of the service.
        payload: Arguments of the OpenAI client's `create`.
        deployment: The name of the deployment, which the v1 API takes as the model.

    Raises:
        PlanError: Enhancements are asked for that the generation does not have.
        LimitError: More than one video, or images beside it.
        MessageError: A video of an index, and the request names no index.

    Example:
        >>> payload = {"messages": [], "max_completion_tokens": 9}
        >>> body_for(Generation.of("2024-02-15-preview"), payload)
        {'messages': [], 'max_tokens': 9}
    """
    body = dict(payload)
    if generation.is_v1 and deployment:
        body["model"] = deployment
    if "messages" not in body:
        return body
    if not generation.has_completion_tokens:
        _use_old_names(body)
    extra = body.get("extra_body") or {}
    check_video_prompt(body["messages"], extra)
    if extra:
        body["extra_body"] = _extra_for(generation, extra)
    return body


def check_video_prompt(
    messages: Sequence[Mapping[str, Any]], extra: Mapping[str, Any] | None = None
) -> None:
    """See that a video prompt has one video and no images, as the service demands.

    Args:
        messages: As they leave, each with `content`.
        extra: The fields beside the messages; None leaves their video index unchecked.

    Raises:
        LimitError: More than one video, or images beside it.
        MessageError: An `acv_document_id`, and no index that it could be in.
    """
    kinds = list(_kinds(messages))
    videos = [kind for kind in kinds if kind in _VIDEOS]
    images = sum(kind in _IMAGES for kind in kinds)
    if len(videos) > 1:
        raise LimitError(f"{len(videos)} videos in one prompt, which takes one. Ask about each.")
    if videos and images:
        raise LimitError(
            f"{images} images beside a video: a video prompt takes no images. Ask about the video "
            "and about the images in two calls."
        )
    if extra is not None and "acv_document_id" in videos and not _has_video_index(extra):
        raise MessageError(
            f"The message names a document of a video index, and no data source of type "
            f"{VIDEO_INDEX!r} says which index. Pass extra_body=VideoIndex(...).request_fields()."
        )


def _kinds(messages: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, Mapping):
                yield part.get("type")


def _has_video_index(extra: Mapping[str, Any]) -> bool:
    return any(source.get("type") == VIDEO_INDEX for source in _sources(extra))


def _use_old_names(body: dict[str, Any]) -> None:
    """Undo what langchain-openai writes for today's models and an older service refuses."""
    if "max_completion_tokens" in body:
        body["max_tokens"] = body.pop("max_completion_tokens")
    body.pop("stream_options", None)


def _extra_for(generation: Generation, extra: Mapping[str, Any]) -> dict[str, Any]:
    if extra.get("enhancements") and not generation.has_enhancements:
        raise PlanError(
            f"api_version={generation.api_version!r} has no enhancements: they were taken out in "
            f"2024-04-01-preview. Pass one of {', '.join(ENHANCED_VERSIONS)} to a server that "
            "still speaks them, or let OCR and grounding be done here."
        )
    rest = {key: value for key, value in extra.items() if key not in _SPELLINGS}
    sources = _sources(extra)
    return {**rest, _spelling(generation, sources): sources} if sources else rest


def _sources(extra: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [source for spelling in _SPELLINGS for source in extra.get(spelling) or ()]


def _spelling(generation: Generation, sources: Sequence[Mapping[str, Any]]) -> str:
    # The schema renamed the field in 2024-02; but for the images' own data source the how-to kept
    # the old name until it was deleted (MicrosoftDocs/azure-docs#122102).
    is_images = any(source.get("type") == COMPUTER_VISION for source in sources)
    is_old = generation.has_extensions or (generation.has_enhancements and is_images)
    return "dataSources" if is_old else "data_sources"


def _extends(body: Mapping[str, Any]) -> bool:
    return any(body.get(key) for key in ("enhancements", *_SPELLINGS))
