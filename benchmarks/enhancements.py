"""How good and how dear OCR and grounding beside a model are.

    python benchmarks/enhancements.py

Quality: the share of printed words that the block beside the image holds, and the share of
mentioned things whose box overlaps the true one by at least half (IoU 0.5); and which classes that
are not in a picture get a box when an answer names them all the same. Answers are written
from the truth, so that nothing but looking and grounding is measured. Speed: ratios of times taken
in turn, round by round. Pictures of third parties are used where they stand beside a checkout.
"""

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
from PIL import Image as PILImage
from prepare_quality import text_page
from timing import seconds

from langchain_gptv import (
    Box,
    ChatGPTV,
    Enhancements,
    Image,
    LocalEngine,
    grounded_spans,
    human_message,
)
from langchain_gptv.enhancements.beside import write_block
from langchain_gptv.local.detector import SSDDetector
from langchain_gptv.local.labels import COCO_LABELS, count_noun
from langchain_gptv.local.ocr import Pixels, TextReader
from langchain_gptv.local.phrases import join_words
from langchain_gptv.vision.observations import DetectedObject

IMAGES = Path(__file__).parents[1] / "examples" / "images"
SHARED = Path(__file__).parents[2] / "shared" / "images"
KNOWN = set(COCO_LABELS.values())
ENGINE = LocalEngine()
LOOK = Enhancements(by=ENGINE, max_tokens=8000)

Things = list[tuple[str, Box]]


def answering(text: str) -> httpx2.MockTransport:
    """Make a service that always says this."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    reply = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }
    return httpx2.MockTransport(lambda request: httpx2.Response(200, json=reply))


def model_that_says(text: str, **settings: object) -> ChatGPTV:
    """Make a chat model that answers so without delay."""
    client = httpx2.Client(transport=answering(text))
    return ChatGPTV(model="gpt-4o", api_key="none", http_client=client, **settings)


# Words of the block ---------------------------------------------------------------------------


def pages() -> Iterator[tuple[str, Image, str]]:
    """Yield pages with the words that they show."""
    for seed, font_px in enumerate((18, 26, 34)):
        page, words = text_page(56 * font_px, 40 * font_px, font_px, seed)  # no line is cut off
        yield f"rendered, {font_px} px", Image.of(page), " ".join(words)
    for name, facts in json.loads((IMAGES / "truth.json").read_text()).items():
        texts = [f["text"] for f in facts.values() if isinstance(f, dict) and "text" in f]
        if texts:
            yield f"rendered, {name}", Image.of(IMAGES / name), " ".join(texts)
    for name in ("eurotext",):
        if (SHARED / "documents" / f"{name}.tif").is_file():
            text = (SHARED / "documents" / f"{name}.txt").read_text()
            yield f"{name}.tif", Image.of(SHARED / "documents" / f"{name}.tif"), text


def word_recall(block: str, text: str) -> float:
    """Return the share of the words of `text` that the block holds, each as often as printed."""
    wanted, found = (Counter(re.findall(r"\w+", words.casefold())) for words in (text, block))
    return sum((wanted & found).values()) / wanted.total()


# Boxes of the phrases -------------------------------------------------------------------------


def scenes() -> Iterator[tuple[str, Image, Things]]:
    """Yield pictures with the things in them that the detector's classes name."""
    truth = json.loads((IMAGES / "truth.json").read_text())
    for name in ("street.jpg", "household.jpg"):
        things = [(fact["label"], Box(*fact["box"])) for fact in truth[name]["objects"]]
        yield name, Image.of(IMAGES / name), things
    yield from rendered_scenes(truth)
    if SHARED.is_dir():
        yield from coco_scenes()


def rendered_scenes(truth: dict) -> Iterator[tuple[str, Image, Things]]:
    """Yield canvases with things cut out of the example photos, at places and sizes of our own."""
    street = PILImage.open(IMAGES / "street.jpg").convert("RGB")
    cup = PILImage.open(IMAGES / "household.jpg").convert("RGB")
    cuts = {
        "truck": (street, truth["street.jpg"]["objects"][0]["box"]),
        "person": (street, truth["street.jpg"]["objects"][3]["box"]),
        "cup": (cup, truth["household.jpg"]["objects"][0]["box"]),
    }
    for number, (scale, at) in enumerate([(0.9, (60, 60)), (1.1, (180, 120)), (1.3, (260, 40))]):
        for label, (photo, (x1, y1, x2, y2)) in cuts.items():
            margin = 40
            left, top = max(0, x1 - margin), max(0, y1 - margin)
            piece = photo.crop((left, top, min(photo.width, x2 + margin), y2 + margin))
            piece = piece.resize([round(side * scale) for side in piece.size])
            canvas = PILImage.new("RGB", (960, 640), (150, 150, 150))
            canvas.paste(piece, at)
            edges = zip((x1, y1, x2, y2), (left, top) * 2, at * 2, strict=True)
            box = Box(*((edge - origin) * scale + to for edge, origin, to in edges))
            yield f"rendered {label} {number}", Image.of(canvas), [(label, box)]


def coco_scenes() -> Iterator[tuple[str, Image, Things]]:
    """Yield the photos of COCO with the true boxes of their single things."""
    facts = json.loads((SHARED / "detection" / "coco_panoptic.json").read_text())
    names = {category["id"]: category["name"] for category in facts["categories"]}
    for entry in facts["annotations"]:
        things = []
        for segment in entry["segments_info"]:
            x, y, width, height = segment["bbox"]
            if names[segment["category_id"]] in KNOWN and not segment["iscrowd"]:
                things.append((names[segment["category_id"]], Box(x, y, x + width, y + height)))
        name = f"coco_{entry['image_id']}.jpg"
        yield name, Image.of(SHARED / "detection" / name), things


def caption(things: Things) -> str:
    """Write what a model that sees all of it would say."""
    counts = Counter(label for label, _ in things)
    return f"I see {join_words(count_noun(n, label) for label, n in counts.items())} in it."


def judge(image: Image, things: Things, *, merge: bool) -> tuple[int, int, int, int]:
    """Return mentions, those with a right box; boxes given, and those of them that are right.

    Merged, a mention is a kind of thing and its truth the box around all of them.
    """
    wanted = Enhancements(by=ENGINE, merge_duplicates=merge)
    model = model_that_says(caption(things), enhancements=wanted)
    spans = grounded_spans(model.invoke([human_message("What?", image)]))
    given = [(span.text, span.box(image.width, image.height)) for span in spans]
    truths = _truths(things, merge=merge)
    right = sum(any(box.iou(true) >= 0.5 for _, box in given) for _, true in truths)
    true_boxes = sum(any(box.iou(true) >= 0.5 for _, true in truths) for _, box in given)
    return len(truths), right, len(given), true_boxes


def _truths(things: Things, *, merge: bool) -> Things:
    if not merge:
        return things
    labels = dict.fromkeys(label for label, _ in things)
    return [(label, Box.union(box for other, box in things if other == label)) for label in labels]


# Mentions of what is not there -----------------------------------------------------------------

MAY_BE_SEEN = {
    "photos/chelsea.png": {"cat"},
    "photos/grace_hopper.jpg": {"person", "tie"},
    "photos/china.jpg": {"person", "boat", "bench", "potted plant"},
    "photos/astronaut.png": {"person", "airplane", "tie", "chair"},
    "orientation/portrait_exif_1.jpg": {"person", "boat"},
    "documents/page.png": set(),
    "documents/eurotext.tif": set(),
}
"""Classes that these pictures show, or that a person could argue about."""


def with_absent() -> Iterator[tuple[str, Image, list[str]]]:
    """Yield pictures with the classes that are certainly not in them."""
    for name, image, things in scenes():
        if not name.startswith("rendered"):
            # All are labelled in full, but for lights in the street that may be for traffic.
            seen = {label for label, _ in things} | {"traffic light"}
            yield name, image, sorted(KNOWN - seen)
    for name in ("receipt.png", "invoice.png", "page.png", "chart.png"):
        yield name, Image.of(IMAGES / name), sorted(KNOWN)
    for name, seen in MAY_BE_SEEN.items():
        if SHARED.is_dir():
            yield name, Image.of(SHARED / name), sorted(KNOWN - seen)


def false_boxes(image: Image, absent: list[str]) -> tuple[list[str], list[str]]:
    """Return the absent classes that get a box: by the first look, and by the closer one."""
    first = {thing.label for thing in ENGINE.observe(image).objects}
    wanted = Enhancements(by=ENGINE, ocr=False)
    model = model_that_says(caption([(label, None) for label in absent]), enhancements=wanted)
    spans = grounded_spans(model.invoke([human_message("What?", image)]))
    named = {span.text.removeprefix("1 ") for span in spans}
    return sorted(named & first), sorted(named - first)


# Time -----------------------------------------------------------------------------------------


class WatchedDetector(SSDDetector):
    """A detector that keeps what it was shown: the picture, and parts of it for a closer look."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Pixels] = []

    def guess(self, pixels: Pixels) -> list[DetectedObject]:
        """Keep the pixels, and look."""
        self.shown.append(pixels)
        return super().guess(pixels)


def added_time(image: Image, says: str, rounds: int = 5) -> tuple[int, float, float]:
    """Return the detector's looks; added time over that of OCR and of these looks; and again.

    The last is what a second question about the same picture adds, over the same.
    """
    reader, detector, watched = TextReader(), SSDDetector(), WatchedDetector()
    plain, question = model_that_says(says), [human_message("What?", image)]
    model_that_says(says, enhancements=Enhancements(by=LocalEngine(detector=watched))).invoke(
        question
    )
    ratios, again = [], []

    def own_time() -> float:
        def look() -> None:
            reader.read(np.asarray(image.to_pil()))
            for view in watched.shown:
                detector.detect(view)

        return seconds(look)

    for _ in range(rounds + 1):
        before = own_time()
        fresh = LocalEngine(detector=detector, cache_size=4)
        fresh._reader = reader  # which a process loads once, and own_time() has loaded
        model = model_that_says(says, enhancements=Enhancements(by=fresh))
        without = seconds(lambda: plain.invoke(question))
        first = seconds(lambda model=model: model.invoke(question))
        second = seconds(lambda model=model: model.invoke(question))
        own = (before + own_time()) / 2
        ratios.append((first - without) / own)
        again.append(max(0.0, second - without) / own)
    return len(watched.shown), statistics.median(ratios[1:]), statistics.median(again[1:])


def main() -> None:
    print("words of the page in the block beside the image (recall)")
    for name, image, text in pages():
        print(f"  {name:24} {word_recall(write_block(ENGINE.observe(image), LOOK), text):6.3f}")
    found = list(scenes())
    for merge in (True, False):
        print(f"\nmentions with a box of IoU >= 0.5, {'one box a kind' if merge else 'each apart'}")
        total = Counter[str]()
        for name, image, things in found:
            mentions, right, given, true_boxes = judge(image, things, merge=merge)
            total.update(mentions=mentions, right=right, given=given, true=true_boxes)
            print(f"  {name:24} {right:2} of {mentions:2}; boxes right {true_boxes:2} of {given:2}")
        share, precision = total["right"] / total["mentions"], total["true"] / total["given"]
        print(f"  {'all':24} {share:.0%} of mentions; {precision:.0%} of boxes")
    print("\nmentions of what is not there with a box, by the first look and by the closer one")
    total = Counter[str]()
    for name, image, absent in with_absent():
        first, closer = false_boxes(image, absent)
        total.update(absent=len(absent), first=len(first), closer=len(closer))
        print(f"  {name:24} {', '.join(first) or '-'}; {', '.join(closer) or '-'}")
    print(f"  all: {total['first']} and {total['closer']} of {total['absent']}")
    print("\nadded time / own time of OCR and of the detector's looks; a second question's / same")
    for name, says in (
        ("receipt.png", "A cup."),
        ("household.jpg", "A cup."),
        ("household.jpg", "A spoon."),  # which takes a closer look
    ):
        looks, first, second = added_time(Image.of(IMAGES / name), says)
        print(f"  {name:15} {says:8} {looks} looks {first:.2f}; {second:.3f}")


if __name__ == "__main__":
    main()
