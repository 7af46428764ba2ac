"""What is known of models and services: names, dates, limits, and files of one's own."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date

import pytest

from langchain_gptv.exceptions import (
    DetailNotSupportedError,
    PlanError,
    ProfileError,
    UnknownModelError,
    UnknownModelWarning,
)
from langchain_gptv.vision import profiles
from langchain_gptv.vision.profiles import (
    get_profile,
    known_models,
    load_profiles,
    register_profile,
    temporary_profiles,
)
from langchain_gptv.vision.rules import TileRule


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(profiles, "_warned", set())
    with temporary_profiles():
        yield


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("GPT-4o", "gpt-4o"),
        ("openai/gpt-4o", "gpt-4o"),
        ("ft:gpt-4o-mini-2024-07-18:org::id", "gpt-4o-mini"),
        ("ft:gpt-4o:org:name:id", "gpt-4o"),
        ("chatgpt-4o-latest", "gpt-4o"),
        ("gpt-4-turbo-2024-04-09", "gpt-4-turbo"),
        ("computer-use-preview-2025-03-11", "computer-use-preview"),
        ("gpt-5.6-luna-2026-07-09", "gpt-5.6-luna"),
        ("gpt-4o-0806", "gpt-4o"),
    ],
)
def test_names_resolve_to_their_base_model(name, like):
    """Dated names, fine-tunes, capitals and a provider in front change no rule."""
    assert get_profile(name).rule == get_profile(like).rule


@pytest.mark.parametrize(
    "name",
    [
        *("gpt-4", "gpt-4-0613", "gpt-3.5-turbo-0125", "o1-mini", "o3-mini-2025-01-31"),
        *("gpt-4o-audio-preview-2024-12-17", "gpt-4-turbo-preview", "ft:gpt-3.5-turbo:org::id"),
    ],
)
def test_text_models_are_refused_although_their_name_begins_like_a_vision_model(name):
    """A model that takes no images is never counted as one that does."""
    with pytest.raises(PlanError, match=r"takes no images\. Choose one that does"):
        get_profile(name)


def test_gpt_4_on_azure_asks_for_the_version():
    """Azure calls text and vision models gpt-4 alike; the message names the vision versions."""
    with pytest.raises(PlanError, match='call it "gpt-4-turbo" or "gpt-4-vision-preview"'):
        get_profile("gpt-4", "azure")


@pytest.mark.parametrize("name", ["gpt-4o-mini-next", "my-deployment", "gpt-7", "gpt-5-pro"])
def test_an_unknown_model_gets_an_upper_bound_and_one_warning(name, recwarn):
    """No name is guessed from how it begins, and the warning comes once per name."""
    with pytest.warns(UnknownModelWarning, match=rf"model '{name}'.*register_profile\("):
        first = get_profile(name)
    recwarn.clear()
    assert not first.known
    assert get_profile(name) == first
    assert recwarn.list == []


def test_the_upper_bound_is_above_every_known_model_but_one():
    """gpt-4o-mini alone counts more, at 1/33 of the price per token."""
    with pytest.warns(UnknownModelWarning, match="upper bound"):
        bound = get_profile("not-a-model")
    for model in set(known_models()) - {"gpt-4o-mini"}:
        profile = get_profile(model)
        for size in [(1, 1), (128, 64), (512, 512), (1920, 1080), (4032, 3024), (9000, 300)]:
            for detail in profile.details:
                assert profile.tokens(*size, detail) <= bound.tokens(*size, detail)


def test_azure_of_2023_differs_from_azure_of_today():
    """The first documents said 65 and 129 tokens, 4 MB and 10 images; later ones 85 and 170."""
    first = get_profile("gpt-4-vision-preview", "azure", as_of="2023-12-15")
    assert (first.tokens(4000, 4000, "low"), first.tokens(1024, 1024, "high")) == (65, 581)
    assert (first.limits.max_image_bytes, first.limits.max_images) == (4_000_000, 10)
    later = get_profile("gpt-4-vision-preview", "azure", as_of="2024-06-01")
    assert (later.tokens(4000, 4000, "low"), later.limits.max_images) == (85, 10)
    assert later.limits.max_image_bytes == 20_000_000
    today = get_profile("gpt-4o", "azure")
    assert (today.tokens(4000, 4000, "low"), today.limits.max_images) == (85, 50)


@pytest.mark.parametrize(
    ("model", "day", "tokens"),
    [
        ("gpt-4.1-mini", "2025-06-01", 2353),
        ("gpt-4.1-mini", None, 4977),
        ("gpt-5-nano", date(2025, 9, 1), 3572),
        ("gpt-5-nano", None, 2178),
        ("gpt-5.4-mini", "2026-04-01", 2353),
        ("gpt-5.4-mini", "2020-01-01", 2353),
        ("gpt-5.4-mini", None, 2942),
    ],
)
def test_older_documents_count_when_asked_for(model, day, tokens):
    """Where documents of two dates disagree, both are kept; before the first, the first counts."""
    assert get_profile(model, as_of=day).tokens(1800, 2400, "high") == tokens


def test_azure_knows_no_original():
    """The value that a service's schema has not is refused, and the allowed ones are named."""
    azure = get_profile("gpt-5.6-sol", "azure")
    with pytest.raises(DetailNotSupportedError, match="Pass one of 'auto', 'low', 'high'"):
        azure.tokens(100, 100, "original")
    assert azure.tokens(4032, 3024, "auto") == 14_364


def test_the_embedded_engine_has_no_service_of_its_own_to_name():
    """gptv-local is found without a service, with no limits on bytes or images."""
    local = get_profile("gptv-local")
    assert (local.service, local.limits.max_images, local.resolve_detail()) == (
        "local",
        None,
        "high",
    )
    assert local.seen_size(30_000, 20_000, "original") == (30_000, 20_000)


def test_an_unknown_service_is_named_beside_the_known_ones():
    """A misspelled service does not fall back to another."""
    with pytest.raises(UnknownModelError, match=r"no service 'azur'.*azure, local, openai"):
        get_profile("gpt-4o", "azur")


def test_every_row_has_a_source_and_a_date():
    """Nothing is known without saying from where."""
    for model in known_models():
        for service in ("openai", "azure"):
            profile = get_profile(model, service)
            assert profile.source
            assert profile.limits.source
            assert date.fromisoformat(profile.as_of)


def test_a_registered_profile_answers_for_its_name_and_its_dated_names():
    """What a user knows of a model is believed, on that service only."""
    register_profile("gpt-5-pro", get_profile("gpt-5"))
    assert get_profile("gpt-5-pro-2025-10-06").tokens(1024, 1024) == 630
    with pytest.warns(UnknownModelWarning, match="gpt-5-pro"):
        assert not get_profile("gpt-5-pro", "azure").known


def test_a_registered_profile_may_override_ours():
    """A corrected rule replaces the built-in one until the block ends."""
    with temporary_profiles():
        register_profile("gpt-4o", replace(get_profile("gpt-4o"), rule=TileRule(1, 2)))
        assert get_profile("gpt-4o").tokens(512, 512, "high") == 3
    assert get_profile("gpt-4o").tokens(512, 512, "high") == 255


def _file(tmp_path, **parts):
    path = tmp_path / "profiles.json"
    path.write_text(json.dumps(parts))
    return path


ROW = {
    "names": ["GPT-4.1-mini", "house-model"],
    "as_of": "2026-12-01",
    "source": "our own bills",
    "rule": {"kind": "tile", "base": 10, "tile": 20},
}


def test_a_file_of_profiles_replaces_all_dates_of_the_models_it_names(tmp_path):
    """The rows of a user's file count whatever day is asked for; other models stay."""
    load_profiles(_file(tmp_path, models=[ROW]))
    assert get_profile("house-model").source == "our own bills"
    assert get_profile("gpt-4.1-mini", as_of="2025-05-01").tokens(512, 512, "high") == 30
    assert get_profile("gpt-4o").tokens(512, 512, "high") == 255
    assert "house-model" in known_models()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": {"kind": "tile", "base": 10, "tiles": 20}}, r"\['tiles'\] is not known"),
        ({"rule": {"kind": "area"}}, "kind 'area' is none of"),
        ({"rule": {"kind": "tile", "base": -1, "tile": 20}}, "base must be a number above 0"),
        ({"as_of": "last week"}, "as_of 'last week' must look like"),
        ({"sauce": "typo"}, "sauce"),
        (
            {"rule": {"kind": "patch", "multiplier": 1, "sizes": {"hi": {}}, "auto": "hi"}},
            r"\['hi'\] is none of",
        ),
    ],
)
def test_a_misspelled_file_of_profiles_is_refused(tmp_path, change, message):
    """A typo in a file is an error that names it, not a rule that is silently absent."""
    with pytest.raises(ProfileError, match=message):
        load_profiles(_file(tmp_path, models=[{**ROW, **change}]))


def test_a_file_that_is_no_json_is_refused(tmp_path):
    """The error names the file and where to see the shape."""
    path = tmp_path / "profiles.json"
    path.write_text("models:")
    with pytest.raises(ProfileError, match=r"profiles.json' is no file of profiles: .*the shape"):
        load_profiles(path)


def test_counting_tokens_needs_no_heavy_import():
    """Importing the estimator loads neither pixels nor prices."""
    code = (
        "import sys, langchain_gptv.vision.tokens as t;"
        "t.estimate_image_tokens(1, 1, model='gpt-4o');"
        "print([m for m in ('PIL', 'pydantic', 'genai_prices', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
