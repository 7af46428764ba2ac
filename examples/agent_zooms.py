"""An agent that looks closer: it zooms into a page whose text is too small, and answers.

python examples/agent_zooms.py [PICTURE [QUESTION [BASE_URL]]]

Needs the extra "agents". The embedded engine calls the tool that the question names, in this
process or at the address that `gptv serve` prints; a language model needs no such hint.
"""

import sys
from pathlib import Path

from langchain.agents import create_agent

from langchain_gptv import ChatGPTV
from langchain_gptv.store import ImageStore
from langchain_gptv.tools import VisionToolkit

INVOICE = Path(__file__).parent / "images" / "invoice.png"
QUESTION = (
    'Call zoom_image with image="{handle}" and region="600,1130,1240,1210". What is the total?'
)


def main(
    picture: str | Path = INVOICE, question: str = QUESTION, base_url: str | None = None
) -> str:
    """Let the agent look; return its answer."""
    model = ChatGPTV(model="gptv-local", base_url=base_url)
    store = ImageStore()
    handle = store.put(picture)
    toolkit = VisionToolkit(model, store=store, include=["zoom_image", "ask_image"])
    agent = create_agent(model, tools=toolkit.get_tools())
    asked = {"role": "user", "content": question.format(handle=handle)}
    messages = agent.invoke({"messages": [asked]})["messages"]
    for message in messages:
        if message.type == "tool":
            print(f"{message.name}: {message.text}")
    print(messages[-1].text)
    return str(messages[-1].text)


if __name__ == "__main__":
    main(*sys.argv[1:])
