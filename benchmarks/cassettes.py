"""How fast a chat exchange with a 4 MB image is loaded and replayed, and how large its file is.

    python benchmarks/cassettes.py

Against vcrpy's own YAML (with libyaml, as its wheel comes) and against the serializer and the
persister of langchain-tests. All three replay through the same OpenAI client with no server, and
are measured in turn, so that the ratios hold on a busy machine; they are medians of the rounds.
"""

import base64
import os
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import yaml
from langchain_tests.conftest import CustomPersister, CustomSerializer, base_vcr_config
from timing import speedups
from vcr import VCR

from langchain_gptv.testing import make_vcr

SIDE = 1182
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1764000000,
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Twelve euros."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 779, "completion_tokens": 3, "total_tokens": 782},
}
OURS, PLAIN, LANGCHAIN = "langchain-gptv", "vcrpy with libyaml", "langchain-tests"
GOALS = {PLAIN: (1, 1000), LANGCHAIN: (20, 1000)}
"""At least so many times faster to load and replay, and so many times smaller."""


def png() -> bytes:
    """Return a PNG of noise of about 4.2 MB."""
    rows = b"".join(b"\0" + os.urandom(3 * SIDE) for _ in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, part in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(kind + part))
        data += struct.pack(">I", len(part)) + kind + part + checksum
    return data


def open_ours(path: str, record_mode: str) -> Any:
    """Open a cassette as this package does."""
    return make_vcr(record_mode=record_mode).use_cassette(path)


def open_plain(path: str, record_mode: str) -> Any:
    """Open a cassette of vcrpy as it comes, with bodies matched."""
    recorder = VCR(match_on=("method", "uri", "body"), record_mode=record_mode)
    return recorder.use_cassette(path)


def open_langchain(path: str, record_mode: str) -> Any:
    """Open a cassette as the fixtures of langchain-tests set vcrpy up."""
    recorder = VCR()
    recorder.register_serializer("yaml", CustomSerializer)
    recorder.register_persister(CustomPersister)
    settings = {**base_vcr_config(), "cassette_library_dir": None, "record_mode": record_mode}
    return recorder.use_cassette(path, **settings)


OPENERS: dict[str, Callable[[str, str], Any]] = {
    OURS: open_ours,
    PLAIN: open_plain,
    LANGCHAIN: open_langchain,
}


def ask(client: openai.OpenAI, url: str) -> str | None:
    """Send the image and return the answer."""
    image: Any = {"type": "image_url", "image_url": {"url": url, "detail": "high"}}
    content = [{"type": "text", "text": "What is the total?"}, image]
    messages: Any = [{"role": "user", "content": content}]
    return (
        client.chat.completions.create(model="gpt-4o", messages=messages).choices[0].message.content
    )


def record(folder: Path, url: str) -> dict[str, Path]:
    """Record the same exchange three times, from a transport that answers at once."""
    transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, json=ANSWER))
    paths = {}
    for name, opened in OPENERS.items():
        paths[name] = folder / name.replace(" ", "-") / "chat.yaml"
        client = openai.OpenAI(api_key="none", http_client=httpx2.Client(transport=transport))
        with opened(str(paths[name]), "once"):
            ask(client, url)
    return paths


def replaying(name: str, path: Path, client: openai.OpenAI, url: str) -> Callable[[], object]:
    """Return what loads a cassette and replays its exchange."""

    def replay() -> None:
        with OPENERS[name](str(path), "none"):
            assert ask(client, url) == "Twelve euros."

    return replay


def main() -> bool:
    """Print the ratios; return whether all goals are met."""
    if not hasattr(yaml, "CSafeLoader"):
        sys.exit("PyYAML is here without libyaml, which the comparison needs.")
    data = png()
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    with tempfile.TemporaryDirectory() as folder, openai.OpenAI(api_key="none") as client:
        paths = record(Path(folder), url)
        calls = {name: replaying(name, path, client, url) for name, path in paths.items()}
        ours = calls.pop(OURS)
        slower = {name: 1 / ratio for name, ratio in speedups(ours, calls, rounds=5).items()}
        sizes = {name: path.stat().st_size for name, path in paths.items()}
    print(f"A chat exchange with a PNG of {len(data):,} bytes; {OURS}: {sizes[OURS]:,} bytes")
    met = True
    for name, (faster, smaller) in GOALS.items():
        ratio = sizes[name] / sizes[OURS]
        met &= slower[name] >= faster and ratio >= smaller
        print(
            f"{name:20} load and replay {slower[name]:6.1f} times slower (goal {faster}), "
            f"file {ratio:7,.0f} times larger (goal {smaller:,})"
        )
    return met


if __name__ == "__main__":
    sys.exit(not main())
