from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from reports_lib.values import formats


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (Decimal("12345.6"), 2, "12,345.60"),
        (Decimal("-1234567.005"), 2, "−1,234,567.01"),
        (Decimal("-0.001"), 2, "0.00"),
        (Decimal("0.000001"), None, "0.000001"),
        (Decimal("1E+3"), None, "1,000"),
        (12345, None, "12,345"),
        (None, 2, "—"),  # G-9
    ],
)
def test_numbers(value, places, shown):
    assert formats.number(value, places) == shown


def test_percents_days_and_moments():
    assert formats.percent(Decimal("12.25")) == "12.3 %"
    assert formats.percent(None) == formats.day(None) == formats.moment(None, ZoneInfo("UTC")) == "—"
    assert formats.day(date(2024, 3, 1)) == "2024-03-01"
    kyiv = ZoneInfo("Europe/Kyiv")
    assert formats.moment(datetime(2024, 3, 31, 1, tzinfo=UTC), kyiv) == "2024-03-31 04:00:00 Europe/Kyiv"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (65, "1 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7380, "2 h 03 min"),
        (86399, "1 d 00 h"),
        (273600, "3 d 04 h"),
        (-3, "−3.0 s"),
    ],
)
def test_durations(seconds, shown):
    assert formats.duration(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (999_950, "1.0 MB"), (10**16, "10,000.0 TB")]
)
def test_sizes(value, shown):
    assert formats.size(value) == shown


def test_quoted_text_is_one_line_without_surprises():
    assert formats.quoted("a\nb\0\u202ec") == r"'a\nb\x00\u202ec'"
    assert len(formats.quoted("x" * 10_000)) == 62
