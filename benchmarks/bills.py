"""Estimated tokens beside real bills, over recordings of calls with images of known size.

    python benchmarks/bills.py [RECORDINGS] [--litellm PYTHON]

Every number under "left" is what remains of the bill when an estimate is taken off: 0 is right.
langchain-openai counts text with our estimator here, since its own downloads a vocabulary.
litellm 1.x needs another openai than we do, so it is asked in an interpreter of its own.
"""

import argparse
import base64
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profiles import get_profile
from langchain_gptv.vision.tokens import MESSAGE_TOKENS, REPLY_TOKENS, estimate_text_tokens

RECORDINGS = Path(__file__).parents[2] / "shared" / "recordings"


@dataclass(frozen=True)
class Bill:
    """One recorded call.

    Attributes:
        name: The recording.
        service: "openai" or "azure".
        model: The base model.
        images: (data URL, `detail`) of each.
        messages: Role and text of each message.
        extras: What else was sent and counted: "tools", "schema" or "".
        billed: Input tokens of the bill.
    """

    name: str
    service: str
    model: str
    images: tuple[tuple[str, str], ...]
    messages: tuple[tuple[str, str], ...]
    extras: str
    billed: int

    @property
    def image_tokens(self) -> int:
        """What we estimate for the images."""
        profile = get_profile(self.model, self.service)
        sizes = [Image.from_data_url(url) for url, _ in self.images]
        return sum(
            profile.tokens(image.width, image.height, detail)
            for image, (_, detail) in zip(sizes, self.images, strict=True)
        )

    @property
    def text_tokens(self) -> int:
        """What we estimate for the messages, without tools and schemas."""
        texts = sum(estimate_text_tokens(text) for _, text in self.messages)
        return texts + MESSAGE_TOKENS * len(self.messages) + REPLY_TOKENS

    @property
    def seen(self) -> bool:
        """Whether the bill has room for the images, which it has not when they were ignored."""
        return self.billed >= self.image_tokens

    @property
    def is_plain(self) -> bool:
        """Whether images and messages of a known model are all that was counted."""
        return self.seen and not self.extras and get_profile(self.model, self.service).known

    @property
    def left(self) -> int:
        """Billed tokens that the estimates of images and text do not explain."""
        return self.billed - self.image_tokens - self.text_tokens


def read_bills(folder: Path = RECORDINGS) -> Iterator[Bill]:
    """Read every recording whose request carries an image as base64 and whose answer has a bill."""
    for path in sorted(folder.glob("[0-9]*.json")):
        record = json.loads(path.read_text())
        body, response = record["request"]["body"], record["response"]
        if response["status"] != 200 or not isinstance(body, dict):
            continue
        images = tuple(_images(body, folder))
        usage = re.findall(r'\\*"(?:prompt|input)_tokens\\*": ?(\d+)', json.dumps(response))
        if images and usage:
            yield Bill(
                name=path.stem,
                service="azure" if "azure" in path.stem else "openai",
                model=body["model"],
                images=images,
                messages=tuple(_messages(body)),
                extras=_extras(body),
                billed=max(map(int, usage)),
            )


def _images(node: Any, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (data URL, detail) of every image below `node`."""
    if isinstance(node, list):
        for item in node:
            yield from _images(item, folder)
    elif isinstance(node, dict):
        where = node.get("image_url", node)
        holder = where if isinstance(where, dict) else {"url": where, "detail": node.get("detail")}
        url = holder.get("url")
        if isinstance(url, str) and url.startswith("data:image/") and "ELIDED" not in url:
            yield _inlined(url, folder), holder.get("detail") or "auto"
        else:
            for item in node.values():
                yield from _images(item, folder)


def _inlined(url: str, folder: Path) -> str:
    head, _, name = url.partition("@file:")
    return head + base64.b64encode((folder / name).read_bytes()).decode() if name else url


def _messages(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if body.get("instructions"):
        yield "system", body["instructions"]
    for message in body.get("messages") or body["input"]:
        content = message.get("content") or message.get("output") or ""
        parts = {str: [{"text": content}], dict: [content]}.get(type(content), content)
        yield message.get("role", "tool"), " ".join(part.get("text", "") for part in parts)


def _extras(body: dict[str, Any]) -> str:
    if body.get("tools"):
        return "tools"
    return "schema" if body.get("response_format") else ""


def langchain_openai_tokens(bill: Bill) -> int | None:
    """Count with `ChatOpenAI.get_num_tokens_from_messages`, text with our own estimator."""
    from langchain_core.messages import HumanMessage
    from langchain_openai import ChatOpenAI

    class Offline(ChatOpenAI):
        def _get_encoding_model(self):
            return self.model_name, _Encoding()

    chat = Offline(model=bill.model, api_key="none")
    blocks = [_chat_block(url, detail) for url, detail in bill.images]
    messages = [HumanMessage(text) for _, text in bill.messages]
    messages[-1] = HumanMessage([{"type": "text", "text": bill.messages[-1][1]}, *blocks])
    try:
        return chat.get_num_tokens_from_messages(messages)
    except NotImplementedError:
        return None


class _Encoding:
    def encode(self, text: str) -> range:
        return range(estimate_text_tokens(text))


def _chat_block(url: str, detail: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}}


_ASK_LITELLM = """
import json, sys
import litellm
from litellm.litellm_core_utils.token_counter import calculate_img_tokens
answers = []
for bill in json.load(sys.stdin):
    images = [{"url": url, "detail": detail} for url, detail in bill["images"]]
    blocks = [{"type": "image_url", "image_url": image} for image in images]
    messages = [{"role": "user", "content": text} for _, text in bill["messages"]]
    messages[-1]["content"] = [{"type": "text", "text": messages[-1]["content"]}, *blocks]
    total = litellm.token_counter(model=bill["model"], messages=messages)
    high = sum(calculate_img_tokens(u, "low" if d == "low" else "high") for u, d in bill["images"])
    answers.append((total, high))
print(json.dumps(answers))
"""


def litellm_tokens(bills: list[Bill], python: str | None) -> list[tuple[int, int]] | None:
    """Ask litellm for `token_counter`, and its `calculate_img_tokens` at high, of each bill."""
    if python is None:
        return None
    asked = [{"model": b.model, "images": b.images, "messages": b.messages} for b in bills]
    done = subprocess.run(
        [python, "-c", _ASK_LITELLM],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        env={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", type=Path, nargs="?", default=RECORDINGS)
    parser.add_argument("--litellm", metavar="PYTHON", help="an interpreter that has litellm")
    options = parser.parse_args()
    bills = list(read_bills(options.recordings))
    litellm = litellm_tokens(bills, options.litellm)
    print("                                        ---- ours ----   left: lang-  litellm  litellm")
    print("recording      model           billed  images text left    chain    counter  at high")
    for number, bill in enumerate(bills):
        theirs = langchain_openai_tokens(bill)
        counter, high = litellm[number] if litellm else (None, None)
        left = [
            _left(bill, theirs),
            _left(bill, counter),
            _left(bill, None if high is None else high + bill.text_tokens),
        ]
        note = bill.extras if bill.seen else "not seen"
        print(
            f"{bill.name[:14]:14} {bill.model[:15]:15} {bill.billed:6} {bill.image_tokens:7} "
            f"{bill.text_tokens:4} {bill.left:4}  {left[0]:>8} {left[1]:>8} {left[2]:>8}  {note}"
        )
    plain = [bill for bill in bills if bill.is_plain]
    worst = max(plain, key=lambda bill: abs(bill.left))
    print(f"\n{len(plain)} bills of images that a known model saw, without tools or schema:")
    print(f"at most {abs(worst.left)} tokens are left, in {worst.name}.")


def _left(bill: Bill, tokens: int | None) -> str:
    return "n/a" if tokens is None else f"{bill.billed - tokens}"


if __name__ == "__main__":
    main()
