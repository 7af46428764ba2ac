"""Azure OpenAI's published descriptions of its chat API, by generation."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from wire_schema import Schemas

FILES = {
    "2023-12-01-preview": "azureopenai_inference_2023-12-01-preview_inference.json",
    "2024-02-15-preview": "azureopenai_inference_2024-02-15-preview_inference.json",
    "2024-10-21": "azureopenai_inference_2024-10-21_stable_inference.yaml",
}


class AzureSpec:
    """One description.

    Args:
        document: The OpenAPI document.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths = document["paths"]
        self.schemas = Schemas(_without_discriminators(document["components"]["schemas"]))

    def problems(self, url_path: str, body: dict[str, Any]) -> list[str]:
        """Return what is wrong with a POST to a path below `/openai`."""
        path = url_path.removeprefix("/openai").replace("/eyes/", "/{deployment-id}/")
        content = self.paths[path]["post"]["requestBody"]["content"]
        return self.schemas.problems(body, content["application/json"]["schema"])


@functools.cache
def azure_spec(folder: Path, api_version: str) -> AzureSpec:
    """Read the description of a generation."""
    file = folder / FILES[api_version]
    if file.suffix == ".json":
        return AzureSpec(json.loads(file.read_text()))
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return AzureSpec(yaml.load(file.read_bytes(), loader))


def _without_discriminators(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas with each discriminator written out as a choice of its branches."""
    bases = {name for name, schema in schemas.items() if "discriminator" in schema}
    plain = {name: _on_bases(schema, bases) for name, schema in schemas.items()}
    for name in bases:
        branches = plain[name].pop("discriminator")["mapping"].values()
        plain[_base(name)] = plain[name]
        plain[name] = {"oneOf": [{"$ref": branch} for branch in branches]}
    return plain


def _on_bases(schema: dict[str, Any], bases: set[str]) -> dict[str, Any]:
    parts = [
        {"$ref": _base(part["$ref"])} if part.get("$ref", "").rsplit("/", 1)[-1] in bases else part
        for part in schema.get("allOf", ())
    ]
    return {**schema, "allOf": parts} if parts else dict(schema)


def _base(name: str) -> str:
    return f"{name}Base"
