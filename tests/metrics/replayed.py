"""Billing once more, by loops over plain rows: what happened is told in order up to as-of, and counted then.

Written from the specification and sharing nothing with `reports_lib.metrics`. The reports take running values
back; here nothing runs: an invoice has its first total, its revisions, and its payments, each with a moment.
"""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

ZERO = Decimal(0)


class Replayed:
    """The state of all invoices before `as_of` (naive UTC), in local days of `zone`."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]], as_of: datetime, zone: ZoneInfo) -> None:
        self.t, self.as_of, self.zone = tables, as_of, zone
        self.today = self.local(as_of)
        self.missing: set[tuple[str, date]] = set()

    def local(self, at: datetime) -> date:
        return at.replace(tzinfo=UTC).astimezone(self.zone).date()

    def there(self, row: dict[str, Any]) -> bool:
        return row["deleted_at"] is None or row["deleted_at"] >= self.as_of

    def invoices(self) -> list[dict[str, Any]]:
        """Each invoice that is there with what it came to, was paid and owes."""
        found = []
        for row in self.t["invoice"]:
            if row["created_at"] >= self.as_of or not self.there(row):
                continue
            key = row["invoice_id"]
            made = [r for r in self.t["invoice_revision"] if r["invoice_id"] == key and r["revised_at"] < self.as_of]
            first = [x for x in self.t["invoice_line"] if x["invoice_id"] == key and x["revision_no"] == 0]
            total = sum((x["amount"] + x["tax"] for x in first), ZERO)
            for revision in sorted(made, key=lambda r: r["revision_no"]):
                total = revision["total"]
            paid = ZERO
            for payment in self.t["payment"]:
                if payment["invoice_id"] == key and payment["paid_at"] < self.as_of:
                    paid += payment["amount"]
                    if payment["refunded_at"] is not None and payment["refunded_at"] < self.as_of:
                        paid -= payment["refunded_amount"]
            owing = max(ZERO, total - paid) if row["status"] == "RECORDED" else ZERO
            found.append(row | {"total": total, "paid": paid, "owing": owing, "revisions": len(made)})
        return found

    def rate(self, source: str, at: datetime) -> Decimal:
        """The rate into USD in force at a moment."""
        if source == "USD":
            return Decimal(1)
        known = [r for r in self.t["fx_rate"] if r["from_currency"] == source and r["effective_from"] <= at]
        if not known:
            self.missing.add((source, at.date()))
            return ZERO
        return max(known, key=lambda r: r["effective_from"])["rate"]

    def day_begins(self, day: date) -> datetime:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC).replace(tzinfo=None)
        return min(midnight, self.as_of)

    def unpaid(self) -> dict[str, tuple[int, Decimal, Decimal]]:
        """Number, owing and face value by age."""
        names = ["Not due", "1–30 days", "31–60 days", "61–90 days", "Over 90 days"]
        found = dict.fromkeys(names, (0, ZERO, ZERO))
        for row in self.invoices():
            if row["owing"] > 0:
                late = (self.today - (row["due_date"] or row["invoice_date"])).days
                name = names[0 if late <= 0 else min(4, (late - 1) // 30 + 1)]
                rate = self.rate(row["currency"], self.as_of)
                count, owing, face = found[name]
                found[name] = (count + 1, owing + row["owing"] * rate, face + row["total"] * rate)
        return found

    def top(self, first: date, last: date) -> list[tuple[int, Decimal]]:
        """The five clients with the highest totals."""
        sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for row in self.invoices():
            if row["status"] == "RECORDED" and first <= row["invoice_date"] <= last:
                at = self.day_begins(row["invoice_date"])
                sums[row["client_id"]] += row["total"] * self.rate(row["currency"], at)
        names = {c["client_id"]: c["name"] for c in self.t["client"]}
        return sorted(sums.items(), key=lambda each: (-each[1], names[each[0]], each[0]))[:5]

    def files(self) -> Counter[str]:
        """Files that are not deleted, by state."""
        found: Counter[str] = Counter()
        for row in self.t["cdr_file"]:
            if row["uploaded_at"] < self.as_of and self.there(row):
                is_done = row["processed_at"] is not None and row["processed_at"] < self.as_of
                found[row["status"] if is_done else "waiting"] += 1
                found["bytes"] += row["size_bytes"]
        return found

    def months(self) -> dict[str, Counter[str]]:
        """Files processed in this month and the two before, deleted or not."""
        number = self.today.year * 12 + self.today.month - 1
        keys = [f"{(number - n) // 12}-{(number - n) % 12 + 1:02}" for n in (2, 1, 0)]
        found: dict[str, Counter[str]] = {key: Counter() for key in keys}
        for row in self.t["cdr_file"]:
            if row["uploaded_at"] < self.as_of and row["processed_at"] and row["processed_at"] < self.as_of:
                key = f"{self.local(row['processed_at']):%Y-%m}"
                if key in found:
                    found[key][row["status"]] += 1
        return found


def past_month(today: date, kind: str) -> tuple[date, date]:
    if kind == "rolling30":
        return today - timedelta(days=29), today
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def exact() -> Any:
    return localcontext(prec=76)
