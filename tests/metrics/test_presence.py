"""Time online and paused: what counts when intervals overlap, run over midnight or have no end (M-40)."""

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from bills import NOW, Held
from books import at
from chatting import Asked, asked
from desks import Desks, desks, of_group, utc, was
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports_lib.metrics.presence import presence
from reports_lib.values.interval import Interval

EXAMPLES = int(os.environ.get("DAYBOOK_TEST_EXAMPLES", "8"))
# days in which clocks change, in Santiago at midnight itself, and a day that Apia skipped
AROUND = {
    "Europe/Kyiv": "2024-03-30",
    "America/Santiago": "2024-09-07",
    "Pacific/Apia": "2011-12-29",
    "UTC": "2024-01-01",
}

SHIFT = [
    was("online", 1, "2026-11-02 20:00", "2026-11-02 23:00"),
    was("online", 1, "2026-11-02 21:00", "2026-11-02 22:00"),  # within
    was("online", 1, "2026-11-02 23:00", "2026-11-03 01:00"),  # touches, and runs over midnight
    was("paused", 1, "2026-11-03 00:30", "2026-11-03 01:30"),  # the pause is whole, as the time online is
    was("offline", 1, "2026-11-03 01:30", "2026-11-03 11:00"),
    was("online", 1, "2026-11-03 11:59:59.999999"),
    was("online", 1, "2026-11-03 12:00"),  # at as-of: not there yet
    was("paused", 2, "2026-11-03 11:00", "2026-11-04"),  # ends behind as-of
    was("online", 2, "2026-11-03 10:30", "2026-11-03 11:00"),
    was("online", 2, "2026-11-03 11:30", "2026-11-03 11:45"),  # a pause between joins nothing
]


def times(found):
    return {(row["operator_id"], row["key"]): (row["online_seconds"], row["paused_seconds"]) for row in found.series}


def test_what_overlaps_counts_once_and_what_has_no_end_lasts_until_as_of(held):  # T-47, TW-107, TW-108
    tables = desks(operator_status=SHIFT, operator=[{"operator_id": 1, "name": "Ørjan"}])
    found = presence(held(tables), asked("2026-11-02/2026-11-04"))
    assert times(found) == {
        (1, "2026-11-02"): (4 * 3600, 0),
        (1, "2026-11-03"): (Decimal("3600.000001"), 3600),
        (2, "2026-11-02"): (0, 0),
        (2, "2026-11-03"): (2700, 3600),
    }
    assert [(row["operator"], row["paused_hours"]) for row in found.rows] == [("operator 2", 1), ("Ørjan", 1)]
    assert (found.total["online_seconds"], found.total["paused_hours"]) == (Decimal("20700.000001"), 2)
    assert [(row["key"], row["is_partial"], row["paused_hours"]) for row in found.by_time] == [
        ("2026-11-02", False, 0),
        ("2026-11-03", True, 2),
    ]


@pytest.mark.parametrize(
    ("zone", "days", "hours"),
    [
        ("Europe/Kyiv", "2024-03-30/2024-04-01", [24, 23, 24]),  # T-03
        ("America/Santiago", "2024-09-07/2024-09-08", [24, 23]),  # T-04: no midnight
        ("America/Santiago", "2024-04-06/2024-04-06", [25]),
        ("Pacific/Apia", "2011-12-29/2011-12-31", [24, 24]),  # a day was skipped
    ],
)
def test_days_are_as_long_as_the_clocks_make_them(held, zone, days, hours):
    found = presence(held(desks(operator_status=[was("online", 1, "2010-01-01")])), asked(days, zone))
    assert [row["online_hours"] for row in found.by_time] == hours


def test_of_a_group_counts_the_time_within_it(held):
    members = [
        of_group(7, 1, until="2026-10-05 06:00"),
        of_group(7, 2, "2026-10-05 18:00"),
        of_group(8, 2, "2026-10-05 12:00", "2026-10-05 20:00"),
    ]
    status = [was("online", who, "2026-10-05", "2026-10-06") for who in (1, 2, 3)]
    books = held(desks(operator_status=status, operator_group_member=members))

    def hours(**chosen):
        return {row["operator_id"]: row["online_hours"] for row in presence(books, asked(**chosen)).rows}

    assert hours() == {1: 24, 2: 24, 3: 24}
    assert hours(group=["7"]) == {1: 6, 2: 6}
    assert hours(group=["7", "8"]) == {1: 6, 2: 12}  # a time in both is one
    assert hours(group=["8"], operator=["2", "3"]) == {2: 8, 3: 0}  # who was asked for has a row
    assert hours(chat=["5"], with_customer_messages=True) == hours()


def test_a_period_without_anybody_or_behind_as_of(held):  # T-11, T-09
    books = held(desks())
    quiet = presence(books, asked("2026-10-01/2026-10-02"))
    assert quiet.rows == quiet.series == []
    assert [row["online_seconds"] for row in quiet.by_time] == [0, 0]
    assert presence(books, asked("2027-01-01/2027-01-02")).by_time == []
    assert quiet.step == "Day"


@st.composite
def worlds(draw):
    """Statuses around days in which clocks change, with moments that lie on midnights, or beside them."""
    zone = draw(st.sampled_from(sorted(AROUND)))
    first = at(AROUND[zone])
    midnight = st.integers(0, 4).map(
        lambda n: (first + timedelta(days=n)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    )
    moments = st.one_of(
        midnight,
        midnight.map(lambda when: when - timedelta(microseconds=1)),
        st.integers(-24 * 60, 96 * 60).map(lambda minutes: first + timedelta(minutes=minutes)),
    )
    spans = st.tuples(moments, moments).filter(lambda pair: pair[0] < pair[1])
    keyed = st.dictionaries(
        st.tuples(st.integers(1, 2), moments),
        st.tuples(st.none() | st.integers(0, 3000), st.sampled_from(["online", "online", "paused", "offline"])),
        max_size=12,
    )
    status = [
        {
            "operator_id": who, "from_at": since, "status": state,
            "to_at": None if minutes is None else since + timedelta(minutes=minutes),
        }
        for (who, since), (minutes, state) in draw(keyed).items()
    ]  # fmt: skip
    members = [
        {"group_id": group, "operator_id": who, "from_at": since, "to_at": until}
        for (group, who), (since, until) in draw(
            st.dictionaries(st.tuples(st.integers(7, 8), st.integers(1, 2)), spans, max_size=4)
        ).items()
    ]
    start, end = draw(spans)
    question = Asked(
        Interval(utc(start), utc(end), ZoneInfo(zone)),
        utc(draw(st.one_of(moments.filter(lambda when: when > start), st.just(datetime(2030, 1, 1))))),
        operator=draw(st.sampled_from([[], [], ["1"], ["1", "2"]])),
        group=draw(st.sampled_from([[], [], ["7"], ["7", "8"]])),
    )
    return desks(operator_status=status, operator_group_member=members), question


def compare(warehouse, tables, question):
    found = {key: lasted for key, lasted in times(presence(warehouse, question)).items() if any(lasted)}
    plain = {}
    for (who, status, day), lasted in Desks(tables, question).presence().items():
        online, paused = plain.get((who, day), (0, 0))
        seconds = Decimal(lasted // timedelta(microseconds=1)).scaleb(-6)
        plain[who, day] = (online + seconds, paused) if status == "online" else (online, paused + seconds)
    assert found == plain


def test_times_equal_plain_python(arrow):  # T-47
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def check(world):
        tables, question = world
        compare(Held(tables, question.as_of, arrow), tables, question)

    check()


def test_times_on_both_engines(warehouse_of):  # T-74, T-47, T-05
    night = [
        was(state, who, f"2026-10-{day} {begun}", f"2026-10-{day + 1} 06:00")
        for who in (1, 2)
        for day in (24, 25)
        for state, begun in (("online", "20:00"), ("paused", "23:15"))
    ]
    members = [of_group(7, 1, "2026-10-25 03:00", "2026-11-03 00:15"), of_group(7, 2, until="2026-10-25")]
    tables = desks(operator_status=[*SHIFT, *night], operator_group_member=members)
    warehouse = warehouse_of(tables, NOW)
    for question in (
        asked("2026-10-24/2026-11-03", "Europe/Kyiv"),
        asked("2026-10-25T21:30:15.000001/2026-11-02T21:59:59", "America/Santiago", group=["7"]),
        asked("2026-10-24/2026-12-31", operator=["2"]),
    ):
        compare(warehouse, tables, question)
