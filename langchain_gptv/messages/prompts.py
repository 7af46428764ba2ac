"""A place for images in a prompt template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.prompts.message import BaseMessagePromptTemplate
from pydantic import Field

from langchain_gptv.exceptions import MessageError
from langchain_gptv.messages.build import image_block, with_detail
from langchain_gptv.vision.rules import Detail


class ImagesPlaceholder(BaseMessagePromptTemplate):
    """A user message with as many images as the variable holds.

    Attributes:
        variable_name: Its value is one image or a list of them, in any form `image_block` takes,
            or ready blocks.
        detail: The API setting for all of them; None leaves it to the call and the model.
        text: Put before the images.
        optional: Whether no value is as good as an empty list.
    """

    variable_name: str
    detail: Detail | None = None
    text: str = ""
    optional: bool = False
    input_types: dict[str, Any] = Field(default_factory=dict, exclude=True)

    @property
    def input_variables(self) -> list[str]:
        """The name of the variable, unless it is optional."""
        return [] if self.optional else [self.variable_name]

    def format_messages(self, **kwargs: Any) -> list[BaseMessage]:
        """Return one user message; none when there is neither text nor image."""
        value = kwargs.get(self.variable_name) if self.optional else kwargs[self.variable_name]
        content: list[Any] = [{"type": "text", "text": self.text}] if self.text else []
        content += [self._block(image, place) for place, image in enumerate(self._images(value))]
        return [HumanMessage(content=content)] if content else []

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """Where a dump says that the class is; `load` has to be told that it may look there."""
        return cls.__module__.split(".")

    def pretty_repr(self, html: bool = False) -> str:
        """Return a line that names the variable."""
        from langchain_core.messages.base import get_msg_title_repr

        title = get_msg_title_repr("Human Message", bold=html)
        lines = [
            title,
            "",
            *([self.text] if self.text else []),
            f"{{{self.variable_name}}}: images",
        ]
        return "\n".join(lines)

    def _images(self, value: Any) -> list[Any]:
        if value is None and self.optional:
            return []
        # An open file is an iterator too.
        is_many = isinstance(value, Iterator) and not hasattr(value, "read")
        return list(value) if is_many or isinstance(value, list | tuple) else [value]

    def _block(self, image: Any, place: int) -> dict[str, Any]:
        if image is None:
            raise MessageError(f"{self.variable_name}[{place}] is None. Leave it out of the list.")
        if isinstance(image, dict):
            return with_detail(image, self.detail)
        return image_block(image, detail=self.detail)


def images_placeholder(
    variable_name: str, *, detail: Detail | None = None, text: str = "", optional: bool = False
) -> ImagesPlaceholder:
    """Make a place in a `ChatPromptTemplate` for a list of images of any length.

    Args:
        variable_name: The name under which the images are passed.
        detail: The API setting for all of them; None leaves it to the call and the model.
        text: Put before the images in the same message.
        optional: Whether the variable may be left out.

    Example:
        >>> from langchain_core.prompts import ChatPromptTemplate
        >>> prompt = ChatPromptTemplate([images_placeholder("pages"), ("user", "{question}")])
        >>> prompt.input_variables
        ['pages', 'question']
    """
    return ImagesPlaceholder(
        variable_name=variable_name, detail=detail, text=text, optional=optional
    )
