"""Many ids in few words: what follows each other is kept as its first and its last."""

from collections.abc import Iterable

Spans = list[list[int]]


def spans(ids: Iterable[int]) -> Spans:
    """`[[7, 9], [12, 12]]` of 7, 8, 9 and 12, in whatever order they come."""
    found: Spans = []
    for each in sorted(set(ids)):
        if found and each == found[-1][1] + 1:
            found[-1][1] = each
        else:
            found.append([each, each])
    return found


def ids_of(kept: Spans) -> list[int]:
    """The ids themselves, in order."""
    return [each for first, last in kept for each in range(first, last + 1)]
