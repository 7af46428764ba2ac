"""Ask about a street, see which phrases of the answer are where, and draw their boxes.

python examples/ground_objects.py [OUT.png [BASE_URL]]

The embedded engine answers in this process, or at the address that `gptv serve` prints.
"""

import sys
from pathlib import Path

from langchain_gptv import (
    ChatGPTV,
    Enhancements,
    GroundedSpan,
    draw_grounding,
    grounded_spans,
    human_message,
)

STREET = Path(__file__).parent / "images" / "street.jpg"


def main(
    out: str | Path = "street_grounded.png", base_url: str | None = None
) -> list[GroundedSpan]:
    """Draw the grounded phrases of an answer; return them."""
    each = Enhancements(merge_duplicates=False)
    model = ChatGPTV(model="gptv-local", base_url=base_url, enhancements=each)
    answer = model.invoke([human_message("Describe the street.", STREET)])
    print(answer.text)
    spans = grounded_spans(answer)
    for span in spans:
        print(f"{span.text!r} at {span.offset}: {span.polygon[0]} to {span.polygon[2]}")
    draw_grounding(STREET, answer).save(out)
    print(f"drew {len(spans)} boxes to {out}")
    return spans


if __name__ == "__main__":
    main(*sys.argv[1:])
