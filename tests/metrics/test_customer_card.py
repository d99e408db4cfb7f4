"""The card of one customer: what was told, bought, paid and watched, as it stood at as-of (MS-13 … MS-23, M-79)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from bills import NOW, UTC_ZONE
from books import at, client

from reports_lib.errors import ParameterError
from reports_lib.metrics.customer_card import card
from reports_lib.metrics.customer_purchases import purchases
from reports_lib.metrics.view_history import history
from reports_lib.values.interval import Interval

KYIV = ZoneInfo("Europe/Kyiv")


@dataclass(frozen=True)
class Asked:
    """A question with the defaults of the notebook."""

    customer: str
    interval: Interval
    as_of: datetime = NOW  # 2026-11-03 12:00
    shown: Sequence[str] = ()

    @property
    def time_zone(self) -> ZoneInfo:
        return self.interval.zone


def asked(customer="1", interval="2026-10-25/2026-11-30", zone=UTC_ZONE, shown=()):
    return Asked(customer, Interval.parse(interval, zone, NOW), shown=shown)


def profile(number, email, **told):
    return {"client_id": number, "email": email, "registration_status": "confirmed"} | told


def log_in(number, when, who=1, **columns):
    return {"session_id": number, "client_id": who, "started_at": at(when)} | columns


def played(number, when, seconds, content=1, who=1, **columns):
    row = {"playback_id": number, "client_id": who, "started_at": at(when), "seconds": seconds, "content_id": content}
    return row | columns


def bought(number, when, status="approved", cancelled=None, who=1, **columns):
    row = {"purchase_id": number, "client_id": who, "purchased_at": at(when), "starts_at": at(when), "status": status}
    return row | {"kind": "subscription", "cancelled_at": cancelled and at(cancelled)} | columns


def paid(number, purchase, when, status="approved", who=1, **columns):
    row = {"payment_id": number, "purchase_id": purchase, "client_id": who, "created_at": at(when), "status": status}
    return row | {"amount": Decimal(5), "method": "card", "paid_at": at(when)} | columns


TABLES = {
    "client": [client(n, "2026-01-01", company_id=3) for n in (1, 2, 3, 5)] + [client(4, "2026-01-01", "2026-06-01")],
    "company": [{"company_id": 3, "name": "Aurora"}],
    "client_profile": [
        profile(
            1,
            "Ann@Mail.example",
            first_name="<b>Ann</b>",
            birth_date=date(1990, 5, 1),
            metadata='{"team": {"name": "<i>Ajax</i>", "since": [1990, 1.50]}, "n": null, "a": true}',
        ),
        profile(2, "twin@mail.example", country="GB", metadata="{broken"),
        profile(3, "twin@mail.example"),
        profile(4, "gone@mail.example"),
        profile(5, "back@mail.example"),
    ],
    "client_social": [
        {"client_id": 1, "network": "google", "handle": "ann"},
        {"client_id": 1, "network": "myspace"},
        {"client_id": 2, "network": "x"},
    ],
    "client_session": [
        log_in(1, "2026-10-20"),
        log_in(2, "2026-10-24 21:59:59.999999"),
        log_in(3, "2026-10-24 22:00", country="CL", ip="::1", browser="Firefox"),
        log_in(5, "2026-11-02", device="TV", isp="BT"),
        log_in(4, "2026-11-02"),
        log_in(6, "2026-11-03 11:59:59.999999"),
        log_in(7, "2026-11-03 12:00"),  # at as-of: not there yet
        log_in(8, "2026-11-02", who=2),
    ],
    "content": [{"content_id": 1, "title": "News", "kind": "live"}, {"content_id": 2, "title": "Rain", "kind": "vod"}],
    "playback": [
        played(1, "2026-10-25 10:00", 90, device="TV"),
        played(2, "2026-10-26 10:00", 60, content=2, device="Phone", country="GB", isp="BT"),
        played(3, "2026-11-03 11:59", 3600),  # at as-of it has run a minute
        played(4, "2026-11-01", 60, content=9),
        played(5, "2026-11-01", 60, who=2),
    ],
    "package": [{"package_id": 21, "name": "Basic"}],
    "coupon": [{"coupon_id": 1, "code": "SUMMER"}],
    "currency": [{"code": "USD", "totals_precision": 2}, {"code": "KWD", "totals_precision": 3}],
    "purchase": [
        bought(1, "2026-10-01", package_id=21, coupon_id=1),
        bought(2, "2026-10-02", "cancelled", "2026-11-03 12:00", content_id=2, kind="ppv_vod"),  # only at as-of
        bought(4, "2026-10-02", "cancelled", "2026-10-03", currency="KWD"),
        bought(9, "2026-10-02", who=2),
    ],
    "payment": [
        paid(1, 1, "2026-10-01"),
        paid(2, 1, "2026-11-01", "refunded", refunded_amount=Decimal(5), refunded_at=at("2026-11-03 12:00")),
        paid(3, 1, "2026-10-15", "refunded", refunded_amount=Decimal(2), refunded_at=at("2026-10-16")),
        paid(4, 2, "2026-10-02"),
        paid(5, None, "2026-10-30", "rejected", paid_at=None),
        paid(6, 9, "2026-10-02", who=2),
    ],
}


def test_all_that_was_told(warehouse_of):  # MS-13 … MS-16, T-65
    warehouse = warehouse_of(TABLES, NOW)
    found = card(warehouse, asked(" ANN@mail.example", zone=KYIV))
    assert (found.client_id, found.name, found.status) == (1, "<b>Ann</b>", "Confirmed")
    basic = {row["field"]: row["value"] for row in found.basic}
    assert (basic["Birth date"], basic["Created"], basic["Company"]) == ("1990-05-01", "2026-01-01 02:00:00", "Aurora")
    assert (basic["Last name"], "Deleted" in basic) == (None, False)
    assert {row["field"]: row["value"] for row in found.address}["Country"] == "Unknown"
    assert found.social == [{"network": "Google", "handle": "ann"}, {"network": "myspace", "handle": None}]
    assert [(row["field"], row["value"]) for row in found.metadata] == [
        ("team.name", "<i>Ajax</i>"),
        ("team.since.1", "1990"),
        ("team.since.2", "1.50"),  # as it is written
        ("n", None),
        ("a", "true"),
    ]
    # M-79, G-11: the newest five, those of one moment by number
    assert [row["session_id"] for row in found.sessions] == [6, 5, 4, 3, 2]
    assert f"{found.last_login:%m-%d %H:%M %z}" == "11-03 13:59 +0200"
    assert [row["country"] for row in found.sessions] == [None, None, None, "Chile", None]

    paid_for = purchases(warehouse, 1, KYIV)
    assert [(row["purchase_id"], row["what"], row["state"], row["coupon"]) for row in paid_for.rows] == [
        (4, None, "Cancelled", None),
        (2, "Rain", "Approved", None),
        (1, "Basic", "Approved", "SUMMER"),
    ]
    assert [row["payments"] for row in paid_for.rows] == [0, 1, 3]
    assert (paid_for.approved, paid_for.places, paid_for.has_gateway) == (2, 3, True)
    assert [(row["payment_id"], row["what"], row["state"], row["refunded"]) for row in paid_for.payments] == [  # MS-22
        (4, "Rain", "Approved", None),
        (2, "Basic", "Approved", None),  # it was given back at as-of
        (3, "Basic", "Refunded", 2),
        (1, "Basic", "Approved", None),
        (5, None, "Rejected", None),
    ]


def test_log_ins_and_what_was_watched(warehouse_of):  # MS-19, T-01, T-06
    warehouse = warehouse_of(TABLES, NOW)
    found = history(warehouse, asked(interval="2026-10-25/2026-11-30", zone=ZoneInfo("Etc/GMT-2")), 1)
    assert [(f"{row['at']:%m-%d %H:%M}", row["what"], row["content"], row["seconds"]) for row in found.rows] == [
        ("11-03 13:59", "Log-in", None, None),
        ("11-03 13:59", "Live", "News", 60),
        ("11-02 02:00", "Log-in", None, None),
        ("11-02 02:00", "Log-in", None, None),
        ("11-01 02:00", "VOD", "9", 60),  # of what it was nothing is known
        ("10-26 12:00", "VOD", "Rain", 60),
        ("10-25 12:00", "Live", "News", 90),
        ("10-25 00:00", "Log-in", None, None),  # the first moment
    ]
    assert [row["number"] for row in found.rows[2:4]] == [5, 4]
    rain = found.rows[5]
    assert (rain["device"], rain["country"], rain["isp"], rain["minutes"]) == ("Phone", "United Kingdom", "BT", 1)
    assert (found.minutes, found.hours) == (Decimal("4.5"), Decimal("0.1"))
    assert [(row["device"], row["minutes"]) for row in found.by_device] == [
        ("Unknown", 2),
        ("TV", Decimal("1.5")),
        ("Phone", 1),
    ]
    live = history(warehouse, asked(shown=["live"]), 1)
    assert {row["kind"] for row in live.rows} == {"live"}
    assert history(warehouse, asked(interval="2020-01-01/2020-01-01"), 1).data_interval is None  # T-11


def test_where_nobody_ever_paid_no_gateway_is_integrated(held):  # MS-21
    found = purchases(held(TABLES | {"payment": []}), 1, UTC_ZONE)
    assert (found.has_gateway, found.payments) == (False, [])
    assert purchases(held(TABLES), 3, UTC_ZONE).has_gateway  # others did


def test_who_is_meant(held):
    warehouse = held(TABLES)
    assert card(warehouse, asked("2")).metadata == [{"field": "Metadata", "value": "{broken"}]
    gone = card(warehouse, asked("gone@mail.example"))
    assert {"field": "Deleted", "value": "2026-06-01 00:00:00"} in gone.basic
    again = TABLES | {"client_profile": [*TABLES["client_profile"][:4], profile(5, "GONE@mail.example")]}
    assert card(held(again), asked("gone@mail.example")).client_id == 5  # who is there, not who was


@pytest.mark.parametrize(
    ("customer", "message"),
    [
        (" ", "customer is empty: give the number or the e-mail address of one"),
        (
            "nobody@mail.example",
            "'nobody@mail.example' is neither the number nor the whole e-mail address of a customer",
        ),
        ("nn@Mail.example", "finds one by a part of it"),
        ("twin@mail.example", "several have the address 'twin@mail.example'; give the number of one: 2, 3$"),
        ("a\x00b", "customer: take out the control characters"),
    ],
)
def test_who_cannot_be_told_is_asked_for_again(held, customer, message):
    with pytest.raises(ParameterError, match=message):
        card(held(TABLES), asked(customer))
