"""Numbers as they are shown in the terminal and on the page."""

from __future__ import annotations

from langchain_gptv.testing.exchanges import Exchange


def count(number: int, noun: str) -> str:
    """Return such as "1 cassette" or "12 cassettes"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def tell_bill(exchange: Exchange) -> str:
    """Return such as "765 tokens in, 12 out, $0.0021"; a price that is not known is never 0."""
    answer, cost = exchange.answer, exchange.cost_usd
    if answer.input_tokens is None:
        return "no usage in the answer"
    price = "no price known" if cost is None else f"${cost:.4f}"
    return f"{answer.input_tokens:,} tokens in, {answer.output_tokens or 0:,} out, {price}"
