"""Several rankings as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def fuse_rankings(rankings: Iterable[Sequence[str]], *, constant: int = 60) -> dict[str, float]:
    """Fuse rankings by reciprocal rank; what several have near the top comes first.

    Args:
        rankings: Ids, best first.
        constant: A larger one gives less to the very first places.

    Returns:
        The score of each id, best first.

    Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion", SIGIR 2009, where it is 60.

    Example:
        >>> list(fuse_rankings([["a", "b", "c"], ["b", "c", "a"]]))
        ['b', 'a', 'c']
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(dict.fromkeys(ranking), start=1):
            scores[name] = scores.get(name, 0.0) + 1 / (constant + rank)
    return dict(sorted(scores.items(), key=lambda item: -item[1]))
