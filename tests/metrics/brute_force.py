"""Customer Dynamics once more, by loops over plain rows, written from the specification.

Slow and obvious on purpose, and sharing nothing with `reports_lib.metrics`: every figure of every
row is computed from all the facts by its definition, one bucket and one client at a time.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, localcontext
from itertools import product
from zoneinfo import ZoneInfo

ZERO = Decimal(0)
Missing = set[tuple[str, date]]


def local_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The naive UTC instant of a wall time; one that the clocks skip is moved on by the gap."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC).replace(tzinfo=None)


def months_back(utc: datetime, months: int, zone: ZoneInfo) -> datetime:
    wall = utc.replace(tzinfo=UTC).astimezone(zone)
    number = wall.year * 12 + wall.month - 1 - months
    year, month = divmod(number, 12)
    day = min(wall.day, monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day).astimezone(UTC).replace(tzinfo=None)


def local_buckets(start: datetime, end: datetime, unit: str | None, zone: ZoneInfo):
    """(key, start, end, is_partial) of each local calendar unit, naive UTC; a day at a time."""
    if unit is None:
        return [("", start, end, False)]
    length = {"year": 4, "month": 7, "date": 10}[unit]
    day = (start.replace(tzinfo=UTC).astimezone(zone)).date()
    found: dict[str, list[datetime]] = {}
    while local_instant(datetime.combine(day, time()), zone) < end:
        begin = max(local_instant(datetime.combine(day, time()), zone), start)
        finish = min(local_instant(datetime.combine(day + timedelta(days=1), time()), zone), end)
        if begin < finish:
            found.setdefault(day.isoformat()[:length], []).extend([begin, finish])
        day += timedelta(days=1)
    return [(key, min(times), max(times), None) for key, times in sorted(found.items())]


class Books:
    """All the facts, and one question."""

    def __init__(self, tables, asked) -> None:
        self.t = tables
        self.asked = asked
        self.zone = asked.interval.zone
        self.as_of = asked.as_of.replace(tzinfo=None)
        self.start = asked.interval.start.replace(tzinfo=None)
        self.end = min(asked.interval.end.replace(tzinfo=None), self.as_of)
        self.missing: Missing = set()
        self.packages = {int(p) for p in asked.package}
        self.subs = {s["subscription_id"]: s for s in self.rows("subscription", "assigned_at")}
        self.people = [c for c in self.rows("client", "created_at") if self.passes(c)]

    def rows(self, name, at):
        return [r for r in self.t.get(name, []) if r[at] is None or r[at] < self.as_of]

    def passes(self, client) -> bool:
        asked, who = self.asked, client["client_id"]
        tags = {r["tag"] for r in self.t.get("client_tag", []) if r["client_id"] == who}
        return (
            (not asked.client_type or client["client_type"] in asked.client_type)
            and (not asked.client_tags or bool(tags & set(asked.client_tags)))
            and (not asked.company or client["company_id"] in self.companies())
            and (not asked.owner_user or str(client["owner_user_id"]) in asked.owner_user)
            and (not self.packages or any(self.holds(who, p, self.start, self.end) for p in self.packages))
        )

    def companies(self) -> set[int]:
        parent = {r["company_id"]: r["parent_company_id"] for r in self.t["company"]}
        chosen = {int(c) for c in self.asked.company}
        if not self.asked.include_sub_companies:
            return chosen

        def is_below(company) -> bool:
            return company is not None and (company in chosen or is_below(parent[company]))

        return {company for company in parent if is_below(company)}

    def holds(self, client, package, start, end) -> bool:
        return any(
            s["client_id"] == client
            and (package is None or s["package_id"] == package)
            and s["assigned_at"] < end
            and (s["ended_at"] is None or s["ended_at"] > start)
            for s in self.subs.values()
        )

    def money(self, amount: Decimal, currency: str, at: datetime) -> Decimal:
        """In the report's currency at the rate in force; what lacks one is noted."""
        if amount == 0:
            return ZERO
        when = self.end if self.asked.fx_mode == "report_end" else at
        found = self.rate(currency, self.asked.currency, when)
        if found is None:
            self.missing.add((currency, at.date()))
            return ZERO
        with localcontext(Context(prec=60)):
            return amount * found

    def rate(self, source, target, at) -> Decimal | None:
        if source == target:
            return Decimal(1)
        if (direct := self.declared(source, target, at)) is not None:
            return direct
        base = self.t["company"][0]["currency"]
        if base in (source, target):
            return None
        legs = self.declared(source, base, at), self.declared(base, target, at)
        return None if None in legs else (legs[0] * legs[1] + Decimal("5e-10")).quantize(Decimal("1e-9"), "ROUND_FLOOR")

    def declared(self, source, target, at) -> Decimal | None:
        known = [
            (r["effective_from"], r["rate"])
            for r in self.t["fx_rate"]
            if (r["from_currency"], r["to_currency"]) == (source, target) and r["effective_from"] <= at
        ]
        return max(known)[1] if known else None

    def charges(self):
        """(client, package, at, amount, currency, units, kind, is_paid) of every charge that succeeded."""
        net = self.asked.tax_mode == "net"
        periods = self.rows("subscription_period", "charged_at")
        for p in periods:
            if p["status"] == "charged" and p["subscription_id"] in self.subs:
                s = self.subs[p["subscription_id"]]
                at = (s["activated_at"] or p["charged_at"]) if p["kind"] == "activation" else p["charged_at"]
                amount = p["amount"] - (p["tax"] or 0) if net else p["amount"]
                head = (s["client_id"], s["package_id"], at, amount, p["currency"])
                yield *head, s["quantity"], p["kind"], p["amount"] > 0
        with_activation = {p["subscription_id"] for p in periods if p["kind"] == "activation"}
        for s in self.subs.values():
            if s["activated_at"] and s["status"] != "pending" and s["subscription_id"] not in with_activation:
                head = (s["client_id"], s["package_id"], s["activated_at"], ZERO, "")
                yield *head, s["quantity"], "activation", False

    def usage(self):
        net = self.asked.tax_mode == "net"
        for u in self.rows("usage_event", "started_at"):
            yield u, (u["amount"] - (u["tax"] or 0) if net else u["amount"])

    def last_paid(self, client, end) -> datetime | None:
        times = [
            u["started_at"] for u in self.rows("usage_event", "started_at") if u["client_id"] == client and u["is_paid"]
        ]
        times += [c[2] for c in self.charges() if c[0] == client and c[7] and c[2]]
        for a in self.t.get("client_activity", []):
            if a["client_id"] == client:
                times += [at for at in (a["first_paid_at"], a["last_paid_at"]) if at]
        return max((at for at in times if at < end), default=None)

    def balance(self, client, end) -> Decimal:
        fixed = self.asked.balance_mode == "fixed"
        sums: dict[str, Decimal] = {}
        for e in self.rows("ledger_entry", "posted_at"):
            is_counted = e["status"] == "approved" and (not fixed or e["kind"] == "payment")
            if e["client_id"] == client and is_counted and e["posted_at"] < end:
                sums[e["currency"]] = sums.get(e["currency"], ZERO) + e["amount"]
        for i in self.rows("invoice", "created_at") if fixed else []:
            is_there = i["created_at"] < end and not (i["deleted_at"] and i["deleted_at"] < end)
            if i["client_id"] == client and i["status"] == "RECORDED" and is_there:
                sums[i["currency"]] = sums.get(i["currency"], ZERO) - i["total"]
        return sum((self.money(amount, currency, end) for currency, amount in sums.items()), ZERO)

    def row(self, start, end, members, packages):
        """One row: `members` are the clients it is over, `packages` those whose charges it shows (None: all)."""
        return self.stocks(end, members) | self.flows(start, end, members) | self.fees(start, end, packages)

    def stocks(self, end, members):
        measures = ("qty", "balance_pos", "balance_neg", "balance")
        figures = {f"{group}_{m}": ZERO for group, m in product(("active", "overall", "all"), measures)}
        window = months_back(end, self.asked.active_duration, self.zone)
        for c in self.people:
            who = c["client_id"]
            if who not in members or c["created_at"] >= end or (c["deleted_at"] and c["deleted_at"] < end):
                continue
            paid, balance = self.last_paid(who, end), self.balance(who, end)
            for group in (
                ["all"] + ["overall"] * (paid is not None) + ["active"] * (paid is not None and paid >= window)
            ):
                for m, share in zip(measures, (1, max(balance, ZERO), min(balance, ZERO), balance), strict=True):
                    figures[f"{group}_{m}"] += share
        return figures

    def flows(self, start, end, members):
        refills = [
            self.money(e["amount"], e["currency"], e["posted_at"])
            for e in self.rows("ledger_entry", "posted_at")
            if e["client_id"] in members and start <= e["posted_at"] < end
            if (e["status"], e["kind"]) == ("approved", "payment") and e["amount"] > 0
        ]
        spent = [
            self.money(amount, u["currency"], u["started_at"])
            for u, amount in self.usage()
            if u["client_id"] in members and start <= u["started_at"] < end
        ]
        return {"refill_qty": len(refills), "refill_total": sum(refills, ZERO), "payg_total": sum(spent, ZERO)}

    def fees(self, start, end, packages):
        figures = dict.fromkeys(["activation_qty", "activation_total", "renew_qty", "renew_total"], ZERO)
        everyone = {c["client_id"] for c in self.people}
        for client, package, at, amount, currency, units, kind, _ in self.charges():
            is_shown = client in everyone and (packages is None or package in packages)
            if is_shown and at is not None and start <= at < end:
                figures[f"{kind}_qty"] += units
                figures[f"{kind}_total"] += self.money(amount, currency, at)
        return figures

    def report(self):
        """{(bucket key, package id or None or "whole"): figures}, and the total; fills `missing`."""
        unit = next((u for u in ("date", "month", "year") if u in self.asked.group_by), None)
        everyone = {c["client_id"] for c in self.people}
        chosen = self.packages or None
        found = {}
        for key, start, end, _ in local_buckets(self.start, self.end, unit, self.zone):
            found[key, "whole"] = self.row(start, end, everyone, chosen)
            if "package" not in self.asked.group_by:
                continue
            for package in self.packages or {s["package_id"] for s in self.subs.values()}:
                members = {who for who in everyone if self.holds(who, package, start, end)}
                found[key, package] = self.row(start, end, members, {package})
            if not self.packages:
                members = {who for who in everyone if not self.holds(who, None, start, end)}
                found[key, None] = self.row(start, end, members, set())
        return found, self.row(self.start, self.end, everyone, chosen)
