"""Every panel's query on Postgres, as Grafana asks it, says what the report says (TW-86, TW-122, TW-133)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from reports_lib.grafana import FAMILIES
from reports_lib.grafana.chat_graphs import GRID, HANDLED, SENDERS
from reports_lib.grafana.dashboard import Dashboard, panels
from reports_lib.grafana.notification_graphs import LISTED, STATUSES
from reports_lib.metrics.calls import calls
from reports_lib.metrics.chat_messages import messages
from reports_lib.metrics.chats import handled
from reports_lib.metrics.cps import set_ups
from reports_lib.metrics.notifications import notifications
from reports_lib.metrics.operators import operators
from reports_lib.metrics.places import web_places
from reports_lib.metrics.presence import presence
from reports_lib.metrics.windows import windows
from reports_lib.values.interval import Interval
from tests.conftest import SCHEMA
from tests.grafana.asking import VARIABLE, expanded, sums
from tests.grafana.conftest import NOW

ZONE = "Europe/Kyiv"
PERIODS = ("2026-10-20/2026-11-02", "2026-10-24/2026-10-25", "2026-06-10/2026-12-31")  # days, hours, months


@dataclass(frozen=True)
class Asked:
    """A question to any of the three reports, without filters."""

    interval: Interval
    as_of: datetime = NOW
    channel: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    chat: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    messenger: tuple[str, ...] = ()
    bot: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    with_customer_messages: bool = False
    currency: str = "USD"
    grid: str = GRID
    duration_classes: str = "10, 30, 60, 180, 300, 600"


@pytest.fixture(params=PERIODS)
def asked(request):
    """Periods that Grafana cuts into days, hours and months."""
    return Asked(Interval.parse(request.param, ZoneInfo(ZONE), NOW))


@pytest.fixture
def shown(live, asked):
    """`shown(family, title)`: the rows of a panel."""
    return lambda family, title: live.rows(Dashboard(family, "", "", live.schema, ZONE), title, asked.interval)


def test_every_panel_is_answered_with_its_columns_and_steps_in_order(live, asked, shown):
    for family in FAMILIES:
        for panel in panels(family):
            rows = shown(family, panel.title)
            _, columns = Dashboard(family, "", "", live.schema, ZONE).asked(panel)
            assert rows or panel.kind in ("bars", "lines", "map"), panel.title
            assert all(tuple(row) == columns for row in rows), panel.title
            if panel.kind in ("bars", "lines"):
                times = [row["time"] for row in rows]
                points = [(row["time"], row.get("metric")) for row in rows]
                assert len(points) == len(set(points)), panel.title
                assert times == sorted(times), panel.title
                assert columns[0] == "time", panel.title


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_in_a_query_is_taken_for_a_variable_and_no_slot_is_left(family):
    for panel in panels(family):
        sql, _ = Dashboard(family, "", "", SCHEMA, ZONE).asked(panel)
        assert not VARIABLE.findall(expanded(sql, NOW, NOW)), panel.title
        assert "[[" not in sql
        assert sql.isprintable() or set(filter(lambda c: not c.isprintable(), sql)) == {"\n"}


def test_messages_are_those_of_the_report(live, asked, shown):  # TW-123 … TW-131
    found = notifications(live.warehouse, asked)
    (totals,) = shown("notification_graphs", "Notifications")
    assert totals == {
        "Notifications": found.total["notifications"], "Messages": found.total["messages"],
        "Parts of SMS": found.total["parts"], "Sent": found.total["sent"], "Delivered": found.total["delivered"],
    }  # fmt: skip
    (statuses,) = shown("notification_graphs", "Messages by status")
    assert {name: count for name, count in statuses.items() if count} == {
        row["status"]: row["messages"] for row in found.by_status if row["messages"]
    }
    (short,) = shown("notification_graphs", "By short status")
    assert short == dict.fromkeys(short, 0) | {row["short_status"]: row["messages"] for row in found.by_short_status}
    by_channel = {row["name"]: row["Messages"] for row in shown("notification_graphs", "Messages by channel")}
    assert by_channel == {row["channel"]: row["messages"] for row in found.by_channel}
    for title, name in (("Messages sent", "sent"), ("Messages delivered", "delivered")):
        rows = sums(shown("notification_graphs", title), LISTED)
        for label in LISTED:
            assert rows[label] == sum(r[name] for r in found.by_channel_and_step if r["channel"] == label)
    viber = sums(shown("notification_graphs", "Viber by status"), STATUSES)
    assert viber == {s: sum(r["messages"] for r in found.viber if r["status"] == s) for s in STATUSES}
    assert sums(shown("notification_graphs", "Parts of SMS"), ["Parts"]) == {"Parts": found.total["parts"]}


def test_dialogues_are_those_of_the_report(live, asked, shown):  # TW-87 … TW-91
    found = handled(live.warehouse, asked)
    (totals,) = shown("chat_graphs", "Dialogues")
    assert totals["Dialogues"] == found.total["dialogues"] > 0
    (parts,) = shown("chat_graphs", "Handled by")
    assert parts == {label: found.total[name] for label, name in HANDLED.items()}
    assert sums(shown("chat_graphs", "Dialogues over time"), list(HANDLED)) == parts


def test_chat_messages_and_their_cost_are_those_of_the_report(live, asked, shown):  # TW-92 … TW-100
    found = messages(live.warehouse, asked)
    expected = {label: found.total[name] for label, name in SENDERS.items()}
    assert sums(shown("chat_graphs", "Messages over time"), list(SENDERS)) == expected
    by_messenger = {row.pop("name"): row for row in shown("chat_graphs", "Messages by messenger")}
    for row in found.by_messenger:
        if row["messages"]:
            assert by_messenger[row["messenger"]] == {label: row[name] for label, name in SENDERS.items()}
    costs = {row["Chat"]: (row["Messages"], row["Cost"]) for row in shown("chat_graphs", "Cost by chat")}
    assert costs == {row["chat"]: (row["messages"], row["cost"]) for row in found.by_chat}
    assert sum(row["value"] for row in shown("chat_graphs", "Cost over time")) == found.total["cost"]


def test_operators_are_those_of_the_report(live, asked, shown):  # TW-103 … TW-108
    rows = shown("chat_graphs", "Operators")
    found = {row["operator"]: row for row in operators(live.warehouse, asked).rows}
    assert {row["name"]: [row["Wrote in"], row["Open"], row["Skipped"]] for row in rows} == {
        name: [row["written"], row["active"], row["skipped"]] for name, row in found.items()
    }
    there = {row["operator"]: row for row in presence(live.warehouse, asked).rows}
    for status in ("online", "paused"):
        hours = shown("chat_graphs", f"Operators {status}")
        for name, row in there.items():
            mine = sum(each["value"] for each in hours if each["metric"] == name)
            assert mine == pytest.approx(float(row[f"{status}_hours"]), abs=1e-5)


def test_dialogues_stand_on_the_map_where_the_report_has_them(live, asked, shown):  # TW-106
    found = {(row["latitude"], row["longitude"]): row["dialogues"] for row in web_places(live.warehouse, asked).rows}
    rows = shown("chat_graphs", "Dialogues by place")
    assert {(Decimal(str(r["latitude"])), Decimal(str(r["longitude"]))): r["Dialogues"] for r in rows} == found


def test_calls_are_those_of_the_report(live, asked, shown):  # TW-134, TW-135, TW-145
    found = calls(live.warehouse, asked)
    (totals,) = shown("telephony_graphs", "Calls")
    names = {"Attempts": "attempts", "Answered": "answered", "Clients reached": "reached"}
    assert totals == {label: found.total[name] for label, name in names.items()}
    assert sums(shown("telephony_graphs", "Volume of contact"), ["Attempts", "Answered"]) == {
        name: totals[name] for name in ("Attempts", "Answered")
    }
    (handling,) = shown("telephony_graphs", "Average handling time")
    assert handling["All calls"] == pytest.approx(float(found.total["average_s"]))
    assert handling["Calls of bots"] == pytest.approx(float(found.total["bot_average_s"]))
    evaluated = {row["name"]: row["Calls"] for row in shown("telephony_graphs", "Evaluation of the bot's work")}
    assert evaluated == {row["evaluation"]: row["calls"] for row in found.evaluations if row["calls"]}
    peaks = {row["metric"]: 0 for row in shown("telephony_graphs", "Peaks of calls per second")}
    for row in shown("telephony_graphs", "Peaks of calls per second"):
        peaks[row["metric"]] = max(peaks[row["metric"]], row["value"])
    assert peaks == {row["trunk"]: row["peak"] for row in set_ups(live.warehouse, asked).trunks}


def test_fixed_windows_hang_on_now(live, asked, shown):  # TW-136 … TW-143, M-52
    found = windows(live.warehouse, asked)
    titles = [panel.title for panel in panels("telephony_graphs") if panel.kind == "share"]
    words = {"last 15 minutes": "last_15", "last 30 minutes": "last_30", "last 60 minutes": "last_60"}
    assert len(titles) == 8
    for title in titles:
        what, _, when = title.partition(", ")
        name = words.get(when, when.removeprefix("this "))
        column, rows = ("status", found.statuses) if what.endswith("status") else ("length", found.lengths)
        (row,) = shown("telephony_graphs", title)
        assert row == {each[column]: each[name] for each in rows}
        assert sum(row.values()) == found.total[name] > 0
