"""One address of the web: what answers it, and what whoever asks must be allowed to do."""

from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.convertors import IntegerConvertor, register_url_convertor

from reports_lib.accounts.role import Right

READS = ("GET", "HEAD")
WRITES = ("POST",)


class Route(NamedTuple):
    """An address. With `right` None it answers whoever comes, signed in or not."""

    path: str
    function: Callable[..., Any]
    right: Right | None
    methods: tuple[str, ...] = READS


class _Number(IntegerConvertor):
    """A number in an address, `{…:int}`, of no more digits than the database has: Python reads no very long ones."""

    regex = "[0-9]{1,19}"


register_url_convertor("int", _Number())
