"""`locate`: by marks, by cells of a grid, by coordinates."""

import asyncio
import importlib
import re
import sys

import PIL.Image
import PIL.ImageColor
import PIL.ImageDraw
import PIL.ImageFont
import pytest
from conftest import ROOT
from scripted_model import Scripted, chat

from langchain_gptv import Box, Image, get_profile
from langchain_gptv.exceptions import MissingExtraError, ReplyError
from langchain_gptv.tools.candidates import Candidate, find_candidates, without_doubles
from langchain_gptv.tools.cells import connected
from langchain_gptv.tools.locating import Locate, alocate, locate
from langchain_gptv.tools.views import Sight
from langchain_gptv.tools.zoom import ZoomImage
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine

MARK = PIL.ImageColor.getrgb("#d55e00")
CUP, TOTAL = Box(100, 80, 180, 160), Box(300, 200, 380, 220)


class Known:
    """An observer that knows what is where."""

    def __init__(self, lines=((TOTAL, "Total"),), objects=((CUP, "cup"),)):
        self.lines = tuple(TextLine(text, 0.9, box) for box, text in lines)
        self.objects = tuple(DetectedObject(text, 0.8, box) for box, text in objects)

    def observe(self, image: Image) -> Observation:
        return Observation(image.width, image.height, self.lines, self.objects)


def picker(number, question, schema):
    """Pick the mark whose label stands in the question; a stand-in for reading the picture."""
    phrase = re.search(r"mark this: (.+)", question)[1]
    labels = re.findall(r"^(\d+): '(.*)'", question, re.MULTILINE)
    return {"numbers": [int(n) for n, text in labels if text.lower() in phrase.lower()]}


@pytest.fixture
def picture() -> PIL.Image.Image:
    """Return a picture on which there is nothing; what is where, the observer says."""
    return PIL.Image.new("RGB", (800, 600), (120, 120, 120))


@pytest.mark.parametrize(("phrase", "box", "score"), [("the cup", CUP, 0.8), ("Total", TOTAL, 0.9)])
def test_a_mark_becomes_its_box(picture, phrase, box, score):
    """The number that the model picks is the observer's box, in pixels of the original."""
    found = locate(picture, phrase, llm=chat(Scripted(fill=picker)), observer=Known())
    assert found.mode == "marks"
    [place] = found.found
    assert (place.box, place.score) == (box, score)
    assert place.point == box.center


def test_what_is_found_async_is_the_same(picture):
    """`alocate` gives what `locate` gives."""
    llm = chat(Scripted(fill=picker))
    there = asyncio.run(alocate(picture, "the cup", llm=llm, observer=Known()))
    assert there == locate(picture, "the cup", llm=llm, observer=Known())


def test_small_candidates_are_zoomed_into():
    """Lines too small to be told apart at once are marked on a part, and come back exactly."""
    lines = [
        (Box(x, y, x + 120, y + 9), f"row {y}x{x}")
        for y in range(20, 2100, 40)
        for x in range(20, 3700, 400)
    ]
    page = PIL.Image.new("RGB", (3840, 2160), "white")
    draw = PIL.ImageDraw.Draw(page)
    for box, _ in lines:
        draw.rectangle(box, fill="black")

    class Whole:
        """Sees every line wherever it is asked to look, in pixels of the part."""

        parts = iter(())

        def observe(self, image):
            return Observation(image.width, image.height, tuple(next(self.parts)))

    from langchain_gptv.vision.tiles import cut_tiles

    observer = Whole()
    observer.parts = iter(
        [
            [
                TextLine(text, 0.9, box.moved(-part.x1, -part.y1))
                for box, text in lines
                if part.intersection(box).area == box.area
            ]
            for part in cut_tiles(page, 3, 2)
        ]
    )
    engine = Scripted(fill=picker)
    found = locate(page, "row 1540x2020", llm=chat(engine), observer=observer)
    assert [place.box for place in found.found] == [(2020, 1540, 2140, 1549)]
    assert found.usage.calls == 1, "the likeliest part comes first"


def test_what_no_mark_fits_is_looked_for_in_a_grid(picture):
    """Where the observer has nothing, ever finer cells are chosen."""

    def cells(number, question, schema):
        return {"numbers": [] if "mark this" in question else [12 if number == 2 else 6]}

    found = locate(picture, "the key", llm=chat(Scripted(fill=cells)), observer=Known())
    assert found.mode == "grid"
    [place] = found.found
    # Cell 12 of 4 x 3, cell 6 of that, and cell 6 of 3 x 4 in that, which is higher than wide.
    assert place.box == pytest.approx((683, 483, 700, 500), abs=2)


def test_things_in_cells_apart_are_boxes_apart(picture):
    """Cells that touch make one box; the others are looked at on their own."""

    def cells(number, question, schema):
        return {"numbers": [1, 2, 12] if number == 1 else []}

    llm = chat(Scripted(fill=cells))
    found = locate(picture, "the keys", llm=llm, mode="grid")
    assert [place.box for place in found.found] == [(0, 0, 400, 200), (600, 400, 800, 600)]


@pytest.mark.parametrize(
    ("numbers", "groups"),
    [([6, 5, 1], [[1, 5, 6]]), ([1, 6], [[1], [6]]), ([4, 5], [[4], [5]]), ([], [])],
)
def test_cells_touch_at_their_sides(numbers, groups):
    """Neither corners nor the end of one row and the start of the next make one group."""
    assert connected(numbers, columns=4) == groups


@pytest.mark.parametrize("mode", ["marks", "grid"])
def test_the_clean_picture_leaves_beside_the_marked_one(picture, mode):
    """Each question shows the view as it is, and the same view with what was drawn on it."""
    seen = []

    class Looking(Scripted):
        def fill(self, images, question, schema):
            seen.append([image.to_pil() for image in images])
            return {"numbers": []}, ()

    locate(picture, "a dog", llm=chat(Looking()), observer=Known(), mode=mode)
    assert seen
    for clean, drawn in seen:
        assert clean.size == drawn.size
        assert clean.getcolors() == [(clean.width * clean.height, (120, 120, 120))]
        assert drawn.getcolors() != clean.getcolors()


def test_lines_on_a_photo_keep_their_colour():
    """The four sides of a box have one colour, whatever the compression of the photo."""
    seen = []

    class Looking(Scripted):
        def fill(self, images, question, schema):
            seen.append(images[1].to_pil().convert("RGB"))
            return {"numbers": [1]}, ()

    photo = PIL.Image.merge("RGB", [PIL.Image.effect_noise((800, 600), 90) for _ in range(3)])
    observer = Known(lines=(), objects=((CUP, "cup"),))
    locate(photo, "the cup", llm=chat(Looking()), observer=observer)
    [drawn] = seen
    for x in (CUP.x1 - 6, CUP.x2):
        side = [drawn.getpixel((x + beside, 120)) for beside in range(6)]
        off = [max(abs(a - b) for a, b in zip(pixel, MARK, strict=True)) for pixel in side]
        assert min(off) < 25, side


def test_what_is_seen_twice_is_offered_once():
    """The surer of two boxes over one place stays; an object under a line of text is another."""
    cup, bowl = Candidate(CUP, "cup", 0.9), Candidate(CUP.grown(2), "bowl", 0.6)
    text = Candidate(CUP, "CAFE", 0.95, is_line=True)
    beside = Candidate(CUP.moved(40, 0), "cup", 0.8)
    assert without_doubles([bowl, cup, text, beside, cup]) == [cup, text, beside]


def test_an_object_on_a_seam_is_offered_whole():
    """What two parts of a large picture show is one candidate, the less cut off of both."""
    noise = PIL.Image.effect_noise((3000, 400), 90).convert("RGB")
    whole = Box(1380, 50, 1530, 350)

    class Parts:
        def __init__(self):
            self.left = True

        def observe(self, image):
            shift = 0 if self.left else image.width - 3000
            self.left = False
            box = whole.moved(shift, 0).clamped(image.width, image.height)
            return Observation(image.width, image.height, (), (DetectedObject("dog", 0.9, box),))

    [dog] = find_candidates(Sight(Image.from_pil(noise), get_profile("gpt-4o")), Parts())
    assert dog.box == whole


def test_crowds_are_narrowed_to_the_class_that_is_named(picture):
    """Of many candidates those of the phrase's class come first, by any word for it."""
    cars = tuple((Box(10 + 15 * n, 10, 22 + 15 * n, 40), "car") for n in range(45))
    couch = Box(300, 300, 500, 400)

    class Speaking(Known):
        def labels_of(self, word):
            return ("couch",) if word == "sofa" else ()

    engine = Scripted(fill=lambda *_: {"numbers": [1]})
    observer = Speaking(lines=(), objects=(*cars, (couch, "couch")))
    found = locate(picture, "the sofa", llm=chat(engine), observer=observer)
    assert [place.box for place in found.found] == [couch]
    assert "numbers 1 to 1" in engine.shown[0][0]


def test_a_line_gets_the_box_of_its_ink():
    """The room that a reader leaves around letters is cut off, in pixels of the original."""
    page = PIL.Image.new("RGB", (1600, 1200), "#f4f6f8")
    page.paste("#ffe9c7", (980, 480, 1220, 560))
    page.paste("black", (1000, 500, 1200, 540))
    observer = Known(lines=((Box(970, 470, 1230, 570), "Total"),), objects=())
    found = locate(page, "Total", llm=chat(Scripted(fill=picker)), observer=observer)
    assert [place.box for place in found.found] == [(1000, 500, 1200, 540)]


def test_nothing_found_is_told_as_such(picture):
    """No box is no error: the model hears that nothing fits."""
    tool = Locate(llm=chat(Scripted(fill=lambda *_: {"numbers": []})), observer=Known())
    handle = tool.store.put(picture)
    arguments = {"image": handle, "phrase": "a dog"}
    message = tool.invoke({"name": "locate", "args": arguments, "id": "1", "type": "tool_call"})
    assert "Nothing in" in message.content
    assert message.artifact.found == ()


def test_the_tool_gives_a_crop_of_each_place(picture):
    """The artifact's crops are in the store, and the text names them."""
    tool = Locate(llm=chat(Scripted(fill=picker)), observer=Known())
    handle = tool.store.put(picture)
    arguments = {"image": handle, "phrase": "the cup and the total"}
    message = tool.invoke({"name": "locate", "args": arguments, "id": "1", "type": "tool_call"})
    crops = [place.crop for place in message.artifact.found]
    assert crops == [f"{handle}/zoom_1", f"{handle}/zoom_2"]
    assert all(crop in message.content for crop in crops)
    assert tool.store.crop_of(crops[0]).box == CUP.grown(4)


def test_a_target_is_zoomed_into(picture):
    """`zoom_image` finds what it is told to show, with room around it."""
    tool = ZoomImage(llm=chat(Scripted(fill=picker)), observer=Known())
    arguments = {"image": tool.store.put(picture), "target": "the cup"}
    message = tool.invoke({"name": "zoom_image", "args": arguments, "id": "1", "type": "tool_call"})
    assert message.artifact.region == CUP.grown(20)
    assert message.artifact.usage.calls == 1


def test_a_number_that_is_not_there_is_asked_again(picture):
    """The second try is told the rule; a second miss is an error with the reply."""
    answers = iter([{"numbers": [99]}, {"numbers": [1]}])
    llm = chat(Scripted(fill=lambda *_: next(answers)))
    assert locate(picture, "cup", llm=llm, observer=Known()).found[0].box == CUP
    stubborn = chat(Scripted(fill=lambda *_: {"numbers": [99]}))
    with pytest.raises(ReplyError, match="less than or equal to 2") as caught:
        locate(picture, "cup", llm=stubborn, observer=Known())
    assert "99" in caught.value.reply


@pytest.mark.parametrize(
    ("convention", "written", "box"),
    [
        ("thousandths", (250, 500, 505, 1010), (1000, 1500, 2020, 3000)),
        ("pixels", (256, 384, 512, 768), (1000, 1500, 2000, 3000)),
    ],
)
def test_coordinates_are_mapped_to_the_original(convention, written, box):
    """The model writes of what it sees; the result is in pixels of the file, clamped to it."""
    fields = dict(zip(("x1", "y1", "x2", "y2"), written, strict=True))
    llm = chat(Scripted(fill=lambda *_: {"boxes": [fields]}))
    found = locate(
        PIL.Image.new("RGB", (4000, 3000)), "it", llm=llm, mode="coordinates", convention=convention
    )
    assert found.found[0].box == box


@pytest.mark.parametrize(
    ("written", "why"),
    [((500, 0, 100, 100), "edges, not sizes"), ((0, 0, 4000, 100), "less than or equal to 1020")],
)
def test_coordinates_that_cannot_be_are_refused(picture, written, why):
    """Inside out or far outside, twice: an error with the reply, never a box that is made up."""
    fields = dict(zip(("x1", "y1", "x2", "y2"), written, strict=True))
    llm = chat(Scripted(fill=lambda *_: {"boxes": [fields]}))
    with pytest.raises(ReplyError, match=why):
        locate(picture, "it", llm=llm, mode="coordinates")


def test_supervision_is_asked_for_by_name(picture, monkeypatch):
    """Without the library the error says what to install."""
    found = locate(picture, "cup", llm=chat(Scripted(fill=picker)), observer=Known())
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(MissingExtraError, match="pip install supervision"):
        found.to_supervision()


def test_supervision_takes_the_boxes(picture):
    """Boxes, names and certainties arrive as the library's own; nothing found is no detections."""
    supervision = pytest.importorskip("supervision", reason="supervision is not installed")
    found = locate(picture, "cup", llm=chat(Scripted(fill=picker)), observer=Known())
    seen = found.to_supervision()
    assert isinstance(seen, supervision.Detections)
    assert [tuple(box) for box in seen.xyxy] == [place.box for place in found.found]
    assert list(seen["class_name"]) == [place.text for place in found.found]
    assert list(seen.confidence) == pytest.approx([place.score for place in found.found])
    assert len(found.model_copy(update={"found": ()}).to_supervision()) == 0


def test_an_ocr_eye_picks_the_right_line(engine, monkeypatch):
    """Numbers read off the drawn marks, from pixels alone, lead to the printed line."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    eye = importlib.import_module("eye")
    page = PIL.Image.new("RGB", (500, 260), "white")
    draw, font = PIL.ImageDraw.Draw(page), PIL.ImageFont.load_default(24)
    for y, text in ((30, "Invoice"), (100, "Due date"), (170, "Grand total")):
        draw.text((80, y), text, "black", font)
    [place] = locate(page, "Due date", llm=eye.chat_model(eye.Eye(engine=engine))).found
    assert place.box.iou(Box(*draw.textbbox((80, 100), "Due date", font=font))) > 0.5
