"""Lets the API reference show an `Example:` of a docstring as code; mkdocs.yml names this file."""

from typing import Any

import griffe


class Examples(griffe.Extension):
    """Gives the section the only name under which griffe reads `>>>` lines as code."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rename the section where an object has one."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
