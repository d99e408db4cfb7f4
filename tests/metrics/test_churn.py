"""Customers who stopped paying, from point to point, by hand (M-74, T-61); `test_churn_property` has the loops."""

from datetime import UTC, datetime

import pytest
from lapses import BEFORE, HISTORIES, LATER, books
from viewers import EMPTY, access, asked, payment

from reports_lib.errors import ParameterError
from reports_lib.metrics.churn import churn, paying, values
from reports_lib.values.spine import Unit, spine


def figures(row):
    return row["paying"], row["lost"], row["churn"]


def test_each_history_counts_as_it_should(held):  # T-61
    shop, question = held(books(HISTORIES.values())), asked()
    months = spine(question.interval, Unit.MONTH, question.as_of)
    there = {(row["client_id"], row["edge"]) for row in shop.ask(paying, frozenset(), values(months, 0))}
    for who, (name, (_, _, due)) in enumerate(HISTORIES.items(), 1):
        begins, ends = ((who, edge) in there for edge in (1, 2))
        assert (begins, begins and not ends) == due, name
    stayed, lost = (sum(due[place] for *_, due in HISTORIES.values()) for place in (0, 1))
    assert figures(churn(shop, question).total)[:2] == (stayed, lost)


def test_churn_is_of_those_who_paid_at_the_start_and_nothing_without_them(held):  # G-9, T-11
    shop = held(books([HISTORIES[name] for name in ("stops", "pays all along", "joins and stays")]))
    assert figures(churn(shop, asked()).total) == (2, 1, 50)
    assert figures(churn(shop, asked(country=["C1"])).total) == (1, 1, 100)
    assert figures(churn(shop, asked(country=["C3"])).total) == (0, 0, None)
    assert figures(churn(shop, asked(country=["C1"], registration_status=["blocked"])).total) == (0, 0, None)
    assert figures(churn(held(EMPTY), asked()).total) == (0, 0, None)


@pytest.mark.parametrize(
    ("ends", "grace", "is_lost"),
    [
        ("2026-10-29", 2, True),
        ("2026-10-29", 3, True),
        ("2026-10-29", 4, False),
        ("2026-10-29 00:00:00.000001", 3, False),
    ],
)
def test_days_of_grace_lengthen_what_was_paid(held, ends, grace, is_lost):  # T-61: 29 October and 3 days are the edge
    shop = held(EMPTY | {"entitlement": [access(1, BEFORE, ends)]})
    assert figures(churn(shop, asked(grace_days=grace)).total)[:2] == (1, is_lost)
    ended = held(EMPTY | {"entitlement": [access(1, "2026-09-01", "2026-09-30")]})
    assert churn(ended, asked(grace_days=2)).total["paying"] == 1  # the start has grace as well


@pytest.mark.parametrize("days", [-1, 367])
def test_days_of_grace_have_bounds(held, days):
    with pytest.raises(ParameterError, match=f"grace_days: {days} is not from 0 to 366"):
        churn(held(EMPTY), asked(grace_days=days))


def test_what_comes_after_as_of_did_not_happen(held):  # T-09, G-1
    given_ = [access(1, BEFORE, "2026-10-20", source_payment_id=7), access(1, "2026-10-15", LATER)]
    tables = EMPTY | {"entitlement": given_, "payment": [payment(7, "2026-10-12")]}
    found = {}
    for day in (10, 12, 13, 16):
        now = datetime(2026, 10, day, tzinfo=UTC)
        total = churn(held(tables, now), asked(as_of=now))
        found[day] = figures(total.total)[:2]
        assert [row["extent"] for row in total.by_month] == ["partial"]
    # refunded at as-of: not yet; renewed on the 15th
    assert found == {10: (1, 0), 12: (1, 0), 13: (1, 1), 16: (1, 0)}
    assert figures(churn(held(tables), asked("2027-01-01/2027-01-31")).total) == (0, 0, None)
    assert churn(held(tables), asked("2027-01-01/2027-01-31")).by_month == []


def test_months_go_from_point_to_point_and_the_period_is_no_average(held):  # M-74
    given_ = [
        access(1, "2026-07-20", "2026-08-10"), access(1, "2026-09-10", LATER),  # lost in August, back since
        access(2, "2026-07-20", "2026-09-15"),
        access(3, "2026-07-20", LATER),
        access(4, "2026-08-15", "2026-09-15"),  # was not there at the start
        access(5, "2026-07-20", "2026-09-15"),
    ]  # fmt: skip
    found = churn(held(EMPTY | {"entitlement": given_}), asked("2026-08-01/2026-10-31"))
    assert [(row["key"], *figures(row)[:2]) for row in found.by_month] == [
        ("2026-08", 4, 1), ("2026-09", 4, 3), ("2026-10", 2, 0),
    ]  # fmt: skip
    assert figures(found.total) == (4, 2, 50)
