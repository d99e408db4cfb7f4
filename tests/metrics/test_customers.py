"""The list of customers: who is in it, how many of which status and country, and what a row tells (MS-02 … MS-12)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bills import NOW, UTC_ZONE
from books import at, client

from reports_lib.errors import ParameterError
from reports_lib.metrics.customers import DRAWN, customers


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of the notebook."""

    as_of: datetime = NOW  # 2026-11-03 12:00
    time_zone: ZoneInfo = UTC_ZONE
    email: str = ""
    created: str = ""
    status: Any = ()
    country: Any = ()
    network: Any = ()
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    gender: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    metadata: str = ""
    born_from: Any = ""
    born_to: Any = ""
    deleted: bool = False


def profile(number, status="confirmed", country="CL", **told):
    row = {"client_id": number, "registration_status": status, "country": country, "email": f"u{number}@x.example"}
    return row | told


TABLES = {
    "client": [
        client(1, "2026-10-01"),
        client(2, "2026-10-24 22:30", activated_at=at("2026-10-25 22:30")),
        client(3, "2026-10-24 22:30", activated_at=at("2026-11-03 12:00")),  # at as-of: not yet
        client(4, "2026-09-15", "2026-11-03 11:59:59.999999"),
        client(5, "2026-09-15", "2026-11-03 12:00"),  # at as-of: still there
        client(6, "2026-11-03 12:00"),  # at as-of: not there
        client(7, "2026-10-02"),  # no customer
    ],
    "client_profile": [
        profile(1, "registered", None, email="Ann@Mail.example"),
        profile(2, country="GB", first_name="Bob", birth_date=date(1990, 5, 1), metadata="{broken"),
        profile(3, "suspended"),
        profile(4),
        profile(5, "blocked"),
        profile(6),
    ],
    "client_social": [{"client_id": 2, "network": "google"}, {"client_id": 2, "network": "myspace"}],
}


def rows(found):
    return [row for batch in found.rows() for row in batch.to_pylist()]


def numbers(found):
    return [row["client_id"] for row in rows(found)]


def test_the_list_has_who_is_there_newest_first_with_all_that_was_told(warehouse_of):  # MS-02 … MS-08, T-65, G-11
    warehouse = warehouse_of(TABLES, NOW)
    found = customers(warehouse, Asked(time_zone=ZoneInfo("Europe/Kyiv")))
    listed = rows(found)
    assert [row["client_id"] for row in listed] == [3, 2, 1, 5]
    two = listed[1]
    assert (two["status"], two["first_name"], two["country_name"]) == ("Confirmed", "Bob", "United Kingdom")
    assert (two["networks"], two["birth_date"], two["metadata"]) == ("Google, myspace", date(1990, 5, 1), "{broken")
    # the clocks were put back in between (T-03)
    assert (two["created_at"], two["activated_at"]) == (at("2026-10-25 01:30"), at("2026-10-26 00:30"))
    assert [row["country_name"] for row in listed] == ["Chile", "United Kingdom", "Unknown", "Chile"]
    assert [row["activated_at"] for row in listed].count(None) == 3
    assert {row["history"] for row in listed} == {"View History"}
    assert all(row["deleted_at"] is None for row in listed)
    assert numbers(customers(warehouse, Asked(email="ann@mail.EXAMPLE"))) == [1]  # MS-10
    assert numbers(customers(warehouse, Asked(born_from=date(1990, 5, 1), network=["google"]))) == [2]  # MS-11
    gone = customers(warehouse, Asked(deleted=True))
    assert [row["deleted_at"] for row in rows(gone) if row["client_id"] == 4] == [at("2026-11-03 11:59:59.999999")]
    assert rows(customers(warehouse, Asked(email="nobody"))) == []


@pytest.fixture
def lazily(held):
    """Given rows in memory, where nobody takes the long list."""

    def make(tables):
        found = held(tables)
        found.lazy = lambda *_: None
        return found

    return make


def test_how_many_there_are_of_each_status_and_country(lazily):
    found = customers(lazily(TABLES), Asked())
    assert found.total["customers"] == 4
    told = [(row["status"], row["customers"], row["change"]) for row in found.by_status]
    assert told == [
        ("Registered", 1, "0 new in 30 days"),  # 33 days before
        ("Confirmed", 1, "1 new in 30 days"),
        ("Blocked", 1, "0 new in 30 days"),
        ("suspended", 1, "1 new in 30 days"),  # a word of the warehouse's own
    ]
    assert [(row["country"], row["customers"], row["blocked"], row["suspended"]) for row in found.by_country] == [
        ("Chile", 2, 1, 1),
        ("United Kingdom", 1, 0, 0),
        ("Unknown", 1, 0, 0),  # T-65: at the end
    ]
    assert sum(row["share"] for row in found.by_country) == found.whole["share"] == 100
    assert [str(each) for each in found.data_interval] == ["2026-09-15 00:00:00+00:00", "2026-10-24 22:30:00+00:00"]


def test_a_period_is_compared_with_the_one_before_it(lazily):  # G-14
    found = customers(lazily(TABLES), Asked(created="last month"))
    assert (found.total["customers"], found.total["change"]) == (3, 200)
    assert [row["change"] for row in found.by_status] == [None, None, -100, None]  # one blocked in September
    assert found.notes == ["Created within 2026-10-01/2026-10-31, on the clocks of UTC."]
    kyiv = customers(lazily(TABLES), Asked(created="2026-10-25/2026-10-25", time_zone=ZoneInfo("Europe/Kyiv")))
    assert kyiv.total["customers"] == 2  # T-05
    assert customers(lazily(TABLES), Asked(created="2026-10-25/2026-10-25")).total["customers"] == 0


def test_of_many_countries_the_smaller_ones_stand_together(lazily):
    codes = ["CL", "GB", "US", "ES", "NL", "PL", "DE", "UA", "JP", "FR", "IT", "SE", "NO", "FI", "DK", "AT", None, None]
    tables = {
        "client": [client(number) for number, _ in enumerate(codes)],
        "client_profile": [profile(number, country=code) for number, code in enumerate(codes)],
        "client_social": [],
    }
    found = customers(lazily(tables), Asked())
    assert found.by_country[-1]["country"] == "Unknown"  # T-65: whatever it comes to
    drawn = found.largest_countries
    assert len(drawn) == DRAWN
    assert drawn[-1]["country"] == f"{len(found.by_country) - DRAWN + 1} others"
    assert sum(row["customers"] for row in drawn) == len(codes)


def test_nobody_is_nothing(lazily):  # T-11
    found = customers(lazily({"client": [], "client_profile": [], "client_social": []}), Asked())
    assert (found.total["customers"], found.by_country, found.data_interval) == (0, [], None)
    assert found.whole["share"] is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(created="someday"), "created: 'someday' is not like"),
        (Asked(phone="+44\t70"), "phone: take out the control characters"),
    ],
)
def test_what_cannot_be_looked_for_is_said(lazily, asked, message):
    with pytest.raises(ParameterError, match=message):
        customers(lazily(TABLES), asked)
