"""One address of the API: what answers it, with which model, and what it may refuse."""

from collections.abc import Callable
from typing import Any, NamedTuple

from reports_lib.accounts.role import Right


class Call(NamedTuple):
    """An address and one method of it. `answer` None is a file, or nothing with the status 204.

    `refusals` are statuses of errors besides those that every address knows.
    """

    method: str
    path: str
    function: Callable[..., Any]
    right: Right
    answer: type | None
    status: int = 200
    refusals: tuple[int, ...] = ()
    mimes: tuple[str, ...] = ()  # of the files it answers with
