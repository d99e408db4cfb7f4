"""What customers bought, of which type most, and where (M-71 … M-73)."""

from decimal import Decimal

import pytest
from viewers import EMPTY, NOW, asked, bought, viewer

from reports_lib.metrics.purchases import OTHERS, purchases

BOOKS = EMPTY | {
    "client_profile": [viewer(1, "CL"), viewer(2, "GB"), viewer(3)],  # 3 told no country, 4 told nothing at all
    "purchase": [
        bought(1, "2026-10-01"),  # the first moment: in
        bought(1, "2026-10-05"),  # again: a purchase more, no buyer more
        bought(2, "2026-10-05", 22, country="ES"),  # on a journey
        bought(2, "2026-10-06", 22),
        bought(3, "2026-10-05", None),
        bought(4, "2026-10-31 23:59:59.999999", None),
        bought(3, "2026-10-07", 77),  # a package that the warehouse does not know
        bought(1, "2026-11-01"),  # the first moment after: out
        bought(1, "2026-09-30 23:59:59"),
        *[bought(1, "2026-10-05", status=status) for status in ("pending", "rejected", "cancelled")],
    ],
}


@pytest.fixture
def found(warehouse_of):
    return purchases(warehouse_of(BOOKS, NOW), asked())


def test_what_was_approved_by_day_type_and_country(found):  # T-01, T-65, MS-61 to MS-63
    assert found.total == {"purchases": 7, "subscriptions": 5, "buyers": 4, "subscribers": 3}
    days = {row["key"]: (row["purchases"], row["subscriptions"]) for row in found.by_step if row["purchases"]}
    assert days == {
        "2026-10-01": (1, 1), "2026-10-05": (3, 2), "2026-10-06": (1, 1), "2026-10-07": (1, 1), "2026-10-31": (1, 0),
    }  # fmt: skip
    kinds = [(row["kind"], row["purchases"]) for row in found.by_kind if row["key"] == "2026-10-05"]
    assert kinds == [("Subscription", 2), ("PPV VOD", 1)]
    # two of each: by name (G-11)
    assert [(r["type"], r["purchases"], r["buyers"], r["repeat_buyers"], r["share"]) for r in found.types] == [
        ("Basic", 2, 1, 1, Decimal("40.0")),
        ("Premium", 2, 1, 1, Decimal("40.0")),
        ("package 77", 1, 1, 0, Decimal("20.0")),
    ]
    assert found.of_types == {"purchases": 5, "buyers": 3, "repeat_buyers": 2, "share": 100}
    assert [(r["country"], r["code"], r["purchases"], r["subscriptions"], r["buyers"]) for r in found.countries] == [
        ("Chile", "CL", 2, 2, 1),
        ("Spain", "ES", 1, 1, 1),
        ("United Kingdom", "GB", 1, 1, 1),
        ("Unknown", None, 3, 1, 2),  # the most, and yet the last
    ]
    assert [row["country"] for row in found.placed] == ["Chile", "Spain", "United Kingdom"]
    assert found.where == "Purchases in 3 countries, most in Chile: 2. It is not known where 3 of 7 were made."


def test_filters_narrow_what_is_counted(held):
    of_chile = purchases(held(BOOKS), asked(country=["CL", "ES"]))  # by the country of the customer
    assert (of_chile.total["purchases"], [row["code"] for row in of_chile.countries]) == (2, ["CL"])
    assert of_chile.where == "Purchases in 1 country, most in Chile: 2."


def test_many_types_of_one_name_are_told_apart_and_the_least_are_drawn_as_one(held):
    plans = [{"package_id": n, "name": f"Plan {n}" if n > 2 else "Gold"} for n in range(1, 11)]
    taken = [bought(n, "2026-10-02", package) for package in range(1, 11) for n in range(package)]
    found = purchases(held(BOOKS | {"package": plans, "purchase": taken}), asked("2026-10-02/2026-10-02"))
    assert [row["type"] for row in found.types[-2:]] == ["Gold (#2)", "Gold (#1)"]
    drawn = [(row["type"], row["purchases"]) for row in found.by_type]
    assert drawn[0] == ("Plan 10", 10)
    assert drawn[7:] == [(OTHERS, 3 + 2 + 1)]


def test_a_code_that_is_no_country_is_told_and_has_no_place(held):
    found = purchases(held(BOOKS | {"purchase": [bought(1, "2026-10-02", country="QQ")]}), asked())
    assert [(row["country"], row["latitude"]) for row in found.countries] == [("QQ", None)]
    assert found.where == "It is not known where 1 of 1 were made."


def test_nothing_was_bought(held):  # T-11
    quiet, ahead = purchases(held(EMPTY), asked()), purchases(held(BOOKS), asked("2027-01-01/2027-01-31"))
    for found in (quiet, ahead):
        assert found.total == {"purchases": 0, "subscriptions": 0, "buyers": 0, "subscribers": 0}
        assert found.of_types == {"purchases": 0, "buyers": 0, "repeat_buyers": 0, "share": None}
        assert (found.types, found.countries, found.data_interval) == ([], [], None)
    assert (len(quiet.by_step), ahead.by_step) == (31, [])
