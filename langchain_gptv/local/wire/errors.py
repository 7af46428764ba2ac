"""The error bodies of the real services, so that a client's own error handling is exercised.

Every shape was read off a recorded reply or a published one. Azure has three of its own: the
gateway's (`code` and `message` alone), that of a bad image in a chat, and that of its v1 API.
"""

from __future__ import annotations

from typing import Any, Literal

from langchain_gptv.local.wire.dialect import Dialect

Kind = Literal["invalid_request_error", "server_error"]


class WireError(Exception):
    """An error of the caller, on its way to becoming a reply. It never leaves the service.

    Attributes:
        status: Of the HTTP reply.
        error: What stands under "error" in the body.
    """

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = error


def request_error(
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    status: int = 400,
    kind: Kind = "invalid_request_error",
) -> WireError:
    """The four-field error of OpenAI, which Azure passes on for most faults of a request."""
    return WireError(status, {"message": message, "type": kind, "param": param, "code": code})


def azure_error(status: int, code: str, message: str) -> WireError:
    """The two-field error of Azure's gateway."""
    return WireError(status, {"code": code, "message": message})


def missing(path: str) -> WireError:
    """A field that must be there is not."""
    return request_error(
        f"Missing required parameter: '{path}'.", param=path, code="missing_required_parameter"
    )


def wrong_type(path: str, expected: str, value: Any) -> WireError:
    """A field holds another kind of JSON value."""
    return request_error(
        f"Invalid type for '{path}': expected {expected}, but got {_name_type(value)} instead.",
        param=path,
        code="invalid_type",
    )


def wrong_value(path: str, value: str, supported: tuple[str, ...]) -> WireError:
    """A field holds a word that is not among those known."""
    *others, last = (f"'{name}'" for name in supported)
    names = f"{', '.join(others)}{',' if len(others) > 1 else ''} and {last}" if others else last
    return request_error(
        f"Invalid value: '{value[:100]}'. Supported values are: {names}.",
        param=path,
        code="invalid_value",
    )


def unknown_field(name: str, dialect: Dialect) -> WireError:
    """A field that this API does not have, or not under this path."""
    if dialect.azure:
        return request_error(
            f"1 validation error for Request\nbody -> {name}\n"
            "  extra fields not permitted (type=value_error.extra)"
        )
    return request_error(f"Unrecognized request argument supplied: {name}")


def unsupported_parameter(path: str, way_out: str) -> WireError:
    """A documented parameter that cannot be honoured here."""
    return request_error(
        f"Unsupported parameter: '{path}' is not supported with this model. {way_out}",
        param=path,
        code="unsupported_parameter",
    )


def misplaced_image(path: str, role: str) -> WireError:
    """An image in a message that is not a user's."""
    return request_error(
        f"Invalid '{path}'. Image URLs are only allowed for messages with role 'user', but this "
        f"message with role '{role}' contains an image URL.",
        param=path,
        code="invalid_value",
    )


def bad_data_url(path: str, fault: str, dialect: Dialect) -> WireError:
    """Neither a web address nor a base64 data URL."""
    message = (
        f"Invalid image URL: '{path}'. Expected a base64-encoded data URL with an image MIME type "
        f"(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got {fault}."
    )
    if dialect.azure and dialect.api == "chat":
        return _azure_image_error(message)
    return request_error(message, param=path, code="invalid_value")


def unreachable_image(url: str, dialect: Dialect) -> WireError:
    """A web address: the services fetch it, this engine opens no connection at all."""
    message = (
        f"Error while downloading {url[:200]}. The embedded engine fetches nothing from the "
        "network; send the image as a base64 data URL."
    )
    if dialect.api == "responses":
        return request_error(message, param="url", code="invalid_value")
    if dialect.azure:
        return _azure_image_error(f"The provided image url is not accessible. {message}")
    return request_error(message, code="invalid_image_url")


def not_an_image(dialect: Dialect) -> WireError:
    """The bytes are no picture of an accepted type, or a damaged one."""
    if dialect.api == "responses":
        return request_error(
            "The image data you provided does not represent a valid image. Please check your "
            "input and try again with one of the supported image formats: "
            "['image/jpeg', 'image/png', 'image/gif', 'image/webp'].",
            param="input",
            code="invalid_value",
        )
    if dialect.azure:
        return _azure_image_error("Invalid image data.")
    return request_error(
        "You uploaded an unsupported image. Please make sure your image has of one the following "
        "formats: ['png', 'jpeg', 'gif', 'webp'].",
        code="invalid_image_format",
    )


def unknown_model(model: str, dialect: Dialect) -> WireError:
    """Each service has its own: the status differs too."""
    if dialect.azure and dialect.api_version is None:
        return WireError(
            400,
            {
                "code": "unknown_model",
                "message": f"Unknown model: {model}",
                "details": f"Unknown model: {model}",
            },
        )
    if dialect.azure:
        return azure_error(
            404,
            "DeploymentNotFound",
            "The API deployment for this resource does not exist. If you created the deployment "
            "within the last 5 minutes, please wait a moment and try again.",
        )
    if dialect.api == "responses":
        return request_error(
            f"The requested model '{model}' does not exist.", param="model", code="model_not_found"
        )
    return request_error(
        f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
        status=404,
    )


def unknown_path(method: str, path: str, *, azure: bool) -> WireError:
    """There is nothing at the path; Azure says the same of a missing `api-version`."""
    if azure:
        return azure_error(404, "404", "Resource not found")
    return request_error(f"Invalid URL ({method} {path})", status=404)


def unauthorized(*, azure: bool, key: str | None) -> WireError:
    """A missing or wrong key. The key is never repeated."""
    if azure:
        return azure_error(
            401,
            "401",
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to "
            "provide the token that the server was started with.",
        )
    if key is None:
        return request_error(
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            status=401,
        )
    return request_error(
        "Incorrect API key provided. It is the token that the server was started with.",
        code="invalid_api_key",
        status=401,
    )


def _azure_image_error(message: str) -> WireError:
    return WireError(400, {"code": "BadRequest", "type": None, "param": None, "message": message})


def _name_type(value: Any) -> str:
    names = {str: "a string", dict: "an object", list: "an array", bool: "a boolean"}
    names |= {int: "an integer", float: "a decimal", type(None): "null"}
    return names.get(type(value), "something else")
