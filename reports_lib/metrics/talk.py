"""A call as it stood: how it ended, whether it was answered, and for how long was talked (M-53, M-54).

At as-of a call that ended only since was still going on, whatever the warehouse says of it by now: so a report
that is made later shows the same. What was talked in it is counted up to as-of.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

import ibis
import ibis.expr.types as ir

from reports_lib.errors import ParameterError
from reports_lib.values.contact import CALL_STATUSES
from reports_lib.warehouse.statement import as_of, slot

ANSWERED, IN_PROGRESS, UNKNOWN = "answered", "in_progress", "unknown"
NO_TALK = "0 s (not connected)"
MOST_CLASSES = 20
_BOUNDS = re.compile(r"\d{1,6}(\s*,\s*\d{1,6})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes of talk time by their upper bounds, in seconds; each bound belongs to its class (M-53).

    Besides them there is one of calls without any talk, and one of all that were longer.
    """

    bounds: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Classes":
        """Read bounds such as `10, 30, 60`; raises `ParameterError` unless each is more than the one before."""
        bounds = tuple(map(int, text.split(","))) if _BOUNDS.fullmatch(text.strip()) else ()
        is_rising = all(below < above for below, above in pairwise((0, *bounds)))
        if not bounds or not is_rising or len(bounds) > MOST_CLASSES:
            raise ParameterError(
                f"duration classes {text!r} are not like 10, 30, 60: whole seconds, each more than the one before, "
                f"{MOST_CLASSES} at most"
            )
        return cls(bounds)

    @property
    def labels(self) -> list[str]:
        """What each class is called, in the order of their numbers, which begin with 0."""
        spans = [f"{below + 1}–{above} s" for below, above in pairwise((0, *self.bounds))]
        return [NO_TALK, *spans, f"over {self.bounds[-1]} s"]

    @property
    def values(self) -> dict[str, str]:
        """What fills the slots of `length`."""
        return {f"bound_{place}": str(bound) for place, bound in enumerate(self.bounds, 1)}


def stood(calls: ir.Table) -> ir.Table:
    """The calls with `is_finished`, `is_answered`, and `talk` in seconds, as of as-of.

    Answered is a call that somebody took, also while it goes on; one that a machine took is not.
    """
    is_later = (calls.ended_at.coalesce(calls.answered_at) >= as_of()).coalesce(ibis.literal(False))
    told = calls.mutate(is_finished=(calls.status != IN_PROGRESS) & ~is_later)
    is_taken = (told.answered_at < as_of()).coalesce(ibis.literal(False))
    so_far = ibis.ifelse(is_taken, _second(as_of()) - _second(told.answered_at), 0)
    return told.mutate(
        is_answered=ibis.ifelse(told.is_finished, told.status == ANSWERED, is_taken),
        talk=ibis.ifelse(told.is_finished, told.talk_s.coalesce(0), so_far),
    )


def state(status: str, is_finished: bool) -> str:
    """What `CALL_STATUSES` calls a call of this status of its source (M-54)."""
    if not is_finished:
        return IN_PROGRESS
    return status if status in CALL_STATUSES else UNKNOWN


def length(talk: ir.IntegerValue, bounds: int) -> ir.IntegerValue:
    """The number of the class of each `talk`, where there are so many `bounds`."""
    branches = [(talk <= slot(f"bound_{place}").cast("int64"), place) for place in range(1, bounds + 1)]
    return ibis.cases((talk <= 0, 0), *branches, else_=bounds + 1)


def _second(at: ir.TimestampValue) -> ir.IntegerValue:
    return at.truncate("s").epoch_seconds().cast("int64")
