"""Any OpenAI client can ask the embedded engine: here langchain-openai's own ChatOpenAI.

gptv serve &
python examples/stream_from_server.py [BASE_URL]
"""

import sys
from pathlib import Path

from langchain_openai import ChatOpenAI

from langchain_gptv import human_message

PAGE = Path(__file__).parent / "images" / "page.png"


def main(base_url: str = "http://127.0.0.1:8000/v1") -> str:
    """Print the text of a page as it arrives."""
    model = ChatOpenAI(model="gptv-local", base_url=base_url, api_key="not-needed")
    text = ""
    for chunk in model.stream([human_message("Read the text.", PAGE)]):
        print(chunk.text, end="", flush=True)
        text += chunk.text
    print()
    return text


if __name__ == "__main__":
    main(*sys.argv[1:])
