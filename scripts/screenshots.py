"""Renew the pictures of docs/images: views as a browser shows them.

    python scripts/screenshots.py

Needs the extras "local" and "objects", and Chromium.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import PIL.ImageChops
import PIL.ImageDraw

from langchain_gptv import ChatGPTV, Enhancements, human_message
from langchain_gptv.display import View, show, show_diff, show_grounding, show_plan

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "images"
IMAGES = ROOT / "examples" / "images"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --force-device-scale-factor=1"
).split()
LIT = (
    "<style>.p0{background:#e69f00!important;color:#000!important}.b0{background:#e69f0066}</style>"
)


def views(folder: Path) -> Iterator[tuple[str, View, tuple[int, int]]]:
    """Yield the name of each picture, what it shows, and the size of the window."""
    yield "plan", show_plan(IMAGES / "receipt.png", "gpt-4o"), (640, 560)
    changed = folder / "changed.png"
    with PIL.Image.open(IMAGES / "receipt.png") as receipt:
        picture = receipt.convert("RGB")
    PIL.ImageDraw.Draw(picture).rectangle((430, 690, 560, 740), fill="white")
    picture.save(changed)
    yield "diff", show_diff(IMAGES / "receipt.png", changed), (640, 560)
    model = ChatGPTV(model="gptv-local", enhancements=Enhancements())
    answer = model.invoke([human_message("Where is the cup?", IMAGES / "household.jpg")])
    facts = answer.response_metadata["gptv"]["evidence"]
    boxes = [((*fact["box"],), fact["text"]) for fact in facts]
    yield "boxes", show(IMAGES / "household.jpg", boxes, max_side=420), (480, 380)
    answer = model.invoke([human_message("Describe the street.", IMAGES / "street.jpg")])
    grounded = show_grounding(IMAGES / "street.jpg", answer, max_side=560)
    yield "grounding", View(grounded.body + LIT, grounded.text, grounded.style), (640, 520)


def photograph(page: Path, size: tuple[int, int], *, dark: bool = False) -> PIL.Image.Image:
    """Return a page as Chromium shows it, without the empty margin below and at the right."""
    browser = shutil.which("chromium") or sys.exit("Chromium is not installed.")
    shot = page.with_suffix(".png")
    shade = ["--blink-settings=preferredColorScheme=0"] if dark else []
    window = f"--window-size={size[0]},{size[1]}"
    where = [f"--screenshot={shot}", f"--user-data-dir={page.parent / 'profile'}"]
    command = [browser, *FLAGS, *shade, window, *where, page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    with PIL.Image.open(shot) as picture:
        seen = picture.convert("RGB")
    paper = PIL.Image.new("RGB", seen.size, seen.getpixel((0, 0)))
    box = PIL.ImageChops.difference(seen, paper).getbbox() or (0, 0, *seen.size)
    return seen.crop((0, 0, min(box[2] + 16, seen.width), min(box[3] + 16, seen.height)))


def main() -> None:
    """Write one WebP for each view."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, view, size in views(Path(folder)):
            page = view.save(Path(folder) / f"{name}.html")
            photograph(page, size).save(OUT / f"{name}.webp", quality=82, method=6)


if __name__ == "__main__":
    main()
