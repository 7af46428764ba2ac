"""A cassette as a person reads it: who was asked what, with which pictures, and what came back."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from langchain_gptv.testing import serializer
from langchain_gptv.testing.answers import Answer, read_answer
from langchain_gptv.testing.digests import Digest, find_digests
from langchain_gptv.testing.files import read_interactions
from langchain_gptv.testing.questions import Question, read_question
from langchain_gptv.testing.servers import is_azure, name_servers
from langchain_gptv.testing.thumbnails import images_folder
from langchain_gptv.vision.costs import estimate_cost


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    Attributes:
        method: Of HTTP.
        uri: Without secrets; a server on this machine has no port.
        question: The conversation and the pictures that were sent.
        status: Of HTTP.
        answer: What came back; streams are joined.
        made: Pictures in the answer.
    """

    method: str
    uri: str
    question: Question
    status: int
    answer: Answer
    made: tuple[Digest, ...]

    @property
    def cost_usd(self) -> Decimal | None:
        """The price of the tokens on the day, in US dollars; None when it is not known."""
        answer = self.answer
        if answer.input_tokens is None or not answer.model:
            return None
        return estimate_cost(
            answer.input_tokens,
            answer.output_tokens or 0,
            model=answer.model,
            service="azure" if is_azure(self.uri) else "openai",
            as_of=answer.created,
        )


@dataclass(frozen=True, slots=True)
class Cassette:
    """A file of exchanges; `recorded_with` names the servers that answered."""

    path: Path
    recorded_with: tuple[str, ...]
    exchanges: tuple[Exchange, ...]

    @property
    def input_tokens(self) -> int:
        """Of all answers that say it."""
        return sum(each.answer.input_tokens or 0 for each in self.exchanges)

    @property
    def output_tokens(self) -> int:
        """Of all answers that say it."""
        return sum(each.answer.output_tokens or 0 for each in self.exchanges)

    @property
    def cost_usd(self) -> Decimal | None:
        """Of all exchanges in US dollars; None when the price of none is known."""
        known = [each.cost_usd for each in self.exchanges if each.cost_usd is not None]
        return sum(known, Decimal(0)) if known else None

    def thumbnail(self, digest: Digest) -> Path | None:
        """Return the small picture beside the cassette, if there is one."""
        return next(iter(sorted(images_folder(self.path).glob(f"{digest.sha256}.*"))), None)


def find_cassettes(place: Path) -> list[Path]:
    """Return the YAML files of a folder and the folders in it, or the one file that is given.

    Raises:
        FileNotFoundError: There is nothing at the path.
    """
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder or cassette", str(place))
    return sorted(path for path in place.rglob("*") if path.suffix in (".yaml", ".yml"))


def load_cassette(path: Path) -> Cassette:
    """Read one cassette of this package or of vcrpy.

    Raises:
        CassetteError: The file is truncated, foreign or broken.
    """
    interactions = read_interactions(path, serializer)
    answers = [(each["request"]["uri"], _text(each["response"])) for each in interactions]
    return Cassette(path, tuple(name_servers(answers)), tuple(map(_read, interactions)))


def _read(interaction: dict[str, Any]) -> Exchange:
    request, response = interaction["request"], interaction["response"]
    body = (response["body"] or {}).get("string")
    return Exchange(
        method=str(request["method"]),
        uri=str(request["uri"]),
        question=read_question(request.get("body")),
        status=response["status"]["code"],
        answer=read_answer(body),
        made=tuple(find_digests(_text(response))),
    )


def _text(response: dict[str, Any]) -> str:
    text = (response["body"] or {}).get("string")
    return text if isinstance(text, str) else ""
