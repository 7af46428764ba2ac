"""The fields that documents print, under the labels that they print them."""

import re
from dataclasses import dataclass

from langchain_gptv.local.values import ValueKind


@dataclass(frozen=True, slots=True)
class Concept:
    """A field that documents print under several labels.

    Attributes:
        name: What an answer calls it.
        kind: What its value looks like.
        labels: Printed labels, the most telling first.
        asked: Further words by which a question means it, beside its name and labels.
        never: Words that make a label mean something else, as 'sub' in 'sub total'.
    """

    name: str
    kind: ValueKind
    labels: tuple[str, ...]
    asked: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


_NUMBER_WORDS = ("no", "nr", "number", "num", "#", "id")


def _numbered(what: str) -> tuple[str, ...]:
    return (*(f"{what} {word}" for word in _NUMBER_WORDS), f"{what}#")


CONCEPTS = (
    Concept("subtotal", "amount", ("subtotal", "sub total", "sub-total", "net total", "net")),
    Concept(
        "total",
        "amount",
        (
            *("grand total", "total to pay", "total due", "total amount", "invoice total"),
            *("order total", "total", "amount due", "balance due", "to pay", "amount payable"),
        ),
        asked=("sum", "how much do i owe", "how much is owed", "price in total", "cost in total"),
        never=("sub", "sub-", "net", "vat", "tax", "items", "saved", "savings", "discount"),
    ),
    Concept("tip", "amount", ("tip", "gratuity", "service charge")),
    Concept("discount", "amount", ("discount", "savings", "you saved")),
    Concept("VAT number", "identifier", _numbered("vat") + _numbered("vat reg")),
    Concept("VAT", "amount", ("vat", "value added tax", "sales tax", "tax", "gst", "mwst", "tva")),
    Concept("change", "amount", ("change due", "change"), never=("exchange",)),
    Concept("cash", "amount", ("cash", "paid cash", "cash tendered")),
    Concept("card payment", "amount", ("card", "visa", "mastercard", "debit card", "credit card")),
    Concept(
        "invoice number",
        "identifier",
        (*_numbered("invoice"), "invoice reference", "inv no", "invoice"),
        asked=("invoice id",),
        never=("date", "total"),
    ),
    Concept("receipt number", "identifier", (*_numbered("receipt"), *_numbered("transaction"))),
    Concept(
        "purchase order number",
        "identifier",
        (
            *_numbered("po"),
            *_numbered("p.o."),
            *_numbered("purchase order"),
            "purchase order",
            "po",
        ),
    ),
    Concept(
        "order number", "identifier", (*_numbered("order"), "order", "order ref"), never=("po",)
    ),
    Concept("customer number", "identifier", (*_numbered("customer"), *_numbered("client"))),
    Concept(
        "account number", "identifier", (*_numbered("account"), "acc no", "a/c no"), never=("name",)
    ),
    Concept("sort code", "sort_code", ("sort code",)),
    Concept("IBAN", "iban", ("iban",)),
    Concept("title", "text", ("title",), asked=("heading", "headline", "called")),
    Concept(
        "due date",
        "date",
        ("due date", "payment due", "due by", "pay by", "due on", "due"),
        asked=("when is it due", "when must it be paid", "deadline", "due"),
        never=("amount", "total", "balance"),
    ),
    Concept(
        "date",
        "date",
        ("invoice date", "date of issue", "issue date", "issued on", "order date", "date"),
        asked=("when was it issued", "which day", "what day", "dated", "issued"),
        never=("due",),
    ),
    Concept("time", "time", ("time",), asked=("what time", "at what time")),
    Concept("phone number", "phone", ("phone", "tel", "telephone", "phone number", "call")),
    Concept("e-mail address", "email", ("e-mail", "email", "mail"), asked=("email address",)),
    Concept("website", "url", ("website", "web", "url", "www")),
    Concept(
        "customer",
        "text",
        ("bill to", "billed to", "invoice to", "sold to", "ship to", "customer", "client"),
        asked=("who must pay", "recipient", "buyer", "addressed to", "made out to", "billed to"),
        never=_NUMBER_WORDS,
    ),
    Concept(
        "seller",
        "text",
        ("seller", "vendor", "supplier", "merchant", "sold by", "issued by", "from"),
        asked=(
            *("shop", "store", "who issued", "company", "which restaurant", "store name"),
            *("invoice from", "receipt from", "bill from", "who is it from", "who is this from"),
            *("who sent", "sender", "who wrote"),
        ),
    ),
)
"""In the order in which a question is held against them: the more specific first."""

_ONLY_PRINTED = {
    *("invoice", "order", "po", "from", "call", "web", "card", "net", "client", "mail", "tip"),
    *("customer", "total due", "due by", "due on", "paid cash"),
}
"""Labels that say too little in a question: 'order' in 'Who placed the order?'."""


def find_concept(text: str) -> Concept | None:
    """Return the field that `text`, in lower case, asks for; the longest phrase in it decides.

    Example:
        >>> find_concept("when is the invoice due?").name
        'due date'
    """
    best: tuple[int, Concept | None] = (0, None)
    for concept in CONCEPTS:
        if text.startswith("when") and concept.kind not in {"date", "time"}:
            continue
        for phrase in (concept.name.lower(), *concept.asked, *concept.labels):
            if phrase in _ONLY_PRINTED or len(phrase) <= best[0]:
                continue
            if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text):
                best = (len(phrase), concept)
    if best[1] is None and text.startswith("when "):
        return next(concept for concept in CONCEPTS if concept.name == "date")
    return best[1]
