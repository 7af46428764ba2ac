"""Descriptions by a chat model, each paid for once."""

from __future__ import annotations

import os
import threading

from langchain_core.language_models import BaseChatModel

from langchain_gptv.exceptions import ReplyError
from langchain_gptv.rag.cache import LoaderCache
from langchain_gptv.tools.describe import PROMPT as PROMPT
from langchain_gptv.tools.steps import Model, Usage, ask_text, run_steps
from langchain_gptv.vision.images import Image


class Describer:
    """Describes pictures for a search, and remembers what it has described.

    Safe for threads: loaders call it from several at once.

    Args:
        llm: Any chat model that takes images.
        prompt: What to ask of it.
        cache: A `LoaderCache` or the path of one; what is in it is not asked for again.

    Attributes:
        usage: What the calls took so far.

    Example:
        >>> from langchain_gptv import ChatGPTV
        >>> describer = Describer(ChatGPTV(model="gptv-local"))
        >>> text = describer.describe(Image.of("examples/images/chart.png"))
        >>> bool(text), describer.usage.calls
        (True, 1)
    """

    def __init__(
        self,
        llm: BaseChatModel,
        *,
        prompt: str = PROMPT,
        cache: LoaderCache | str | os.PathLike[str] | None = None,
    ) -> None:
        self.llm = llm
        self.prompt = prompt
        self.usage = Usage()
        self._cache = LoaderCache.of(cache)
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The model, as it is told from others in the cache."""
        fields = ("model_name", "model", "deployment_name")
        named = [str(getattr(self.llm, field)) for field in fields if hasattr(self.llm, field)]
        return "/".join([self.llm._llm_type, *named])

    def describe(self, image: Image) -> str:
        """Return what a picture shows, from the cache or from the model.

        Raises:
            ReplyError: The model answered nothing.
        """
        key = LoaderCache.key(image.sha256, self.prompt, self.name)
        known = self._cache.text(key) if self._cache else None
        return self._asked(image, key) if known is None else known

    def _asked(self, image: Image, key: str) -> str:
        reply = run_steps(ask_text(self.prompt, image), Model(self.llm))
        with self._lock:
            self.usage += reply.usage
        text = reply.value.strip()
        if not text:
            raise ReplyError(f"The model gave no description of {image.name}.", reply=reply.value)
        if self._cache:
            self._cache.keep_text(key, text)
        return text
