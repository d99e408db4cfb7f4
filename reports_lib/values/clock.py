"""Local wall time and UTC: the only place where a zone's rules are asked (G-2, G-3).

A wall time that occurs twice means its first occurrence; one that the clock skips means the moment
of the change. So a later wall time is never an earlier moment, and a day without a midnight begins
where the day before ends.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from reports_lib.errors import ParameterError
from reports_lib.values.formats import quoted

_LOOK = timedelta(hours=6)  # no zone has changed its clocks twice within it


@cache
def _zones() -> dict[str, str]:
    """Canonical spelling by case-folded name: the IANA names, none that a machine made up."""
    names = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split()
    return {name.casefold(): name for name in names}


def zones() -> list[str]:
    """Names of all time zones, in alphabetical order."""
    return sorted(_zones().values())


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name, written in any case; raises `ParameterError`."""
    known = _zones().get(name.strip().casefold())
    if known is None:
        raise ParameterError(f"{quoted(name)} is not a time zone such as Europe/Kyiv")
    return ZoneInfo(known)


def utc(instant: datetime) -> datetime:
    """The same moment in UTC; raises `ValueError` for a naive one, which would mean the machine's zone (T-06)."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no zone")
    return instant.astimezone(UTC)


def moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks of `zone` first show `wall` (naive), or jump over it; in UTC."""
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    return _change(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), found, zone)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The whole second between two moments at which the zone's offset changes."""
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def offsets(start: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime, timedelta]]:
    """The stretches from `start` to `end` (aware) in which the clocks of `zone` are one `offset` ahead of UTC."""
    found: list[tuple[datetime, datetime, timedelta]] = []
    since = at = utc(start)
    until = utc(end)
    while at < until:
        later = min(at + _LOOK, until)
        ahead = at.astimezone(zone).utcoffset() or timedelta()
        if later.astimezone(zone).utcoffset() != ahead:
            change = _change(at, later, zone)
            if change > since:  # it began within the second of the change
                found.append((since, change, ahead))
            since = at = change
        else:
            at = later
    if since < until:
        found.append((since, until, since.astimezone(zone).utcoffset() or timedelta()))
    return found


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the local day begins, in UTC; the moment of the change if the day has no midnight."""
    return moment(datetime.combine(day, time()), zone)


def wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of `zone` show (naive); 00:00 where a day begins, even one without a midnight."""
    shown = instant.astimezone(zone).replace(tzinfo=None, fold=0)
    first = datetime.combine(shown.date(), time())
    return first if moment(first, zone) == instant else shown
