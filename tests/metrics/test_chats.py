"""Dialogues by who handled them, messages by who sent them, and what they cost (M-30 … M-34)."""

from datetime import UTC
from decimal import Decimal

import pytest
from books import at, rate
from chatting import EMPTY, asked, chat, said, session

from reports_lib.errors import RateError
from reports_lib.metrics.chat_messages import messages
from reports_lib.metrics.chats import HANDLED, handled
from reports_lib.metrics.dialogues import PICKED, picks

CHATS = [chat(1, "Shop"), chat(2, "Shop bot", "telegram"), chat(3, "Line", "line")]
DIALOGUES = EMPTY | {
    "chat": CHATS,
    "chat_session": [
        session(1, "2026-10-01"),  # at the first moment: in; robot, then operator
        session(2, "2026-10-10", 2, bot_id=7),  # robot alone
        session(3, "2026-10-20"),  # the user alone, and the system
        session(4, "2026-10-31 23:59:59.999999", 2),  # the operator answers after the period
        session(5, "2026-09-30 23:50"),  # began before, runs into the period
        session(6, "2026-11-01"),  # at the first moment after
    ],
    "chat_message": [
        said(1, "2026-10-01", "user"),
        said(1, "2026-10-01 00:01", "bot"),
        said(1, "2026-10-01 00:02", "operator", operator_id=3),
        said(2, "2026-10-10 00:01", "bot"),
        said(2, "2026-10-10 00:02", "system"),
        said(3, "2026-10-20", "user"),
        said(3, "2026-10-20", "system"),
        said(4, "2026-10-31 23:59:59.999999", "user"),
        said(4, "2026-11-01 09:00", "operator", operator_id=4),
        said(5, "2026-09-30 23:50", "user"),
        said(5, "2026-10-01 00:10", "operator", operator_id=3),
        said(6, "2026-11-01", "user"),
    ],
}


def counted(warehouse, question):
    total = handled(warehouse, question).total
    return [total[name] for name in ("dialogues", *HANDLED)]


def test_every_dialogue_is_of_operator_robot_or_nobody(held):  # T-45, T-46, TW-87 … TW-91, M-30, M-31, T-01
    found = handled(held(DIALOGUES), asked())
    assert counted(held(DIALOGUES), asked()) == [4, 1, 2, 1]
    assert [found.total[f"{name}_percent"] for name in HANDLED] == [25, 50, 25]
    days = {row["key"]: row["dialogues"] for row in found.by_time if row["dialogues"]}
    assert days == {"2026-10-01": 1, "2026-10-10": 1, "2026-10-20": 1, "2026-10-31": 1}
    assert len(found.by_time) == 31
    assert found.data_interval[0] == at("2026-10-01").replace(tzinfo=UTC)


def test_what_was_not_said_before_as_of_handles_nothing(held):  # G-1
    early = at("2026-11-01 09:00").replace(tzinfo=UTC)
    assert counted(held(DIALOGUES, early), asked(as_of=early)) == [4, 1, 1, 2]


def test_a_dialogue_belongs_to_the_local_day_on_which_it_began(held):  # T-05, T-46
    for zone, days in (("Europe/Kyiv", {"2026-10-01", "2026-10-10"}), ("America/Santiago", {"2026-10-09"})):
        found = handled(held(DIALOGUES), asked("2026-10-01/2026-10-10", zone))
        assert {row["key"] for row in found.by_time if row["dialogues"]} == days, zone


def test_a_period_without_dialogues_has_zeros_and_no_percentages(held):  # T-11, G-9
    for interval in ("2026-07-01/2026-07-31", "2027-01-01/2027-01-31"):  # the second begins after as-of
        found, talk = handled(held(DIALOGUES), asked(interval)), messages(held(DIALOGUES), asked(interval))
        assert counted(held(DIALOGUES), asked(interval)) == [0, 0, 0, 0]
        assert (found.total["by_bot_percent"], found.data_interval, talk.data_interval) == (None, None, None)
        assert (talk.total["messages"], talk.total["cost"], talk.by_chat) == (0, 0, [])


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"chat": ["2"]}, {2, 4}),  # TW-66
        ({"messenger": ["line", "telegram"]}, {2, 4}),  # TW-68
        ({"bot": ["7"]}, {2}),  # TW-82
        ({"operator": ["3"]}, {1}),  # TW-67: wrote in it
        ({"operator": ["4"]}, {3, 4}),  # wrote after the period, and one that was only given to him
        ({"operator": ["3", "4"], "chat": ["1"]}, {1, 3}),
        ({"group": ["1"]}, {3}),  # TW-84: 4 was a member when the dialogue was given to him, not when he wrote
        ({"group": ["1"], "operator": ["3"]}, set()),
        ({"with_customer_messages": True}, {1, 3, 4}),  # TW-83
    ],
)
def test_filters_narrow_the_dialogues(held, changes, found):  # M-32
    tables = DIALOGUES | {
        "chat_assignment": [{"session_id": 3, "operator_id": 4, "assigned_at": at("2026-10-20")}],
        "operator_group_member": [{"group_id": 1, "operator_id": 4, "to_at": at("2026-11-01")}],
    }
    days = {1: "2026-10-01", 2: "2026-10-10", 3: "2026-10-20", 4: "2026-10-31"}
    rows = handled(held(tables), asked(**changes)).by_time
    assert {row["key"] for row in rows if row["dialogues"]} == {days[number] for number in found}


def test_every_filter_has_a_slot_of_its_own():
    every = asked(chat="1", operator="2", messenger="3", bot="4", group="5", with_customer_messages=True)
    assert set(picks(every)) == {*PICKED, "with_customer_messages"}
    assert picks(asked()) == {}


def test_messages_count_when_they_were_sent_and_the_system_never(held):  # M-34, TW-94 … TW-100, Q-17
    found = messages(held(DIALOGUES), asked())
    assert {name: found.total[name] for name in ("user", "bot", "operator", "messages")} == {
        "user": 3, "bot": 2, "operator": 2, "messages": 7,
    }  # fmt: skip
    assert [(row["messenger"], row["user"], row["operator"]) for row in found.by_messenger] == [
        ("Web", 2, 2), ("Telegram", 1, 0), ("Line", 0, 0),
    ]  # fmt: skip
    first = found.by_time[0]
    assert (first["key"], first["user"], first["bot"], first["operator"]) == ("2026-10-01", 1, 1, 2)
    assert [row for row in found.by_sender if row["messages"]][:3] == [
        {"key": "2026-10-01", "sender": "Users", "messages": 1},
        {"key": "2026-10-01", "sender": "Robots", "messages": 1},
        {"key": "2026-10-01", "sender": "Operators", "messages": 2},
    ]


def test_cost_by_chat_and_day_at_the_rate_of_the_moment(held):  # M-33, TW-92, TW-93, G-8, T-13, T-16
    costs = [
        said(1, "2026-10-10 11:59:59.999999", "bot", cost="1", currency="EUR"),
        said(1, "2026-10-10 12:00", "bot", cost="1", currency="EUR"),  # the very moment of the new rate
        said(2, "2026-10-10 12:00", "operator", cost="0.005"),
        said(2, "2026-10-11", "operator", cost="0.005"),
        said(1, "2026-10-10", "system", cost="100"),
    ]
    tables = EMPTY | {
        "chat": CHATS,
        "chat_session": DIALOGUES["chat_session"],
        "chat_message": costs,
        "fx_rate": [rate("EUR/USD", "2026-01-01", "1.1"), rate("EUR/USD", "2026-10-10 12:00", "1.2")],
    }
    found = messages(held(tables), asked())
    assert [(row["chat"], row["messenger"], row["cost"]) for row in found.by_chat] == [
        ("Shop", "Web", Decimal("2.3")), ("Shop bot", "Telegram", Decimal("0.01")),
    ]  # fmt: skip
    by_day = {row["key"]: row["cost"] for row in found.by_time if row["cost"]}
    assert by_day == {"2026-10-10": Decimal("2.305"), "2026-10-11": Decimal("0.005")}
    assert found.total["cost"] == sum(by_day.values())
    lacking = tables | {"fx_rate": [rate("EUR/USD", "2026-10-10 12:00", "1.2")]}
    with pytest.raises(RateError, match="EUR to USD on 2026-10-10"):  # T-14
        messages(held(lacking), asked())


def test_a_chat_that_nobody_knows_is_told_by_its_number(held):
    found = messages(held(DIALOGUES | {"chat": []}), asked())
    assert [(row["chat"], row["messenger"]) for row in found.by_chat] == [("chat 1", "Other"), ("chat 2", "Other")]
