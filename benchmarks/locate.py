"""How often `locate` finds the right box: by marks, and by cells of a grid.

    python benchmarks/locate.py [--scenes 3] [--coco FOLDER]

An OCR engine and a detector stand in for the eye (see eye.py). On rendered scenes the candidates
are what an OCR engine finds; on the two COCO pictures they are what the detector finds, and the
truth is COCO's. Found means that the middles of both boxes lie in each other: an OCR engine's boxes
have margins, which the truth has not.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eye import Eye, chat_model
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from langchain_gptv import Box, Image
from langchain_gptv.local.engine import LocalEngine
from langchain_gptv.tools.locating import LocateMode, locate

COCO = Path(__file__).parents[2] / "shared" / "images" / "detection"
WORDS = (
    "Invoice Delivery Settings Payment Customer Address Quantity Profile Search Download".split()
)
SCENE = (1600, 1000)
GOAL = 0.9

Target = tuple[str, list[Box]]


def rendered_scene(seed: int) -> tuple[PILImage.Image, list[Target]]:
    """Draw words as on a screen, one in each cell; return each with its box."""
    rng = random.Random(seed)
    scene = PILImage.new("RGB", SCENE, "#f4f6f8")
    draw, targets = ImageDraw.Draw(scene), []
    for index, word in enumerate(rng.sample(WORDS, len(WORDS))):
        font = ImageFont.load_default(rng.randint(16, 34))
        x = 60 + index % 3 * 500 + rng.randint(0, 200)
        y = 60 + index // 3 * 230 + rng.randint(0, 120)
        box = Box(*draw.textbbox((x, y), word, font=font))
        draw.rounded_rectangle(box.grown(12), 8, fill=rng.choice(["white", "#dde6f0", "#ffe9c7"]))
        draw.text((x, y), word, "black", font)
        targets.append((word, [box]))
    return scene, targets


def coco_scenes(folder: Path) -> Iterator[tuple[PILImage.Image, list[Target]]]:
    """Yield the pictures with the boxes of each class of things."""
    facts = json.loads((folder / "coco_panoptic.json").read_text())
    names = {c["id"]: c["name"] for c in facts["categories"] if c["isthing"]}
    for entry in facts["annotations"]:
        boxes: dict[str, list[Box]] = {}
        for segment in entry["segments_info"]:
            if segment["category_id"] in names and not segment["iscrowd"]:
                name = names[segment["category_id"]]
                boxes.setdefault(name, []).append(Box.from_xywh(*segment["bbox"]))
        picture = PILImage.open(folder / f"coco_{entry['image_id']}.jpg").convert("RGB")
        yield picture, list(boxes.items())


@dataclass
class Score:
    """What was found of all targets of all scenes.

    Attributes:
        there: Boxes of the truth.
        offered: Of them, those that a candidate of the observer lies on.
        found: Of them, those that a found box lies on.
        wrong: Found boxes that lie on none.
        overlap: Sum of the IoU of what was found.
    """

    there: int = 0
    offered: int = 0
    found: int = 0
    wrong: int = 0
    overlap: float = 0.0


def score(
    scene: PILImage.Image, targets: list[Target], mode: LocateMode, eye: Eye, to: Score
) -> None:
    """Look for every target of a scene."""
    image = Image.from_pil(scene)
    seen = eye.engine.observe(image)
    offered = [thing.box for thing in (*(seen.objects or ()), *seen.lines)]
    for phrase, boxes in targets:
        located = locate(image, phrase, llm=chat_model(eye), mode=mode, observer=eye.engine)
        places = [place.box for place in located.found]
        to.there += len(boxes)
        to.offered += sum(any(_lies_on(one, box) for one in offered) for box in boxes)
        hits = [
            max(p.iou(box) for p in places)
            for box in boxes
            if any(_lies_on(p, box) for p in places)
        ]
        to.found, to.overlap = to.found + len(hits), to.overlap + sum(hits)
        to.wrong += sum(not any(_lies_on(place, box) for box in boxes) for place in places)


def _lies_on(one: Box, other: Box) -> bool:
    """Tell whether the middle of each lies in the other."""
    return all(
        b.x1 <= a.center[0] <= b.x2 and b.y1 <= a.center[1] <= b.y2
        for a, b in ((one, other), (other, one))
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=3)
    parser.add_argument("--coco", type=Path, default=COCO)
    asked = parser.parse_args()
    engine = LocalEngine()
    rendered = [rendered_scene(seed) for seed in range(asked.scenes)]
    sets = {"rendered": rendered, "COCO": list(coco_scenes(asked.coco)) if asked.coco else []}
    columns = ("there", "offered", "found", "wrong", "IoU", "tokens", "calls")
    print(f"{'pictures':<10}{'mode':<7}" + "".join(f"{name:>9}" for name in columns))
    shares = {}
    for name, scenes in sets.items():
        for mode in ("marks", "grid"):
            eye, got = Eye(engine=engine), Score()
            for scene, targets in scenes:
                score(scene, targets, mode, eye, got)
            iou = f"{got.overlap / max(1, got.found):.2f}"
            row = (got.there, got.offered, got.found, got.wrong, iou, eye.tokens, eye.calls)
            print(f"{name:<10}{mode:<7}" + "".join(f"{value:>9}" for value in row), flush=True)
            shares[name, mode] = got.found / max(1, got.there)
    return 0 if shares["rendered", "marks"] >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
