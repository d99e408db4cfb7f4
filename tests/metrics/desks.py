"""Operators at their desks, for tests: rows in few words, and their figures once more by loops over plain rows.

The loops share nothing with `reports_lib.metrics`: slow, obvious, and written from the specification.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from books import at
from brute_force import local_buckets
from chatting import Asked, Row

TABLES = ("chat", "chat_session", "chat_message", "chat_assignment", "operator_status")
TABLES += ("operator", "operator_group_member")


def desks(**given: Sequence[Row]) -> dict[str, Sequence[Row]]:
    """All the tables, empty if not given."""
    return {name: given.get(name, []) for name in TABLES}


def dialogue(number: int, begun: str, closed: str | None = None, **columns: Any) -> Row:
    row = {"session_id": number, "chat_id": 1, "started_at": at(begun), "closed_at": closed and at(closed)}
    return row | columns


def said(session: int, operator: int | None, when: str, sender: str = "operator") -> Row:
    return {"session_id": session, "operator_id": operator, "sent_at": at(when), "sender": sender}


def assigned(session: int, operator: int, since: str, until: str | None = None) -> Row:
    times = {"assigned_at": at(since), "released_at": until and at(until)}
    return {"session_id": session, "operator_id": operator} | times


def was(status: str, operator: int, since: str, until: str | None = None) -> Row:
    times = {"from_at": at(since), "to_at": until and at(until)}
    return {"operator_id": operator, "status": status} | times


def of_group(group: int, operator: int, since: str | None = None, until: str | None = None) -> Row:
    times = {"from_at": since and at(since), "to_at": until and at(until)}
    return {"group_id": group, "operator_id": operator} | times


class Desks:
    """All the facts, and one question."""

    def __init__(self, tables: dict[str, Sequence[Row]], asked: Asked) -> None:
        self.t, self.asked = tables, asked
        self.as_of = asked.as_of.replace(tzinfo=None)
        self.start = asked.interval.start.replace(tzinfo=None)
        self.end = min(asked.interval.end.replace(tzinfo=None), self.as_of)

    def is_asked(self, operator: int, when: datetime) -> bool:
        """Whether what the operator did then is looked at."""
        groups = {
            str(m["group_id"])
            for m in self.t["operator_group_member"]
            if m["operator_id"] == operator
            and (m["from_at"] is None or m["from_at"] <= when)
            and (m["to_at"] is None or when < m["to_at"])
        }
        is_chosen = not self.asked.operator or str(operator) in self.asked.operator
        return is_chosen and (not self.asked.group or not groups.isdisjoint(self.asked.group))

    def passes(self, session: int) -> bool:
        """Whether the dialogue is there and passes what narrows dialogues."""
        asked = self.asked
        messengers = {chat["chat_id"]: chat["messenger"] for chat in self.t["chat"]}
        for one in self.t["chat_session"]:
            if one["session_id"] == session and one["started_at"] < self.as_of:
                has_words = any(
                    m["session_id"] == session and m["sender"] == "user" and m["sent_at"] < self.as_of
                    for m in self.t["chat_message"]
                )
                return (
                    (not asked.chat or str(one["chat_id"]) in asked.chat)
                    and (not asked.bot or str(one["bot_id"]) in asked.bot)
                    and (not asked.messenger or messengers[one["chat_id"]] in asked.messenger)
                    and (not asked.with_customer_messages or has_words)
                )
        return False

    def words(self) -> list[Row]:
        """What operators wrote before as-of."""
        return [m for m in self.t["chat_message"] if m["sender"] == "operator" and m["sent_at"] < self.as_of]

    def assignments(self) -> list[tuple[Row, datetime | None]]:
        """Those that are looked at, each with its end."""
        closed = {one["session_id"]: one["closed_at"] for one in self.t["chat_session"]}
        return [
            (a, min([end for end in (a["released_at"], closed[a["session_id"]]) if end], default=None))
            for a in self.t["chat_assignment"]
            if a["assigned_at"] < self.as_of
            and self.passes(a["session_id"])
            and self.is_asked(a["operator_id"], a["assigned_at"])
        ]

    def figures(self) -> dict[str, set[tuple[int, int]]]:
        """(operator, dialogue) who wrote and who has it open, (operator, assignment) that was passed by."""
        found: dict[str, set[tuple[int, int]]] = {"written": set(), "active": set(), "skipped": set()}
        for m in self.words():
            who, session = m["operator_id"], m["session_id"]
            if self.start <= m["sent_at"] < self.end and self.passes(session) and self.is_asked(who, m["sent_at"]):
                found["written"].add((who, session))
        for a, end in self.assignments():
            who, session, begun = a["operator_id"], a["session_id"], a["assigned_at"]
            if begun < self.end and (end is None or end >= self.end):
                found["active"].add((who, session))
            has_ended = end is not None and end < self.as_of
            if self.start <= begun < self.end and has_ended and not self.answered(who, session, begun, end):
                found["skipped"].add((who, a["assignment_id"]))
        return found

    def answered(self, who: int, session: int, begun: datetime, end: datetime | None) -> bool:
        return any(
            (m["operator_id"], m["session_id"]) == (who, session) and begun <= m["sent_at"] and m["sent_at"] <= end
            for m in self.words()
        )

    def presence(self) -> dict[tuple[int, str, str], timedelta]:
        """Time by operator, status and local day: each stretch between two moments that matter counts or does not."""
        days = local_buckets(self.start, self.end, "date", self.asked.interval.zone)
        rows = [row for row in self.t["operator_status"] if row["from_at"] < self.as_of]
        members = self.t["operator_group_member"]
        edges = {self.start, self.end, *(edge for _, begin, finish, _ in days for edge in (begin, finish))}
        edges |= {row[name] for row in [*rows, *members] for name in ("from_at", "to_at") if row[name]}
        marks = sorted(edge for edge in edges if self.start <= edge <= self.end)
        found: dict[tuple[int, str, str], timedelta] = {}
        for begin, finish in pairwise(marks):
            (day,) = (key for key, first, last, _ in days if first <= begin < last)
            there = {
                (row["operator_id"], row["status"])
                for row in rows
                if row["from_at"] <= begin and (row["to_at"] is None or row["to_at"] > begin)
            }
            for who, status in there:
                if status != "offline" and self.is_asked(who, begin):
                    found[who, status, day] = found.get((who, status, day), timedelta()) + (finish - begin)
        return found


def utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)
