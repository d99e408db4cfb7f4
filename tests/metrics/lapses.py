"""What customers were given and how they paid, case by case, for the tests of churn (T-61)."""

from typing import Any

from books import at
from viewers import EMPTY, Row, access, payment, viewer

START, END = "2026-10-01", "2026-11-01"  # of October
BEFORE, LATER = "2026-09-15", "2026-11-15"

STAYS = access(1, BEFORE, LATER)
PAID = access(1, BEFORE, LATER, source_payment_id=7)
TRIAL = {"is_trial": True}


def taken_back(when: str | None, amount: str = "0") -> Row:
    """The payment 7, charged back."""
    return payment(7, when, back=amount) | {"status": "chargeback"}


# what a customer was given, what he paid, and whether he paid at the start of October and is lost at its end
HISTORIES = {  # T-61
    "pays all along": ([STAYS], [], (1, 0)),
    "renews within": ([access(1, BEFORE, "2026-10-15"), access(1, "2026-10-15", LATER)], [], (1, 0)),
    "stops": ([access(1, BEFORE, "2026-10-15")], [], (1, 1)),
    "lapses and comes back": ([access(1, BEFORE, "2026-10-03"), access(1, "2026-10-30", LATER)], [], (1, 0)),
    "comes back too late": ([access(1, BEFORE, "2026-10-03"), access(1, "2026-11-01 00:00:01", LATER)], [], (1, 1)),
    "changes the plan": ([access(1, BEFORE, "2026-10-15"), access(1, "2026-10-15", LATER, package_id=22)], [], (1, 0)),
    "ends exactly at the end": ([access(1, BEFORE, END)], [], (1, 1)),
    "ends a microsecond later": ([access(1, BEFORE, "2026-11-01 00:00:00.000001")], [], (1, 0)),
    "begins exactly at the end": ([access(1, BEFORE, "2026-10-15"), access(1, END, LATER)], [], (1, 0)),
    "begins exactly at the start": ([access(1, START, LATER)], [], (1, 0)),
    "ended exactly at the start": ([access(1, BEFORE, START)], [], (0, 0)),
    "joins and leaves inside": ([access(1, "2026-10-02", "2026-10-20")], [], (0, 0)),
    "joins and stays": ([access(1, "2026-10-02", LATER)], [], (0, 0)),
    "tries for nothing": ([access(1, BEFORE, LATER, "0", **TRIAL)], [], (0, 0)),
    "tries for a little": ([access(1, BEFORE, LATER, "1", **TRIAL)], [], (0, 0)),
    "has a coupon of 100 %": ([access(1, BEFORE, LATER, "0")], [], (0, 0)),
    "then has a coupon of 100 %": ([access(1, BEFORE, "2026-10-15"), access(1, START, LATER, "0")], [], (1, 1)),
    "pays after a trial": ([access(1, BEFORE, "2026-10-05", **TRIAL), access(1, "2026-10-05", LATER)], [], (0, 0)),
    "buys a match": ([access(1, BEFORE, LATER, package_id=29)], [], (0, 0)),
    "stops, and buys a match": ([access(1, BEFORE, "2026-10-15"), access(1, BEFORE, LATER, package_id=29)], [], (1, 1)),
    "pays for two plans, stops one": ([access(1, BEFORE, "2026-10-15"), STAYS], [], (1, 0)),
    "is refunded": ([PAID], [payment(7, "2026-10-15")], (1, 1)),
    "is refunded half": ([PAID], [payment(7, "2026-10-15", back="5")], (1, 0)),
    "was refunded before": ([PAID], [payment(7, "2026-09-20")], (0, 0)),
    "was refunded at the start": ([PAID], [payment(7, START)], (0, 0)),
    "is refunded at the end": ([PAID], [payment(7, END)], (1, 1)),
    "is refunded later": ([PAID], [payment(7, "2026-11-02")], (1, 0)),
    "is charged back, nobody says how much": ([PAID], [taken_back("2026-10-15")], (1, 1)),
    "is charged back in part": ([PAID], [taken_back("2026-10-15", "5")], (1, 0)),
    "is charged back, nobody says when": ([PAID], [taken_back(None) | {"paid_at": at("2026-10-10")}], (1, 1)),
    "is charged back at no time at all": ([PAID], [taken_back(None)], (0, 0)),
    "is refunded, and pays anew": ([PAID, access(1, "2026-10-20", LATER)], [payment(7, "2026-10-15")], (1, 0)),
    "paid by a payment that nobody knows": ([access(1, BEFORE, LATER, source_payment_id=8)], [], (1, 0)),
}  # fmt: skip


def books(histories: Any) -> dict[str, list[Row]]:
    """A customer of a country of his own for each of the histories, and payments that are his alone."""
    tables = {name: list(rows) for name, rows in EMPTY.items()}
    for who, (given_, paid, *_) in enumerate(histories, 1):
        tables["client_profile"].append(viewer(who, f"C{who}"))
        mine = {row["payment_id"]: who * 100 + row["payment_id"] for row in paid}
        tables["payment"] += [row | {"client_id": who, "payment_id": mine[row["payment_id"]]} for row in paid]
        for row in given_:
            source = row.get("source_payment_id")
            tables["entitlement"].append(
                row
                | {"client_id": who, "entitlement_id": len(tables["entitlement"]) + 1}
                | {"source_payment_id": source and mine.get(source, source)}
            )
    return tables
