"""The settings of vcrpy and pytest-recording for cassettes with pictures."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from langchain_gptv.exceptions import MissingExtraError
from langchain_gptv.testing.cleaning import clean_request, clean_response
from langchain_gptv.testing.matching import MATCH_ON

if TYPE_CHECKING:
    from vcr import VCR


def vcr_config(**overrides: Any) -> dict[str, Any]:
    """Return what pytest-recording's fixture `vcr_config` should give, or `vcr.VCR` take.

    Nothing is recorded unless asked: `pytest --record-mode=once`, or `record_mode="once"` here.

    Args:
        **overrides: Settings of vcrpy. Functions in `before_record_request` and
            `before_record_response` are called after the package's own.

    Raises:
        MissingExtraError: vcrpy is not installed.

    Example:
        >>> vcr_config(record_mode="once")["match_on"]
        ('method', 'scheme', 'host', 'path', 'query', 'body')
    """
    if find_spec("vcr") is None:
        raise MissingExtraError("A cassette", "test")
    hooks: dict[str, list[Any]] = {
        "before_record_request": [clean_request],
        "before_record_response": [clean_response],
    }
    for name, functions in hooks.items():
        functions.extend(_as_list(overrides.pop(name, ())))
    return {
        "record_mode": "none",
        "match_on": MATCH_ON,
        "decode_compressed_response": True,
        "record_on_exception": False,
        **hooks,
        **overrides,
    }


def make_vcr(**overrides: Any) -> VCR:
    """Make a vcrpy recorder with this package's matching, text and files.

    Example:
        >>> recorder = make_vcr(record_mode="once", cassette_library_dir="cassettes")
        >>> recorder.match_on[-1]
        'body'
    """
    try:
        from vcr import VCR
    except ImportError:
        raise MissingExtraError("A cassette", "test") from None
    recorder = VCR(**{"path_transformer": VCR.ensure_suffix(".yaml"), **vcr_config(**overrides)})
    furnish(recorder)
    return recorder


def furnish(recorder: VCR) -> None:
    """Give a recorder our matcher of bodies, our YAML and our files, in place of vcrpy's."""
    from langchain_gptv.testing import matching, serializer
    from langchain_gptv.testing.files import CassetteFiles

    recorder.register_matcher("body", matching.body)
    recorder.register_serializer("yaml", serializer)
    recorder.register_persister(CassetteFiles(getattr(recorder.persister, "extra_paths", ())))


def is_ours(config: dict[str, Any]) -> bool:
    """Whether the settings come from `vcr_config`."""
    return clean_request in _as_list(config.get("before_record_request", ()))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) else [value]
