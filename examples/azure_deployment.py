"""The same question on Azure's wire: to the embedded engine, or to your own deployment.

python examples/azure_deployment.py
AZURE_OPENAI_ENDPOINT=... AZURE_OPENAI_API_KEY=... python examples/azure_deployment.py NAME
"""

import sys
from pathlib import Path

from langchain_gptv import AzureChatGPTV, human_message

INVOICE = Path(__file__).parent / "images" / "invoice.png"


def main(deployment: str = "gptv-local") -> str:
    """Print when the invoice is due, and what the question took."""
    model = AzureChatGPTV(azure_deployment=deployment, api_version="2024-10-21")
    answer = model.invoke([human_message("When is the invoice due?", INVOICE, detail="high")])
    print(answer.text)
    print(answer.usage_metadata)
    return answer.text


if __name__ == "__main__":
    main(*sys.argv[1:])
