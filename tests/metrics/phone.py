"""Calls in few words, and their figures worked out one call after the other in plain Python."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bills import NOW
from books import at
from hypothesis import strategies as st

from reports_lib.values.contact import CALL_STATUSES
from reports_lib.values.interval import Interval
from reports_lib.values.money import ratio

Row = dict[str, Any]
BOUNDS = (10, 30, 60, 180, 300, 600)
ZONES = ("UTC", "Europe/Kyiv", "America/Santiago", "Asia/Kathmandu")
NULLS = ("client_id", "client_number", "trunk_id", "bot_id", "answered_at", "ended_at", "hold_s", "acw_s")
# local midnights, one of a day that has none (Santiago, 6 September), the hour that clocks are put back, as-of itself
EDGES = [at(text) for text in ("2026-09-06 04:00", "2026-09-06 21:00", "2026-09-07 03:00", "2026-10-24 21:00")]
EDGES += [at(text) for text in ("2026-10-25 01:00", "2026-10-25 22:00", "2026-10-31 18:15", "2026-11-01")]


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of the notebook."""

    interval: Interval
    as_of: datetime = NOW
    duration_classes: str = "10, 30, 60, 180, 300, 600"


def asked(interval: str, zone: str = "UTC", **changes: Any) -> Asked:
    return Asked(Interval.parse(interval, ZoneInfo(zone), changes.get("as_of", NOW)), **changes)


def call(when: str | datetime, talk: int = 0, **columns: Any) -> Row:
    """A call that rang for ten seconds, was answered if there was any talk, and ended after that."""
    began = at(when) if isinstance(when, str) else when
    taken = began + timedelta(seconds=10)
    row = dict.fromkeys(NULLS) | {"started_at": began, "talk_s": talk, "status": "answered" if talk else "no_answer"}
    row |= {"bot_evaluation": None, "answered_at": taken if talk else None, "ended_at": taken + timedelta(seconds=talk)}
    return row | columns


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


parts = st.sampled_from([0, 0, 1, 499_999, 999_999, -1]).map(lambda number: timedelta(microseconds=number))
moments = st.builds(
    lambda edge, seconds, part: edge + timedelta(seconds=seconds) + part,
    st.sampled_from(EDGES), st.sampled_from([-86400, -60, -1, 0, 0, 0, 1, 2, 3600]), parts,
)  # fmt: skip


@st.composite
def calls(draw: st.DrawFn) -> list[Row]:
    """Calls around midnights and as-ofs, many of them in one second."""

    def one() -> Row:
        talk = draw(st.sampled_from([0, 1, 10, 11, 600, 601, 90_000]))
        row = call(draw(moments), talk)
        row |= {"status": draw(st.sampled_from(["answered", row["status"], *CALL_STATUSES, "ANSWERED", "lost"]))}
        few = draw(st.lists(st.sampled_from(["answered_at", "ended_at"]), max_size=1))
        return row | dict.fromkeys(few) | {
            "client_id": draw(maybe(st.integers(1, 3))),
            "client_number": draw(maybe(st.sampled_from(["+1", "+2"]))),
            "trunk_id": draw(maybe(st.integers(1, 3))),
            "bot_id": draw(maybe(st.just(1))),
            "bot_evaluation": draw(maybe(st.sampled_from(["Yes", " yes", "так", "ТАК", "", "not evaluated"]))),
            "hold_s": draw(maybe(st.just(7))),
            "acw_s": draw(maybe(st.just(13))),
        }  # fmt: skip

    return [one() for _ in range(draw(st.integers(0, 25)))]


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """Periods of some days that begin and end anywhere, as of any moment."""
    start, end = sorted(draw(st.lists(moments, min_size=2, max_size=2, unique=True)))
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    as_of = draw(st.one_of(st.just(NOW), moments.map(lambda found: found.replace(tzinfo=UTC))))
    return Asked(Interval(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC), zone), as_of)


def stood(row: Row, as_of: datetime) -> tuple[str, bool, bool, int]:
    """State, answered, finished, and seconds of talk."""
    now = as_of.replace(tzinfo=None)
    state = row["status"] if row["status"] in CALL_STATUSES else "unknown"
    last = row["ended_at"] or row["answered_at"]
    if state != "in_progress" and (last is None or last < now):
        return state, state == "answered", True, row["talk_s"]
    if row["answered_at"] is None or row["answered_at"] >= now:
        return "in_progress", False, False, 0
    so_far = now.replace(microsecond=0) - row["answered_at"].replace(microsecond=0)
    return "in_progress", True, False, int(so_far.total_seconds())


def inside(rows: Iterable[Row], start: datetime, asked: Asked, end: datetime | None = None) -> list[Row]:
    last = min(end or asked.as_of, asked.as_of).replace(tzinfo=None)
    return [row for row in rows if start.replace(tzinfo=None) <= row["started_at"] < last]


def by_day(rows: Iterable[Row], asked: Asked) -> dict[str, list[Row]]:
    """Calls of the period by local day, every day before as-of being there."""
    zone, period = asked.interval.zone, asked.interval
    found: dict[str, list[Row]] = {}
    day, last = period.start.astimezone(zone).date(), min(period.end, asked.as_of)
    while midnight(day, zone) < last and period.start < last:
        found[f"{day}"] = []
        day += timedelta(days=1)
    for row in inside(rows, period.start, asked, period.end):
        found[f"{row['started_at'].replace(tzinfo=UTC).astimezone(zone).date()}"].append(row)
    return found


def midnight(day: Any, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def figures(rows: Iterable[Row], as_of: datetime) -> Row:
    """Volume of contact and handling times of these calls (M-51, M-56)."""
    found = [(row, *stood(row, as_of)) for row in rows]
    taken = [row for row, _, is_answered, _, _ in found if is_answered]
    who = {("id", row["client_id"]) if row["client_id"] else ("number", row["client_number"]) for row in taken}
    ended = [(row, talk) for row, _, is_answered, is_finished, talk in found if is_answered and is_finished]
    seconds = [talk + (row["hold_s"] or 0) + (row["acw_s"] or 0) for row, talk in ended]
    bots = [each for (row, _), each in zip(ended, seconds, strict=True) if row["bot_id"]]
    return {
        "attempts": len(found),
        "answered": len(taken),
        "reached": len(who - {("number", None)}),
        "contact_rate": ratio(len(taken) * 100, len(found)),
        "handled": len(seconds),
        "average_s": ratio(sum(seconds), len(seconds)),
        "bot_average_s": ratio(sum(bots), len(bots)),
    }


def evaluated(rows: Iterable[Row], as_of: datetime) -> Counter:
    """Calls that bots handled, by evaluation in small letters (M-50)."""
    handled = [r for r in rows if r["bot_id"] and (stood(r, as_of)[1] or r["bot_evaluation"] is not None)]
    return Counter((row["bot_evaluation"] or "").strip().lower() or "not evaluated" for row in handled)


def per_second(days: dict[str, list[Row]], asked: Asked) -> dict[tuple[str, Any], tuple[int, int, Decimal]]:
    """Attempts, peak and average by day and trunk, "all" being every call of that day (M-55)."""
    zone, period = asked.interval.zone, asked.interval
    found = {}
    for key, rows in days.items():
        day = datetime.fromisoformat(key).date()
        begin = max(midnight(day, zone), period.start)
        end = min(midnight(day + timedelta(days=1), zone), period.end, asked.as_of)
        lines: dict[Any, Counter] = defaultdict(Counter)
        for row in rows:
            for line in ("all", row["trunk_id"]):
                lines[line][row["started_at"].replace(microsecond=0)] += 1
        for line in ("all", *{row["trunk_id"] for each in days.values() for row in each}):
            counts = lines[line].values()
            average = ratio(sum(counts) * 10**6, (end - begin) // timedelta(microseconds=1))
            found[key, line] = (sum(counts), max(counts, default=0), average)
    return found


def classed(talk: int) -> int:
    return 0 if talk <= 0 else 1 + sum(talk > bound for bound in BOUNDS)
