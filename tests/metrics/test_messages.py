"""Messages to clients: which count as sent, when, at what price, and how they stood."""

from datetime import UTC
from decimal import Decimal

import pytest
from books import at, rate
from letters import OCTOBER, asked, message

from reports_lib.errors import RateError
from reports_lib.metrics.messaging import messaging
from reports_lib.metrics.notifications import notifications
from reports_lib.metrics.parts import places
from reports_lib.values.contact import CHANNELS, MESSAGE_STATUSES


def counted(rows, by, name="messages"):
    """What is not 0, by label."""
    return {row[by]: row[name] for row in rows if row[name]}


def test_all_channels_and_each(held):  # TW-06 … TW-13, M-20, M-22
    rows = [
        message("2026-10-02", "sms", price="0.05"),
        message("2026-10-02", "sms", "undelivered", "0.05"),
        message("2026-10-02", "viber", "pending", "0.02"),
        message("2026-10-02", "vkontakte", price="0.01"),
        message("2026-10-02", "email", "error", "7"),  # not sent: nor is its price
        message("2026-09-30 23:59", "push", price="7", sent_at="2026-10-01"),  # by when it was sent (M-23)
    ]
    found = messaging(held({"message": rows}), asked())
    assert found.total == {"sent": 5, "delivered": 3, "price": Decimal("7.13"), "share": 100}
    assert counted(found.by_channel, "channel", "sent") == {"SMS": 2, "Viber": 1, "Push": 1, "Vkontakte": 1}
    assert found.channels == ["SMS", "Viber", "Email", "WhatsApp", "Push", "Vkontakte"]
    assert (found.channel("SMS")["delivered"], found.channel("SMS")["price"]) == (1, Decimal("0.10"))
    assert sum(row["share"] for row in found.by_channel) == 100
    assert [counted([row], "key", "sent") for row in found.by_step[:2]] == [{"2026-10-01": 1}, {"2026-10-02": 4}]
    assert found.sent_wide[1] == {"key": "2026-10-02", "extent": "", "SMS": 2, "Viber": 1, "Push": 0, "Vkontakte": 1}


def test_fallback_from_viber_is_one_notification_of_two_messages(held):  # T-41, M-25, TW-125
    rows = [
        message("2026-10-02", "viber", "omitted_optional", notification_id=7, required=False),
        message("2026-10-02 00:01", "sms", notification_id=7, parts=2),
        message("2026-10-03", "sms", notification_id=7, parts=1),  # on another day, but the same
    ]
    found = notifications(held({"message": rows}), asked())
    assert found.total == {"notifications": 1, "messages": 3, "parts": 3, "sent": 2, "delivered": 2, "share": 100}
    assert counted(found.by_step, "key", "notifications") == {"2026-10-02": 1, "2026-10-03": 1}
    assert counted(found.by_status, "status") == {"Delivered": 2, "Omitted, optional": 1}


def test_delivered_counts_on_the_day_of_sending(held):  # T-42, TW-127, TW-128, M-21, M-23
    rows = [message("2026-10-01 23:50", sent_at="2026-10-02 00:01", delivered_at="2026-10-03")]
    found = notifications(held({"message": rows}), asked())
    assert counted(found.by_step, "key", "messages") == {"2026-10-01": 1}
    assert counted(found.by_step, "key", "sent") == counted(found.by_step, "key", "delivered") == {"2026-10-02": 1}
    assert counted(found.by_channel_wide("delivered"), "key", "SMS") == {"2026-10-02": 1}
    assert messaging(held({"message": rows}), asked()).total["delivered"] == 1


@pytest.mark.parametrize(
    ("as_of", "status", "sent", "delivered"),
    [
        ("2026-10-01 23:51", "Created", 0, 0),
        ("2026-10-02 08:00", "Pending", 1, 0),
        ("2026-10-03 08:00", "Delivered", 1, 1),
    ],
)
def test_a_message_stands_as_it_stood_at_as_of(held, as_of, status, sent, delivered):  # G-1, T-09
    rows = [message("2026-10-01 23:50", sent_at="2026-10-02 00:01", delivered_at="2026-10-03")]
    moment = at(as_of).replace(tzinfo=UTC)
    found = notifications(held({"message": rows}, moment), asked(as_of=moment))
    assert counted(found.by_status, "status") == {status: 1}
    assert (found.total["sent"], found.total["delivered"]) == (sent, delivered)
    assert found.by_step[-1]["key"] == as_of[:10]
    assert found.by_step[-1]["extent"] == "partial"


def test_without_moments_of_sending_the_status_tells(held):  # M-20
    rows = [message("2026-10-02", status=each, sent_at=None) for each in MESSAGE_STATUSES]
    found = notifications(held({"message": rows}), asked())
    assert (found.total["sent"], found.total["delivered"]) == (3, 1)
    rows.append(message("2026-10-02"))  # now one tells
    assert notifications(held({"message": rows}), asked()).total["sent"] == 1
    assert messaging(held({"message": rows}), asked()).total["sent"] == 1


def test_every_status_has_a_short_one_and_strange_ones_are_told(held):  # TW-111 … TW-120, TW-123, TW-124, M-24
    rows = [message("2026-10-02", status=each) for each in (*MESSAGE_STATUSES, "lost", "lost")]
    found = notifications(held({"message": rows}), asked())
    assert counted(found.by_status, "status") == dict.fromkeys(MESSAGE_STATUSES.values(), 1) | {"Other": 2}
    short = {"In progress": 4, "Not delivered": 2, "Not sent": 2, "Other": 2, "Delivered": 1}
    assert found.by_short_status[0]["short_status"] == "In progress"
    assert counted(found.by_short_status, "short_status") == short
    assert found.notes == ["Messages under Other: 2, for their status is not known ('lost')."]


def test_strange_channels_are_told_and_counted(held):  # TW-126
    rows = [message("2026-10-02", "pager"), message("2026-10-02", "fax"), message("2026-10-02")]
    for report in (messaging, notifications):
        found = report(held({"message": rows}), asked())
        assert found.notes == ["Messages under Other: 2, for their channel is not known ('fax', 'pager')."]
        assert counted(found.by_channel, "channel", "share") == {"SMS": Decimal("33.3"), "Other": Decimal("66.7")}


def test_filters_hold_for_every_figure(held):  # TW-110, TW-111
    rows = [
        message("2026-10-02", channel, status, notification_id=number)
        for number, channel in enumerate(CHANNELS)
        for status in ("delivered", "error")
    ]
    found = notifications(held({"message": rows}), asked(channel=["sms", "email"], status=["delivered"]))
    assert found.total == {"notifications": 2, "messages": 2, "parts": 1, "sent": 2, "delivered": 2, "share": 100}
    assert [row["status"] for row in found.by_status] == ["Delivered"]
    assert [row["channel"] for row in found.by_channel] == found.channels == ["SMS", "Email"]
    assert found.viber == []


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("a" * 160, "gsm7", 1), ("a" * 161, "gsm7", 2), ("a" * 306, "gsm7", 2), ("a" * 307, "gsm7", 3),
        ("a" * 158 + "€", "gsm7", 1), ("a" * 159 + "€", "gsm7", 2), ("^" * 80, "gsm7", 1), ("[" * 81, "gsm7", 2),
        ("ж" * 70, "ucs2", 1), ("ж" * 71, "ucs2", 2), ("ж" * 134, "ucs2", 2), ("ж" * 135, "ucs2", 3),
        ("ж" * 69 + "😀", "ucs2", 2), ("", "gsm7", 1),
    ],
)  # fmt: skip
def test_parts_of_an_sms_by_its_length(held, text, encoding, parts):  # T-44, M-26
    row = message("2026-10-02", text_length=places(text, encoding), encoding=encoding)
    assert notifications(held({"message": [row]}), asked()).total["parts"] == parts


def test_the_source_knows_parts_best_and_other_channels_have_none(held):  # TW-129, M-26
    rows = [
        message("2026-10-02", parts=5, text_length=10, encoding="gsm7"),
        message("2026-10-02", text_length=161),  # no encoding
        message("2026-10-02", text_length=None),  # nothing known
        message("2026-10-02", "viber", text_length=500, encoding="ucs2"),
        message("2026-10-02", "email", parts=3),
    ]
    found = notifications(held({"message": rows}), asked())
    assert found.total["parts"] == 5 + 2 + 1
    assert found.notes == ["SMS of which neither parts nor length are known: 1, each counted as one part."]


def test_percentages_of_viber_add_up_on_every_day_that_has_any(held):  # T-43, TW-130, TW-131, M-27
    rows = [message("2026-10-02", "viber", each) for each in ("delivered", "error", "canceled")]
    rows += [message("2026-10-04", "viber"), message("2026-10-03", "sms")]
    found = notifications(held({"message": rows}), asked("2026-10-02/2026-10-04"))
    assert found.viber_statuses == ["Delivered", "Canceled", "Error"]
    of_day = [[row[status] for status in found.viber_statuses] for row in found.viber_wide("share")]
    assert of_day == [[Decimal("33.4"), Decimal("33.3"), Decimal("33.3")], [None] * 3, [100, 0, 0]]
    assert [row["Delivered"] for row in found.viber_wide("messages")] == [1, 0, 1]


def test_days_are_those_of_the_zone(held):  # T-01, T-05, TW-121
    rows = [message("2026-10-04 22:30"), message("2026-10-05 03:30"), message("2026-10-31 23:59:59.999999")]
    books = held({"message": rows})

    def days(zone):
        return [row["key"] for row in notifications(books, asked(OCTOBER, zone)).by_step if row["sent"]]

    assert days("UTC") == ["2026-10-04", "2026-10-05", "2026-10-31"]
    assert days("Europe/Kyiv") == ["2026-10-05"]  # both; the last is in November there
    assert days("America/Santiago") == ["2026-10-04", "2026-10-05", "2026-10-31"]  # clocks went on in September
    found = notifications(books, asked("2026-10-04T22:30/2026-10-05T03:29"))
    assert (found.total["sent"], found.by_step[0]["extent"]) == (1, "partial")


def test_prices_at_the_rate_of_the_moment_of_sending(held):  # T-12, T-13, G-8, M-22
    rates = [rate("EUR/USD", "2026-01-01", "1.1"), rate("EUR/USD", "2026-10-10 12:00", "1.2")]
    rows = [message(when, price="10", currency="EUR") for when in ("2026-10-10 11:59:59.999999", "2026-10-10 12:00")]
    rows.append(message("2026-10-10", price="0", currency="JPY"))  # free: no rate is needed
    found = messaging(held({"message": rows, "fx_rate": rates}), asked())
    assert found.total["price"] == 23
    assert counted(found.by_step, "key", "price") == {"2026-10-10": 23}


def test_missing_rates_are_named_by_currency_and_day(held):  # T-14
    days = [("EUR", 4), ("EUR", 5), ("EUR", 7), ("JPY", 6)]
    rows = [message(f"2026-10-{day:02}", price="1", currency=code) for code, day in days]
    rates = [rate("EUR/USD", "2026-10-07", "1.1")]
    missing = "EUR to USD on 2026-10-04, EUR to USD on 2026-10-05, JPY to USD on 2026-10-06"
    with pytest.raises(RateError, match=f"{missing}$"):
        messaging(held({"message": rows, "fx_rate": rates}), asked("2026-06-01/2026-10-31"))  # by month


def test_a_period_without_a_message_and_one_to_come(held):  # T-11, G-5, G-9
    for interval, steps in ((OCTOBER, 31), ("2027-01-01/2027-01-02", 0)):
        told, sent = (report(held({"message": []}), asked(interval)) for report in (notifications, messaging))
        assert set(told.total.values()) == {0, None}
        assert sent.total == {"sent": 0, "delivered": 0, "price": 0, "share": None}
        assert len(told.by_step) == len(sent.by_step) == steps
        assert [row["share"] for row in told.by_status] == [None] * 9
        assert [row["share"] for row in sent.by_channel] == [None] * 5
        assert told.data_interval is sent.data_interval is None
