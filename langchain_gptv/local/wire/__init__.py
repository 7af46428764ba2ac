"""The wire of OpenAI and Azure OpenAI in front of the embedded engine.

Read in this order: `service` (routes), `body` and `content` (the request, checked), `conversation`
(what is asked of which images), `answering` (the engine's result), `chat` and `responses` (the
result in the words of each API), `errors` (the bodies of the real services); `batches` and
`uploads` are OpenAI's Batch API over all of it.
"""

from langchain_gptv.local.wire.answering import Engine
from langchain_gptv.local.wire.service import LocalService, Reply

__all__ = ["Engine", "LocalService", "Reply"]
