"""What all tools share, `zoom_image`, and `ask_image` that looks closer."""

import asyncio
import base64
import re
import threading

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from pydantic import BaseModel
from scripted_model import Scripted, chat

from langchain_gptv import Box, Image, ImageSources
from langchain_gptv.exceptions import BudgetError, RegionError, ReplyError
from langchain_gptv.store import ImageStore
from langchain_gptv.tools.ask import AskImage, aask_image, ask_image
from langchain_gptv.tools.regions import parse_region
from langchain_gptv.tools.spending import SearchBudget
from langchain_gptv.tools.steps import Model, arun_steps, ask_object, run_steps
from langchain_gptv.tools.zoom import ZoomImage, parse_cell, zoom_image

RECEIPT = EXAMPLE_IMAGES / "receipt.png"


def small_text(width=3000, height=1700, size=11) -> PIL.Image.Image:
    """Draw a page whose text is too small for gpt-4o: columns of it, and nothing at the right."""
    page = PIL.Image.new("RGB", (width, height), "white")
    draw, font = PIL.ImageDraw.Draw(page), PIL.ImageFont.load_default(size)
    for y in range(40, height - 40, 3 * size):
        for x in range(60, width * 2 // 3 - 300, 340):
            draw.text((x, y), f"Item {y} of the list, quantity {x}, gross pay", "black", font)
    return page


def call(tool, **arguments):
    """Call a tool as an agent does, and return its message."""
    return tool.invoke({"name": tool.name, "args": arguments, "id": "1", "type": "tool_call"})


# Arguments that a model writes


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ("10,20,30,40", (10, 20, 30, 40)),
        ("[10, 20, 30, 40]", (10, 20, 30, 40)),
        ("10.4 20 30 40", (10, 20, 30, 40)),
        ("250,0,750,500/1000", (100, 0, 300, 150)),
        ("-50,-50,900,900", (0, 0, 400, 300)),
    ],
)
def test_regions_as_models_write_them(region, box):
    """Pixels and thousandths, with or without brackets, cut to the picture."""
    assert parse_region(region, 400, 300) == box


@pytest.mark.parametrize(
    ("region", "why"),
    [
        ("the left half", "is no region"),
        ("10,20,30", "is no region"),
        ("10,20,30,40,50", "is no region"),
        ("300,20,100,40", "inside out"),
        ("500,500,600,600", "outside the picture"),
        ("1,1,2,2", "less than 2 pixels"),
    ],
)
def test_a_bad_region_says_how_large_the_picture_is(region, why):
    """The error names what was written, the rule, and the size to keep to."""
    with pytest.raises(RegionError, match=f"{why}.*400 x 300 pixels"):
        parse_region(region, 400, 300)


@pytest.mark.parametrize("cell", ["E1", "A4", "12", "", "A1B"])
def test_a_bad_cell_says_which_there_are(cell):
    """The grid has columns A to D and rows 1 to 3."""
    with pytest.raises(RegionError, match="columns are A to D, the rows 1 to 3"):
        parse_cell(cell, 400, 300)


# Images that a model names


@pytest.fixture
def zoom() -> ZoomImage:
    """A tool that may open the example images."""
    return ZoomImage(sources=ImageSources(roots=[EXAMPLE_IMAGES]), observer=None)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("/etc/passwd", "outside the allowed roots.*use the handle"),
        ("../../pyproject.toml", "outside the allowed roots.*use the handle"),
        ("https://example.com/a.png?token=1", "no hosts are named.*use the handle"),
        ("file:///etc/passwd", "no hosts are named.*use the handle"),
        ("data:image/png;base64,iVBO", "bytes of an image cannot be passed"),
        ("img_0123456789ab", "no image 'img_0123456789ab'"),
        ("gptv://img_0123456789ab/zoom_9", "no image 'img_0123456789ab/zoom_9'"),
        ("truth.json", "truth.json.*use another image"),
    ],
)
def test_what_may_not_be_opened_is_said_to_the_model(zoom, reference, said):
    """The run goes on with a message that says what to do; nothing is opened or fetched."""
    message = call(zoom, image=reference, cell="A1")
    assert message.status == "error"
    assert "ImageSources" not in message.content
    assert re.search(said, message.content, re.DOTALL)


def test_an_unknown_handle_is_answered_with_those_there_are(zoom):
    """A model that misspells a handle is told the handles of its own store."""
    known = zoom.store.put(Image.from_pil(PIL.Image.new("RGB", (20, 20), "teal")))
    said = zoom.invoke({"image": "img_000000000000", "region": "0,0,9,9"})
    assert "There is no image 'img_000000000000' in the store. There are: " in said
    assert known in said
    assert "put()" not in said


def test_a_tool_opens_nothing_by_default():
    """Without sources a model can name handles only."""
    assert call(ZoomImage(observer=None), image=str(RECEIPT), cell="A1").status == "error"


def test_a_bare_name_is_found_in_the_roots(zoom):
    """A model does not know where the roots lie."""
    assert call(zoom, image="receipt.png", cell="A1").artifact.width == 600


def test_missing_arguments_are_named(zoom):
    """Wrong arguments come back as text, and the run goes on."""
    assert "image: Field required" in call(zoom, cell="A1").content


def test_two_stores_never_mix():
    """A handle of one user is unknown to the tool of another."""
    mine, theirs = ImageStore(), ImageStore()
    handle = mine.put(RECEIPT)
    assert call(ZoomImage(store=mine, observer=None), image=handle, cell="A1").status == "success"
    assert call(ZoomImage(store=theirs, observer=None), image=handle, cell="A1").status == "error"


# Zoom


def test_the_part_comes_back_as_an_image_with_a_handle(zoom):
    """Text names handle and region; the block holds the pixels of that region, enlarged."""
    message = call(zoom, image="receipt.png", region="0,0,300,250")
    text, block = message.content
    shown = Image.from_base64(block["base64"])
    assert (shown.width, shown.height) == (768, 640)
    zoomed = message.artifact
    assert zoomed.crop == f"{zoomed.image}/zoom_1"
    assert zoomed.crop in text["text"]
    assert zoomed.region == (0, 0, 300, 250)
    assert zoom.store.get(zoomed.crop).data == shown.data
    assert zoom.store.crop_of(zoomed.crop).box == (0, 0, 300, 250)


def test_the_same_zoom_has_the_same_handle(zoom):
    """Asking again makes no second crop."""
    first, again = (call(zoom, image="receipt.png", cell="B2").artifact.crop for _ in range(2))
    assert first == again


def test_zooming_into_a_crop_cuts_the_original():
    """A crop that was shown smaller is no loss: the next one has the original's pixels."""
    page = PIL.Image.radial_gradient("L").resize((4000, 4000)).convert("RGB")
    tool = ZoomImage(observer=None, llm=chat(Scripted()))
    handle = tool.store.put(page)
    first = call(tool, image=handle, region="0,0,4000,2000").artifact
    assert first.scale < 0.4
    crop = tool.store.get(first.crop)
    middle = f"{crop.width // 2},{crop.height // 2},{crop.width},{crop.height}"
    second = call(tool, image=first.crop, region=middle).artifact
    assert second.image == handle
    assert second.region == pytest.approx((2000, 1000, 4000, 2000), abs=4)
    assert second.crop == f"{handle}/zoom_2"


@pytest.mark.parametrize(
    "arguments", [{}, {"region": "0,0,9,9", "cell": "A1"}], ids=["none", "two"]
)
def test_one_way_of_naming_a_part(zoom, arguments):
    """None or several ways end in a message with the three there are."""
    assert "in one way" in call(zoom, image="receipt.png", **arguments).content


def test_an_endless_zoom_loop_ends(zoom):
    """After `max_zooms` the model is told to answer; another conversation starts anew."""
    tool = zoom.model_copy(update={"max_zooms": 3})
    arguments = {"name": "zoom_image", "args": {"image": "receipt.png", "cell": "A1"}, "id": "1"}

    def zooms(thread):
        config = {"configurable": {"thread_id": thread}}
        return [tool.invoke({**arguments, "type": "tool_call"}, config) for _ in range(4)]

    for thread in ("ann", "ben"):
        statuses = [message.status for message in zooms(thread)]
        assert statuses == ["success"] * 3 + ["error"]
    assert "Answer from what you have seen" in zooms("ann")[0].content


def test_zooming_async_is_the_same(zoom):
    """`ainvoke` gives what `invoke` gives."""
    arguments = {"name": "zoom_image", "args": {"image": "receipt.png", "cell": "C3"}, "id": "1"}
    message = asyncio.run(zoom.ainvoke({**arguments, "type": "tool_call"}))
    assert message.artifact == call(zoom, image="receipt.png", cell="C3").artifact


def test_a_plain_zoom_needs_no_store():
    """The function returns the part and where it lies."""
    view = zoom_image(RECEIPT, "500,0,1000,250/1000")
    assert view.box == (300, 0, 600, 250)
    assert view.to_original(Box(0, 0, *view.picture.size)) == view.box


# Ask and search


def test_a_readable_picture_takes_one_call():
    """Search costs nothing where the text can be read at once."""
    engine = Scripted()
    answer = ask_image(RECEIPT, "Total?", llm=chat(engine), search=True)
    assert (answer.answer, answer.usage.calls, answer.seen) == ("It is 12.", 1, ())
    assert len(engine.shown) == 1


def test_small_text_is_seen_closer():
    """The parts cover the page's text, and each is shown larger than the whole would be."""
    engine = Scripted(fill=lambda *_: {"answer": "7", "is_complete": True})
    answer = ask_image(small_text(), "Sum?", llm=chat(engine), search=True)
    assert answer.answer == "7"
    [(_, sizes)] = engine.shown
    assert len(answer.seen) == len(sizes) > 1
    for box, (width, _) in zip(answer.seen, sizes, strict=True):
        assert width / box.width > 768 / 1700 * 1.2
    covered = Box.union(answer.seen)
    assert covered[:2] == (0, 0)
    assert 2000 <= covered.x2 < 2800, "what is empty is not paid for"


def test_without_search_the_whole_is_asked_about():
    """The plain question is one call with one image."""
    engine = Scripted()
    ask_image(small_text(), "Sum?", llm=chat(engine))
    assert [len(sizes) for _, sizes in engine.shown] == [1]


def test_the_budget_ends_a_search_with_what_was_found():
    """Some parts are seen, the rest is named, and the tool says what the model can do."""
    engine = Scripted(
        fill=lambda number, question, schema: (
            {"parts": [9, 2]}
            if "parts" in schema["properties"]
            else {"answer": f"found {number}", "is_complete": False}
        )
    )
    tool = AskImage(llm=chat(engine), observer=None, budget=SearchBudget(max_calls=2))
    message = call(tool, image=tool.store.put(small_text(3000, 2400, 8)), question="All?")
    answer = message.artifact
    assert answer.answer == "found 2"
    assert answer.usage.calls == 2
    assert len(answer.unseen) > 0
    assert "max_calls=2" in message.content
    assert "zoom_image" in message.content


def test_no_budget_at_all_is_an_error_before_the_call():
    """Nothing leaves when not even one call fits."""
    engine = Scripted()
    with pytest.raises(BudgetError, match="over 500"):
        ask_image(RECEIPT, "?", llm=chat(engine), budget=SearchBudget(max_tokens=500))
    assert engine.shown == []


def test_money_is_a_budget_too():
    """A limit in US dollars holds before the call, by the model's price."""
    with pytest.raises(BudgetError, match=r"over \$0.0001"):
        ask_image(RECEIPT, "?", llm=chat(Scripted()), budget=SearchBudget(max_cost_usd=0.0001))


def test_asking_async_does_not_block_the_loop():
    """Pixels are worked on in threads while the loop goes on."""
    threads = set()

    class Watching(Scripted):
        def fill(self, images, question, schema):
            threads.add(threading.current_thread().name)
            return super().fill(images, question, schema)

    async def both():
        ticks = 0
        engine = Watching(fill=lambda *_: {"answer": "7", "is_complete": True})
        asking = asyncio.create_task(aask_image(small_text(), "?", llm=chat(engine), search=True))
        while not asking.done():
            await asyncio.sleep(0.005)
            ticks += 1
        return ticks, asking.result()

    ticks, answer = asyncio.run(both())
    assert answer.answer == "7"
    assert ticks > 10
    assert threads.isdisjoint({"MainThread"})


# Answers in a form


class Wanted(BaseModel):
    """What is asked for."""

    number: int


def fake(*answers) -> Model:
    """Return a chat model that has neither tools nor structured output."""
    return Model(GenericFakeChatModel(messages=iter(map(AIMessage, answers))))


@pytest.mark.parametrize(
    "answer", ['{"number": 3}', 'Sure!\n```json\n{"number": 3}\n```\nAnything else?']
)
def test_json_in_text_will_do(answer):
    """Models without structured output answer JSON, often wrapped in words."""
    assert run_steps(ask_object(Wanted, "?"), fake(answer)).value.number == 3


def test_prose_is_asked_again_once():
    """The second try is told what was wrong; both calls are counted."""
    reply = run_steps(ask_object(Wanted, "?"), fake("Three, I think.", '{"number": 3}'))
    assert (reply.value.number, reply.usage.calls) == (3, 2)


def test_prose_twice_is_an_error_with_the_reply():
    """Never an empty result: the reply is attached."""
    with pytest.raises(ReplyError, match="is no Wanted") as caught:
        run_steps(ask_object(Wanted, "?"), fake("Three.", "I said three!"))
    assert caught.value.reply == "I said three!"


def test_prose_twice_is_an_error_async_too():
    """The same core runs under asyncio."""
    with pytest.raises(ReplyError, match="is no Wanted"):
        asyncio.run(arun_steps(ask_object(Wanted, "?"), fake("Three.", "I said three!")))


def test_usage_that_was_not_reported_is_not_zero():
    """Unknown stays unknown when it is added up."""
    usage = run_steps(ask_object(Wanted, "?"), fake("x", '{"number": 3}')).usage
    assert (usage.input_tokens, usage.cost_usd) == (None, None)


def test_no_tool_argument_reaches_a_limit(zoom):
    """What a model can say is an image, a question, and where to look."""
    for tool in (zoom, AskImage(observer=None)):
        named = tool.tool_call_schema.model_json_schema()["properties"]
        assert named.keys() <= {"image", "question", "region", "target", "cell"}


def test_no_bytes_in_text(zoom):
    """The picture travels as an image block, never as base64 in text."""
    text, block = call(zoom, image="receipt.png", cell="A1").content
    assert base64.b64decode(block["base64"])
    assert len(text["text"]) < 400
