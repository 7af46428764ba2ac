"""Which of the real APIs a request speaks; the same answer is written differently for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from langchain_gptv.vision.grounding import ENHANCED_VERSIONS, EXTENSIONS_VERSION

Api = Literal["chat", "responses", "models"]

_OLD_CONTENT_VERSIONS = {"2023-12-01-preview", "2024-02-15-preview"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """An API and its service.

    Attributes:
        api: Which of the APIs.
        azure: Whether the path is one of Azure OpenAI.
        api_version: The query parameter of Azure's older API; None on its v1 API and on OpenAI.
        extensions: Whether the path is that of Azure's extensions of 2023.
    """

    api: Api
    azure: bool = False
    api_version: str | None = None
    extensions: bool = False

    @property
    def enhanced(self) -> bool:
        """Whether OCR and grounding may be asked for."""
        fits = self.extensions == (self.api_version == EXTENSIONS_VERSION)
        return self.azure and self.api_version in ENHANCED_VERSIONS and fits

    @property
    def old_finish(self) -> bool:
        """Whether a choice says `finish_details` in place of `finish_reason`."""
        return self.extensions

    @property
    def old_content(self) -> bool:
        """Whether the first published forms of image content are understood.

        These are a bare string among the parts, `{"image": ...}`, and `image_url` as a string.
        Azure's how-to of 2023 showed them; OpenAI refuses them.
        """
        return self.azure and self.api_version in _OLD_CONTENT_VERSIONS
