"""What the engine tells of purchases, documents, places and pairs of pictures."""

import PIL.ImageDraw
import pytest

pytest.importorskip("rapidfuzz", reason="the extra 'local' is not installed")

from conftest import ROOT
from local_pages import RECEIPT, page, seen, thing

from langchain_gptv import ChatGPTV, Image
from langchain_gptv.local.answers import answer_question
from langchain_gptv.local.comparing import compare
from langchain_gptv.local.forms import find_form_fields
from langchain_gptv.local.questions import parse_question
from langchain_gptv.tools import Form, extract_data

EXAMPLES = ROOT / "examples" / "images"


def ask(question: str, observation):
    """Answer a question about an observation."""
    return answer_question(observation, parse_question(question))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "What did I buy?",
            "I read 2 line items: 2 x Flat white (3.20 each, 6.40 in all); "
            "1 x Almond croissant (2.95).",
        ),
        ("How many items are there?", "I read 2 line items, whose quantities add up to 3."),
        (
            "What was the most expensive item?",
            "By the price of one piece the dearest is 2 x Flat white (3.20 each, 6.40 in all).",
        ),
        (
            "Which is the cheapest product?",
            "By the price of one piece the cheapest is 1 x Almond croissant (2.95).",
        ),
        ("What is the price of the 2nd item?", "Line item 2 is 1 x Almond croissant (2.95)."),
        ("What is the last line item?", "Line item 2 is 1 x Almond croissant (2.95)."),
        (
            "How many flat whites did I buy?",
            "It lists 2 x Flat white (3.20 each, 6.40 in all).",
        ),
    ],
)
def test_purchases_are_told_from_the_rows(question, said):
    """Items, their number, extremes and places are told, each with its row as evidence."""
    answer = ask(question, seen(RECEIPT))
    assert answer.text == said
    assert answer.certainty == "seen"
    assert all(fact.text in said or fact.box is not None for fact in answer.evidence)
    assert answer.evidence


def test_a_page_without_purchases_says_so():
    """No row with a name and an amount is no item; a photo is told as what it shows."""
    text = page(*[(f"A sentence about nothing {n}",) for n in range(9)])
    answer = ask("What items are listed?", seen(text))
    assert answer.text.startswith("I read no line items")
    assert answer.certainty == "not_seen"
    photo = ask("What products are there?", seen(objects=[thing("cup")]))
    assert photo.certainty == "cannot_tell"
    assert "I see 1 cup." in photo.text
    assert ask("How many items are in the bowl?", seen(objects=[thing("bowl")])).text == (
        "I see 1 bowl."
    )


def test_a_document_is_summed_up_by_its_fields():
    """A summary names seller, date, total and items; a photo is described instead."""
    answer = ask("Summarize this receipt", seen(RECEIPT))
    assert answer.text == (
        "It says: seller Harbour Street Cafe; date 13/04/2026; total £9.35; 2 line items, whose "
        "quantities add up to 3."
    )
    assert {fact.text for fact in answer.evidence} >= {"£9.35", "13/04/2026", "Flat white"}
    assert ask("Summarize", seen(objects=[thing("cup")])).text.startswith("A landscape picture")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is on the left?", "At the left I see 1 cup and I read “OPEN”."),
        ("Who is at the top right?", "At the upper right I see 1 dog."),
        ("What's in the middle?", "I see nothing that I know at the middle."),
        ("Is there a dog on the left?", "I detect no dog at the left,"),
        ("How many dogs are on the right?", "I count 1 dog (90%)."),
    ],
)
def test_a_part_of_the_picture_is_told_alone(question, said):
    """A place in the question leaves out what stands elsewhere."""
    things = [thing("cup", box=(20, 150, 60, 250)), thing("dog", box=(520, 10, 590, 80))]
    observation = seen(page(("",), ("",), ("",), ("",), ("",), ("",), ("OPEN",)), things)
    assert ask(question, observation).text.startswith(said)


def test_the_place_of_a_word_is_told():
    """Asked where a word stands, the answer has its place and not only that it is there."""
    answer = ask('Where is the word "TOTAL"?', seen(RECEIPT))
    assert answer.text == "I read “TOTAL” at the left."


def test_what_somebody_does_is_not_made_up():
    """The detector knows that there is a person, and no more."""
    answer = ask("What is the man doing?", seen(objects=[thing("person")]))
    assert answer.certainty == "cannot_tell"


def test_details_are_told_when_asked_for():
    """Each thing is told with certainty, place and colours."""
    told = ask("Describe it in detail", seen(objects=[thing("cup", 0.8, (10, 10, 60, 60))])).text
    assert "I see cup (80%) at the upper left, mostly of mixed colours." in told


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Who is the invoice from?", "Northwick Joinery Ltd"),
        ("Who is it addressed to?", "Calder and Finch"),
    ],
)
def test_both_sides_of_an_invoice_are_found(question, value):
    """From and to are the seller and the customer, and no piece of a longer label."""
    rows = page(
        ("Northwick Joinery Ltd", "", "", "INVOICE"),
        ("Bill to", "", "Invoice date", "3 April 2025"),
        ("Calder and Finch", "", "Invoice no.", "NJ-1"),
    )
    assert value in ask(question, seen(rows)).text
    assert "date" not in ask("What about the invoice?", seen(rows)).text.split("What I see")[0]


def test_two_states_of_a_page_are_compared(engine):
    """The place that changed is told in pixels, and both texts of it."""
    before = Image.of(EXAMPLES / "receipt.png")
    changed = before.to_pil()
    box = next(e.box for e in engine.answer([before], "What is the total?").evidence)
    draw = PIL.ImageDraw.Draw(changed)
    draw.rectangle(box, fill="white")
    draw.text((box.x1, box.y1), "99.00", fill="black", font_size=box.height * 0.9)
    answer = engine.answer([before, Image.of(changed)], "What is different?")
    assert answer.text.startswith("They differ in 1 place, ")
    assert "Only image 1 says “30.54”. Only image 2 says “99.00”." in answer.text
    [place] = [fact.box for fact in answer.evidence if fact.kind == "image"]
    assert place.iou(box) > 0.3
    assert {fact.image_index for fact in answer.evidence} == {0, 1}


def test_two_pictures_of_other_shapes_are_compared_by_what_they_show():
    """Shapes, things and texts are told; the same picture twice has no difference."""
    images = [Image.of(PIL.Image.new("RGB", size, "white")) for size in ((60, 40), (40, 60))]
    observations = [seen(page(("EXIT",)), [thing("dog")]), seen(page(("ENTRY",)), [])]
    answer = compare(images, observations)
    assert answer.text == (
        "They have different shapes: 600 x 400 and 600 x 400 pixels. Image 1 shows 1 dog, image 2 "
        "nothing that I know. Only image 1 says “EXIT”. Only image 2 says “ENTRY”."
    )
    same = compare(images[:1] * 2, observations[:1] * 2)
    assert same.text == "I find no difference between the two pictures."


def test_the_same_of_several_pictures_is_said_once(engine):
    """Neighbours of which the same is said share a line; each keeps its number."""
    images = [Image.of(PIL.Image.new("RGB", (64, 64), color)) for color in ("red", "red", "blue")]
    lines = engine.answer(images, "What colour is it?").text.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Images 1 to 2", "Image 3"]
    filled, _ = engine.fill(
        images, "What colour is it?", {"properties": {"answer": {"type": "string"}}}
    )
    assert len(filled["answer"].splitlines()) == 2


def test_one_picture_cannot_be_compared(engine):
    """With one picture, or three, the answer says that it cannot tell."""
    image = Image.of(EXAMPLES / "street.jpg")
    assert engine.answer([image], "What changed?").certainty == "cannot_tell"


def test_a_form_is_filled_in_with_what_stands_beside_its_labels():
    """Beside, in the line or below; an empty line is None; sentences and times are no fields."""
    rows = page(
        ("First name:", "Margit", "", ""),
        ("Last name: Halvorsen", "", "Phone:", ""),
        ("Bill to", "Invoice no.", "NJ-7", ""),
        ("Calder and Finch", "", "", "14:32"),
        ("Passport: ____", "", "", ""),
        ("", "https://a.example", "", ""),
        ("Total", "", "", ""),
        ("", "", "", ""),
        ("Please note: forms that come late are sent back at once without any word of why", "", ""),
    )
    found = [(field.label, field.value) for field in find_form_fields(rows)]
    assert found == [
        ("First name", "Margit"),
        ("Last name", "Halvorsen"),
        ("Phone", None),
        ("Bill to", "Calder and Finch"),
        ("Invoice no", "NJ-7"),
        ("Passport", None),
    ]


def test_the_engine_fills_the_form_class():
    """`Form` comes back with the printed fields, and each value's place as evidence."""
    found = extract_data(
        EXAMPLES / "invoice.png", Form, llm=ChatGPTV(model="gptv-local"), observer=None
    )
    said = {field.label: field.value for field in found.data.fields}
    assert said["Invoice no"] == "NJ-2025-0187"
    assert said["Bill to"] == "Calder and Finch Interiors"
    assert said["IBAN"] == "GB11 HLBK 0047 1960 3182 54"
