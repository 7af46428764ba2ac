"""The engine's rules, on text lines and objects that are given."""

import pytest

pytest.importorskip("rapidfuzz", reason="the extra 'local' is not installed")

from local_pages import RECEIPT, line, page, seen, thing

from langchain_gptv.exceptions import CannotFillError
from langchain_gptv.local.answers import answer_question
from langchain_gptv.local.concepts import find_concept
from langchain_gptv.local.fields import box_of_span, find_field
from langchain_gptv.local.items import find_line_items
from langchain_gptv.local.labels import COCO_LABELS, NOUNS
from langchain_gptv.local.layout import order_for_reading, render_layout
from langchain_gptv.local.questions import parse_question
from langchain_gptv.local.schemas import fill_schema
from langchain_gptv.local.values import find_values, parse_amount, parse_date
from langchain_gptv.vision.boxes import Box


def ask(question: str, observation):
    """Answer a question about an observation."""
    return answer_question(observation, parse_question(question))


@pytest.mark.parametrize(
    ("question", "kind", "subject"),
    [
        ("How many people are there?", "count", "person"),
        ("Is there a dog?", "presence", "dog"),
        ("Are there any wine glasses?", "presence", "wine glass"),
        ("Where is the cup?", "where", "cup"),
        ("What colour is the bus?", "color", "bus"),
        ("What animal is in this picture?", "which", "animal"),
        ("What is in this picture?", "describe", ""),
        ("Describe the image", "describe", ""),
        ("What do you see?", "describe", ""),
        ("What is shown?", "describe", ""),
        ("What happens in this video?", "describe", ""),
        ("", "describe", ""),
        ("Read the text", "read", ""),
        ("What does the sign say?", "read", ""),
        ("What is the total?", "field", ""),
        ("When is the invoice due?", "field", ""),
        ("How much did the croissant cost?", "lookup", "croissant"),
        ('Does it mention "VAT"?', "mention", "VAT"),
        ("How big is the picture?", "size", ""),
    ],
)
def test_a_question_is_taken_for_what_it_asks(question, kind, subject):
    """The kind of a question, and what it is about, follow from its words."""
    parsed = parse_question(question)
    assert parsed.kind == kind
    assert not subject or subject in (parsed.subject, parsed.noun and parsed.noun.word)


@pytest.mark.parametrize(
    ("question", "concept"),
    [
        ("what is the total?", "total"),
        ("what's the grand total", "total"),
        ("how much is the subtotal", "subtotal"),
        ("when is the invoice due?", "due date"),
        ("when was it issued?", "date"),
        ("when was it?", "date"),
        ("what is the invoice number?", "invoice number"),
        ("which po number does it have", "purchase order number"),
        ("what is the vat number", "VAT number"),
        ("how much vat was charged", "VAT"),
        ("what is the phone number?", "phone number"),
        ("which shop is it from?", "seller"),
        ("who is it billed to", "customer"),
    ],
)
def test_a_question_names_the_field_it_means(question, concept):
    """The longest phrase decides between fields that share words."""
    assert find_concept(question).name == concept


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What is the total?", "£9.35"),
        ("What is the subtotal?", "9.35"),
        ("How much VAT is in it?", "1.56"),
        ("How much change was given?", "0.65"),
        ("What is the date?", "13/04/2026"),
        ("What time was it?", "14:32"),
        ("What is the phone number?", "020 7946 0123"),
        ("Which shop is it?", "Harbour Street Cafe"),
        ("How much did the croissant cost?", "2.95"),
        ("What was the price of the flat white?", "6.40"),
    ],
)
def test_a_receipt_is_answered_from(question, value):
    """The answer has the printed value, and its evidence is that value."""
    answer = ask(question, seen(RECEIPT))
    assert value in answer.text
    assert answer.certainty == "seen"
    assert answer.evidence[0].text == value


def test_the_evidence_box_lies_on_the_value():
    """The box is the amount's, not the label's and not the row's."""
    answer = ask("What is the total?", seen(RECEIPT))
    assert answer.evidence[0].box == Box(500, 240, 550, 260)


def test_a_value_in_one_line_with_its_label_has_its_own_box():
    """The box of 'GBP 12.00' in 'Total: GBP 12.00' leaves the label out."""
    (field, *_) = find_field([line("Total: GBP 12.00")], find_concept("total"))
    assert field.value == "GBP 12.00"
    assert field.box == Box(70, 0, 160, 20)


def test_a_value_below_its_label_is_found():
    """A label may head a column."""
    lines = page(("Invoice date", "Due date"), ("13 April 2026", "13 May 2026"))
    (field, *_) = find_field(lines, find_concept("due date"))
    assert field.value == "13 May 2026"


def test_a_name_below_its_label_is_not_taken_for_the_label_beside_it():
    """'Bill to' heads a column; the label of the next column is not its value."""
    lines = page(("Bill to", "Invoice no.", "NJ-1"), ("Calder Ltd", "Due date", "3 May 2025"))
    assert find_field(lines, find_concept("billed to"))[0].value == "Calder Ltd"


def test_a_title_is_the_tallest_line():
    """What a page is called stands in its largest letters."""
    lines = [line("Notes"), line("The Light", 0, 40, height=60), line("by Edith", 0, 120)]
    assert ask("What is the title?", seen(lines)).evidence[0].text == "The Light"


def test_a_misread_label_is_found_at_a_lower_likeness():
    """'Subbtotal' is what a reader makes of a blurred 'Subtotal'."""
    (field, *_) = find_field(page(("Subbtotal", "9.35")), find_concept("subtotal"))
    assert field.value == "9.35"


def test_a_subtotal_is_no_total():
    """A page with a subtotal alone has no total."""
    answer = ask("What is the total?", seen(page(("Sub total", "9.35"))))
    assert answer.certainty == "not_seen"
    assert "no total" in answer.text


def test_known_and_unknown_classes_are_told_apart():
    """'Not detected' and 'cannot tell' are different answers."""
    picture = seen(objects=[thing("cup")])
    assert ask("Is there a dog?", picture).certainty == "not_seen"
    temple = ask("Is there a temple?", picture)
    assert temple.certainty == "cannot_tell"
    assert "temple" in temple.text


def test_without_a_detector_the_answer_names_the_extra():
    """No detector is no proof that nothing is there."""
    answer = ask("How many people are there?", seen(objects=None))
    assert answer.certainty == "cannot_tell"
    assert 'pip install "langchain-gptv[objects]"' in answer.text


def test_a_narrower_word_is_not_answered_with_the_class():
    """The detector knows persons, not women."""
    answer = ask("Is there a woman?", seen(objects=[thing("person")]))
    assert answer.certainty == "cannot_tell"
    assert "1 person" in answer.text


def test_things_are_counted_and_shown():
    """A count has one box per thing, and says how sure it is."""
    picture = seen(objects=[thing("person", 0.9), thing("person", 0.7), thing("dog")])
    answer = ask("How many people are there?", picture)
    assert answer.text.startswith("I count 2 people (70% to 90%")
    assert [fact.text for fact in answer.evidence] == ["person", "person"]
    assert "2 people and 1 dog: 3 in all" in ask("How many objects are there?", picture).text


def test_a_group_word_means_all_its_classes():
    """'Vehicle' stands for cars, buses and the like."""
    picture = seen(objects=[thing("car"), thing("bus"), thing("person")])
    assert ask("What vehicles are there?", picture).text == "I see 1 car and 1 bus."


def test_a_place_is_said_in_words_and_pixels():
    """Where is answered by thirds of the picture and a box."""
    answer = ask("Where is the cup?", seen(objects=[thing("cup", 0.97, (10, 10, 60, 60))]))
    assert answer.text == "I see cup (97%) at the upper left, box [10, 10, 60, 60]."


def test_unsure_things_are_told_as_such():
    """A detection below 60 % is said less surely."""
    answer = ask("Describe it", seen(objects=[thing("person", 0.8), thing("mouse", 0.5)]))
    assert "1 person and, less surely, 1 mouse" in answer.text


def test_text_that_could_not_be_read_is_mentioned():
    """Unclear lines are counted, not guessed."""
    answer = ask("Read the text", seen([line("Hello")], unclear=(Box(0, 0, 1, 1),)))
    assert answer.text == "Hello\n\n(1 more line too unclear to read.)"


def test_columns_are_read_one_after_another():
    """Two columns of running text are not read across."""
    left = [line(f"left column, text line {n}", 0, 30 * n) for n in range(4)]
    right = [line(f"right column, text line {n}", 400, 30 * n) for n in range(4)]
    ordered = order_for_reading([*right, *left])
    assert [item.text[:4] for item in ordered] == ["left"] * 4 + ["righ"] * 4


def test_layout_keeps_rows_and_gaps():
    """Cells of a row stay in one line of text, as far apart as they were."""
    text = render_layout(page(("Tea", "2.00"), ("Cake", "3.00"), columns=(0, 200)))
    assert text == "Tea                 2.00\nCake                3.00"


def test_line_items_leave_out_totals_and_payments():
    """What was bought are the rows with a name and a price that are no total, tax or payment."""
    items = find_line_items(RECEIPT)
    assert [(item.name, item.quantity, item.amount) for item in items] == [
        ("Flat white", 2, parse_amount("6.40")),
        ("Almond croissant", 1, parse_amount("2.95")),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Total: 1,234.56", "amount", ["1,234.56"]),
        ("€ 1.234,56 and 12 EUR", "amount", ["€ 1.234,56", "12 EUR"]),
        ("20% of 10", "amount", []),
        ("at 14:32 on 13.04.2026", "amount", []),
        ("13.04.2026, 2026-04-13, April 13, 2026", "date", 3),
        ("13th April 2026", "date", 1),
        ("INV-20417", "identifier", ["INV-20417"]),
        ("20-11-42", "sort_code", ["20-11-42"]),
        ("IBAN GB29 NWBK 6016 1331 9268 19", "iban", ["GB29 NWBK 6016 1331 9268 19"]),
        ("write to a.b@example.org", "email", ["a.b@example.org"]),
    ],
)
def test_values_are_told_by_their_form(text, kind, expected):
    """Amounts, dates, numbers and addresses are found where they stand."""
    found = [text[start:end] for start, end in find_values(text, kind)]
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_an_ambiguous_date_is_not_guessed():
    """03/04 may be in March or in April."""
    assert parse_date("03/04/2026") is None
    assert parse_date("2026-04-13").isoformat() == "2026-04-13"


def test_the_box_of_a_span_comes_from_its_words():
    """Parts of a word get their share of its box."""
    text = line("Total: 12.00", 100, 0)
    assert box_of_span(text, 7, 12) == Box(170, 0, 220, 20)
    assert box_of_span(text, 9, 12) == Box(190, 0, 220, 20)


def test_every_label_is_a_known_word_in_both_numbers():
    """Each class can be asked for in the singular and in the plural."""
    assert len(COCO_LABELS) == 80
    assert all(NOUNS[label].labels == (label,) for label in COCO_LABELS.values())
    assert NOUNS["knives"].word == "knife"
    assert NOUNS["people"].word == "person"


SCHEMA = {
    "type": "object",
    "properties": {
        "vendor": {"type": "string"},
        "invoice_date": {"type": "string", "format": "date"},
        "total": {"type": "number"},
        "tip": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "people_count": {"type": "integer"},
        "has_dog": {"type": "boolean"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
    },
    "required": ["vendor", "invoice_date", "total", "tip", "people_count", "has_dog", "items"],
    "$defs": {
        "Item": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "quantity": {"type": "integer"},
                "price": {"type": "number"},
            },
            "required": ["name", "quantity", "price"],
        }
    },
}


def test_a_schema_is_filled_with_what_is_seen():
    """Fields, line items, counts and presence fill properties of their types."""
    filled, evidence = fill_schema([seen(RECEIPT, [thing("person")])], "", SCHEMA)
    assert filled == {
        "vendor": "Harbour Street Cafe",
        "invoice_date": "2026-04-13",
        "total": 9.35,
        "tip": None,
        "people_count": 1,
        "has_dog": False,
        "items": [
            {"name": "Flat white", "quantity": 2, "price": 6.4},
            {"name": "Almond croissant", "quantity": 1, "price": 2.95},
        ],
    }
    assert {"£9.35", "person", "Flat white"} <= {fact.text for fact in evidence}


def test_a_schema_that_asks_for_more_is_not_filled():
    """A required value that the picture does not show is an error that names it."""
    schema = {
        "type": "object",
        "properties": {
            "seal": {
                "type": "object",
                "properties": {"motto": {"type": "string"}},
                "required": ["motto"],
            }
        },
        "required": ["seal"],
    }
    with pytest.raises(CannotFillError, match=r"'seal\.motto': the picture does not show it"):
        fill_schema([seen(RECEIPT)], "", schema)
