"""Loaders: pages, figures, photos and scenes as documents; what fails is recorded."""

import asyncio
import base64
import io
import json
import sqlite3
import threading
import time
from pathlib import Path

import httpx2
import openai
import PIL.Image
import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.documents.base import Blob
from langchain_core.language_models import FakeListChatModel
from pdfs import LOCKED, Sheet, bar_chart, make_pdf, report
from pictures import corners, encoded, exif, noise, quarters
from scripted_model import Scripted, chat

from langchain_gptv import Box, ChatGPTV, ImageStore
from langchain_gptv.exceptions import CorruptImageError, EncryptedPDFError, ImageNotFoundError
from langchain_gptv.rag import (
    ImageLoader,
    LoaderCache,
    PDFPageLoader,
    VideoLoader,
    VisionParser,
    figure_box,
    text_lines,
)
from langchain_gptv.vision.observations import DetectedObject, Observation, TextLine

pytest.importorskip("pypdfium2", reason="the extra 'pdf' is not installed")

CAPTION = "Figure 1: Energy saved in three years."


class Reader:
    """An observer that finds one line and one cup in everything, and counts."""

    def __init__(self):
        self.seen = []

    def observe(self, image):
        self.seen.append((image.width, image.height))
        line = TextLine("Read from the picture", 0.9, Box(5, 5, 60, 20))
        return Observation(
            image.width, image.height, (line,), (DetectedObject("cup", 0.9, Box(1, 1, 9, 9)),)
        )


def write(path: Path, data: bytes) -> Path:
    """Write a file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def ink(image, box: Box) -> int:
    """Return the darkest grey inside a box."""
    return image.to_pil().convert("L").crop(box.rounded()).getextrema()[0]


def chart_page() -> Sheet:
    """A page with a paragraph, a chart and its caption."""
    lines = [
        (60, 780 - 16 * n, 11, "Words of the report that stand in a line " * 2) for n in range(8)
    ]
    return Sheet([*lines, (150, 480, 10, CAPTION)], bar_chart(150, 500))


def test_a_page_is_a_document_with_text_picture_and_place(tmp_path):
    """Text layer, page number from 1, and a picture of the page under a handle in the store."""
    loader = PDFPageLoader(write(tmp_path / "a.pdf", report(3)), text="embedded")
    docs = loader.load()
    assert [doc.metadata["page"] for doc in docs] == [1, 2, 3]
    assert docs[1].page_content.startswith("Line 0 of page 2\nLine 1 of page 2\n")
    picture = loader.store.get(docs[1].metadata["image"])
    assert (picture.width, picture.height) == (1240, 1755)
    assert docs[1].id == docs[1].metadata["doc_id"] != docs[0].id
    assert docs[1].metadata["page_count"] == 3


@pytest.mark.parametrize(
    "more",
    ["", "/Rotate 90", "/Rotate 180", "/Rotate 270", "/CropBox[40 400 560 830]"],
    ids=["plain", "90", "180", "270", "cropped"],
)
def test_boxes_are_on_the_ink_of_their_lines(tmp_path, more):
    """Boxes are in pixels of the picture that is kept, for pages turned or cropped too."""
    sheet = Sheet([(100, 700, 20, "First line of words"), (100, 500, 20, "Second line of words")])
    sheet.more = more
    loader = PDFPageLoader(write(tmp_path / "a.pdf", make_pdf(sheet)), text="embedded")
    [doc] = loader.load()
    picture = loader.store.get(doc.metadata["image"])
    found = text_lines(doc)
    assert {text for text, _ in found} == {"First line of words", "Second line of words"}
    whole = picture.to_pil().convert("L")
    for _, box in found:
        assert ink(picture, box) < 60
        whole.paste(255, tuple(map(int, box.grown(4))))
    assert whole.getextrema()[0] == 255  # nothing was drawn elsewhere


def test_metadata_fits_every_vector_store(tmp_path):
    """Strings and numbers alone, none of them long enough to be a picture."""
    docs = PDFPageLoader(write(tmp_path / "a.pdf", make_pdf(chart_page())), text="embedded").load()
    values = [value for doc in docs for value in doc.metadata.values()]
    assert {type(value) for value in values} <= {str, int, float}
    assert not [value for value in values if isinstance(value, str) and "base64" in value]
    assert max(len(str(value)) for value in values) < 2000


def test_a_drawing_is_a_figure_with_its_caption(tmp_path):
    """The chart is cut out whole, near its true place, and knows its page."""
    loader = PDFPageLoader(write(tmp_path / "a.pdf", make_pdf(chart_page())), text="embedded")
    page, figure = loader.load()
    truth = Box(150, 842 - 610, 300, 842 - 500).scaled(150 / 72)
    assert figure_box(figure).iou(truth) > 0.85
    assert figure.page_content.split("\n")[0] == CAPTION
    assert (figure.metadata["parent"], figure.metadata["figure"]) == (page.id, 1)
    crop = loader.store.crop_of(figure.metadata["image"])
    assert (crop.parent, crop.box) == (page.metadata["image"], figure_box(figure))
    blue = loader.store.get(figure.metadata["image"]).to_pil()
    assert (51, 102, 204) in {color for _, color in blue.getcolors(1 << 24)}


def test_an_embedded_picture_is_a_figure(tmp_path):
    """A photo on the page is cut out at its place; a logo is not."""
    photo, logo = corners(400, 300), corners(40, 40)
    sheet = Sheet([(60, 780, 12, "A page with a photo on it, and a logo")])
    sheet.pictures = [(100, 400, 300, 225, photo), (500, 800, 30, 30, logo)]
    loader = PDFPageLoader(write(tmp_path / "a.pdf", make_pdf(sheet)), text="embedded")
    _, figure = loader.load()
    assert figure_box(figure).iou(Box(100, 842 - 625, 400, 842 - 400).scaled(150 / 72)) > 0.98
    cut = loader.store.get(figure.metadata["image"])
    assert quarters(cut.to_pil()) == quarters(photo)
    assert cut.width > figure_box(figure).width * 1.2  # finer than on the page


def test_rules_and_underlines_are_no_figure(tmp_path):
    """Lines across a page of text make no drawing."""
    rules = " ".join(f"60 {775 - 20 * n} m 500 {775 - 20 * n} l S" for n in range(30))
    sheet = Sheet([(60, 780 - 20 * n, 11, f"Underlined line {n}") for n in range(30)], rules)
    docs = PDFPageLoader(write(tmp_path / "a.pdf", make_pdf(sheet)), text="embedded").load()
    assert [doc.metadata["kind"] for doc in docs] == ["page"]


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [("gpt-4o", 11, (768, 1086)), ("gpt-5.4", 11, None), ("gpt-5.4", 3, None)],
)
def test_dots_per_inch_are_what_the_model_sees(tmp_path, model, size, expected):
    """A page has the pixels that the model is shown, and more where small text needs them."""
    from langchain_gptv.vision.profiles import get_profile

    sheet = Sheet([(60, 780 - 16 * n, size, f"Line {n} of words") for n in range(20)])
    path = write(tmp_path / "a.pdf", make_pdf(sheet))
    [doc] = PDFPageLoader(path, model=model, text="embedded").load()
    got = doc.metadata["width"], doc.metadata["height"]
    seen = get_profile(model).seen_size(*got, "high")
    if expected:
        assert got == expected
    if size == 3:
        assert got > seen
    else:
        assert got == seen


def test_bad_files_are_recorded_and_the_rest_goes_on(tmp_path):
    """Encrypted, broken, empty and foreign files each leave a failure that says why."""
    good = report(1)
    for name, data in {
        "1_locked.pdf": LOCKED,
        "2_empty.pdf": b"",
        "3_broken.pdf": good[:300],
        "4_text.pdf": b"just words",
        "5_good.pdf": good,
    }.items():
        write(tmp_path / name, data)
    loader = PDFPageLoader(tmp_path, text="embedded")
    assert [Path(doc.metadata["source"]).name for doc in loader.load()] == ["5_good.pdf"]
    names = [Path(failure.source).name for failure in loader.failures]
    assert names == ["1_locked.pdf", "2_empty.pdf", "3_broken.pdf", "4_text.pdf"]
    kinds = [type(failure.error) for failure in loader.failures]
    assert kinds == [EncryptedPDFError, *[CorruptImageError] * 3]
    assert "needs a password. Pass password=" in str(loader.failures[0])
    loader.load()
    assert len(loader.failures) == 4  # of the last run


def test_a_bad_page_does_not_stop_a_file(tmp_path):
    """Only the page that cannot be opened is missing."""
    data = report(3)
    second = data.index(b"/Type/Page/", data.index(b"/Type/Page/") + 1)
    broken = data[:second] + b"/Type/Nope/" + data[second + 11 :]
    loader = PDFPageLoader(write(tmp_path / "a.pdf", broken), text="embedded")
    assert [doc.metadata["page"] for doc in loader.load()] == [1, 3]
    assert [failure.place for failure in loader.failures] == ["page 2"]


def test_a_password_opens_an_encrypted_file(tmp_path):
    """The right one opens it, a wrong one is an error that says so."""
    path = write(tmp_path / "a.pdf", LOCKED)
    [doc] = PDFPageLoader(path, password="secret", text="embedded").load()
    assert doc.page_content == "Locked text of a secret page"
    loader = PDFPageLoader(path, password="wrong", text="embedded")
    loader.load()
    assert "needs another password" in str(loader.failures[0])


def test_nothing_to_read_is_an_error(tmp_path):
    """A path or a pattern that leads nowhere does not look like an empty folder of results."""
    with pytest.raises(ImageNotFoundError, match="There is no file at 'nowhere/"):
        ImageLoader("nowhere/*.png").load()
    with pytest.raises(ImageNotFoundError, match=r"in folders these are taken: .*\.pdf"):
        PDFPageLoader(tmp_path).load()


def test_folders_and_patterns_are_read_in_order_and_once(tmp_path):
    """Sorted, with folders below, without hidden files and other types."""
    png = encoded(corners(), "PNG")
    for name in ("b.png", "a.PNG", "sub/c.png", ".hidden.png", ".git/d.png", "notes.txt"):
        write(tmp_path / name, png + name.encode())
    loader = ImageLoader([tmp_path, tmp_path / "b.png", f"{tmp_path}/**/*.png"], text="embedded")
    names = [Path(doc.metadata["source"]).name for doc in loader.load()]
    assert names == ["a.PNG", "b.png", "c.png"]


def test_photos_are_upright_and_private(tmp_path):
    """EXIF is taken out and heeded; junk among the photos is recorded."""
    write(tmp_path / "a.jpg", encoded(corners(), "JPEG", exif=exif(6, author="Ann", gps=True)))
    write(tmp_path / "b.jpg", b"no picture at all")
    loader = ImageLoader(tmp_path, text="embedded")
    [doc] = loader.load()
    stored = loader.store.get(doc.metadata["image"])
    assert (
        (stored.width, stored.height)
        == (80, 120)
        == (doc.metadata["width"], doc.metadata["height"])
    )
    assert b"Ann" not in stored.data
    assert (doc.metadata["kind"], doc.metadata["text_from"]) == ("photo", "none")
    assert [Path(failure.source).name for failure in loader.failures] == ["b.jpg"]


def test_the_pages_of_a_tiff_are_pages(tmp_path):
    """A scan of two pages gives two documents in a type that services take."""
    file = io.BytesIO()
    corners().save(file, "TIFF", save_all=True, append_images=[corners().rotate(180)])
    loader = ImageLoader(write(tmp_path / "scan.tif", file.getvalue()), text="embedded")
    docs = loader.load()
    assert [(doc.metadata["kind"], doc.metadata["page"]) for doc in docs] == [
        ("page", 1),
        ("page", 2),
    ]
    second = loader.store.get(docs[1].metadata["image"])
    assert quarters(second.to_pil()) == quarters(corners().rotate(180))
    assert second.mime_type in ("image/png", "image/webp", "image/jpeg")


def test_auto_reads_only_what_has_no_text_of_its_own(tmp_path):
    """A scanned page goes to the observer, large enough to be read; a page with text does not."""
    scan = Sheet(pictures=[(0, 0, 595, 842, noise(300, 420))])
    path = write(
        tmp_path / "a.pdf", make_pdf(*[Sheet([(60, 700, 11, "Words of a page " * 4)]), scan])
    )
    reader = Reader()
    loader = PDFPageLoader(path, model="gpt-4o", observer=reader)
    first, second = loader.load()
    assert (first.metadata["text_from"], second.metadata["text_from"]) == ("embedded", "ocr")
    assert second.page_content == "Read from the picture"
    assert text_lines(second) == [("Read from the picture", Box(5, 5, 60, 20))]
    assert reader.seen == [(1240, 1755)]


def test_a_photo_is_found_by_what_is_seen_in_it(tmp_path):
    """Without a chat model a photo's text is what was read, and the names of things."""
    path = write(tmp_path / "a.png", encoded(corners(), "PNG"))
    [doc] = ImageLoader(path, observer=Reader()).load()
    assert doc.page_content == "Read from the picture\ncup"
    assert text_lines(doc)[1] == ("cup", Box(1, 1, 9, 9))


def test_ocr_by_the_embedded_engine(engine):
    """The engine reads a receipt, and its boxes are on the words."""
    loader = ImageLoader(EXAMPLE_IMAGES / "receipt.png", text="ocr", observer=engine)
    [doc] = loader.load()
    assert "TOTAL" in doc.page_content.upper()
    picture = loader.store.get(doc.metadata["image"])
    assert all(ink(picture, box) < 130 for _, box in text_lines(doc))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"text": "describe"}, "needs a chat model. Pass llm="),
        ({"text": "guess"}, "text='guess' is none of auto, ocr, describe, embedded"),
        ({"max_concurrency": 0}, "max_concurrency=0 must be 1 or more"),
    ],
)
def test_impossible_options_are_told_at_once(options, match):
    """Before any file is opened."""
    with pytest.raises(ValueError, match=match):
        ImageLoader("a.png", **options)


class Slow(Scripted):
    """Takes its time, notes how many pictures it looks at at once, and fails on some."""

    def __init__(self, bad=(), seconds=0.05):
        super().__init__("A picture of a wall.")
        self.bad, self.seconds, self.now, self.most = set(bad), seconds, 0, 0
        self.lock = threading.Lock()

    def answer(self, images, question):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        if images[0].width in self.bad:
            raise CorruptImageError("too dark to see")
        return super().answer(images, question)


def photos(folder: Path, count: int) -> Path:
    """Write photos of different widths."""
    for number in range(count):
        write(folder / f"{number:02}.png", encoded(corners(60 + number, 40), "PNG"))
    return folder


def test_descriptions_run_at_once_and_come_in_order(tmp_path):
    """As many at once as allowed and no more; documents keep the order of the files."""
    model = Slow(seconds=0.15)
    loader = ImageLoader(photos(tmp_path, 9), text="describe", llm=chat(model), max_concurrency=3)
    docs = loader.load()
    assert [doc.metadata["width"] for doc in docs] == list(range(60, 69))
    assert {doc.page_content for doc in docs} == {"A picture of a wall."}
    assert model.most == 3
    assert loader.usage.calls == 9


def test_a_failed_description_is_recorded_and_a_second_run_pays_only_for_it(tmp_path):
    """What was described is never asked for again; what failed is."""
    folder, cache = photos(tmp_path / "photos", 6), tmp_path / "cache.db"
    model, progress = Slow(bad={62, 64}), []
    options = {
        "text": "describe",
        "llm": chat(model),
        "cache": cache,
        "on_progress": progress.append,
    }
    loader = ImageLoader(folder, **options)
    assert [doc.metadata["width"] for doc in loader.load()] == [60, 61, 63, 65]
    assert [Path(failure.source).name for failure in loader.failures] == ["02.png", "04.png"]
    assert (progress[-1].documents, progress[-1].failures) == (4, 2)
    model.bad, model.shown = set(), []
    again = ImageLoader(folder, **options, store=loader.store)
    assert len(again.load()) == 6
    assert [sizes for _, sizes in model.shown] == [[(62, 40)], [(64, 40)]]


def test_an_interrupted_run_resumes(tmp_path):
    """A consumer that stops in the middle of a file loses nothing that was paid."""
    path, cache = write(tmp_path / "a.pdf", report(6)), tmp_path / "cache.db"
    model = Slow(seconds=0)
    options = {"text": "describe", "llm": chat(model), "cache": cache, "max_concurrency": 1}
    documents = PDFPageLoader(path, **options).lazy_load()
    next(documents), next(documents)
    documents.close()
    time.sleep(0.3)  # what was on its way ends
    paid = len(model.shown)
    assert 2 <= paid < 6
    assert len(PDFPageLoader(path, **options).load()) == 6
    assert len(model.shown) == 6


def test_another_prompt_or_model_is_asked_anew(tmp_path):
    """A description is kept for its picture, its prompt and its model."""
    folder, cache, model = photos(tmp_path, 1), LoaderCache(":memory:"), Slow(seconds=0)
    for options in ({}, {}, {"prompt": "In one word?"}, {"llm": chat(model, "gpt-5.4")}):
        options = {"llm": chat(model), "text": "describe", "cache": cache, **options}
        ImageLoader(folder, **options).load()
    assert len(model.shown) == 3


def test_a_service_that_will_never_answer_is_not_asked_for_every_page(tmp_path):
    """A wrong key ends the run with the service's own error."""
    asked = []

    def refuse(request):
        asked.append(request)
        return httpx2.Response(401, json={"error": {"message": "Incorrect API key"}})

    client = httpx2.Client(transport=httpx2.MockTransport(refuse))
    llm = ChatGPTV(model="gpt-4o", api_key="wrong", http_client=client, max_retries=0)
    loader = ImageLoader(photos(tmp_path, 30), text="describe", llm=llm, max_concurrency=2)
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
        loader.load()
    assert len(asked) < 8


@pytest.mark.parametrize(
    ("error", "ends_the_run"),
    [
        (TypeError("null value for choices"), False),
        (KeyError("content"), False),
        (ConnectionError("reset by peer"), False),
        (sqlite3.OperationalError("database or disk is full"), True),
        (type("Quota", (Exception,), {"code": "insufficient_quota"})("no money left"), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_would_fail_every_page_ends_the_run_and_nothing_else_does(
    tmp_path, error, ends_the_run
):
    """A client's odd error costs one page of thousand; a full disk is not told page by page."""

    class Odd(FakeListChatModel):
        def _call(self, messages, *args, **kwargs):
            [_, picture] = messages[0].content
            data = base64.b64decode(picture["base64"])
            if PIL.Image.open(io.BytesIO(data)).width == 61:
                raise error
            return "A wall."

    llm = Odd(responses=["A wall."])
    loader = ImageLoader(photos(tmp_path, 4), text="describe", llm=llm)
    if ends_the_run:
        with pytest.raises(type(error), match=str(error)):
            loader.load()
    else:
        assert [doc.metadata["width"] for doc in loader.load()] == [60, 62, 63]
        assert [failure.error for failure in loader.failures] == [error]


def test_a_broken_picture_among_a_thousand_costs_itself_alone(tmp_path):
    """All the others become documents, in order, and the one is named with its reason."""
    data = encoded(corners(60, 40), "PNG")
    for number in range(1000):
        whole = data if number != 500 else data[:60]
        (tmp_path / f"{number:04}.png").write_bytes(whole)
    llm = FakeListChatModel(responses=["A wall."])
    loader = ImageLoader(tmp_path, text="describe", llm=llm)
    names = [Path(doc.metadata["source"]).stem for doc in loader.load()]
    assert names == [f"{number:04}" for number in range(1000) if number != 500]
    [failure] = loader.failures
    assert Path(failure.source).stem == "0500"
    assert "0500.png" in str(failure.error)


def test_a_second_run_over_an_unchanged_folder_does_no_work(tmp_path, monkeypatch):
    """No page is rendered and no picture read; documents are the same, under a new name too."""
    path, store = write(tmp_path / "in" / "a.pdf", make_pdf(chart_page())), ImageStore()
    options = {"text": "embedded", "store": store, "cache": tmp_path / "cache.db"}
    first = PDFPageLoader(path, **options).load()
    moved = path.rename(path.with_name("moved.pdf"))
    with monkeypatch.context() as patch:
        patch.setattr("langchain_gptv.rag.pdf.open_pdf", None)
        second = PDFPageLoader(moved, **options).load()
    assert [doc.page_content for doc in second] == [doc.page_content for doc in first]
    assert [doc.id for doc in second] == [doc.id for doc in first]
    assert {doc.metadata["source"] for doc in second} == {str(moved)}
    write(moved, report(1))
    assert "Line 0" in PDFPageLoader(moved, **options).load()[0].page_content
    elsewhere = {**options, "store": ImageStore()}
    third = PDFPageLoader(moved, **elsewhere)
    assert third.load()[0].metadata["image"] in third.store


def test_a_long_file_is_read_lazily(tmp_path):
    """The first page of 5,000 comes before the others are rendered, and the last is reachable."""
    path = write(tmp_path / "long.pdf", report(5000))
    loader, start = PDFPageLoader(path, text="embedded"), time.perf_counter()
    documents = loader.lazy_load()
    first = next(documents)
    documents.close()
    assert first.metadata["page_count"] == 5000
    assert len(loader.store.handles()) < 20
    assert time.perf_counter() - start < 5


def test_loaders_in_several_threads_do_not_disturb_each_other(tmp_path):
    """PDFium is used by one thread at a time."""
    path = write(tmp_path / "a.pdf", report(6))
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(PDFPageLoader(path, text="embedded").load()))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [[doc.page_content[:17] for doc in docs] for docs in results] == [
        [f"Line 0 of page {n}\n" for n in range(1, 7)]
    ] * 3


async def test_loading_does_not_block_the_loop(tmp_path):
    """While pages are rendered and described, other tasks run."""
    folder, ticks = photos(tmp_path, 4), 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    task = asyncio.create_task(tick())
    loader = ImageLoader(folder, text="describe", llm=chat(Slow(seconds=0.2)), max_concurrency=2)
    docs = [doc async for doc in loader.alazy_load()]
    task.cancel()
    assert len(docs) == 4
    assert ticks > 10


def test_scenes_of_a_video(tmp_path):
    """Each scene gives a frame with its time."""
    pytest.importorskip("av", reason="the extra 'video' is not installed")
    from clips import render_clip

    def paint(canvas, number):
        canvas.rectangle((0, 40, 320, 240), fill=("red", "blue", "green")[number // 20])

    render_clip(tmp_path / "clip.mp4", 60, paint=paint)
    write(tmp_path / "junk.mp4", b"junk")
    loader = VideoLoader(tmp_path, max_scenes=3, observer=Reader())
    docs = loader.load()
    assert [doc.metadata["kind"] for doc in docs] == ["scene"] * 3
    times = [doc.metadata["timestamp_s"] for doc in docs]
    assert times == sorted(times)
    colors = [loader.store.get(doc.metadata["image"]).to_pil().getpixel((160, 120)) for doc in docs]
    assert [max(range(3), key=color.__getitem__) for color in colors] == [0, 2, 1]
    assert [Path(failure.source).name for failure in loader.failures] == ["junk.mp4"]


def test_the_parser_goes_by_content(tmp_path):
    """Blobs in memory and on disk, whatever they are called."""
    parser = VisionParser(text="embedded")
    [page] = parser.parse(Blob.from_data(report(1), mime_type="text/plain"))
    assert page.metadata["kind"] == "page"
    path = write(tmp_path / "photo.pdf", encoded(corners(), "PNG"))
    [photo] = parser.parse(Blob.from_path(path, metadata={"source": "s3://bucket/photo"}))
    assert (photo.metadata["kind"], photo.metadata["source"]) == ("photo", "s3://bucket/photo")
    with pytest.raises(EncryptedPDFError, match="needs a password"):
        parser.parse(Blob.from_data(LOCKED))
    assert parser.parse(Blob.from_data(report(1)))
    assert parser.failures == []


def test_boxes_of_a_part_of_a_text_are_not_made_up(tmp_path):
    """A splitter's chunk has other lines than its document, so it has no boxes."""
    [doc] = PDFPageLoader(write(tmp_path / "a.pdf", report(1)), text="embedded").load()
    doc.page_content = doc.page_content[:40]
    assert text_lines(doc) == []
    assert json.loads(doc.metadata["boxes"])
