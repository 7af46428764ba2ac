"""Ask about a street, see which phrases of the answer are where, and draw their boxes.

python examples/ground_objects.py [OUT.png]
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


def main(out: str | Path = "street_grounded.png") -> list[GroundedSpan]:
    """Draw the grounded phrases of an answer; return them."""
    model = ChatGPTV(model="gptv-local", enhancements=Enhancements(merge_duplicates=False))
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
