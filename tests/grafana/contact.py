"""A month of messages, dialogues and calls, the same each time: some hundred rows of every kind there is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from reports_lib.values.contact import CALL_STATUSES, CHANNELS, MESSAGE_STATUSES, MESSENGERS

Row = dict[str, Any]
BEGIN, END = datetime(2026, 9, 28, 20), datetime(2026, 11, 3, 11, 59)  # clocks are put back within it
STRANGE = "teleported"  # a word that nobody knows


def tables() -> dict[str, list[Row]]:
    """The rows of every table that the three reports read."""
    dice = Random(86)
    return {
        "company": [{"company_id": 1, "parent_company_id": None}, {"company_id": 2, "parent_company_id": 1}],
        "client": [{"client_id": number, "company_id": 1 + number % 2} for number in range(1, 9)],
        "currency": [{"code": "USD", "totals_precision": 2, "details_precision": 4}],
        "notification": [{"notification_id": number, "client_id": 1 + number % 8} for number in range(1, 200)],
        "message": list(_messages(dice)),
        "chat": [{"chat_id": number, "name": f"Chat {number}", "messenger": m} for number, m in enumerate(MESSENGERS)],
        "operator": [{"operator_id": number, "name": f"Operator {number}"} for number in range(1, 4)],
        "chat_session": [_session(dice, number) for number in range(1, 200)],
        "chat_message": [_said(dice) for _ in range(600)],
        "chat_assignment": [_given(dice) for _ in range(150)],
        "operator_status": [_status(dice, number) for number in range(120)],
        "trunk": [{"trunk_id": number, "name": f"Trunk {number}"} for number in (1, 2)],
        "call": [_call(dice) for _ in range(500)],
    }


def _when(dice: Random) -> datetime:
    return BEGIN + timedelta(seconds=dice.randrange(int((END - BEGIN).total_seconds())))


def _messages(dice: Random) -> Iterator[Row]:
    for _ in range(500):
        made = _when(dice)
        sent = dice.choice([None, made + timedelta(hours=dice.randrange(30))])
        yield {
            "notification_id": dice.randrange(1, 200),
            "channel": dice.choice([*CHANNELS, "sms", "viber", "viber", STRANGE]),
            "status": dice.choice([*MESSAGE_STATUSES, STRANGE]),
            "required": dice.random() < 0.5,
            "created_at": made,
            "sent_at": sent,
            "delivered_at": sent and sent + timedelta(minutes=9),
            "parts": dice.choice([None, 1, 3]),
            "text_length": dice.choice([None, 160, 161, 400]),
            "encoding": dice.choice(["gsm7", "ucs2"]),
        }


def _session(dice: Random, number: int) -> Row:
    began = _when(dice)
    return {
        "session_id": number,
        "chat_id": dice.randrange(len(MESSENGERS)),
        "client_id": dice.randrange(1, 9),
        "started_at": began,
        "closed_at": dice.choice([None, began + timedelta(hours=dice.randrange(1, 30))]),
        "latitude": dice.choice([None, 50.4, -33.4]),
        "longitude": dice.choice([30.5, -70.6]),
    }


def _said(dice: Random) -> Row:
    sender = dice.choice(["user", "bot", "operator", "system"])
    return {
        "session_id": dice.randrange(1, 200),
        "sent_at": _when(dice),
        "sender": sender,
        "operator_id": dice.randrange(1, 4) if sender == "operator" else None,
        "cost": Decimal(dice.randrange(1000)) / 1000,
        "currency": "USD",
    }


def _given(dice: Random) -> Row:
    at = _when(dice)
    row = {"session_id": dice.randrange(1, 200), "operator_id": dice.randrange(1, 4), "assigned_at": at}
    return row | {"released_at": dice.choice([None, at + timedelta(hours=3)])}


def _status(dice: Random, number: int) -> Row:
    at = BEGIN + timedelta(hours=7 * number)
    until = at + timedelta(minutes=dice.randrange(1, 900))
    return {
        "operator_id": 1 + number % 3,
        "from_at": at,
        "to_at": None if number > 115 else until,
        "status": dice.choice(["online", "paused", "offline"]),
    }


def _call(dice: Random) -> Row:
    # half of them within the hours that the fixed windows are about
    began = _when(dice) if dice.random() < 0.5 else END - timedelta(seconds=dice.randrange(6000))
    talk = dice.choice([0, 0, 10, 11, 60, 301, 900])
    return {
        "client_id": dice.choice([None, *range(1, 9)]),
        "client_number": dice.choice([None, "380441112233"]),
        "trunk_id": dice.choice([None, 1, 2]),
        "bot_id": dice.choice([None, 1]),
        "started_at": began,
        "answered_at": began + timedelta(seconds=5) if talk else None,
        "ended_at": began + timedelta(seconds=5 + talk),
        "talk_s": talk,
        "hold_s": dice.choice([None, 7]),
        "status": dice.choice([*CALL_STATUSES, STRANGE]) if not talk else "answered",
        "bot_evaluation": dice.choice([None, "Success", "success ", "Callback"]),
    }
