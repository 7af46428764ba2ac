"""What a person sees: views as HTML, and the same in words."""

import io
import re
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser
from types import SimpleNamespace

import documents
import PIL.Image
import PIL.ImageDraw
import pytest
from langchain_core.messages import AIMessage

from langchain_gptv import Box, Image, prepare_image
from langchain_gptv.display import (
    View,
    show,
    show_diff,
    show_frames,
    show_grounding,
    show_plan,
    show_usage,
)
from langchain_gptv.display.view import table
from langchain_gptv.exceptions import DetailNotSupportedError, MessageError
from langchain_gptv.vision.grounding import GroundedSpan, describe_grounding
from langchain_gptv.vision.usage import CallUsage, UsageTotal, add_up

RECEIPT = "examples/images/receipt.png"
STREET = "examples/images/street.jpg"


class Page(HTMLParser):
    """The tags of a page, and whether every one that opens is closed."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(view._repr_html_())

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in ("img", "meta", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Close the tag that was opened last."""
        if tag != "polyline":
            assert self.open.pop() == tag

    def all(self, tag):
        """Return the attributes of all tags of a kind."""
        return [attrs for name, attrs in self.tags if name == tag]


def grounded() -> AIMessage:
    """Return an answer about the street with two phrases tied to boxes."""
    text = "A <truck> and a car."
    spans = [
        GroundedSpan.of_box("<truck>", 2, Box(40, 160, 440, 330), size=(1024, 576)),
        GroundedSpan.of_box("car", 16, Box(840, 200, 980, 270), size=(1024, 576)),
    ]
    metadata = {"enhancements": describe_grounding(text, spans)}
    return AIMessage(text, response_metadata=metadata)


def calls(*costs) -> SimpleNamespace:
    """Return a tracker of calls that cost that much."""
    made = [CallUsage("gpt-4o", "", 1000, 10, 765, cost) for cost in costs]
    return SimpleNamespace(
        calls=made,
        total=add_up(made),
        by_model=lambda: {"gpt-4o": add_up(made)},
        by_tool=lambda: {"": add_up(made)},
    )


VIEWS = {
    "show": lambda: show(RECEIPT, [(Box(40, 40, 200, 80), "a & b")]),
    "show_plan": lambda: show_plan(RECEIPT, "gpt-4o"),
    "show_diff": lambda: show_diff(RECEIPT, Image.of(RECEIPT).to_pil().crop((0, 0, 600, 990))),
    "show_frames": lambda: show_frames([SimpleNamespace(image=Image.of(STREET), timestamp_s=1.0)]),
    "show_grounding": lambda: show_grounding(STREET, grounded()),
    "show_usage": lambda: show_usage(calls(Decimal("0.01"), Decimal("0.02"))),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_whole_and_needs_nothing_else(name):
    """Tags are closed, pictures have words beside them, and no script or address is in it."""
    view = VIEWS[name]()
    page = Page(view)
    assert not page.open
    assert all(image["alt"].strip() for image in page.all("img"))
    assert all(image["src"].startswith("data:") for image in page.all("img"))
    pictures = [attrs for _, attrs in page.tags if attrs.get("role") == "img"]
    assert all(picture["aria-label"].strip() for picture in pictures)
    assert all(plot.get("role") == "img" for plot in page.all("svg"))
    assert not page.all("script")
    assert not re.search("https?://", view._repr_html_())
    assert str(view) == repr(view) != ""


@pytest.mark.parametrize("page", documents.PAGES, ids=documents.name)
def test_every_picture_of_the_documentation_has_words(page):
    """Who cannot see a picture is told what it shows, in more than a word."""
    text = page.read_text()
    assert "<img" not in text
    for words, _ in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", text):
        assert len(words.split()) >= 4


def test_every_picture_of_the_documentation_is_shown_and_small():
    """None is left over, and all of them together are smaller than one photograph."""
    shown = {
        (page.parent / target).resolve()
        for page in documents.PAGES
        for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text())
    }
    kept = {path.resolve() for path in (documents.DOCS / "images").iterdir()}
    assert shown == kept
    assert sum(path.stat().st_size for path in kept) < 200_000


def test_long_names_in_a_table_break_between_their_words():
    """On a narrow page a model or a tool has its name whole, or broken at a hyphen or a _."""
    view = View(table(("", "calls"), [("by zoom_into_image", "1"), ("gpt-4o-mini", "2")]), "")
    html = view._repr_html_()
    assert "by zoom_<wbr>into_<wbr>image" in html
    assert "overflow-wrap" not in html


def test_what_is_shown_is_escaped():
    """The words of a picture or an answer are text on the page, never tags."""
    hostile = "<img src=x onerror=alert(1)>"
    shown = show(RECEIPT, [(Box(0, 0, 9, 9), hostile)])
    answer = AIMessage(hostile, response_metadata={})
    for view in (shown, show_grounding(RECEIPT, answer)):
        assert len(Page(view).all("img")) == 1


def test_boxes_are_drawn_where_they_are():
    """A box of the original lies at its place in the smaller picture that is shown."""
    view = show(PIL.Image.new("RGB", (1440, 1440), "white"), [Box(720, 720, 1300, 1300)])
    (image,) = Page(view).all("img")
    shown = PIL.Image.open(io.BytesIO(_decoded(image["src"]))).convert("RGB")
    assert shown.size == (720, 720)
    assert shown.getpixel((200, 200)) == (255, 255, 255)
    outlined = [x for x in range(300, 420) if sum(shown.getpixel((x, 500))) < 600]
    assert outlined
    assert 354 <= min(outlined) <= 361


def test_something_without_a_box_is_refused():
    """`show` says what it takes."""
    with pytest.raises(TypeError, match="'vendor' has no box. Pass Box"):
        show(RECEIPT, ["vendor"])


def test_a_plan_shows_what_the_model_sees():
    """Each detail has its picture, its squares, its tokens and its price."""
    view = show_plan(PIL.Image.new("RGB", (2048, 1024), "white"), "gpt-4o", max_side=400)
    assert "seen at 1536x768 in 6 tiles of 512 px; 1,105 tokens, $0.0028" in str(view)
    high = PIL.Image.open(io.BytesIO(_decoded(Page(view).all("img")[1]["src"]))).convert("RGB")
    lines = [x for x in range(high.width) if high.getpixel((x, 10))[2] < 150]
    assert [round(x / high.width, 2) for x in lines if x - 1 not in lines] == [0.33, 0.67]


def test_a_plan_refuses_a_detail_that_the_model_does_not_accept():
    """An error comes before any picture."""
    with pytest.raises(DetailNotSupportedError, match='does not accept detail="original"'):
        show_plan(RECEIPT, "gpt-4o", details=["original"])


def test_a_difference_is_outlined_in_both():
    """What differs is counted in words and has a number in both pictures."""
    changed = Image.of(RECEIPT).to_pil()
    PIL.ImageDraw.Draw(changed).rectangle((400, 540, 560, 580), fill="red")
    view = show_diff(RECEIPT, changed)
    assert str(view).startswith("1 region differs")
    assert len(Page(view).all("img")) == 2


def test_frames_say_when_they_are():
    """Each frame has its moment below it."""
    frames = [SimpleNamespace(image=Image.of(STREET), timestamp_s=at) for at in (0, 12.5, 3725)]
    assert str(show_frames(frames)) == "3 frames: 00:00.0, 00:12.5, 1:02:05.0"


def test_each_phrase_has_its_box():
    """A phrase and its box know each other by number, and both are reached by the Tab key."""
    page = Page(show_grounding(STREET, grounded()))
    marks, boxes = page.all("mark"), [s for s in page.all("span") if "box" in s.get("class", "")]
    assert [mark["class"] for mark in marks] == ["p0", "p1"]
    assert [box["class"] for box in boxes] == ["box b0", "box b1"]
    assert {tag["tabindex"] for tag in (*marks, *boxes)} == {"0"}
    assert boxes[1]["style"].startswith("left:82.03%;top:34.72%")


def test_foreign_grounding_is_an_error():
    """Metadata of another shape is said to be so."""
    answer = AIMessage("?", response_metadata={"enhancements": {"grounding": {"lines": [{}]}}})
    with pytest.raises(MessageError, match="response_metadata"):
        show_grounding(STREET, answer)


def test_usage_tells_unknown_from_free():
    """A price that is not known is a question mark and a note, never 0."""
    known, unknown = show_usage(calls(Decimal("0.01"), Decimal("0.02"))), show_usage(calls(None))
    assert str(known).splitlines()[-1].endswith("$0.0300")
    assert len(Page(known).all("polyline")) == 1
    assert "The price of 1 call is not known." in str(unknown)
    assert str(unknown).splitlines()[-2].endswith("?")


def test_nothing_adds_up_to_nothing():
    """No calls are no cost."""
    assert add_up([]) == UsageTotal(0, 0, 0, 0, Decimal(), 0, 0)


def test_twenty_photographs_stay_small():
    """A page of 20 pictures is under 2 MB."""
    assert 20 * len(show(STREET)._repr_html_()) < 2_000_000


def test_an_image_shows_itself():
    """An image, prepared or not, is a picture in a notebook, no larger than fits there."""
    image = Image.from_pil(PIL.Image.effect_noise((1000, 500), 50))
    for shown in (image, prepare_image(image)):
        assert PIL.Image.open(io.BytesIO(shown._repr_png_())).size == (720, 360)


def test_a_saved_page_lights_up_in_a_browser(tmp_path):
    """In a real browser, a phrase that has the focus lights its own box up and no other."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("there is no Chromium here")
    page = show_grounding(STREET, grounded()).save(tmp_path / "page.html", title="a < b")
    script = """<script>
        const of = name => getComputedStyle(document.querySelector(name)).backgroundColor;
        const look = () => {
            document.querySelector('.p1').focus();
            document.title = of('.b0') + '|' + of('.b1');
            if (of('.b1') === of('.b0')) setTimeout(look, 50);  // the window has no focus yet
        };
        onload = look;
    </script></body>"""
    page.write_text(page.read_text().replace("</body>", script))
    options = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync "
    options += "--disable-background-networking --disable-component-update "
    options += "--virtual-time-budget=5000 --dump-dom"
    command = [browser, *options.split(), f"--user-data-dir={tmp_path}/user", page.as_uri()]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    title = re.search("<title>(.*?)</title>", dumped)
    assert title is not None
    assert title[1] == "rgba(0, 0, 0, 0)|rgba(230, 159, 0, 0.4)"


def _decoded(url: str) -> bytes:
    import base64

    return base64.b64decode(url.partition(",")[2])
