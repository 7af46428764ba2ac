"""A model that is told what to answer, behind the real wire: requests leave and are answered."""

from langchain_gptv import ChatGPTV
from langchain_gptv.local.evidence import Answer
from langchain_gptv.local.transport import local_http_clients
from langchain_gptv.local.wire import LocalService


class Scripted:
    """Plays the model behind the real wire: notes what it is shown, answers as told."""

    def __init__(self, answer="It is 12.", fill=None):
        self.said, self.filled, self.shown = answer, fill, []

    def answer(self, images, question):
        self.shown.append((question, [(i.width, i.height) for i in images]))
        return Answer(self.said, "seen")

    def fill(self, images, question, schema):
        self.shown.append((question, [(i.width, i.height) for i in images]))
        return self.filled(len(self.shown), question, schema), ()


def chat(engine, model="gpt-4o", **settings) -> ChatGPTV:
    """Return a chat model whose requests `engine` answers over the wire."""
    client, async_client = local_http_clients(LocalService(engine, models=(model,)))
    return ChatGPTV(
        model=model,
        api_key="none",
        base_url="http://gptv.local/v1",
        http_client=client,
        http_async_client=async_client,
        **settings,
    )
