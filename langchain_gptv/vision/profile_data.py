"""Rows of model facts, read strictly from JSON of the shape of profiles.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_gptv.exceptions import ProfileError
from langchain_gptv.vision.rules import (
    DETAILS,
    Detail,
    PatchRule,
    PatchSize,
    TileRule,
    TokenRule,
    UpperBoundRule,
)

if TYPE_CHECKING:
    # Reading headers is not needed for counting tokens, and costs an import.
    from langchain_gptv.vision.headers import MimeType

LOCAL_MODEL = "gptv-local"
"""The embedded engine: no language model, and free."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request to a service may hold; None is no known limit.

    Attributes:
        as_of: The first day, YYYY-MM-DD, that the source is known to say so.
        source: Where it is said.
        mime_types: The image types that are accepted.
        max_image_bytes: Bytes of one image. Documents do not say whether of the file or of its
            base64 text; `prepare_image` keeps it for the text, the stricter reading.
        max_images: Images in one request.
        max_total_bytes: Bytes of all image files in one request, before base64.
        max_videos: Videos in one message; where it is stated, no image stands beside one.
        details: The values of `detail` the service knows, whatever the model.
    """

    as_of: str
    source: str
    mime_types: tuple[MimeType, ...]
    max_image_bytes: int | None = None
    max_images: int | None = None
    max_total_bytes: int | None = None
    max_videos: int | None = None
    details: tuple[Detail, ...] = DETAILS


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """The token rule of some models, as one source tells it.

    Attributes:
        names: Base model names, lower case, without a date.
        as_of: The first day, YYYY-MM-DD, that the source is known to say so.
        source: Where it is said.
        rule: The token rule.
        service: The only service it is true of; None is every service.
        limits: The service whose limits hold, when it is not the one that is asked.
    """

    names: tuple[str, ...]
    as_of: str
    source: str
    rule: TokenRule
    service: str | None = None
    limits: str | None = None


@dataclass(frozen=True)
class ProfileTable:
    """Everything a file of profiles holds."""

    rows: tuple[ProfileRow, ...] = ()
    limits: Mapping[str, tuple[Limits, ...]] = field(default_factory=dict)
    text_only: frozenset[str] = frozenset()
    unknown: ProfileRow | None = None


def read_profile_table(path: str | Path) -> ProfileTable:
    """Read a file of the shape of profiles.json; every part of it may be left out.

    Raises:
        ProfileError: A key is missing, misspelled, or has a value of the wrong kind.
    """
    try:
        return _table(json.loads(Path(path).read_text("utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProfileError(
            f"'{path}' is no file of profiles: {error}. See langchain_gptv/vision/profiles.json "
            "for the shape."
        ) from error


def _table(data: dict[str, Any]) -> ProfileTable:
    _check_keys(data, "models", "limits", "text_only", "unknown")
    unknown = data.get("unknown")
    return ProfileTable(
        rows=tuple(_row(**row) for row in data.get("models", [])),
        limits={
            service: tuple(_limits(**row) for row in rows)
            for service, rows in data.get("limits", {}).items()
        },
        text_only=frozenset(data.get("text_only", [])),
        unknown=_row(names=[], **unknown) if unknown else None,
    )


def _row(
    *,
    names: list[str],
    as_of: str,
    source: str,
    rule: dict[str, Any],
    service: str | None = None,
    limits: str | None = None,
) -> ProfileRow:
    lower = tuple(name.lower() for name in names)
    return ProfileRow(lower, _date(as_of), source, _rule(rule), service, limits)


def _limits(
    *, as_of: str, source: str, mime_types: list[str], details: list[str] | None = None, **most: int
) -> Limits:
    for key, value in most.items():
        _check_count(key, value)
    return Limits(
        as_of=_date(as_of),
        source=source,
        mime_types=_mime_types(mime_types),
        details=_known(details or list(DETAILS), DETAILS),
        **most,
    )


def _mime_types(values: list[Any]) -> tuple[MimeType, ...]:
    if wrong := [value for value in values if not str(value).startswith("image/")]:
        raise ValueError(f"{wrong} is no image type")
    return tuple(values)


def _rule(data: dict[str, Any]) -> TokenRule:
    kind = data["kind"]
    if kind == "tile":
        _check_keys(data, "kind", "base", "tile")
        return TileRule(_check_count("base", data["base"]), _check_count("tile", data["tile"]))
    if kind == "upper_bound":
        _check_keys(data, "kind", "rules")
        return UpperBoundRule(tuple(_rule(rule) for rule in data["rules"]))
    if kind == "patch":
        _check_keys(data, "kind", "multiplier", "sizes", "auto", "reject_patches")
        return _patch_rule(data)
    raise ValueError(f"kind {kind!r} is none of 'tile', 'patch', 'upper_bound'")


def _patch_rule(data: dict[str, Any]) -> PatchRule:
    sizes = data["sizes"]
    _known(list(sizes), DETAILS[1:])
    reject = data.get("reject_patches")
    return PatchRule(
        multiplier=_check_count("multiplier", data["multiplier"]),
        sizes={detail: PatchSize(**_counts(size)) for detail, size in sizes.items()},
        auto=_known([data["auto"]], tuple(sizes))[0],
        reject_patches=None if reject is None else _check_count("reject_patches", reject),
    )


def _counts(size: dict[str, Any]) -> dict[str, Any]:
    return {key: _check_count(key, value) for key, value in size.items()}


def _check_count(key: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise ValueError(f"{key} must be a number above 0, not {value!r}")
    return value


def _check_keys(data: dict[str, Any], *allowed: str) -> None:
    if extra := sorted(data.keys() - set(allowed)):
        raise ValueError(f"{extra} is not known; the keys are {list(allowed)}")


def _known(values: list[str], allowed: tuple[Any, ...]) -> tuple[Any, ...]:
    if extra := [value for value in values if value not in allowed]:
        raise ValueError(f"{extra} is none of {list(allowed)}")
    return tuple(values)


def _date(text: str) -> str:
    # Dates are compared as text, so each must have its two dashes and all its zeros.
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError(f"as_of {text!r} must look like '2026-09-29'")
    return text
