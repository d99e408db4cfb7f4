"""Cells of text and their exact values; columns at once give what each cell alone gives."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports_lib.warehouse.ingest import arrays, cells
from reports_lib.warehouse.tables import TABLES, Column

USAGE = {c.name: c for c in TABLES["usage_event"].columns}
COLUMNS: dict[str, Column] = {
    "int64": USAGE["peer_client_id"],
    "money": USAGE["tax"],
    "rate": next(c for c in TABLES["fx_rate"].columns if c.name == "rate"),
    "time": USAGE["ended_at"],
    "text": USAGE["code"],
    "bool": USAGE["is_paid"],
    "day": next(c for c in TABLES["invoice"].columns if c.name == "due_date"),
    "double": next(c for c in TABLES["chat_session"].columns if c.name == "latitude"),
    "word": USAGE["result_status"],
    "needed word": USAGE["origin"],
}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int64", "-7", -7),
        ("int64", "007", 7),
        ("int64", "9223372036854775807", 2**63 - 1),
        ("money", ".5", Decimal("0.5")),
        ("money", "-0012.50000000", Decimal("-12.5")),
        ("money", "999999999999.999999", Decimal("999999999999.999999")),
        ("rate", "0.123456789", Decimal("0.123456789")),
        ("time", "2026-01-31T23:59", datetime(2026, 1, 31, 23, 59)),
        ("time", "2026-01-31 23:59:59.5Z", datetime(2026, 1, 31, 23, 59, 59, 500000)),
        ("time", "2026-01-01T00:00:00+05:45", datetime(2025, 12, 31, 18, 15)),
        ("time", "2026-01-01T00:00:00-0330", datetime(2026, 1, 1, 3, 30)),
        ("time", "2026-01-01T00:00:00+02", datetime(2025, 12, 31, 22)),
        ("time", "0001-01-01 00:00", datetime(1, 1, 1)),
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("bool", "TRUE", True),
        ("bool", "0", False),
        ("double", "-12.5e1", -125.0),
        ("text", "=1+1 ", "=1+1 "),
        ("word", "busy", "busy"),
    ],
)
def test_accepted(kind, text, value):
    found = cells.value(COLUMNS[kind], text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("int64", "7.0", "'7.0' is not a whole number"),
        ("int64", "0x1F", "'0x1F' is not a whole number"),
        ("int64", "١", "'١' is not a whole number"),
        ("int64", " 7", "' 7' has spaces around it"),
        ("int64", "9223372036854775808", "'9223372036854775808' is beyond 64 bits"),
        ("int64", "7" * 300, f"'{'7' * 40}…' is too long"),
        ("money", "1.0000001", "'1.0000001' has more than 6 decimals"),
        ("money", "1000000000000", "'1000000000000' has more than 12 digits before the point"),
        ("money", "1e3", "'1e3' is not a decimal number"),
        ("money", "1,5", "'1,5' is not a decimal number"),
        ("money", "5.", "'5.' is not a decimal number"),
        ("money", "NaN", "'NaN' is not a decimal number"),
        ("money", "-", "'-' is not a decimal number"),
        ("time", "2026-01-31", "'2026-01-31' is not a time such as 2026-01-31T23:59:59"),
        ("time", "2026-02-29 00:00", "'2026-02-29 00:00' is no time of the calendar"),
        ("time", "2026-01-01 24:00", "'2026-01-01 24:00' is no time of the calendar"),
        ("time", "2026-01-01 00:00:00.0000001", "'2026-01-01 00:00:00.0000001' is finer than a microsecond"),
        ("time", "0001-01-01 00:00+01:00", "'0001-01-01 00:00+01:00' is no time of the calendar"),
        ("day", "31.01.2026", "'31.01.2026' is not a day such as 2026-01-31"),
        ("day", "2026-02-30", "'2026-02-30' is no day of the calendar"),
        ("bool", "yes", "'yes' is not true or false"),
        ("double", "inf", "'inf' is not a number"),
        ("word", "Busy", "'Busy' is not one of success, busy, no_channel, error; did you mean 'busy'?"),
        ("word", "\x1b[2J\u202e", "'\\x1b[2J\\u202e' is not one of success, busy, no_channel, error"),
    ],
)
def test_refused(kind, text, reason):
    with pytest.raises(ValueError, match=r".") as told:
        cells.value(COLUMNS[kind], text)
    assert str(told.value) == reason


times = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))
texts = st.one_of(
    st.text("0123456789.-+eExTZ:, ", max_size=12),
    st.integers(-(2**65), 2**65).map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.decimals(-(10**13), 10**13, places=7).map(str),
    st.builds(
        lambda t, sep, end: t.isoformat(sep) + end,
        times,
        st.sampled_from("T "),
        st.sampled_from(["", "Z", "+02:00", "-0330"]),
    ),
    st.dates().map(str),
    st.sampled_from(
        ["", "true", "F", "yes", "busy", "orig", "2026-02-30 10:00:00", "2026-02-30", "0000-01-01 00:00:00"]
    ),
)


@settings(deadline=None)
@given(kind=st.sampled_from(sorted(COLUMNS)), given=st.lists(texts, min_size=1, max_size=20))
def test_a_column_is_read_as_its_cells_are(kind, given):
    column = COLUMNS[kind]
    found = arrays.read(column, pa.array(given, pa.string()))
    assert found.values.type == arrays.arrow_type(column)
    for at, text in enumerate(given):
        try:
            value, reason = (cells.value(column, text), None) if text else (None, None)
        except ValueError as error:
            value, reason = None, str(error)
        if not text and not column.type.nullable:
            reason = "is empty, but every row needs it"
        assert found.refused.get(at) == reason
        if reason is None:
            assert found.values[at].as_py() == value


def test_the_words_that_a_meaning_lists():
    listed = {(t.name, c.name): cells.domain(c) for t in TABLES.values() for c in t.columns if cells.domain(c)}
    assert listed["usage_event", "origin"] == ("orig", "term")
    assert listed["invoice", "status"] == ("DRAFT", "RECORDED", "VOID")
    assert len(listed["message", "status"]) == 9
    assert ("usage_event", "account_id") not in listed  # "number or login that was used" is prose
    assert len(listed) >= 25
