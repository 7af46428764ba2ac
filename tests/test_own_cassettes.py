"""The recordings of this suite: small, clean, and replayed where they were recorded."""

import os
import re
import socket
import sys
from pathlib import Path

import pytest
import yaml
from answering import Service, of_a_cassette, of_the_environment
from azure_sites import MODEL
from conftest import CASSETTES, ROOT
from vcr.request import Request

from langchain_gptv.testing import scrub_text
from langchain_gptv.testing.digests import DIGEST
from langchain_gptv.testing.scrub import REQUEST_HEADERS, RESPONSE_HEADERS

MAX_FILE_BYTES = 50_000
MAX_FOLDER_BYTES = 5_000_000

SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|ENDPOINT|CONNECTION_STRING")
MACHINE_PATH = re.compile(
    r"(?<![\w.])(?:/(?:home|root|Users|tmp|var|opt|mnt)/|[A-Z]:\\+)[\w./\\-]+"
)
LOOPBACK_PORT = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\]):\d+")

TEXTS = sorted(CASSETTES.rglob("*.yaml"))
FILES = sorted(path for path in CASSETTES.rglob("*") if path.is_file())


def own_words() -> set[str]:
    """What only this machine and its user would write: values of secrets, folders, its name."""
    secrets = {value for name, value in os.environ.items() if SECRET_NAME.search(name)}
    folders = {str(ROOT), str(Path.home()), sys.prefix}
    words = secrets | folders | {socket.gethostname()}
    return {word for word in words if len(word) >= 8 and word != "localhost"}


def leaks(text: str) -> list[str]:
    """Return what should not be in a recording."""
    found = [word for word in own_words() if word in text]
    found += MACHINE_PATH.findall(text) + LOOPBACK_PORT.findall(text)
    return found if scrub_text(text) == text else [*found, "a key, token or account"]


def exchanges(path: Path) -> list[dict]:
    """Return the interactions of a cassette as they are written."""
    return yaml.load(path.read_text(), yaml.CSafeLoader)["interactions"]


def test_there_are_recordings_of_each_wire():
    """The standard suite was recorded on Chat Completions, Responses and Azure's wire."""
    uris = {each["request"]["uri"] for path in TEXTS for each in exchanges(path)}
    wires = ("/v1/chat/completions", "/v1/responses", "/openai/deployments/")
    assert all(any(wire in uri for uri in uris) for wire in wires)


def test_the_folder_is_small():
    """A file has at most 50 KB, thumbnails apart, and the whole folder at most 5 MB."""
    large = {path.name for path in FILES if path.stat().st_size > MAX_FILE_BYTES}
    assert {name for name in large if name.endswith(".yaml")} == set()
    assert sum(path.stat().st_size for path in FILES) < MAX_FOLDER_BYTES


def test_nothing_else_lies_in_the_folder():
    """Only cassettes and thumbnails are there, and what explains them."""
    others = {path for path in FILES if path.parent != CASSETTES / "images"} - set(TEXTS)
    assert others == {CASSETTES / "README.md"}


def test_no_secret_and_no_path_of_a_machine_is_recorded():
    """Neither a value of the environment's secrets, nor a folder, host or port, is in a file."""
    found = {path.name: leaks(path.read_text()) for path in TEXTS}
    assert {name: words for name, words in found.items() if words} == {}
    pictures = b"".join(path.read_bytes() for path in FILES if path not in TEXTS)
    assert [word for word in own_words() if word.encode() in pictures] == []


@pytest.mark.parametrize(
    "leak",
    [
        "tenant-secret-value",
        "/home/ada/cat.png",
        r"C:\Users\ada",
        "http://127.0.0.1:8123/v1",
        "sk-abcdefghijkl",
    ],
)
def test_a_leak_would_be_found(leak, monkeypatch):
    """A value of the environment, a path, a port or a key in a recording is noticed."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "tenant-secret-value")
    assert leaks(f'content: "{leak}"') != []


def test_only_allowed_headers_are_recorded():
    """Every header of every exchange is on the list of those that say nothing of the sender."""
    for path in TEXTS:
        for each in exchanges(path):
            assert set(each["request"]["headers"]) <= REQUEST_HEADERS
            assert set(each["response"]["headers"]) <= RESPONSE_HEADERS


def test_every_cassette_says_who_answered():
    """The first lines name the server and the model, or a site of these tests by its address."""
    made_by = {line for path in TEXTS for line in yaml.safe_load(path.read_text())["recorded_with"]}
    assert made_by
    sites = {"127.0.0.1", f"127.0.0.1, {MODEL}"}
    assert all("gptv" in line or "openai" in line for line in made_by - sites)


def test_every_picture_sent_can_be_seen():
    """Each picture of a request has its thumbnail, and each thumbnail its picture."""
    sent = {found for path in TEXTS for found in DIGEST.finditer(path.read_text())}
    shown = {path.stem for path in (CASSETTES / "images").iterdir()}
    assert {each["sha256"] for each in sent if each["size"]} - shown == set()
    assert shown - {each["sha256"] for each in sent} == set()


def requests_to(uri: str, body: bytes = b'{"model": "gpt-5.4"}') -> list[Request]:
    """Return the requests of a cassette that was recorded at an address."""
    return [Request("POST", uri, body, {})]


def test_a_cassette_of_openai_is_replayed_there():
    """Host and model are those of the recording, with no key of the environment."""
    found = of_a_cassette(requests_to("https://api.openai.com/v1/chat/completions"))
    assert found == Service("gpt-5.4", "https://api.openai.com", "not-needed")
    assert not found.is_engine


def test_a_cassette_of_azure_is_replayed_there():
    """The deployment and the API version are in the address."""
    uri = "https://RESOURCE.openai.azure.com/openai/deployments/eyes/chat/completions"
    found = of_a_cassette(requests_to(f"{uri}?api-version=2025-03-01-preview"))
    assert found.azure() == {
        "azure_deployment": "eyes",
        "azure_endpoint": "https://RESOURCE.openai.azure.com",
        "api_key": "not-needed",
        "api_version": "2025-03-01-preview",
    }


@pytest.mark.parametrize("azure", [False, True], ids=["openai", "azure"])
def test_the_real_service_is_the_one_of_the_environment(azure, monkeypatch):
    """Recording from the service takes address and model from the variables, and no key of ours."""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://eu.api.openai.com/v1/")
    monkeypatch.setenv("GPTV_MODEL", "gpt-4.1")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://acme.openai.azure.com/")
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", "gpt-4o")
    found = of_the_environment(azure=azure)
    settings = found.azure() if azure else found.openai()
    assert settings == (
        {
            "azure_deployment": "gpt-4o",
            "azure_endpoint": "https://acme.openai.azure.com",
            "api_version": "2024-10-21",
        }
        if azure
        else {"model": "gpt-4.1", "base_url": "https://eu.api.openai.com/v1"}
    )
