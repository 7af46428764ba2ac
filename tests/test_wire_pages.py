"""PDF files on the wire: the engine reads their pages."""

import base64
import io

import openai
import PIL.Image
import pytest
from conftest import EXAMPLE_IMAGES
from langchain_core.messages import HumanMessage

from langchain_gptv import ChatGPTV

pytest.importorskip("pypdfium2", reason="the extra 'pdf' is not installed")
pytestmark = pytest.mark.usefixtures("engine")


def file_block(data: bytes) -> dict:
    """Return LangChain's standard block for a PDF."""
    text = base64.b64encode(data).decode()
    return {"type": "file", "base64": text, "mime_type": "application/pdf", "filename": "a.pdf"}


def ask(question: str, data: bytes, *, responses: bool) -> str:
    """Ask the engine about a PDF."""
    model = ChatGPTV(model="gptv-local", use_responses_api=responses)
    content = [{"type": "text", "text": question}, file_block(data)]
    return model.invoke([HumanMessage(content=content)]).text


@pytest.mark.parametrize("responses", [False, True], ids=["chat", "responses"])
def test_every_page_is_read(responses, truth):
    """A file of two pages is answered like two pictures."""
    buffer = io.BytesIO()
    with (
        PIL.Image.open(EXAMPLE_IMAGES / "receipt.png") as receipt,
        PIL.Image.open(EXAMPLE_IMAGES / "invoice.png") as invoice,
    ):
        first = receipt.convert("RGB")
        pages = [invoice.convert("RGB")]
        first.save(buffer, "PDF", resolution=150, save_all=True, append_images=pages)
    answer = ask("What is the total?", buffer.getvalue(), responses=responses)
    assert f"Image 1: The total is {truth['receipt.png']['total']['text']}" in answer
    assert f"Image 2: The total is {truth['invoice.png']['total']['text']}" in answer


def test_a_damaged_pdf_is_a_clear_error():
    """The service's own error class, with what is wrong."""
    with pytest.raises(openai.BadRequestError, match="The PDF cannot be opened"):
        ask("What is it?", b"%PDF-1.4 nothing", responses=False)
