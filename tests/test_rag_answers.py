"""Answers from documents: claims tied to pages, regions and crops, and the chain around them."""

import asyncio
import importlib.util

import pytest
from conftest import ROOT
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from pdfs import Sheet, make_pdf
from scripted_model import Scripted, chat

from langchain_gptv import Box, ChatGPTV, ImageStore
from langchain_gptv.rag import (
    HashedEmbeddings,
    MultimodalRAG,
    PageImageRetriever,
    PDFPageLoader,
    acited_answer,
    cited_answer,
    text_lines,
)
from langchain_gptv.rag.claims import numbers_in, split_statements
from langchain_gptv.rag.evidence import find_match
from langchain_gptv.vision.observations import Observation, TextLine

pytest.importorskip("pypdfium2", reason="the extra 'pdf' is not installed")

EXAMPLE = "examples/rag_over_report.py"
SALES = "Sales of the northern region were 1,204.50 in 2025"
STAFF = "At the end of the year 312 people worked at Alder"


class Blind:
    """An observer that reads nothing, and counts how often it looks."""

    looks = 0

    def observe(self, image):
        self.looks += 1
        return Observation(image.width, image.height)


class Reading(Blind):
    """An observer that reads one line in every picture."""

    def observe(self, image):
        self.looks += 1
        line = TextLine("Waste 731 tonnes", 0.98, Box(50, 60, 210, 80))
        return Observation(image.width, image.height, (line,))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Two pages and the store of their pictures."""
    path = tmp_path_factory.mktemp("report") / "report.pdf"
    lines = [[(60, 780, 11, SALES), (60, 700, 11, "Costs fell, and nobody was injured.")],
             [(60, 500, 11, STAFF)]]  # fmt: skip
    path.write_bytes(make_pdf(*map(Sheet, lines)))
    loader = PDFPageLoader(path, text="embedded")
    return loader.load(), loader.store


def answer(said, report, observer=None, **options):
    """Return the cited answer of a model that says `said`."""
    docs, store = report
    model = chat(Scripted(said))
    return cited_answer(
        "Any question?", docs, llm=model, store=store, observer=observer or Blind(), **options
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It rose 12.5 % [1]. It fell [2, 3].", [("It rose 12.5 %.", (1,)), ("It fell.", (2, 3))]),
        ("It rose. [1][2] Why is open.", [("It rose.", (1, 2)), ("Why is open.", ())]),
        ("- North: 5 [1]\n- South: 6 [2]", [("- North: 5", (1,)), ("- South: 6", (2,))]),
        ("No mark at all", [("No mark at all", ())]),
        ("", []),
    ],
)
def test_an_answer_is_taken_apart(text, parts):
    """Sentences and lines, each with the numbers of the sources it cites."""
    statements = split_statements(text)
    assert [(each.text, each.numbers) for each in statements] == parts
    assert all(text[each.start : each.end].strip() for each in statements)


def test_numbers_keep_how_they_are_written():
    """Thousands, decimals, currency and percent."""
    found = numbers_in("$1,204.50, 7% and 3'000 in Q3 2025")
    assert [(written, float(value)) for written, value in found] == [
        ("1,204.50", 1204.5), ("7", 7), ("3'000", 3000), ("2025", 2025),
    ]  # fmt: skip


def test_a_claim_has_page_region_and_crop(report):
    """The box lies on the printed line, and the crop is that part of the page."""
    docs, store = report
    found = answer("The northern region sold for 1204.5 [1]. There were 312 people [2].", report)
    first, second = found.claims
    assert [first.is_confirmed, first.is_cited, second.is_confirmed] == [True] * 3
    [cited] = second.citations
    assert (cited.page, cited.values) == (2, ("312",))
    [(_, printed)] = text_lines(docs[1])
    assert cited.box.intersection(printed).area > 0.9 * cited.box.area
    crop = store.crop_of(cited.crop)
    assert crop.root == docs[1].metadata["image"]
    assert crop.box.intersection(cited.box).area == cited.box.area


def test_a_wrong_number_is_not_confirmed(report):
    """What the page does not say is named, however right the rest is."""
    [claim] = answer("The northern region sold for 1,304.50 in 2025 [1].", report).claims
    assert claim.missing == ("1,304.50",)
    assert not claim.is_confirmed


def test_a_right_number_of_another_page_is_not_confirmed(report):
    """Only the source that is cited counts."""
    [claim] = answer("312 people worked there [1].", report).claims
    assert (claim.missing, claim.is_confirmed) == (("312",), False)
    assert claim.citations[0].box is None


def test_a_source_that_does_not_exist_is_named(report):
    """A number without a source is no citation."""
    [claim] = answer("312 people worked there [7].", report).claims
    assert (claim.unknown, claim.citations, claim.is_confirmed) == ((7,), (), False)


def test_a_claim_without_a_mark_gets_the_likeliest_source(report):
    """It is tied by its words, and says that the model did not cite."""
    [claim] = answer("There were 312 people.", report).claims
    assert (claim.is_cited, claim.is_confirmed, claim.citations[0].page) == (False, True, 2)


def test_words_without_numbers_are_found(report):
    """A quoted phrase has its line."""
    [claim] = answer("In that year nobody was injured [1].", report).claims
    assert claim.is_confirmed
    assert claim.citations[0].box.height < 60


def test_a_picture_is_read_where_the_text_lacks_the_claim(report):
    """The observer looks only then."""
    reader = Reading()
    [claim] = answer("The northern region sold for 1204.5 [1].", report, reader).claims
    assert reader.looks == 0
    [claim] = answer("There were 731 tonnes of waste [1].", report, reader).claims
    assert reader.looks == 1
    assert claim.citations[0].values == ("731",)
    said = "Sales were 1,204.50, and waste 731 tonnes [1]."
    [claim] = answer(said, report, reader).claims
    assert claim.citations[0].values == ("1,204.50", "731")


def test_the_row_that_says_the_name_is_preferred():
    """Of two equal numbers the one beside the claim's words."""
    lines = [
        TextLine("South", 1, Box(0, 0, 50, 20)), TextLine("55", 1, Box(200, 0, 220, 20)),
        TextLine("North", 1, Box(0, 40, 50, 60)), TextLine("55", 1, Box(200, 40, 220, 60)),
    ]  # fmt: skip
    match = find_match("In the North there were 55.", Observation(300, 80, tuple(lines)))
    assert match.box.y1 == 40


def test_without_documents_no_model_is_asked():
    """Nothing found is said, and costs nothing."""
    model = Scripted()
    found = cited_answer("Any?", [], llm=chat(model), store=ImageStore())
    assert "Nothing was found" in found.text
    assert (found.claims, found.sources, found.usage.calls, model.shown) == ((), (), 0, [])


async def test_async_gives_the_same(report):
    """One core for both."""
    docs, store = report
    said = "There were 312 people [2]."
    options = {"llm": chat(Scripted(said)), "store": store, "observer": Blind()}
    assert (await acited_answer("Any?", docs, **options)).claims == answer(said, report).claims


def test_the_question_stands_alone(report):
    """It is the last message, apart from sources that nobody vouches for."""
    docs, store = report
    model = Scripted("It is so [1].")
    cited_answer("How many?", docs, llm=chat(model), store=store, observer=Blind())
    [(question, sizes)] = model.shown
    assert (question, len(sizes)) == ("How many?", 2)


@pytest.fixture
def rag(report):
    """A function that makes a chain of the report for a model that says something."""

    def make(said, **options):
        docs, store = report
        retriever = PageImageRetriever(vectorstore=InMemoryVectorStore(HashedEmbeddings()), k=1)
        retriever.add_documents(docs)
        model = chat(Scripted(said))
        return MultimodalRAG(retriever=retriever, llm=model, store=store, **options)

    return make


async def test_the_chain_answers_with_citations(rag):
    """`invoke`, `ainvoke` and `batch` find, show, ask and cite."""
    chain = rag("There were 312 people [1].", observer=Blind())
    found = chain.invoke("How many people worked at Alder?")
    assert [(c.page, c.values) for c in found.claims[0].citations] == [(2, ("312",))]
    assert found.usage.input_tokens > 0
    again = await asyncio.gather(*(chain.ainvoke("people at Alder") for _ in range(2)))
    assert [each.claims for each in again] == [found.claims] * 2
    assert chain.batch(["people at Alder"])[0].text == str(found)


def test_the_chain_streams_plain_text(rag):
    """Without citations the text comes as the model writes it."""
    chunks = list(rag("There were many people there.", cite=False).stream("people at Alder"))
    assert "".join(chunks) == "There were many people there."
    assert len(chunks) > 1


def test_the_chain_says_that_nothing_was_found(report):
    """An empty index is no reason to ask a model."""
    model = Scripted()
    retriever = PageImageRetriever(vectorstore=InMemoryVectorStore(HashedEmbeddings()))
    for cite in (True, False):
        chain = MultimodalRAG(retriever=retriever, llm=chat(model), store=report[1], cite=cite)
        assert "Nothing was found" in str(chain.invoke("Any?"))
    assert model.shown == []


def test_a_budget_holds(report):
    """The chain's options reach the plan."""
    found = answer("So [1].", report, max_images=1, max_tokens=2000)
    assert [source.decision is not None for source in found.sources] == [True, False]


def test_a_document_without_boxes_is_cited_without_a_region():
    """A description can be cited, and no place is made up for it."""
    docs = [Document("A red barn.", metadata={"doc_id": "a", "source": "barn.jpg"})]
    said = chat(Scripted("It is a red barn [1]."))
    found = cited_answer("What is it?", docs, llm=said, store=ImageStore(), observer=Blind())
    [cited] = found.claims[0].citations
    assert (cited.source, cited.page, cited.box, cited.crop) == ("barn.jpg", None, None, None)


@pytest.mark.vcr
@pytest.mark.usefixtures("engine")
def test_the_example_answers_with_citations(service, truth, capsys):
    """A scanned report: the due date, its page, and a box on its printed place."""
    spec = importlib.util.spec_from_file_location("rag_over_report", ROOT / EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.main(llm=ChatGPTV(**service.openai()))
    due = truth["invoice.png"]["due_date"]
    assert due["text"] in found.text
    [claim] = found.claims
    [cited] = claim.citations
    assert (claim.is_confirmed, cited.page) == (True, 2)
    assert cited.box.intersection(Box(*due["box"])).area > 0.9 * Box(*due["box"]).area
    assert "page 2" in capsys.readouterr().out
