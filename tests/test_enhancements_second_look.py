"""The closer look for things that an answer names and the first look did not find."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest
from conftest import EXAMPLE_IMAGES
from leaving import Wire, make_model
from local_pages import line, seen, thing
from test_enhancements import answering

from langchain_gptv import Box, Enhancements, Image, LocalEngine, grounded_spans, human_message
from langchain_gptv.local.detector import MIN_SCORE
from langchain_gptv.local.grounding import Grounder
from langchain_gptv.local.second_look import MIN_AGREED, look_again
from langchain_gptv.vision.observations import DetectedObject, Finder

PAGE = np.zeros((400, 600, 3), np.uint8)
SPOON = Box(100, 100, 160, 140)


class Guessing:
    """A detector that sees a spoon at one place of the page, with a score for each look.

    Pixels that are looked at are told from the whole page by their size.
    """

    labels = frozenset({"spoon"})

    def __init__(self, *scores, away=0.0):
        self.scores = list(scores)
        self.away = away
        self.looked: list[tuple[int, int]] = []

    def guess(self, pixels):
        self.looked.append(pixels.shape[:2])
        if pixels.shape == PAGE.shape:
            return [DetectedObject("spoon", 0.2, SPOON)]
        height, width = pixels.shape[:2]
        # A view has its guess in the middle, mirrored or not.
        x, y = width / 2 + self.away, height / 2
        box = Box(x - 30, y - 20, x + 30, y + 20)
        return [DetectedObject("spoon", self.scores.pop(0), box)]

    def detect(self, pixels):
        return []


def looked_again(detector):
    """What the closer look finds on the page."""
    return look_again(detector, PAGE, detector.guess(PAGE), {"spoon"})


def test_what_every_view_shows_is_there():
    """Four views agree: two sizes, each plain and mirrored; the box is back in the page."""
    detector = Guessing(0.45, 0.4, 0.5, MIN_AGREED)
    (found,) = looked_again(detector)
    assert (found.label, found.score) == ("spoon", 0.45)
    assert found.box.iou(SPOON) > 0.95
    assert detector.looked[1:] == [(90, 90), (90, 90), (132, 132), (132, 132)]


@pytest.mark.parametrize("doubtful", range(4))
def test_one_view_that_does_not_show_it_is_enough(doubtful):
    """Nothing is found, and no further view is looked at."""
    scores = [0.9] * doubtful + [MIN_AGREED - 0.01]
    detector = Guessing(*scores)
    assert looked_again(detector) == []
    assert len(detector.looked) == 1 + len(scores)


def test_another_thing_beside_it_does_not_count():
    """A view must show it where the guess was."""
    assert looked_again(Guessing(*[0.9] * 4, away=45)) == []


def test_what_fills_the_picture_is_not_looked_at_again():
    """A view as large as the picture would show what the first look did."""
    detector = Guessing()
    whole = [DetectedObject("spoon", 0.4, Box(0, 0, 400, 300))]
    assert look_again(detector, PAGE, whole, {"spoon"}) == []
    assert detector.looked == []


class Knows:
    """A closer look that finds what it is told, and keeps what it was asked for."""

    def __init__(self, *found):
        self.found = found
        self.asked: list[set[str]] = []
        self.threads: list[threading.Thread] = []

    def __call__(self, labels):
        self.asked.append(set(labels))
        self.threads.append(threading.current_thread())
        return [found for found in self.found if found.label in labels]


CUP = thing("cup", 0.9, (0, 0, 100, 100))


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ("A cup and a spoon.", [{"spoon"}]),
        ("Two mugs.", []),
        ("No spoon.", []),
        ("Vehicles and animals.", []),
        ("A lorry, a bike.", [{"truck", "bicycle"}]),
        ("The total is 12.50.", []),
    ],
)
def test_only_what_is_named_and_not_seen_is_looked_for(answer, asked):
    """By its certain names; groups, denials and what has a box already are not."""
    knows = Knows()
    Grounder(seen([], [CUP]), look_again=knows).ground(answer)
    assert knows.asked == asked


def test_what_was_looked_for_once_is_not_again():
    """A second answer about the same picture costs nothing."""
    knows = Knows(thing("spoon", 0.4, (200, 100, 260, 140)))
    grounder = Grounder(seen([], [CUP]), look_again=knows)
    for _ in range(2):
        spans = grounder.ground("A spoon by a dog.")
        assert [span.text for span in spans] == ["A spoon"]
    assert knows.asked == [{"spoon", "dog"}]


def test_where_nobody_looked_there_is_no_second_look():
    """Without a detector, objects are None."""
    knows = Knows(thing("spoon"))
    assert Grounder(seen([line("x")], None), look_again=knows).ground("A spoon") == []
    assert knows.asked == []


class Eyes:
    """An observer that sees a cup, and at a closer look a spoon."""

    def __init__(self, wait_s=0.0):
        self.knows = Knows(thing("spoon", 0.4, (200, 100, 260, 140)))
        self.wait_s = wait_s

    def observe(self, image):
        return seen([], [CUP])

    def find(self, image, labels):
        time.sleep(self.wait_s)
        assert (image.width, image.height) == (1024, 576)
        return tuple(self.knows(labels))


async def test_the_closer_look_is_off_the_event_loop():
    """`ainvoke` and `astream` go on while it lasts, and give what `invoke` gives."""
    eyes = Eyes(wait_s=0.3)
    assert isinstance(eyes, Finder)
    question = [human_message("What?", EXAMPLE_IMAGES / "street.jpg")]
    wire = answering("A cup and a spoon.")
    asking = asyncio.create_task(
        make_model("openai", "chat", wire, enhancements=Enhancements(by=eyes)).ainvoke(question)
    )
    longest, last = 0.0, time.monotonic()
    while not asking.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert longest < 0.25
    assert [span.text for span in grounded_spans(await asking)] == ["A cup", "a spoon"]
    assert threading.current_thread() not in eyes.knows.threads


def test_a_streamed_answer_is_looked_at_again_too():
    """The last chunk has the box that the closer look found."""
    eyes = Eyes()
    eyes.knows.found = (thing("cat", 0.4, (200, 100, 260, 140)),)
    model = make_model("openai", "chat", Wire(), enhancements=Enhancements(by=eyes))
    chunks = list(model.stream([human_message("What?", EXAMPLE_IMAGES / "street.jpg")]))
    assert [span.text for span in grounded_spans(chunks[-1])] == ["A cat"]


@pytest.fixture(scope="module")
def finder():
    """The embedded engine with its detector."""
    pytest.importorskip("rapidocr", reason="the extra 'local' is not installed")
    engine = LocalEngine()
    if not engine.observe(Image.of(EXAMPLE_IMAGES / "street.jpg")).objects:
        pytest.skip("the extra 'objects' is not installed")
    return engine


def test_the_embedded_engine_finds_the_spoon(finder, truth):
    """Too unlike a spoon for the first look, it is one from close by; nobody sees a knife."""
    image = Image.of(EXAMPLE_IMAGES / "household.jpg")
    facts = truth["household.jpg"]["objects"]
    (true,) = (Box(*fact["box"]) for fact in facts if fact["label"] == "spoon")
    assert "spoon" not in {found.label for found in finder.observe(image).objects}
    (spoon,) = finder.find(image, {"spoon", "knife", "dog"})
    assert spoon.score < MIN_SCORE
    assert spoon.box.iou(true) > 0.5


def test_boxes_of_a_picture_that_was_scaled_down_are_scaled_back(finder):
    """Over 3,000 pixels the engine looks at a smaller picture."""
    small = Image.of(EXAMPLE_IMAGES / "household.jpg").to_pil()
    large = Image.from_pil(small.resize((3600, 2400)))
    (spoon,) = finder.find(large, {"spoon"})
    assert spoon.box.iou(Box(326 * 6, 66 * 6, 425 * 6, 327 * 6)) > 0.5
