"""Image Analysis 4.0 through the client of Azure's own SDK, `azure-ai-vision-imageanalysis`."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_gptv.enhancements.azure_rest import Call, explain_fault
from langchain_gptv.exceptions import (
    EnhancementTimeoutError,
    MissingExtraError,
    PlanError,
    VisionConnectionError,
)


class SDKResource:
    """Sends calls through an `ImageAnalysisClient`, and makes its errors ours.

    Args:
        client: Of `azure.ai.vision.imageanalysis`, which works from async code in a thread; or of
            its `aio`, which works from async code alone. Address, key, retries and timeouts are
            the client's.

    Raises:
        PlanError: It is no such client.
        MissingExtraError: The SDK is not installed.
    """

    endpoint = "Azure AI Vision"

    def __init__(self, client: Any) -> None:
        if not (hasattr(client, "analyze") and hasattr(client, "analyze_from_url")):
            raise PlanError(
                f"client={type(client).__name__} cannot analyze pictures. Pass an "
                "ImageAnalysisClient of azure-ai-vision-imageanalysis, or endpoint and key."
            )
        _core_exceptions()
        self._client = client
        self._is_async = inspect.iscoroutinefunction(inspect.unwrap(client.analyze))

    def send(self, call: Call) -> Any:
        """Return the JSON of the answer.

        Raises:
            EnhancementError: The service refused, did not answer, or not in time.
            PlanError: The client is that of `aio`.
        """
        if self._is_async:
            raise PlanError(
                "client=... is the async one. Call aanalyze, aobserve or ainvoke, or pass the "
                "ImageAnalysisClient of azure.ai.vision.imageanalysis itself."
            )
        with _explained():
            return self._ask(call).as_dict()

    async def asend(self, call: Call) -> Any:
        """Do the same without blocking the event loop."""
        if not self._is_async:
            return await asyncio.to_thread(self.send, call)
        with _explained():
            return (await self._ask(call)).as_dict()

    def _ask(self, call: Call) -> Any:
        wanted = {
            "visual_features": call.query["features"].split(","),
            "language": call.query.get("language"),
        }
        if call.content is None:
            return self._client.analyze_from_url(image_url=call.json["url"], **wanted)
        return self._client.analyze(image_data=call.content, **wanted)

    def __repr__(self) -> str:
        return f"SDKResource({type(self._client).__name__})"


@contextmanager
def _explained() -> Iterator[None]:
    errors = _core_exceptions()
    try:
        yield
    except errors.HttpResponseError as error:
        if error.response is None:
            raise VisionConnectionError(f"Azure AI Vision's answer is broken: {error}") from error
        address = str(getattr(error.response.request, "url", "")).partition("/computervision")[0]
        raise explain_fault(error.response, address or SDKResource.endpoint) from error
    except (errors.ServiceRequestError, errors.ServiceResponseError) as error:
        raise _unreached(error) from error


def _unreached(error: Exception) -> EnhancementTimeoutError | VisionConnectionError:
    fault = str(error).rstrip(".")
    # Older versions of azure-core tell a timeout by its text alone.
    if "Timeout" in type(error).__name__ or "timed out" in fault:
        return EnhancementTimeoutError(
            f"Azure AI Vision did not answer in time: {fault}. Try again, or make the client with "
            "read_timeout=..."
        )
    return VisionConnectionError(
        f"Azure AI Vision cannot be reached: {fault}. Check the client's endpoint and the network."
    )


def _core_exceptions() -> Any:
    try:
        return importlib.import_module("azure.core.exceptions")
    except ImportError:
        raise MissingExtraError(
            "client=ImageAnalysisClient(...)", package="azure-ai-vision-imageanalysis"
        ) from None
