"""Which texts are addresses: on the web, or of a picture in an `ImageStore`."""

REFERENCE_SCHEME = "gptv://"


def is_web_url(text: str) -> bool:
    """Tell whether a text is an http(s) URL; nothing is checked beyond its scheme.

    Example:
        >>> is_web_url("HTTPS://example.com/a.png"), is_web_url("data:image/png;base64,")
        (True, False)
    """
    return text[:8].lower().startswith(("https://", "http://"))


def is_reference(text: str) -> bool:
    """Tell whether a text is the URL of a picture in an `ImageStore`.

    Example:
        >>> is_reference("gptv://img_3f9a2c0b71de"), is_reference("img_3f9a2c0b71de")
        (True, False)
    """
    return text.startswith(REFERENCE_SCHEME)
