"""An agent that takes a receipt apart with tools, and says whether its sums hold. Needs no key.

python examples/agent_inspects_receipt.py [IMAGE [BASE_URL]]

The embedded engine calls the tool that the question names: in this process, or over HTTP at the
address that `gptv serve` prints. To run it with a model that chooses its tools itself, set
GPTV_MODEL to its name and OPENAI_API_KEY.
"""

import os
import sys
from pathlib import Path

from langchain.agents import create_agent

from langchain_gptv import ChatGPTV
from langchain_gptv.tools import VisionToolkit

IMAGES = Path(__file__).parent / "images"


def main(
    image: str | Path = IMAGES / "receipt.png", base_url: str | None = None
) -> dict[str, float | bool | None]:
    """Print the agent's steps, and return the total and whether the sums hold."""
    model = ChatGPTV(model=os.environ.get("GPTV_MODEL", "gptv-local"), base_url=base_url)
    toolkit = VisionToolkit(model)
    handle = toolkit.store.put(image)
    agent = create_agent(model, toolkit.get_tools())
    question = f"Do the sums hold? Use extract_data with image={handle} and kind=receipt"
    state = agent.invoke({"messages": [("user", question)]})
    for message in state["messages"]:
        message.pretty_print()
    found = next(message.artifact for message in state["messages"] if message.type == "tool")
    total = found.evidence["total"]
    print(f"\nThe total {found.data.total} stands at {[round(edge) for edge in total.box]}.")
    return {"total": found.data.total, "sums_hold": all(check.holds for check in found.checks)}


if __name__ == "__main__":
    main(*sys.argv[1:])
