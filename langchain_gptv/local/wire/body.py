"""A value of the request body with its path, so that an error can name the very field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from langchain_gptv.local.wire import errors


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the body. `null` counts as absent, as on the real services.

    Example:
        >>> body = Node({"messages": [{"role": "user"}]})
        >>> next(body["messages"].items())["role"].path
        'messages[0].role'
    """

    value: Any
    path: str = ""

    def __getitem__(self, key: str) -> Node:
        return Node(self.object().get(key), f"{self.path}.{key}" if self.path else key)

    @property
    def given(self) -> bool:
        """Whether there is a value other than null."""
        return self.value is not None

    def items(self) -> Iterator[Node]:
        """The elements of an array."""
        if not isinstance(self.value, list):
            raise errors.wrong_type(self.path, "an array of objects", self.value)
        for index, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{index}]")

    def object(self) -> dict[str, Any]:
        """The value as an object."""
        if not isinstance(self.value, dict):
            raise errors.wrong_type(self.path, "an object", self.value)
        return self.value

    def text(self) -> str:
        """The value as a string."""
        if not isinstance(self.value, str):
            raise errors.wrong_type(self.path, "a string", self.value)
        return self.value

    def flag(self) -> bool:
        """The value as a boolean; absent is false."""
        if self.given and not isinstance(self.value, bool):
            raise errors.wrong_type(self.path, "a boolean", self.value)
        return bool(self.value)

    def count(self, *, at_most: int | None = None) -> int | None:
        """The value as an integer from 1; None when absent."""
        if not self.given:
            return None
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise errors.wrong_type(self.path, "an integer", self.value)
        if self.value < 1:
            raise self._out_of_range("below the minimum", ">= 1", "integer_below_min_value")
        if at_most is not None and self.value > at_most:
            raise self._out_of_range(
                "above the maximum", f"<= {at_most}", "integer_above_max_value"
            )
        return self.value

    def one_of(self, *supported: str) -> str:
        """The value as one of these strings."""
        if not self.given:
            raise errors.missing(self.path)
        if self.text() not in supported:
            raise errors.wrong_value(self.path, self.value, supported)
        return self.text()

    def required(self) -> Node:
        """This very node, if it is given."""
        if not self.given:
            raise errors.missing(self.path)
        return self

    def _out_of_range(self, fault: str, rule: str, code: str) -> errors.WireError:
        return errors.request_error(
            f"Invalid '{self.path}': integer {fault} value. Expected a value {rule}, but got "
            f"{self.value} instead.",
            param=self.path,
            code=code,
        )


def read_body(content_type: str, body: bytes) -> Node:
    """Parse a JSON body."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise errors.request_error(
            f"Unsupported content type: '{media_type}'. This API method only accepts "
            f"'application/json' requests, but you specified the header 'Content-Type: "
            f"{content_type}'. Please try again with a supported content type.",
            code="unsupported_content_type",
        )
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise errors.request_error(
            f"We could not parse the JSON body of your request. It is not valid JSON: {error}."
        ) from None
    if not isinstance(value, dict):
        raise errors.request_error(
            "We could not parse the JSON body of your request. It must be a JSON object."
        )
    return Node(value)
