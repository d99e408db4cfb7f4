"""Two intervals side by side (G-14, JD-78)."""

from decimal import Decimal

from books import client, used

from reports_lib.display import Column
from reports_lib.metrics import compare
from reports_lib.values.interval import Comparison
from reports_lib.values.money import percent_of

TOTAL = Column("payg_total", "Total", "money", "Pay As You Go")


def test_difference_and_percent():
    assert compare.compared(Decimal("7.5"), 5) == {
        "current": Decimal("7.5"),
        "compared": 5,
        "difference": Decimal("2.5"),
        "percent": 50,
    }


def test_percent_of_nothing_is_undefined():  # G-9
    assert compare.compared(3, 0)["percent"] is None
    assert compare.compared(3, None) == {"current": 3, "compared": None, "difference": None, "percent": None}


def test_debt_that_grows_by_half_grows_by_half():
    assert compare.compared(-15, -10)["percent"] == -50


def test_buckets_stand_beside_each_other(found, ask):  # JD-78
    usage = [used(1, "2024-02-10", "2"), used(1, "2024-03-10", "3"), used(1, "2024-01-10", "1")]
    tables = {"client": [client(1)], "usage_event": usage}
    question = ask("2024-02-01/2024-03-31")
    now = found(tables, question)
    question = ask(str(question.interval.shifted(Comparison.PREVIOUS_MONTH)))
    before = found(tables, question)
    rows = compare.buckets(TOTAL, now.buckets, before.buckets)
    assert [(r["bucket"], r["compared_bucket"], r["difference"]) for r in rows] == [
        ("2024-02", "2024-01", 1),
        ("2024-03", "2024-02", 1),
    ]
    (total,) = compare.totals([TOTAL], now.total, before.total)
    assert (total["measure"], total["current"], total["compared"], total["percent"]) == (
        "Total",
        5,
        3,
        percent_of(2, 3),
    )


def test_the_longer_interval_keeps_its_rest():
    rows = compare.buckets(TOTAL, [{"bucket": "a", "payg_total": 1}], [])
    assert rows == [{"bucket": "a", "compared_bucket": None} | compare.compared(1, None)]


def test_series_for_a_chart():
    rows = compare.series(TOTAL, [{"payg_total": 1}], [{"payg_total": 2}])
    assert rows == [
        {"place": 1, "interval": "current", "payg_total": 1},
        {"place": 1, "interval": "compared", "payg_total": 2},
    ]
