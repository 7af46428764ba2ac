"""`gptv video`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from langchain_gptv.cli.ask import Json, Model
from langchain_gptv.cli.pictures import check_picture

if TYPE_CHECKING:
    from langchain_gptv.tools.watch import VideoAnswer, Watching


def video(
    file: Annotated[str, typer.Argument(help="MP4, MOV, WebM, MKV and others.", metavar="FILE")],
    question: Annotated[str, typer.Argument(help="What you want to know.", metavar="QUESTION")],
    model: Model = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="Look where the video shows this.")
    ] = None,
    between: Annotated[
        str | None,
        typer.Option("--between", help="A part of it: 0:10-0:20.", metavar="START-END"),
    ] = None,
    frames: Annotated[int, typer.Option("--frames", "-n", help="Frames that are looked at.")] = 8,
    strategy: Annotated[
        Literal["even", "scenes", "query", "zoom"] | None,
        typer.Option(
            "--strategy",
            help="How frames are chosen. 'zoom' lets the model choose from a sheet of small ones.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help="Put the frames on a sheet, to this file.", metavar="OUT.png"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask a question about a video: the model is shown frames with their times."""
    from langchain_gptv.cli.models import announce, choose_model
    from langchain_gptv.cli.terminal import CommandBar
    from langchain_gptv.store import ImageStore
    from langchain_gptv.tools.watch import Watching, watch_video

    chosen = strategy or ("query" if query else "even")
    watching = Watching(frames, _between(between), chosen, query)
    _check(watching)
    if sheet is not None:
        check_picture(sheet)
    chat_model, why = choose_model(model)
    announce(chat_model, why)
    store = ImageStore()
    bar = CommandBar("frames")
    seen = watch_video(file, question, llm=chat_model, watching=watching, store=store, progress=bar)
    if sheet is not None:
        _draw(seen, store, sheet)
    typer.echo(_as_json(seen) if as_json else _as_text(seen))


def _check(watching: Watching) -> None:
    from langchain_gptv.exceptions import PlanError
    from langchain_gptv.vision.video.sheets import MAX_CELLS

    if not 1 <= watching.count <= MAX_CELLS:
        raise PlanError(f"--frames {watching.count} must be from 1 to {MAX_CELLS}.")
    if watching.query and watching.strategy not in ("query", "zoom"):
        raise PlanError(
            f"--query needs --strategy query or zoom; with {watching.strategy} it would be lost."
        )


def _between(text: str | None) -> tuple[float, float] | None:
    from langchain_gptv.exceptions import VideoError
    from langchain_gptv.vision.timestamps import parse_timestamp

    if text is None:
        return None
    start, dash, end = text.partition("-")
    try:
        return parse_timestamp(start), parse_timestamp(end) if end else float("inf" if dash else "")
    except ValueError as error:
        raise VideoError(
            f"--between {text!r} is no part of a video. Write it as 0:10-0:20, or 0:10- for the "
            "rest."
        ) from error


def _draw(seen: VideoAnswer, store: Any, out: Path) -> None:
    from langchain_gptv.vision.video.frames import Frame
    from langchain_gptv.vision.video.sheets import contact_sheet

    frames = [Frame(m.timestamp_s, None, store.get(m.image), m.score) for m in seen.frames]
    columns = min(4, len(frames))
    contact_sheet(frames, columns, cell_width=320).to_pil().save(out)
    typer.echo(f"gptv: drew {len(frames)} frames to {out}", err=True)


def _as_text(seen: VideoAnswer) -> str:
    moments = ", ".join(moment.label for moment in seen.moments or seen.frames)
    where = f"{'Shown at' if seen.moments else 'Frames looked at'}: {moments}."
    return "\n".join(filter(None, (seen.answer, where, seen.note)))


def _as_json(seen: VideoAnswer) -> str:
    # Handles are of a store that ends with the command.
    handles = {"__all__": {"image"}}
    dumped = seen.model_dump(mode="json", exclude={"frames": handles, "moments": handles})
    return json.dumps(dumped, ensure_ascii=False, indent=2)
