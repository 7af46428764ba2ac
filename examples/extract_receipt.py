"""Turn a picture of a receipt into a typed object.

python examples/extract_receipt.py
"""

from pathlib import Path

from pydantic import BaseModel, Field

from langchain_gptv import ChatGPTV, human_message

IMAGES = Path(__file__).parent / "images"


class Item(BaseModel):
    """One thing bought."""

    name: str
    quantity: int | None
    price: float = Field(description="for all units together")


class Receipt(BaseModel):
    """A shop receipt."""

    vendor: str
    date: str
    total: float
    items: list[Item]


def main() -> Receipt:
    """Print the receipt, and whether its items add up."""
    model = ChatGPTV(model="gptv-local").with_structured_output(Receipt)
    receipt = model.invoke([human_message("Extract the receipt.", IMAGES / "receipt.png")])
    print(receipt.model_dump_json(indent=2))
    print(f"items add up to {sum(item.price for item in receipt.items):.2f}")
    return receipt


if __name__ == "__main__":
    main()
