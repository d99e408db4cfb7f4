"""Everything Daybook can refuse or fail at, as one tree.

    DaybookError
    ├── ParameterError         a value cannot be accepted; whoever asked can mend it
    ├── UnknownNameError       no family, parameter, set, format, table or snapshot of that name
    ├── NotebookError          a cell raised; an analyst can mend the notebook
    ├── WarehouseError         the warehouse cannot be read, or lacks what a metric reads
    ├── RateError              a currency has no exchange rate at a moment that needs one
    ├── DatabaseError          the database that keeps runs and links cannot be reached
    ├── StoreError             the snapshot store cannot be written
    ├── CorruptSnapshotError   stored bytes no longer match their name
    ├── GoneError              the snapshot was deleted on purpose
    ├── RowLimitError          a file format cannot hold that many rows
    ├── IngestError            a file cannot be loaded as it is
    ├── LimitError             a run took more time, memory, output or processes than it may
    ├── CancelledError         somebody cancelled the run
    ├── StateError             a run is not in a state in which that can be done
    ├── DeliveryError          a mail cannot be sent
    ├── SignInError            nobody is signed in, or the name and password are not right
    ├── ForbiddenError         whoever is signed in may not do that
    ├── ThrottleError          too many tries; later they are looked at again
    └── SettingError           the environment or a file of the workspace is not as it must be

Any module may raise these, always with one line that says what to do. Only the outermost places
(command line, portal, scheduler) catch them and show that line. An error raised inside a
notebook's kernel keeps its class on the way out: `named()` finds it again by name.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar, Self


class DaybookError(Exception):
    """Root of the tree; its message is one line for a person.

    `can_heal` says whether the same run may well succeed a little later, nothing having been mended:
    such a run is tried again, any other is not.
    """

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    can_heal: bool = False


class ParameterError(DaybookError):
    """A value cannot be accepted."""

    exit_code = 2
    http_status = 422


class UnknownNameError(DaybookError):
    """Nothing is defined or stored under a name."""

    exit_code = 3
    http_status = 404

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str] = ()) -> Self:
        """The error for `name`, with a did-you-mean when one of `known` is close."""
        known = sorted(known)
        close = get_close_matches(name, known, n=1)
        if close:
            hint = f"; did you mean {close[0]!r}?"
        elif 0 < len(known) <= 12:
            hint = f"; there is {', '.join(known)}"
        else:
            hint = ""
        return cls(f"no {kind} named {name!r}{hint}")


class NotebookError(DaybookError):
    """A cell of a notebook raised."""

    exit_code = 4
    http_status = 500


class WarehouseError(DaybookError):
    """The warehouse cannot be read, or lacks what a metric reads."""

    exit_code = 5
    http_status = 503


class RateError(DaybookError):
    """A currency has no exchange rate at a moment that needs one (G-8)."""

    exit_code = 6
    http_status = 422


class DatabaseError(DaybookError):
    """The database that keeps runs, links and the lake's catalogue cannot be reached."""

    exit_code = 7
    http_status = 503
    can_heal = True


class StoreError(DaybookError):
    """The snapshot store cannot be written, for instance because the disk is full."""

    exit_code = 8
    http_status = 507


class CorruptSnapshotError(DaybookError):
    """Stored bytes no longer match their name, and are not served."""

    exit_code = 9
    http_status = 500


class GoneError(DaybookError):
    """The snapshot was deleted on purpose; a tombstone says when and why."""

    exit_code = 10
    http_status = 410


class RowLimitError(DaybookError):
    """A file format cannot hold that many rows or columns."""

    exit_code = 11
    http_status = 422


class IngestError(DaybookError):
    """A file cannot be loaded as it is; nothing of it was."""

    exit_code = 12
    http_status = 422


class LimitError(DaybookError):
    """A run took more time, memory, output or processes than it may, and was ended."""

    exit_code = 14
    http_status = 500


class CancelledError(DaybookError):
    """Somebody cancelled the run."""

    exit_code = 15
    http_status = 409


class StateError(DaybookError):
    """A run is not in a state in which that can be done, such as cancelled when it has ended."""

    exit_code = 16
    http_status = 409


class DeliveryError(DaybookError):
    """A mail cannot be sent, now or for good."""

    exit_code = 17
    http_status = 502

    def __init__(self, message: str, can_heal: bool = False) -> None:
        super().__init__(message)
        self.can_heal = can_heal


class SignInError(DaybookError):
    """Nobody is signed in, or with what was given nobody can be."""

    exit_code = 18
    http_status = 401


class ForbiddenError(DaybookError):
    """Whoever is signed in may not do that."""

    exit_code = 19
    http_status = 403


class ThrottleError(DaybookError):
    """Too many tries; `seconds` from now they are looked at again."""

    exit_code = 20
    http_status = 429

    def __init__(self, message: str, seconds: int = 60) -> None:
        super().__init__(message)
        self.seconds = seconds


class SettingError(DaybookError):
    """The environment, or a file of the workspace, is not as it must be."""

    exit_code = 13
    http_status = 500


def tree() -> dict[str, type[DaybookError]]:
    """Every error class by its name, the root included."""
    classes: list[type[DaybookError]] = [DaybookError, *DaybookError.__subclasses__()]
    return {cls.__name__: cls for cls in classes}


def named(name: str, message: str) -> DaybookError | None:
    """The error of class `name` with `message`, or None if the tree has no such class."""
    found = tree().get(name)
    return found(message) if found else None
