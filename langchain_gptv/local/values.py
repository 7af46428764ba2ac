"""Amounts, dates and other values inside printed text."""

import re
from datetime import date
from decimal import Decimal
from typing import Literal

ValueKind = Literal[
    "amount",
    "date",
    "time",
    "identifier",
    "phone",
    "email",
    "url",
    "iban",
    "sort_code",
    "text",
]

_CURRENCY = r"(?:[$€£¥₹]|(?:USD|EUR|GBP|CHF|CAD|AUD|JPY|INR|SEK|NOK|DKK|PLN)\b)"
_NUMBER = r"\d{1,3}(?:[ ,.']\d{3})+(?:[.,]\d{2})?(?!\d)|\d+[.,]\d{2}(?!\d)|\d+"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_PATTERNS: dict[ValueKind, str] = {
    "amount": rf"-?{_CURRENCY}\s?-?(?:{_NUMBER})|(?<![\d.,])(?:{_NUMBER})\s?{_CURRENCY}"
    rf"|(?<![\d.,/:])-?(?:\d{{1,3}}(?:[ ,.']\d{{3}})*|\d+)[.,]\d{{2}}(?![\d%./:])(?!\s?%)",
    "date": r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?[ .-]{{0,2}}{_MONTH}[ ,.-]{{0,2}}\d{{4}}\b"
    rf"|\b{_MONTH}\s?\d{{1,2}}(?:st|nd|rd|th)?[ ,]{{0,2}}\d{{4}}\b",
    "time": r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?",
    "identifier": r"(?=[^\s]*\d)[A-Z0-9][A-Z0-9./#-]*[A-Z0-9]|\b\d+\b",
    "phone": r"\+?\(?\d[\d ()./-]{6,}\d",
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "url": r"(?:https?://|www\.)\S+|\b[a-z0-9-]+\.(?:com|org|net|io|co\.uk|de|fr|eu|example)(?:/\S*)?\b",
    "iban": r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{2,4}){3,8}\b",
    "sort_code": r"\b\d{2}-\d{2}-\d{2}\b",
    "text": r"\S.*\S|\S",
}
_COMPILED = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _PATTERNS.items()}


def find_values(text: str, kind: ValueKind) -> list[tuple[int, int]]:
    """Return (start, end) of every value of `kind` in `text`, left to right.

    Example:
        >>> text = "VAT 20% £68.20"
        >>> [text[start:end] for start, end in find_values(text, "amount")]
        ['£68.20']
    """
    return [match.span() for match in _COMPILED[kind].finditer(text)]


def parse_amount(text: str) -> Decimal | None:
    """Return the number in a printed amount, whichever way its decimals are set.

    Example:
        >>> parse_amount("GBP 1,234.56"), parse_amount("1.234,56 €"), parse_amount("12,000")
        (Decimal('1234.56'), Decimal('1234.56'), Decimal('12000'))
    """
    match = re.search(r"-?\s?[\d][\d .,']*", re.sub(_CURRENCY, "", text, flags=re.IGNORECASE))
    if match is None:
        return None
    digits = re.sub(r"[\s']", "", match.group()).rstrip(".,")
    decimals = re.search(r"[.,](\d{1,2})$", digits)
    whole = digits[: decimals.start()] if decimals else digits
    return Decimal(re.sub(r"[.,]", "", whole) + (f".{decimals[1]}" if decimals else ""))


def parse_date(text: str) -> date | None:
    """Return the day that a printed date names, or None where the order of 03/04 is ambiguous.

    Example:
        >>> parse_date("13 April 2026"), parse_date("13/04/2026"), parse_date("03/04/2026")
        (datetime.date(2026, 4, 13), datetime.date(2026, 4, 13), None)
    """
    from dateutil import parser

    numeric = re.fullmatch(r"(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}", text.strip())
    if numeric and int(numeric[1]) <= 12 and int(numeric[2]) <= 12 and numeric[1] != numeric[2]:
        return None
    try:
        return parser.parse(text, dayfirst=bool(numeric and int(numeric[1]) > 12)).date()
    except (ValueError, OverflowError):
        return None
