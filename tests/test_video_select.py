"""Frames that answer a query, and many frames on one sheet."""

import pytest

av = pytest.importorskip("av", reason="the extra 'video' is not installed")

import PIL.Image  # noqa: E402
from clips import render_clip, write  # noqa: E402

from langchain_gptv import Box, Frame, Image, contact_sheet, sample_frames  # noqa: E402
from langchain_gptv.messages.video.blocks import video_block  # noqa: E402
from langchain_gptv.vision.observations import (  # noqa: E402
    ColorShare,
    DetectedObject,
    Observation,
    TextLine,
)
from langchain_gptv.vision.video.scoring import ObserverScorer, query_terms, select_frames  # noqa: E402

BOX = Box(0, 0, 10, 10)


class Scripted:
    """Sees what it is told for each width of a picture, and counts how often it looks."""

    def __init__(self, **seen):
        self.seen = seen
        self.looks = 0

    def observe(self, image):
        self.looks += 1
        words, things = self.seen.get(f"w{image.width}", ((), ()))
        lines = tuple(TextLine(word, 0.9, BOX) for word in words)
        return Observation(image.width, image.height, lines, tuple(things))


def frames(*widths):
    """Return a frame of each width, one second apart."""
    return [
        Frame(at, at, Image.from_pil(PIL.Image.new("RGB", (width, 20), (at * 60 % 255, 0, 0))))
        for at, width in enumerate(widths)
    ]


def car(color):
    """A car of a colour."""
    return DetectedObject("car", 0.8, BOX, (ColorShare(color, 0.7),))


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("When does the red car arrive?", 2),
        ("blue cars", 1),
        ("invoice", 0),
        ("the invoise total", 0),
        ("4711", 0),
    ],
)
def test_the_best_frame_answers_the_query(query, best):
    """Words in the picture, objects, their colours, plurals and misread letters all count."""
    observer = Scripted(
        w30=(("Invoice 4711", "Total"), ()), w40=((), (car("blue"),)), w50=((), (car("red"),))
    )
    found = select_frames(frames(30, 40, 50), query, scorer=ObserverScorer(observer), count=2)
    assert found[0].frame_index == best
    assert found[0].score > 0.3


@pytest.mark.parametrize("query", ["4712", "zebra", "cat"])
def test_nothing_is_chosen_where_nothing_fits(query):
    """Another number is another number, and a short word is not a likeness."""
    observer = Scripted(w30=(("Invoice 4711", "car"), ()))
    assert select_frames(frames(30), query, scorer=ObserverScorer(observer)) == []


def test_everyday_words_mean_what_the_observer_calls_a_thing():
    """An observer that knows them finds an automobile in a car; a colour is not lost on the way."""

    class Knowing(Scripted):
        def labels_of(self, word):
            return ("car",) if word == "automobile" else ()

    seen = {"w30": ((), (car("blue"),)), "w40": ((), (car("red"),))}
    found = select_frames(frames(30, 40), "red automobile", scorer=ObserverScorer(Knowing(**seen)))
    assert [frame.frame_index for frame in found] == [1, 0]
    assert found[0].score == pytest.approx(0.8)
    assert select_frames(frames(30), "automobile", scorer=ObserverScorer(Scripted(**seen))) == []


@pytest.mark.usefixtures("engine")
def test_the_engine_knows_everyday_words(engine):
    """Synonyms, plurals and groups lead to the labels of its detector."""
    assert engine.labels_of("lorries") == ("truck",)
    assert "couch" in engine.labels_of("furniture")
    assert engine.labels_of("freedom") == ()


def test_a_change_of_colour_alone_is_a_change():
    """Red and green of one brightness are two pictures."""
    red, green = (PIL.Image.new("RGB", (20, 20), color) for color in ("red", (0, 130, 0)))
    looks = Scripted()
    shown = [Frame(at, at, Image.from_pil(picture)) for at, picture in enumerate((red, green))]
    ObserverScorer(looks).score(shown, "x")
    assert looks.looks == 2


def test_frames_that_look_the_same_are_looked_at_once():
    """A still passage costs one look."""
    observer = Scripted(w30=(("hello",), ()))
    still = [frames(30)[0]] * 10
    assert len(select_frames(still, "hello", scorer=ObserverScorer(observer))) == 10
    assert observer.looks == 1


def test_a_query_of_fillers_alone_still_has_words():
    """Nobody's query becomes empty."""
    assert query_terms("What is this?") == ("what", "is", "this")


@pytest.fixture(scope="module")
def moments(tmp_path_factory):
    """Twelve seconds, still but for a word that is shown from 6.6 to 9.4."""

    def paint(canvas, number):
        canvas.rectangle((0, 0, 480, 270), fill="navy")
        if 33 <= number < 47:
            write("LAUNCH")(canvas, number)

    path = tmp_path_factory.mktemp("moments") / "clip.mp4"
    return render_clip(path, fps=5, size=(480, 270), paint=paint)


@pytest.mark.usefixtures("engine")
def test_the_engine_finds_the_moment(engine, moments):
    """The best frame lies where the word is shown, with a score; so do all that are returned."""
    found = list(sample_frames(moments, 2, strategy="query", query="the launch", observer=engine))
    assert found
    assert all(6.6 <= frame.timestamp_s < 9.4 and frame.score > 0.5 for frame in found)


def test_a_query_that_nothing_matches_gets_an_even_sample_and_a_note(moments):
    """The frames are spread evenly, their score is 0, and the headline says so."""
    nothing = Scripted()
    found = list(sample_frames(moments, 4, strategy="query", query="zebra", observer=nothing))
    assert [frame.score for frame in found] == [0] * 4
    assert [round(frame.timestamp_s, 1) for frame in found] == pytest.approx(
        [1.5, 4.5, 7.5, 10.5], abs=0.31
    )
    from langchain_core.messages import HumanMessage

    from langchain_gptv import normalize_messages

    block = video_block(moments, "zebra", count=4, observer=nothing)
    headline = normalize_messages([HumanMessage([block])])[0].content[0]["text"]
    assert "None was found to show what was asked for" in headline


def test_another_judge_takes_the_observers_place(moments):
    """A scorer gets the frames one by one, and its order counts."""

    class Latest:
        def score(self, frames, query):
            return [frame.timestamp_s / 12 for frame in frames]

    found = list(sample_frames(moments, 3, strategy="query", query="?", scorer=Latest()))
    assert [frame.timestamp_s > 8 for frame in found] == [True] * 3
    assert found == sorted(found, key=lambda frame: frame.timestamp_s)


def test_a_contact_sheet_holds_its_frames_in_order(moments):
    """Ten frames in rows of eight: the size follows, each cell shows its frame under a label."""
    sampled = list(sample_frames(moments, 10, exact=True))
    sheet = contact_sheet(sampled, columns=8, cell_width=96)
    picture = sheet.to_pil()
    assert sheet.width == 8 * 96 + 7 * 2
    strip = sheet.height // 2 - 54
    assert picture.getpixel((8 * 98 - 10, sheet.height - 5)) == (48, 48, 48)
    labels = picture.crop((0, 0, 96, strip)).convert("L")
    assert labels.getextrema()[1] > 240
    first = picture.getpixel((48, strip + 30))
    assert first == pytest.approx(sampled[0].image.to_pil().getpixel((240, 150)), abs=8)


@pytest.mark.parametrize(("count", "columns"), [(0, 8), (65, 8), (1, 0)])
def test_an_impossible_sheet_is_refused(count, columns):
    """Numbers are checked before anything is drawn."""
    with pytest.raises(ValueError, match="contact sheet holds 1 to 64|columns=0 must be"):
        contact_sheet(frames(30) * count, columns=columns)
