"""Moments of a video as people write them, such as '00:12.5'."""

from __future__ import annotations

import re

_TIME = re.compile(r"(?:(\d+):)?(\d+):([0-5]?\d(?:\.\d+)?)|(\d+(?:\.\d+)?) ?s?", re.ASCII)


def format_timestamp(seconds: float, places: int = 1) -> str:
    """Write a moment as minutes and seconds; hours stand in front when there are any.

    Args:
        seconds: From the start.
        places: Decimals of a second at most; one is always there.

    Example:
        >>> format_timestamp(12.46), format_timestamp(3725)
        ('00:12.5', '1:02:05.0')
        >>> format_timestamp(12.46, places=3)
        '00:12.46'
    """
    unit = 10**places
    sign = "-" if seconds < 0 else ""
    minutes, rest = divmod(round(abs(seconds) * unit), 60 * unit)
    hours, minutes = divmod(minutes, 60)
    ones, fraction = divmod(rest, unit)
    decimals = f"{fraction:0{places}}".rstrip("0") or "0"
    return f"{sign}{f'{hours}:' if hours else ''}{minutes:02}:{ones:02}.{decimals}"


def parse_timestamp(text: str) -> float:
    """Read a moment: 'minutes:seconds', 'hours:minutes:seconds', or seconds alone.

    Raises:
        ValueError: It is none.

    Example:
        >>> parse_timestamp("00:12.5"), parse_timestamp("1:02:05"), parse_timestamp("90")
        (12.5, 3725.0, 90.0)
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no time. Write it as 00:12.5, 1:02:05 or 90.")
    hours, minutes, seconds, alone = match.groups()
    if alone:
        return float(alone)
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
