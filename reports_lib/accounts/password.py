"""Passwords: Argon2id, with the cost that RFC 9106 gives for machines that do other things too."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from reports_lib.errors import ParameterError, ThrottleError

SHORTEST, LONGEST = 12, 256  # letters
DIFFERENT = 5  # letters at least
AT_A_TIME = 2  # each takes 64 MB and half a tenth of a second
WAITING = 16  # more than these are sent away, or they would hold all threads of the portal

_hasher = PasswordHasher()
_room = threading.BoundedSemaphore(AT_A_TIME)
_queue = threading.BoundedSemaphore(AT_A_TIME + WAITING)


class Fault(StrEnum):
    """Why a password will not do."""

    LENGTH = "length"
    NAME = "name"
    PLAIN = "plain"


_TEXTS = {
    Fault.LENGTH: f"a password has from {SHORTEST} to {LONGEST} letters",
    Fault.NAME: "a password is not the user's name with a little around it",
    Fault.PLAIN: f"a password has at least {DIFFERENT} different letters",
}


def hashed(password: str, name: str = "") -> str:
    """What is kept of a password; raises `ParameterError` for one that will not do."""
    check(password, name)
    return at_todays_cost(password)


def check(password: str, name: str = "") -> None:
    """Raise `ParameterError` if the password will not do for the user `name`."""
    if found := fault(password, name):
        raise ParameterError(_TEXTS[found])


def fault(password: str, name: str = "") -> Fault | None:
    """What is wrong with a new password of the user `name`, if anything."""
    if not SHORTEST <= len(password) <= LONGEST:
        return Fault.LENGTH
    if name and name.casefold() in password.casefold() and len(password) < len(name) + SHORTEST // 2:
        return Fault.NAME
    return Fault.PLAIN if len(set(password)) < DIFFERENT else None


def at_todays_cost(password: str) -> str:
    """What is kept of a password that somebody has already, whatever it is."""
    with _place():
        return _hasher.hash(password)


def is_right(kept: str, password: str) -> bool:
    """Whether `password` is the one that `kept` was made of; where nothing is kept it takes as long to say no."""
    with _place():
        try:
            return _hasher.verify(kept or _of_nobody(), password[: LONGEST + 1]) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def is_dated(kept: str) -> bool:
    """Whether it should be hashed anew, at today's cost, when it is next known."""
    return _hasher.check_needs_rehash(kept)


def made_up() -> str:
    """A new password that nobody has chosen: 100 random bits in groups that can be read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


@contextmanager
def _place() -> Iterator[None]:
    """A place at the hasher; raises `ThrottleError` if too many wait for one."""
    if not _queue.acquire(blocking=False):
        raise ThrottleError("many sign in at once; try again in some seconds", 3)
    try:
        with _room:
            yield
    finally:
        _queue.release()


@cache
def _of_nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))
