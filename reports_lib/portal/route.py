"""One address of the web: what answers it, and what whoever asks must be allowed to do."""

from collections.abc import Callable
from typing import Any, NamedTuple

from reports_lib.accounts.role import Right

READS = ("GET", "HEAD")
WRITES = ("POST",)


class Route(NamedTuple):
    """An address. With `right` None it answers whoever comes, signed in or not."""

    path: str
    function: Callable[..., Any]
    right: Right | None
    methods: tuple[str, ...] = READS
