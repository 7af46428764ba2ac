"""How often `locate` finds the right box: by marks, by cells of a grid, by coordinates.

    python benchmarks/locate.py [--scenes 2] [--coco FOLDER]

An OCR engine and a detector stand in for the eye (see eye.py). They see what the service would
show its model: the clean and the marked picture, scaled down. The truth of the rendered scenes is
where the words were drawn; of the two photos it is COCO's, for each class of things.

    there     things of the truth
    seen      of them, those that the engine finds in the picture as the service shows it: the
              eye's own ceiling
    offered   of them, those that are among the candidates
    found     of them, those that `locate` returned
    right     the share found of what could be: of the offered for marks, of the seen otherwise
    wrong     boxes returned that are none of the truth, nor in a crowd that COCO left unparted
    off       median of the largest error of a box's four edges, in pixels of the original

Seen, offered and found mean an IoU of at least 0.5; but for the grid, whose cells have edges of
their own, found means that a box returned holds the middle of the thing and is less than a tenth
of the picture; `off` says how far its edges are.
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from statistics import median

from eye import Eye, as_seen, chat_model
from PIL import Image as PILImage
from PIL import ImageDraw, ImageFont

from langchain_gptv import Box, Image
from langchain_gptv.local.engine import LocalEngine
from langchain_gptv.tools.candidates import find_candidates
from langchain_gptv.tools.locating import LocateMode, locate
from langchain_gptv.tools.views import Sight

COCO = Path(__file__).parents[2] / "shared" / "images" / "detection"
WORDS = (
    "Invoice Delivery Settings Payment Customer Address Quantity Profile Search Download".split()
)
SCENE = (1600, 1000)
GOALS = {"marks": 0.9, "grid": 0.8, "coordinates": 0.9}
HIT = 0.5  # IoU
SMALL = 0.1  # of a picture


@dataclass
class Target:
    """What a phrase means in a scene: its boxes, and crowds in which no one is told apart."""

    phrase: str
    boxes: list[Box] = field(default_factory=list)
    crowds: list[Box] = field(default_factory=list)


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
        targets.append(Target(word, [box]))
    return scene, targets


def coco_scenes(folder: Path) -> Iterator[tuple[PILImage.Image, list[Target]]]:
    """Yield the pictures with the boxes of each class of things."""
    facts = json.loads((folder / "coco_panoptic.json").read_text())
    names = {c["id"]: c["name"] for c in facts["categories"] if c["isthing"]}
    for entry in facts["annotations"]:
        targets: dict[str, Target] = {}
        for segment in entry["segments_info"]:
            if segment["category_id"] in names:
                name = names[segment["category_id"]]
                target = targets.setdefault(name, Target(name))
                group = target.crowds if segment["iscrowd"] else target.boxes
                group.append(Box.from_xywh(*segment["bbox"]))
        picture = PILImage.open(folder / f"coco_{entry['image_id']}.jpg").convert("RGB")
        yield picture, list(targets.values())


@dataclass
class Score:
    """Counts over the phrases of some scenes, by the names of the columns; see the top."""

    mode: LocateMode
    there: int = 0
    seen: int = 0
    offered: int = 0
    found: int = 0
    possible: int = 0
    found_possible: int = 0
    wrong: int = 0
    off: list[float] = field(default_factory=list)

    @property
    def right(self) -> float:
        """The share found of what could be."""
        return self.found_possible / max(1, self.possible)

    def add(self, target: Target, places: list[Box], seen: list[Box], offered: list[Box]) -> None:
        """Count one phrase."""
        for truth in target.boxes:
            hits = [_off(place, truth) for place in places if self._is_hit(place, truth)]
            is_seen, is_offered = (_has(boxes, truth) for boxes in (seen, offered))
            is_possible = is_offered if self.mode == "marks" else is_seen
            self.there, self.found = self.there + 1, self.found + bool(hits)
            self.seen, self.offered = self.seen + is_seen, self.offered + is_offered
            self.possible += is_possible
            self.found_possible += is_possible and bool(hits)
            self.off += [min(hits)] if hits else []
        self.wrong += sum(self._is_wrong(place, target) for place in places)

    def _is_wrong(self, place: Box, target: Target) -> bool:
        crowded = any(place.intersection(crowd).area > place.area / 2 for crowd in target.crowds)
        return not crowded and not any(self._is_hit(place, truth) for truth in target.boxes)

    def _is_hit(self, place: Box, truth: Box) -> bool:
        if self.mode != "grid":
            return place.iou(truth) >= HIT
        x, y = truth.center
        return place.x1 <= x <= place.x2 and place.y1 <= y <= place.y2


def _has(boxes: list[Box], truth: Box) -> bool:
    return any(box.iou(truth) >= HIT for box in boxes)


def _off(place: Box, truth: Box) -> float:
    return max(abs(one - other) for one, other in zip(place, truth, strict=True))


def look(scene: PILImage.Image, targets: list[Target], eye: Eye, to: Score) -> None:
    """Look for every target of a scene."""
    image, llm = Image.from_pil(scene), chat_model(eye)
    shown = as_seen(image, eye.profile)
    offered = [one.box for one in find_candidates(Sight(image, eye.profile), eye.engine)]
    for target in targets:
        boxes = eye.things(shown, target.phrase)
        seen = [box.scaled(image.width / shown.width) for box in boxes]
        located = locate(image, target.phrase, llm=llm, mode=to.mode, observer=eye.engine)
        places = [place.box for place in located.found]
        if to.mode == "grid":
            places = [box for box in places if box.area < SMALL * image.width * image.height]
        to.add(target, places, seen, offered)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=2)
    parser.add_argument("--coco", type=Path, default=COCO)
    asked = parser.parse_args()
    engine = LocalEngine()
    sets = {"rendered": [rendered_scene(seed) for seed in range(asked.scenes)]}
    if asked.coco.is_dir():
        sets["COCO"] = list(coco_scenes(asked.coco))
    columns = "there seen offered found right wrong off tokens calls".split()
    print(f"{'pictures':<10}{'mode':<12}" + "".join(f"{name:>9}" for name in columns))
    is_good = True
    for (name, scenes), mode in product(sets.items(), GOALS):
        eye, got = Eye(engine=engine), Score(mode)
        for scene, targets in scenes:
            look(scene, targets, eye, got)
        offered, off = got.offered if mode == "marks" else "-", f"{median(got.off or [0]):.1f}"
        row = (got.there, got.seen, offered, got.found, f"{got.right:.2f}", got.wrong, off)
        cells = (*row, eye.tokens, eye.calls)
        print(f"{name:<10}{mode:<12}" + "".join(f"{cell:>9}" for cell in cells), flush=True)
        is_good = is_good and got.right >= GOALS[mode]
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
