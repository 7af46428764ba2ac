"""extract_data: any class, evidence per value, checked sums, and what was not readable."""

import json
from decimal import Decimal

import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from pydantic import BaseModel, ValidationError

from langchain_gptv import ChatGPTV
from langchain_gptv.exceptions import ReplyError
from langchain_gptv.store import ImageStore
from langchain_gptv.tools import (
    Chart,
    ExtractData,
    Receipt,
    Table,
    TableCell,
    aextract_data,
    check_sums,
    extract_data,
)
from langchain_gptv.tools.extraction.evidence import find_evidence
from langchain_gptv.tools.extraction.leaves import find_leaves
from langchain_gptv.tools.extraction.reading import nullable_schema
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import Observation, TextLine

RECEIPT = EXAMPLE_IMAGES / "receipt.png"


class Slip(BaseModel):
    """A slip of paper."""

    shop: str
    total: float
    note: str = ""


def says(*replies) -> GenericFakeChatModel:
    """A model without structured output that gives these replies, one per call."""
    texts = (reply if isinstance(reply, str) else json.dumps(reply) for reply in replies)
    return GenericFakeChatModel(messages=iter(map(AIMessage, texts)))


def seen(*lines: tuple[str, Box]) -> Observation:
    """What an observer read."""
    return Observation(600, 400, tuple(TextLine(text, 0.9, box) for text, box in lines))


async def test_a_receipt_with_evidence_and_sums(engine, truth):
    """Every value has a box where it is printed, and all sums hold."""
    llm, facts = ChatGPTV(model="gptv-local"), truth["receipt.png"]
    found = extract_data(RECEIPT, Receipt, llm=llm, observer=engine)
    assert found.data.total == float(facts["total"]["text"])
    for number in range(1, len(found.data.items) + 1):
        for name in ("quantity", "unit_price", "amount"):
            box = found.evidence[f"items[{number - 1}].{name}"].box
            assert box.iou(Box(*facts[f"{name}_{number}"]["box"])) > 0.25, (name, number)
    assert found.unconfirmed == []
    assert len(found.checks) == 8
    assert all(check.holds for check in found.checks)
    assert await aextract_data(RECEIPT, Receipt, llm=llm, observer=engine) == found


def test_any_class_may_be_asked_for():
    """A class of one's own comes back as an object of it."""
    found = extract_data(RECEIPT, Slip, llm=says({"shop": "Harbour Lane", "total": 30.54}))
    assert found.data == Slip(shop="Harbour Lane", total=30.54)
    assert found.unreadable == {}


def test_what_is_not_readable_is_no_guess():
    """The value is None, the reason is the model's, and there is no object without it."""
    reason = {"path": "total", "reason": "a stain covers it"}
    reply = {"shop": "Harbour Lane", "total": None, "unreadable": [reason]}
    found = extract_data(RECEIPT, Slip, llm=says(reply))
    assert found.data is None
    assert found.values == {"shop": "Harbour Lane", "total": None}
    assert found.unreadable == {"total": "a stain covers it"}


def test_a_value_left_out_is_not_readable_either():
    """A field without a default that the reply does not have is named."""
    found = extract_data(RECEIPT, Slip, llm=says({"shop": "Harbour Lane"}))
    assert found.unreadable == {"total": "the model gave no value"}


def test_a_value_that_no_words_say_is_unconfirmed(engine):
    """An invented total has no evidence, and that is said."""
    reply = {"shop": "Harbour Lane Stationers", "total": 77.1}
    found = extract_data(RECEIPT, Slip, llm=says(reply), observer=engine)
    assert found.unconfirmed == ["total"]
    assert list(found.evidence) == ["shop"]


def test_prose_is_an_error_with_the_reply_attached():
    """After a second try; it is never an empty object."""
    with pytest.raises(ReplyError, match="is no Slip") as caught:
        extract_data(RECEIPT, Slip, llm=says("A receipt.", "It is a receipt."))
    assert caught.value.reply == "It is a receipt."


def test_a_wrong_type_is_asked_for_once_more():
    """What is missing is no error, what is wrong is one, and the second answer counts."""
    llm = says({"shop": "A", "total": "many"}, {"shop": "A", "total": 2})
    found = extract_data(RECEIPT, Slip, llm=llm)
    assert found.data.total == 2
    assert found.usage.calls == 2


def test_every_value_may_be_null_in_the_schema_that_is_sent():
    """Leaves of nested classes too; lists and objects stay what they are."""
    schema = nullable_schema(Receipt)
    amount = schema["$defs"]["ReceiptItem"]["properties"]["name"]
    assert {"type": "null"} in amount["anyOf"]
    assert schema["properties"]["items"]["type"] == "array"
    assert "unreadable" in schema["properties"]


def test_the_tool_names_its_kinds_and_quotes_the_values(engine):
    """The model chooses among names; the values come back as data, with the sums."""
    store = ImageStore()
    tool = ExtractData(llm=ChatGPTV(model="gptv-local"), store=store, observer=engine)
    assert tool.args_schema.model_json_schema()["properties"]["kind"]["enum"] == [
        "table",
        "chart",
        "form",
        "receipt",
    ]
    args = {"image": store.put(RECEIPT), "kind": "receipt"}
    message = tool.invoke({"name": tool.name, "args": args, "id": "1", "type": "tool_call"})
    assert "<picture_text" in message.content
    assert "Sums that hold: 8 of 8." in message.content
    args = {**args, "kind": "poem"}
    message = tool.invoke({"name": tool.name, "args": args, "id": "1", "type": "tool_call"})
    assert "'table', 'chart', 'form' or 'receipt'" in message.content


@pytest.mark.parametrize(
    ("values", "rule", "holds"),
    [
        ({"items": [{"amount": 1.1}, {"amount": 2.2}], "subtotal": 3.3}, "items add up", True),
        ({"items": [{"amount": 1.1}, {"amount": 2.2}], "total": 3.4}, "items add up", False),
        ({"items": [{"quantity": 3, "unit_price": 0.333, "amount": 1.0}]}, "quantity x", True),
        ({"subtotal": 10, "tax": 2, "discount": 1, "total": 11}, "- discount", True),
        ({"subtotal": "1,000.00", "vat": 200, "total": "1,250.00"}, "+ vat", False),
    ],
)
def test_sums_are_checked(values, rule, holds):
    """By the names of the fields, to half a cent."""
    (check,) = check_sums(values)
    assert rule in check.rule
    assert check.holds is holds


def test_a_sum_with_a_part_that_was_not_read_is_left_out():
    """Nothing is claimed about what is not known."""
    values = {"items": [{"amount": 1}, {"amount": None}], "subtotal": 3}
    assert check_sums(values) == ()
    assert check_sums({"subtotal": 3, "total": None, "tax": 1}) == ()


def test_a_table_with_a_total_is_checked_by_column():
    """The last row called total is the sum of the others; a subtotal among them is no part."""
    rows = [["Item", "Sales"], ["a", "1,000"], ["b", "2"], ["Total", "1,003"]]
    cells = [
        {"row": i, "column": j, "text": text}
        for i, row in enumerate(rows)
        for j, text in enumerate(row)
    ]
    (check,) = check_sums({"cells": cells})
    assert (check.stated, check.computed, check.holds) == (Decimal(1003), Decimal(1002), False)
    cells[4]["text"] = "Subtotal"
    assert check_sums({"cells": cells}) == ()


def test_values_in_a_row_are_found_in_the_same_row():
    """Of two places the one beside its item's name is taken, and each word is used once."""
    page = seen(
        ("Qty 2", Box(0, 0, 50, 20)),
        ("Tea", Box(60, 40, 100, 60)),
        ("2", Box(0, 40, 10, 60)),
        ("3.80", Box(200, 40, 240, 60)),
        ("3.80", Box(300, 40, 340, 60)),
    )
    item = {"name": "Tea", "quantity": 2, "unit_price": 3.8, "amount": 3.8}
    found = find_evidence(find_leaves({"items": [item]}), page)
    assert found["items[0].quantity"].box == Box(0, 40, 10, 60)
    assert {found["items[0].unit_price"].box.x1, found["items[0].amount"].box.x1} == {200, 300}


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1234.5, "1.234,50"),
        (1234, "£1,234"),
        ("2025-03-14", "14/03/2025"),
        ("2025-04-03", "3 April 2025"),
        ("ISO-9001", "ISO 9001"),
    ],
)
def test_a_value_is_known_in_other_spellings(value, printed):
    """Separators, currency signs, dates and punctuation vary in print."""
    page = seen((printed, Box(0, 0, 90, 20)))
    assert find_evidence(find_leaves({"x": value}), page)["x"].text == printed


def test_a_text_over_several_lines_is_one_place():
    """The box is around all of its lines."""
    page = seen(("Payment is due within", Box(0, 0, 200, 20)), ("thirty days", Box(0, 24, 90, 44)))
    found = find_evidence(find_leaves({"terms": "Payment is due within thirty days"}), page)
    assert found["terms"].box == Box(0, 0, 200, 44)


def test_a_table_keeps_its_spans():
    """In the grid a spanning text is repeated; in HTML it is one cell."""
    head = TableCell(row=0, column=0, column_span=2, text="a < b", is_header=True)
    body = [TableCell(row=1, column=0, text="1|2"), TableCell(row=1, column=1, text=None)]
    table = Table(cells=[head, *body])
    assert table.grid() == [["a < b", "a < b"], ["1|2", None]]
    assert '<th colspan="2">a &lt; b</th>' in table.to_html()
    assert table.to_markdown().splitlines()[2] == "| 1\\|2 | ? |"


def test_cells_that_lie_on_one_another_are_no_table():
    """The model is told which place, and asked again."""
    cell = TableCell(row=0, column=0, column_span=2, text="a")
    with pytest.raises(ValidationError, match=r"two cells cover \(row, column\) \(0, 1\)"):
        Table(cells=[cell, TableCell(row=0, column=1, text="b")])


@pytest.mark.usefixtures("engine")
def test_the_engine_reads_a_chart_with_printed_values(truth):
    """Categories with the values that are printed at them."""
    llm, facts = ChatGPTV(model="gptv-local"), truth["chart.png"]
    chart = extract_data(EXAMPLE_IMAGES / "chart.png", Chart, llm=llm).data
    assert chart.title == facts["title"]["text"]
    assert [(point.label, point.value) for point in chart.series[0].points] == [
        ("Spring", 1240),
        ("Summer", 3180),
        ("Autumn", 1710),
        ("Winter", 460),
    ]
    assert (chart.x_label, chart.y_label) == ("Season", "Visitors")
