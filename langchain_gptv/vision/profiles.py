"""What a model and its service do with images: token rule, `detail` values, limits. Dated data.

The facts are in profiles.json, with a source and a date per row. Where documents of different
dates disagree both rows are kept, and the newest counts unless `as_of` asks for an older one.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from langchain_gptv.exceptions import (
    DetailNotSupportedError,
    PlanError,
    UnknownModelError,
    UnknownModelWarning,
)
from langchain_gptv.vision.profile_data import (
    Limits,
    ProfileRow,
    ProfileTable,
    read_profile_table,
)
from langchain_gptv.vision.rules import Detail, TokenRule

# What may follow a base model's name and change nothing. Any other ending is another model:
# gpt-4o-mini counts 33 times what gpt-4o counts, and gpt-4o-audio-preview takes no images.
_DATE_SUFFIX = re.compile(r"(-\d{4}-\d\d-\d\d|-\d{4}|-latest)?")


@dataclass(frozen=True)
class VisionProfile:
    """How one model on one service takes images.

    Attributes:
        model: The name it was asked for by.
        service: "openai", "azure" or "local".
        rule: How an image becomes tokens.
        limits: What one request may hold.
        as_of: The first day, YYYY-MM-DD, that the source of the rule is known to say so.
        source: Where the rule comes from.
        known: False for the upper bound that stands in for an unknown model.

    Example:
        >>> profile = get_profile("gpt-5.6-sol")
        >>> profile.seen_size(4032, 3024, "high"), profile.tokens(4032, 3024, "high")
        ((1824, 1368), 2942)
    """

    model: str
    service: str
    rule: TokenRule
    limits: Limits
    as_of: str
    source: str
    known: bool = True

    @property
    def details(self) -> tuple[Detail, ...]:
        """The values of `detail` that may be sent."""
        return tuple(detail for detail in self.rule.details if detail in self.limits.details)

    @property
    def main_detail(self) -> Detail:
        """The `detail` that shows most at the usual price: "high", or what stands in for it."""
        return "high" if "high" in self.details else self.details[-1]

    def resolve_detail(self, detail: Detail = "auto") -> Detail:
        """Return what the service makes of `detail`; "auto" becomes one of the others.

        Raises:
            DetailNotSupportedError: The model or its service does not accept `detail`.
        """
        if detail not in self.details:
            raise DetailNotSupportedError(
                f'{self.model} on {self.service} does not accept detail="{detail}". '
                f"Pass one of {', '.join(map(repr, self.details))}."
            )
        return self.rule.auto if detail == "auto" else detail

    def seen_size(self, width: int, height: int, detail: Detail = "auto") -> tuple[int, int]:
        """Return the (width, height) in pixels at which the model sees an image; never larger.

        An image that is sent at this size costs the same tokens.

        Raises:
            DetailNotSupportedError: The model or its service does not accept `detail`.
        """
        return self.rule.seen_size(width, height, self.resolve_detail(detail))

    def tokens(self, width: int, height: int, detail: Detail = "auto") -> int:
        """Return the input tokens for one image of `width` x `height` pixels.

        Raises:
            DetailNotSupportedError: The model or its service does not accept `detail`.
        """
        return self.rule.tokens(width, height, self.resolve_detail(detail))


def get_profile(
    model: str, service: str = "openai", as_of: str | date | None = None
) -> VisionProfile:
    """Find how `model` takes images on `service`.

    Dated names, fine-tunes and a provider in front all resolve to the base model. An unknown
    model gets an upper bound and, once per name, an `UnknownModelWarning`.

    Args:
        model: Base model name; on Azure the model, not the deployment.
        service: "openai" or "azure".
        as_of: A day (YYYY-MM-DD); facts are those known then. None is the newest.

    Raises:
        PlanError: The model takes no images.
        UnknownModelError: There is no such service.

    Example:
        >>> get_profile("ft:gpt-4o-2024-08-06:acme::7p4lURel").rule
        TileRule(base=85, tile=170, max_side=2048, short_side=768, auto='high', \
details=('auto', 'low', 'high'))
    """
    table, registered = _tables()
    name = base_model(model)
    if found := _longest(name, {known for known, of in registered if of == service}):
        return registered[found, service]
    if service not in table.limits:
        raise UnknownModelError(
            f"There is no service {service!r}. Pass one of {', '.join(sorted(table.limits))}."
        )
    rows = _rows_for(name, service, table)
    if not rows and _longest(name, table.text_only):
        raise PlanError(_text_only_message(model, service))
    row = _newest(rows, as_of) if rows else _unknown(name, table)
    limits = _newest(table.limits[row.limits or service], as_of)
    return VisionProfile(
        name, row.limits or service, row.rule, limits, row.as_of, row.source, known=bool(rows)
    )


def base_model(name: str) -> str:
    """Return the model a name stands for: no provider, fine-tune or capitals; dates stay.

    Example:
        >>> base_model("openai/ft:GPT-4o-mini-2024-07-18:acme::7p4lURel")
        'gpt-4o-mini-2024-07-18'
    """
    name = name.strip().lower().rsplit("/", 1)[-1]
    return name.split(":")[1] if name.startswith("ft:") else name


def known_models(service: str = "openai") -> list[str]:
    """List the base models of which facts are known on `service`, in alphabetical order.

    Example:
        >>> "gpt-4o" in known_models()
        True
    """
    table, registered = _tables()
    rows = (row for row in table.rows if row.service in (None, service))
    named = {name for row in rows for name in row.names}
    return sorted(named | {name for name, of in registered if of == service})


def register_profile(name: str, profile: VisionProfile) -> None:
    """Let `profile` answer for the model `name` on the profile's service.

    Example:
        >>> with temporary_profiles():
        ...     register_profile("gpt-5-pro", get_profile("gpt-5"))
        ...     get_profile("gpt-5-pro-2025-10-06").tokens(1024, 1024)
        630
    """
    global _state
    table, registered = _tables()
    name = base_model(name)
    _state = table, {**registered, (name, profile.service): replace(profile, model=name)}


def load_profiles(path: str | Path) -> None:
    """Add the rows of a JSON file of the shape of profiles.json.

    All rows of the models that the file names, and the limits of its services, replace ours.

    Raises:
        ProfileError: The file is not of that shape.
    """
    global _state
    table, registered = _tables()
    ours = read_profile_table(path)
    named = {(name, row.service) for row in ours.rows for name in row.names}
    kept = (_without(row, named) for row in table.rows)
    _state = (
        ProfileTable(
            rows=(*ours.rows, *kept),
            limits={**table.limits, **ours.limits},
            text_only=(table.text_only | ours.text_only) - {name for name, _ in named},
            unknown=ours.unknown or table.unknown,
        ),
        registered,
    )


@contextmanager
def temporary_profiles() -> Iterator[None]:
    """Undo at the end whatever was registered or loaded inside the `with` block."""
    global _state
    before = _tables()
    try:
        yield
    finally:
        _state = before


_Dated = TypeVar("_Dated", ProfileRow, Limits)
_Registered = dict[tuple[str, str], VisionProfile]
_state: tuple[ProfileTable, _Registered] | None = None
_warned: set[str] = set()


def _tables() -> tuple[ProfileTable, _Registered]:
    return _state or (_built_in(), {})


@lru_cache(maxsize=1)
def _built_in() -> ProfileTable:
    return read_profile_table(Path(__file__).with_name("profiles.json"))


def _rows_for(name: str, service: str, table: ProfileTable) -> list[ProfileRow]:
    known = {model for row in table.rows for model in row.names if row.service in (None, service)}
    family = _longest(name, known)
    rows = [row for row in table.rows if family in row.names]
    # What is said of this very service is believed before what is said of all.
    return [row for row in rows if row.service == service] or [
        row for row in rows if row.service is None
    ]


def _longest(name: str, known: set[str] | frozenset[str]) -> str | None:
    if name in known:
        return name
    fits = (k for k in known if name.startswith(k) and _DATE_SUFFIX.fullmatch(name, len(k)))
    return max(fits, key=len, default=None)


def _newest(rows: Sequence[_Dated], as_of: str | date | None) -> _Dated:
    day = str(as_of) if as_of else "9999-12-31"
    then = [row for row in rows if row.as_of <= day]
    # Asked for a day before anything was known, the oldest row is the nearest fact.
    return max(then, key=_day) if then else min(rows, key=_day)


def _day(row: ProfileRow | Limits) -> str:
    return row.as_of


def _without(row: ProfileRow, named: set[tuple[str, str | None]]) -> ProfileRow:
    return replace(row, names=tuple(n for n in row.names if (n, row.service) not in named))


def _unknown(name: str, table: ProfileTable) -> ProfileRow:
    if table.unknown is None:
        raise UnknownModelError(f"There is no model {name!r}, and no row for unknown models.")
    if name not in _warned:
        _warned.add(name)
        warnings.warn(
            f"Nothing is known of the model {name!r}; its image tokens are counted with an upper "
            f'bound. Say what it is like: register_profile("{name}", get_profile("gpt-4o")).',
            UnknownModelWarning,
            stacklevel=4,
        )
    return table.unknown


def _text_only_message(model: str, service: str) -> str:
    if service == "azure" and base_model(model).startswith("gpt-4"):
        return (
            f"The model {model!r} takes no images. If its version is turbo-2024-04-09 or "
            'vision-preview, call it "gpt-4-turbo" or "gpt-4-vision-preview".'
        )
    return (
        f"The model {model!r} takes no images. Choose one that does, such as 'gpt-4o', or "
        "register_profile() what you know of it."
    )
