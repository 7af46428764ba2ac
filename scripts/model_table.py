"""Write docs/models.md from the facts in langchain_gptv/vision/profiles.json.

python scripts/model_table.py           writes it
python scripts/model_table.py --check   exit status 1 if it is not current
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from langchain_gptv.vision import profile_data, profiles
from langchain_gptv.vision.profile_data import Limits, ProfileRow
from langchain_gptv.vision.rules import PatchRule, TileRule, TokenRule

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "models.md"
SQUARE, PHOTO = (1024, 1024), (4032, 3024)

TOP = """# Models

What every model makes of an image, in tokens. `gptv tokens photo.jpg -m MODEL` tells it for your
image, with bytes and dollars; [Cost](cost.md) says how to keep a budget.

This page is written by `python scripts/model_table.py` from
`langchain_gptv/vision/profiles.json`. A model is one entry there; `register_profile` adds or
overrides one in your program. A model that is not known counts as the dearest rule and warns.
"""
COSTS = """
## Tokens of an image

"Auto" is what the service makes of `detail="auto"`. `ChatGPTV` never sends `auto`: it decides from
the picture. A size in pixels is width before height.
"""
LIMITS = """
## Limits of a request

Kept before the call: an image that is too large is packed tighter, too many raise a `LimitError`.
"""
SOURCES = """
## Sources

Where documents of different dates disagree both are kept, and the newest counts unless
`get_profile(model, as_of="2024-01-15")` asks for an older one.
"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def counted(rule: TokenRule) -> str:
    """Say in words how a rule counts."""
    if isinstance(rule, TileRule):
        return f"{rule.base:,} + {rule.tile:,} per tile of 512 px"
    if isinstance(rule, PatchRule):
        return f"{rule.multiplier:g} per patch of 32 px"
    return "the dearest of all"


def costs(rows: Iterable[ProfileRow]) -> Iterator[list[str]]:
    """Yield a line for each entry that counts today: its models, and tokens at each `detail`."""
    for row in current(rows):
        profile = profiles.get_profile(row.names[0], row.service or "openai")
        tokens = [
            f"{profile.tokens(*size, detail):,}" if detail in profile.details else "-"
            for size in (SQUARE, PHOTO)
            for detail in ("low", "high", "original")
        ]
        yield [named(row), *tokens, profile.resolve_detail("auto"), counted(row.rule)]


def current(rows: Iterable[ProfileRow]) -> Iterator[ProfileRow]:
    """Yield the entries with those of their models of which nothing newer is said."""
    rows = list(rows)
    newest: dict[tuple[str, str | None], str] = {}
    for row in sorted(rows, key=lambda row: row.as_of):
        newest.update({(name, row.service): row.as_of for name in row.names})
    for row in rows:
        names = tuple(n for n in row.names if newest[n, row.service] == row.as_of)
        if names:
            yield replace(row, names=names)


def named(row: ProfileRow) -> str:
    """Return the models of an entry, and the service if it is about one alone."""
    names = ", ".join(f"`{name}`" for name in row.names)
    return f"{names} on {row.service.capitalize()}" if row.service else names


def limits(service: str, limit: Limits) -> list[str]:
    """Return a line of what a request may hold."""
    counts = (limit.max_images, limit.max_image_bytes, limit.max_total_bytes)
    images, each, total = (f"{count:,}" if count else "-" for count in counts)
    types = ", ".join(kind.removeprefix("image/").upper() for kind in limit.mime_types)
    return [service, limit.as_of, images, each, total, types, limit.source]


def page() -> str:
    """Return the whole page."""
    data = profile_data.read_profile_table(Path(profiles.__file__).with_name("profiles.json"))
    sizes = [f"{width:,}x{height:,}" for width, height in (SQUARE, PHOTO)]
    details = [f"{size} {detail}" for size in sizes for detail in ("low", "high", "original")]
    facts = [[named(row), row.as_of, counted(row.rule), row.source] for row in data.rows]
    bounds = [limits(service, each) for service, known in data.limits.items() for each in known]
    columns = ("service", "since", "images", "bytes of one", "bytes of all", "types", "source")
    return "".join(
        (
            TOP,
            f"{COSTS}\n{table(('model', *details, 'auto', 'counted as'), costs(data.rows))}",
            f"{LIMITS}\n{table(columns, bounds)}",
            f"{SOURCES}\n{table(('model', 'as of', 'counted as', 'source'), facts)}",
            f"\nNot for images: {', '.join(f'`{name}`' for name in sorted(data.text_only))}.\n",
        )
    )


def main() -> int:
    """Write the page, or with --check compare it."""
    if "--check" in sys.argv:
        return int(not PAGE.exists() or PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
