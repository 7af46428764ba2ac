"""The door: the only place that opens a path that message content or a model names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from langchain_gptv.exceptions import SourceNotAllowedError
from langchain_gptv.vision.images import Image


class ImageSources:
    """Which files content may name. By default none: a path in content is refused.

    Args:
        roots: Folders; files inside them may be opened, wherever links lead from there.

    Example:
        >>> sources = ImageSources(roots=["examples/images"])
        >>> sources.open_path("examples/images/receipt.png").mime_type
        'image/png'
    """

    def __init__(self, roots: Iterable[str | os.PathLike[str]] = ()) -> None:
        self.roots = tuple(Path(root).resolve() for root in roots)

    def open_path(self, path: str | os.PathLike[str]) -> Image:
        """Open an image file inside the roots.

        Raises:
            SourceNotAllowedError: It lies outside, links followed.
            ImageError: It is no image.
        """
        resolved = Path(path).expanduser().resolve()
        if not any(resolved.is_relative_to(root) for root in self.roots):
            allowed = [str(root) for root in self.roots]
            raise SourceNotAllowedError(
                f"'{os.fspath(path)}' is outside the allowed roots {allowed}. Add its folder to "
                "ImageSources(roots=[...]), or open it yourself with image_block(path)."
            )
        return Image.from_path(resolved)

    def __repr__(self) -> str:
        return f"ImageSources(roots={[str(root) for root in self.roots]})"


NO_SOURCES = ImageSources()
"""Opens nothing."""
