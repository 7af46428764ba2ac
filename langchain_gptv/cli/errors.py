"""What an error means to a person at a terminal, in one line."""

from langchain_gptv.exceptions import GPTVError


def explain(error: Exception) -> str | None:
    """Return one line for an error that a person can mend; None for a defect of ours."""
    if isinstance(error, GPTVError):
        return " ".join(str(error).split())
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror}. Check the path and its permissions."
    return _explain_api_error(error)


def _explain_api_error(error: Exception) -> str | None:
    import openai

    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, dict) else {}
        message = body.get("message") or error.message
        return f"the service answered {error.status_code}: {' '.join(str(message).split())}"
    if isinstance(error, openai.APIConnectionError):
        return f"no answer from {error.request.url}. Check the address and the network."
    return None
