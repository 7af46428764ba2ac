"""`gptv ask`, `gptv describe` and `gptv read`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_gptv._urls import is_web_url
from langchain_gptv.cli.pictures import check_picture
from langchain_gptv.exceptions import MessageError, PlanError
from langchain_gptv.vision.rules import Detail

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

DESCRIBE = "Describe the picture."
READ = "Read all the text, verbatim, and keep its layout. Answer with the text alone."

MANY_BOXES = 8

Images = Annotated[list[str], typer.Argument(help="Files, URLs or data URLs.", metavar="IMAGE")]
Model = Annotated[
    str | None, typer.Option("--model", "-m", help="Model name, or deployment on Azure.")
]
DetailOption = Annotated[
    Detail, typer.Option("--detail", "-d", help="The API's setting of that name.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer, evidence and usage as JSON.")]
Boxes = Annotated[
    Path | None,
    typer.Option("--boxes", help="Draw what the answer rests on to this file.", metavar="OUT.png"),
]


def ask(
    words: Annotated[
        list[str],
        typer.Argument(help="One or more images, then the question.", metavar="IMAGE... QUESTION"),
    ],
    model: Model = None,
    detail: DetailOption = "auto",
    as_json: Json = False,
    boxes: Boxes = None,
) -> None:
    """Ask a question about one or more pictures."""
    *images, question = words
    _check_order(words)
    answer(images, question, model=model, detail=detail, as_json=as_json, boxes=boxes)


def describe(
    images: Images,
    model: Model = None,
    detail: DetailOption = "auto",
    as_json: Json = False,
    boxes: Boxes = None,
) -> None:
    """Say what is in one or more pictures."""
    answer(images, DESCRIBE, model=model, detail=detail, as_json=as_json, boxes=boxes)


def read(
    images: Images,
    model: Model = None,
    detail: DetailOption = "auto",
    as_json: Json = False,
    boxes: Boxes = None,
) -> None:
    """Print the text of one or more pictures, laid out as in the picture."""
    answer(images, READ, model=model, detail=detail, as_json=as_json, boxes=boxes)


def _check_order(words: Sequence[str]) -> None:
    *images, question = words
    if not question.strip():
        raise MessageError('The question is empty: gptv ask receipt.png "What is the total?"')
    if Path(question).is_file():
        files = shlex.join(word for word in words if Path(word).is_file())
        raise MessageError(
            f"{question!r} is a file, and the question comes last: "
            f'gptv ask {files} "What is the total?"'
        )
    if not images:
        raise MessageError(
            f"{question!r} is one argument; give the image first and then the question: "
            'gptv ask receipt.png "What is the total?"'
        )


def answer(
    images: Sequence[str],
    question: str,
    *,
    model: str | None,
    detail: Detail,
    as_json: bool,
    boxes: Path | None,
) -> None:
    """Ask the chosen model and print its answer."""
    from langchain_gptv.cli.models import announce, choose_model
    from langchain_gptv.messages import human_message

    if boxes is not None:
        check_picture(boxes)
    checked = [_check_image(source) for source in images]
    message = human_message(question, *checked, detail=detail)
    chat_model, why = choose_model(model)
    announce(chat_model, why)
    reply = chat_model.invoke([message])
    facts = reply.response_metadata.get("gptv") or {}
    if boxes is not None:
        draw_evidence(images, facts, boxes)
    if as_json:
        typer.echo(json.dumps(_as_dict(reply, facts), ensure_ascii=False, indent=2))
    else:
        typer.echo(_text_of(reply))


def draw_evidence(images: Sequence[str], facts: dict[str, Any], out: Path) -> None:
    """Draw the evidence of an answer; several images give OUT-1.png, OUT-2.png, ..."""
    from langchain_gptv.vision.boxes import Box
    from langchain_gptv.vision.draw import draw_boxes
    from langchain_gptv.vision.images import Image

    if not facts:
        raise PlanError("--boxes needs evidence, which only gptv-local gives: add -m gptv-local.")
    for index, source in enumerate(images):
        shown = [fact for fact in facts["evidence"] if fact["box"] and fact["image_index"] == index]
        # On a page full of text, labels would cover the very words that they repeat.
        plain = len(shown) > MANY_BOXES
        boxes = [
            (Box(*fact["box"]), "" if plain and fact["kind"] == "text" else _label(fact))
            for fact in shown
        ]
        path = out if len(images) == 1 else out.with_stem(f"{out.stem}-{index + 1}")
        draw_boxes(Image.of(source).to_pil(), boxes).save(path)
        count = f"{len(boxes)} {'box' if len(boxes) == 1 else 'boxes'}"
        typer.echo(f"gptv: drew {count} to {path}", err=True)


def _label(fact: dict[str, Any], limit: int = 24) -> str:
    text = fact["text"]
    return f"{text if len(text) <= limit else text[: limit - 1] + '…'} {fact['score']:.0%}"


def _check_image(source: str) -> Any:
    """Decode a file once, so that an error about a damaged one can name it."""
    from langchain_gptv.vision.images import Image

    if is_web_url(source):
        return source
    image = Image.of(source)
    image.to_pil()
    return image


def _as_dict(reply: BaseMessage, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "answer": _text_of(reply),
        "model": reply.response_metadata.get("model_name"),
        "is_language_model": facts.get("is_language_model", True),
        "certainty": facts.get("certainty"),
        "evidence": facts.get("evidence", []),
        "usage": getattr(reply, "usage_metadata", None),
    }


def _text_of(reply: BaseMessage) -> str:
    refusal = reply.additional_kwargs.get("refusal")
    return str(refusal) if refusal and not reply.text else str(reply.text)
