"""Ask a picture a question. Runs with no key; change one argument to ask GPT.

python examples/ask_a_picture.py [IMAGE] [QUESTION]
"""

import sys
from pathlib import Path

from langchain_gptv import ChatGPTV, human_message

IMAGES = Path(__file__).parent / "images"


def main(image: str | Path = IMAGES / "receipt.png", question: str = "What is the total?") -> str:
    """Print the answer and what it rests on."""
    model = ChatGPTV(model="gptv-local")  # or model="gpt-5.4", with OPENAI_API_KEY set
    answer = model.invoke([human_message(question, image)])
    print(answer.text)
    for fact in answer.response_metadata.get("gptv", {}).get("evidence", []):
        print(f"  {fact['kind']}: {fact['text']!r}, score {fact['score']:.2f}, box {fact['box']}")
    return answer.text


if __name__ == "__main__":
    main(*sys.argv[1:])
