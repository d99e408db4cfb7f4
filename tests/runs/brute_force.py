"""Ticks found by looking at every minute: slow, and sharing nothing with what it checks."""

from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)
ZONES = ["UTC", "Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]

# line: whether it goes by the clocks (its minutes or hours begin with *), when it is due
LINES = {
    "30 2 * * *": (False, lambda w: (w.hour, w.minute) == (2, 30)),
    "15 2,3 * * *": (False, lambda w: w.hour in (2, 3) and w.minute == 15),
    "45 1 * * *": (False, lambda w: (w.hour, w.minute) == (1, 45)),
    "0 0 L * *": (False, lambda w: (w + timedelta(days=1)).day == 1 and (w.hour, w.minute) == (0, 0)),
    "0 0 1 * *": (False, lambda w: w.day == 1 and (w.hour, w.minute) == (0, 0)),
    "30 3 * * SUN": (False, lambda w: w.isoweekday() == 7 and (w.hour, w.minute) == (3, 30)),
    "0 * * * *": (True, lambda w: w.minute == 0),
    "*/20 * * * *": (True, lambda w: w.minute % 20 == 0),
    "*/15 3 * * *": (True, lambda w: w.hour == 3 and w.minute % 15 == 0),
}


def brute_force(line, zone, after, until):
    """Ticks after `after` and up to `until`; both whole minutes, aware."""
    goes_by_the_clocks, is_due = LINES[line]
    found, moment = [], after
    while (moment := moment + MINUTE) <= until:
        wall, before = _wall(moment, zone), _wall(moment - MINUTE, zone)
        if goes_by_the_clocks:
            if is_due(wall):
                found.append(moment)
            continue
        jumped = (before + k * MINUTE for k in range(1, int((wall - before) / MINUTE)))
        is_second = moment.astimezone(zone).fold == 1
        if any(map(is_due, jumped)) or (is_due(wall) and not is_second):
            found.append(moment)
    return found


def newest(line, zone, until):
    """The last tick up to `until`, in the two months before it."""
    for days in (1, 62):
        if found := brute_force(line, zone, until - timedelta(days=days), until):
            return found[-1]
    raise AssertionError(line)


def _wall(moment, zone) -> datetime:
    return moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)
