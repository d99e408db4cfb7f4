"""Tables of Python values inside a query, and facts put into buckets by them; on both engines."""

from datetime import date, datetime
from decimal import Decimal

import ibis
import pytest

from reports_lib.errors import WarehouseError
from reports_lib.metrics.customer_dynamics import query, shape_of
from reports_lib.metrics.inline import CELL, inline, packed
from reports_lib.metrics.timeline import pieces


def test_values_keep_their_types_and_digits(warehouse_of, rows):
    warehouse = warehouse_of({})
    given = [
        (1, date(2024, 2, 29), datetime(2024, 2, 29, 23, 59, 59, 999999), Decimal("0.000000001"), "it's; |a\\ b [[n]]"),
        (-2, date(1999, 1, 1), datetime(1999, 1, 1), Decimal("999999999.999999999"), ""),
        (-3, date(1999, 1, 1), datetime(1999, 1, 1, 0, 0, 7), Decimal(1), "\u202eΩЖ"),
    ]
    kinds = {"n": "int64", "day": "date", "at": "timestamp(6)", "rate": "decimal(18, 9)", "text": "string"}

    def build(tables, shape):
        return inline("given", kinds).order_by(ibis.desc("n"))

    found = warehouse.ask(build, values={"given": packed(given)})
    assert [tuple(row.values()) for row in found] == given
    assert [str(row["rate"]) for row in found] == ["1E-9", "999999999.999999999", "1.000000000"]
    assert warehouse.ask(build, values={"given": packed([])}) == []
    texts = [(text,) for text in ("", "one", "")]
    rows = warehouse.ask(lambda tables, shape: inline("texts", {"text": "string"}), values={"texts": packed(texts)})
    assert sorted(tuple(row.values()) for row in rows) == sorted(texts)


def test_a_text_that_would_end_a_cell_is_refused():
    with pytest.raises(WarehouseError, match="control character"):
        packed([(f"a{CELL}b",)])


def test_a_stretch_is_cut_at_midnights():
    start, end = datetime(2024, 2, 28, 22), datetime(2024, 3, 1)
    cut = [(first.day, first.hour, (last - first).seconds // 3600) for first, last in pieces(start, end)]
    assert cut == [(28, 22, 2), (29, 0, 0)]  # the second is a whole day


def test_facts_are_read_once(warehouse_of, ask):
    shape = shape_of(ask("2024-01-01/2024-12-31", group_by=["month", "package"]))
    text = warehouse_of({}).statement(query, shape).sql
    # once within the report and once before it, which no row is twice
    assert text.count('"usage_event"') == text.count('"ledger_entry"') == 2
