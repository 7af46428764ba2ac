"""How well and at what price each way finds the moments of a video that a query asks for.

    python benchmarks/video_query.py [--model gpt-4o]

Four clips are rendered, of five scenes each: captions, and the photos of examples/images. Twenty
queries ask for one scene each. Rank-1 is the share of queries whose best frame lies in the scene.
The tokens are those of `--model`, of images alone: what selecting takes, and then 8 chosen frames
at detail "low". Temporal zoom needs a language model, so only its price is shown here.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import av
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont, ImageOps

from langchain_gptv import LocalEngine, contact_sheet, estimate_image_tokens, sample_frames

IMAGES = Path(__file__).parents[1] / "examples" / "images"
FPS, SIZE, COUNT = 5, (960, 540), 8
PLAN = {
    "a day in town": [
        ("OPENING CREDITS", 2, "the opening credits"),
        ("street.jpg", 3, "people on bicycles"),
        ("Chapter 1: The Harbour", 2, "when does the chapter about the harbour begin?"),
        ("household.jpg", 3, "a mug"),
        ("THANKS FOR WATCHING", 2, "thanks for watching"),
    ],
    "a lecture": [
        ("Photosynthesis", 3, "photosynthesis"),
        ("Step 1: Light is absorbed", 2, "light absorbed"),
        ("Step 2: Water is split", 2, "Where is the water split?"),
        ("chart.png", 3, "the chart with winter"),
        ("Questions?", 2, "questions"),
    ],
    "an office": [
        ("receipt.png", 3, "Harbour Lane Stationers"),
        ("invoice.png", 3, "the invoice"),
        ("Meeting room 4", 2, "meeting room 4"),
        ("Meeting room 7", 2, "meeting room 7"),
        ("street.jpg", 2, "a lorry or an automobile"),
    ],
    "a match": [
        ("KICK OFF", 3, "the kick off"),
        ("GOAL! 1 - 0", 1, "goal"),
        ("Half time", 2, "half time"),
        ("Substitution: number 23", 2, "substitution of number 23"),
        ("FINAL SCORE 3 - 1", 2, "the final score"),
    ],
}
"""Scenes by clip: a caption or a picture, its seconds, and the query that asks for it."""


def scene(shown: str) -> PILImage.Image:
    if (IMAGES / shown).is_file():
        return ImageOps.pad(PILImage.open(IMAGES / shown).convert("RGB"), SIZE)
    picture = PILImage.new("RGB", SIZE, "midnightblue")
    place = SIZE[0] // 2, SIZE[1] // 2
    ImageDraw.Draw(picture).text(place, shown, "white", ImageFont.load_default(52), anchor="mm")
    return picture


def render(path: Path, scenes: list[tuple[str, int, str]]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for shown, length, _ in scenes:
            picture = scene(shown)
            for _ in range(length * FPS):
                container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path


def moments(scenes: list[tuple[str, int, str]]) -> Iterator[tuple[str, float, float]]:
    start = 0
    for _, length, query in scenes:
        yield query, start, start + length
        start += length


def rank_1(folder: Path) -> tuple[int, int]:
    engine, found, asked = LocalEngine(), 0, 0
    for name, scenes in PLAN.items():
        path = render(folder / f"{name}.mp4", scenes)
        for query, start, end in moments(scenes):
            frames = sample_frames(path, COUNT, strategy="query", query=query, observer=engine)
            best = max(frames, key=lambda frame: frame.score or 0)
            is_right = bool(best.score) and start <= best.timestamp_s < end
            found, asked = found + is_right, asked + 1
            print(f"  {'right' if is_right else 'WRONG'}  {best.label}  {query}", flush=True)
    return found, asked


def prices(path: Path, model: str) -> None:
    cells = list(sample_frames(path, 64, max_side=192))
    sheet = contact_sheet(cells)
    low = estimate_image_tokens(512, 288, model=model, detail="low")
    of_sheet = estimate_image_tokens(sheet.width, sheet.height, model=model, detail="high")
    print(f"\nimage tokens with {model}  {'to select':>10} {'to answer':>10} {'calls':>6}")
    rows = {
        "embedded engine, no network": (0, COUNT * low, 1),
        "embeddings (priced per image)": (0, COUNT * low, 1),
        "temporal zoom, a sheet of 64": (of_sheet, COUNT * low, 2),
        "no selection, 64 frames": (0, 64 * low, 1),
    }
    for way, (select, answer, calls) in rows.items():
        print(f"{way:<34} {select:>8,} {answer:>10,} {calls:>6}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="gpt-4o")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        found, queries = rank_1(Path(folder))
        took = time.perf_counter() - start
        print(f"embedded engine: rank-1 {found}/{queries}, {took / queries:.1f} s a query")
        prices(next(Path(folder).glob("*.mp4")), asked.model)
    return 0 if found >= 0.9 * queries else 1


if __name__ == "__main__":
    sys.exit(main())
