"""Find the people and vehicles in a street and draw a box around each.

python examples/draw_evidence.py [OUT.png]
"""

import sys
from pathlib import Path

from langchain_gptv import Box, ChatGPTV, Image, draw_boxes, human_message

STREET = Path(__file__).parent / "images" / "street.jpg"


def main(out: str | Path = "street_boxes.png") -> int:
    """Draw the evidence of an answer; return how many boxes there are."""
    answer = ChatGPTV(model="gptv-local").invoke([human_message("Describe it.", STREET)])
    print(answer.text)
    evidence = answer.response_metadata["gptv"]["evidence"]
    boxes = [
        (Box(*fact["box"]), f"{fact['text']} {fact['score']:.0%}")
        for fact in evidence
        if fact["kind"] == "object"
    ]
    draw_boxes(Image.from_path(STREET).to_pil(), boxes).save(out)
    print(f"drew {len(boxes)} boxes to {out}")
    return len(boxes)


if __name__ == "__main__":
    main(*sys.argv[1:])
