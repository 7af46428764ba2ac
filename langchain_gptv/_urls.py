"""Which texts are addresses on the web."""


def is_web_url(text: str) -> bool:
    """Tell whether a text is an http(s) URL; nothing is checked beyond its scheme.

    Example:
        >>> is_web_url("HTTPS://example.com/a.png"), is_web_url("data:image/png;base64,")
        (True, False)
    """
    return text[:8].lower().startswith(("https://", "http://"))
