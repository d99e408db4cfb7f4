"""What a worker does now and then beside the runs it makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Chore:
    """`do` is called every `every` seconds, in a thread of its own; what it returns is said as one line, if anything.

    Every worker does every chore, so two may be at one at once: it is for the chore to see that this does no harm.
    """

    name: str
    every: float
    do: Callable[[], Mapping[str, object] | None]
