"""Tables of Python values inside a query, and facts put into buckets by them; on both engines."""

from datetime import date, datetime
from decimal import Decimal

import ibis

from reports_lib.metrics.currency import Conversion
from reports_lib.metrics.customer_dynamics import query
from reports_lib.metrics.facts import Facts
from reports_lib.metrics.inline import inline
from reports_lib.metrics.timeline import Timeline, pieces
from reports_lib.values.rates import Rates
from reports_lib.values.spine import Unit, spine


def test_values_keep_their_types_and_digits(warehouse_of, rows):
    backend = warehouse_of({}).backend
    given = [
        (1, date(2024, 2, 29), datetime(2024, 2, 29, 23, 59, 59, 999999), Decimal("0.000000001"), "it's; |a\\ b"),
        (-2, date(1999, 1, 1), datetime(1999, 1, 1), Decimal("999999999.999999999"), "\u202eΩЖ"),
    ]
    kinds = {"n": "int64", "day": "date", "at": "timestamp(6)", "rate": "decimal(18, 9)", "text": "string"}
    found = backend.to_pyarrow(inline(given, kinds).order_by(ibis.desc("n"))).to_pylist()
    assert [tuple(row.values()) for row in found] == given
    assert backend.to_pyarrow(inline([], kinds)).to_pylist() == []


def test_a_stretch_is_cut_at_midnights():
    start, end = datetime(2024, 2, 28, 22), datetime(2024, 3, 1)
    cut = [(day.day, first.hour, (last - first).seconds // 3600) for day, first, last in pieces(start, end)]
    assert cut == [(28, 22, 2), (29, 0, 0)]  # the second is a whole day


def test_facts_are_read_once(warehouse_of, ask):
    warehouse, asked = warehouse_of({}), ask("2024-01-01/2024-12-31", group_by=["month", "package"])
    timeline = Timeline(spine(asked.interval, Unit.MONTH, asked.as_of))
    facts = Facts.of(warehouse, asked, Conversion.of(Rates.of([], to="USD"), timeline))
    text = str(ibis.to_sql(query(facts, asked), dialect=warehouse.backend.name))
    assert text.count('"usage_event"') == text.count('"ledger_entry"') == 1
