"""Requests for help as they stood: which are listed, which were open, for how long (M-67)."""

from decimal import Decimal

from bills import asked
from books import at

from reports_lib.metrics.dashboard import dashboard
from reports_lib.metrics.tickets import by_age, tickets


def ticket(number, status, opened, resolved=None):
    return {
        "ticket_id": number, "status": status, "opened_at": at(opened), "resolved_at": resolved and at(resolved),
    }  # fmt: skip


TICKETS = [
    ticket(1, "open", "2026-10-31 12:00"),
    ticket(2, "resolved", "2026-10-01", "2026-10-04"),
    ticket(3, "closed", "2026-10-01 06:00"),  # nobody knows when
    ticket(4, "resolved", "2026-11-02 12:00", "2026-11-03 12:00"),  # at as-of: still open then
    ticket(5, "pending", "2026-09-30 23:59:59.999999"),
    ticket(6, "open", "2026-11-03 12:00"),  # at as-of: not there yet
]


def test_tickets_of_a_period_oldest_first_as_they_stood(held):
    found = tickets(held({"help_ticket": TICKETS}), asked("2026-10-01/2026-11-03"))
    assert [(row["number"], row["state"], row["days"]) for row in found.rows] == [
        ("2", "resolved", 3),
        ("3", "resolved", None),
        ("1", "unresolved", 3),
        ("4", "unresolved", 1),
    ]
    assert found.total == {"tickets": 4, "open": 2, "longest": 3}
    assert [row["tickets"] for row in found.by_age] == [1, 1, 0, 0]
    only = tickets(held({"help_ticket": TICKETS}), asked("2026-10-01/2026-11-03", status=["resolved"]))
    assert [row["number"] for row in only.rows] == ["2", "3"]
    assert only.total["longest"] is None


def test_the_open_ones_are_those_that_the_dashboard_counts(held):  # CD-11
    books = held({"help_ticket": TICKETS})
    open_ones = tickets(books, asked("2020-01-01/2026-11-03", status=["unresolved"]))
    assert open_ones.total["open"] == len(open_ones.rows) == dashboard(books, asked()).metrics["open_tickets"] == 3


def test_the_bound_of_a_class_belongs_to_it():
    days = [Decimal(0), Decimal(1), Decimal("1.1"), Decimal(7), Decimal(30), Decimal("30.01"), Decimal(900)]
    assert [row["tickets"] for row in by_age(days)] == [2, 2, 1, 2]
