"""Bills: what a month's invoices come to, client by client, and what is to be looked at before they go out.

    charges of the month  --> lines --> clients (per client and currency)
    charges of the month before ------> what is unusual           \
    calls a day, ledger, invoices that are there already ----------> gate
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

import ibis.expr.types as ir

from reports_lib.errors import ParameterError
from reports_lib.metrics import charges, counterparts, reconciliation
from reports_lib.metrics.charges import KINDS, OTHER, SERVICE, Catalogue, Whose
from reports_lib.metrics.customer_dynamics import parents
from reports_lib.metrics.inline import packed
from reports_lib.metrics.month import dates, days_of, month_of, slots
from reports_lib.metrics.population import with_sub_companies
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.reconciliation import Finding, Reason
from reports_lib.metrics.timeline import naive
from reports_lib.values.clock import wall
from reports_lib.values.interval import Comparison, Interval
from reports_lib.warehouse.statement import Tables

READ = (
    "client",
    "company",
    "currency",
    "invoice",
    "invoice_line",
    "ledger_entry",
    "package",
    "service",
    "subscription",
    "subscription_period",
    "usage_event",
)
STATUSES = NEW, HELD, INVOICED = "to bill", "held", "invoiced"
ZERO = Decimal(0)
PARTS = {SERVICE: "usage", OTHER: "other"}  # the column that a kind of charge counts in; else `packages`

Row = dict[str, Any]


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    company: Sequence[str]
    include_sub_companies: bool
    client: str
    client_type: Sequence[str]
    without_charges: bool  # whether clients are listed that were charged nothing


@dataclass(frozen=True)
class Bills:
    """What was found. `lines` are exact; `clients` has one row a client and currency, `totals` one a currency.

    A client's `status` is one of `STATUSES`; `invoice` is that of the month which is there already, empty if none
    is: it is not billed again. `data_interval` as in other reports (G-6).
    """

    month: str
    lines: list[Row]
    clients: list[Row]
    totals: list[Row]
    gate: list[Row]
    data_interval: tuple[datetime, datetime] | None

    @property
    def headline(self) -> Row:
        """Clients by what becomes of them."""
        who = {status: {row["client_id"] for row in self.clients if row["status"] == status} for status in STATUSES}
        return {status: len(found) for status, found in who.items()}


def bills(warehouse: Warehouse, asked: Question) -> Bills:
    """Everything, executed.

    Raises `ParameterError` if the interval is not one calendar month of its zone, or the client is not there,
    and `WarehouseError` naming all that the warehouse lacks.
    """
    month = month_of(asked.interval)
    warehouse.check(READ)
    found = _Found.of(warehouse, asked)
    return found.bills(month, asked)


@dataclass(frozen=True)
class _Found:
    """What the warehouse answered."""

    now: list[Row]
    before: list[Row]
    days: tuple[list[Row], list[date]]
    booked: list[Row]
    invoices: list[Row]
    invoiced: list[Row]
    catalogue: Catalogue
    places: Mapping[str, int]  # decimals of sums, by currency
    people: Mapping[int, Row]
    companies: Mapping[int, str]

    @classmethod
    def of(cls, warehouse: Warehouse, asked: Question) -> "_Found":
        interval, before = asked.interval, asked.interval.shifted(Comparison.PREVIOUS_MONTH)
        whose, picked = _whose(warehouse, asked)
        month = slots(interval) | picked
        days = days_of(interval, asked.as_of)
        people = {row["client_id"]: row for row in warehouse.ask(charges.clients, whose, picked)}
        if whose.has_client and not people:
            raise ParameterError(
                f"client {asked.client!r} is neither the number nor the name of a client that is there"
            )
        services = warehouse.ask(charges.services)
        return cls(
            now=warehouse.ask(charges.charges, whose, month),
            before=warehouse.ask(charges.charges, whose, slots(before) | picked),
            days=(warehouse.ask(counterparts.calls_a_day, whose, days.values | picked) if days else [], dates(days)),
            booked=warehouse.ask(counterparts.booked, whose, month),
            invoices=warehouse.ask(counterparts.invoices, whose, month),
            invoiced=warehouse.ask(counterparts.invoiced_usage, whose, month),
            catalogue=Catalogue(
                {row["service_id"]: (row["name"], row["unit"]) for row in services},
                {row["package_id"]: row["name"] for row in warehouse.ask(charges.package_names)},
            ),
            places={row["code"]: row["totals_precision"] for row in warehouse.ask(_currencies)},
            people=people,
            companies={row["company_id"]: row["name"] for row in warehouse.ask(_companies)},
        )

    def bills(self, month: str, asked: Question) -> Bills:
        lines = [self._line(row) for row in sorted(self.now, key=self._place)]
        clients = list(self._clients(lines, self._uncharged(asked.interval) if asked.without_charges else ()))
        findings = sorted(self._findings(clients, asked), key=_in_order)
        held = {(f.client_id, f.currency) for f in findings if f.holds and f.client_id is not None}
        companies = {f.company_id for f in findings if f.holds and f.client_id is None}
        for row in clients:
            is_held = (row["client_id"], row["currency"]) in held or bool(companies & {row["company_id"], None})
            row["status"] = INVOICED if row["invoice"] else HELD if is_held else NEW
        spans = [(row["first_at"], row["last_at"]) for row in self.now]
        span = (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None
        return Bills(
            month=month,
            lines=lines,
            clients=clients,
            totals=list(_totals(clients)),
            gate=[self._gate(finding) for finding in findings],
            data_interval=span and (span[0].replace(tzinfo=UTC), span[1].replace(tzinfo=UTC)),
        )

    def _place(self, row: Row) -> tuple[object, ...]:
        kind = KINDS.index(row["kind"])
        who = (row["company_id"] or 0, row["name"] or "", row["client_id"])
        return *who, row["currency"], kind, row["item"] or 0, row["text"]

    def _line(self, row: Row) -> Row:
        return {**self.catalogue.line(row), **self._who(row["client_id"], row["company_id"])}

    def _who(self, client: int | None, company: int | None) -> Row:
        """Client and company by name, empty where the warehouse lacks them."""
        name = self.people[client]["name"] if client is not None and client in self.people else ""
        named = self.companies.get(company, f"company {company}") if company is not None else ""
        return {"client_id": client, "client": name, "company_id": company, "company": named}

    def _clients(self, lines: Iterable[Row], empty: Iterable[Row]) -> Iterator[Row]:
        before: dict[tuple[int, str], Decimal] = {}
        for row in self.before:
            key = row["client_id"], row["currency"]
            before[key] = before.get(key, ZERO) + row["gross"]
        # one of ours is of its currency alone; another system's stands for all that the client was charged
        invoices: dict[tuple[int, str], list[str]] = {}
        for row in sorted(self.invoices, key=lambda row: abs(row["invoice_id"])):
            currency = row["currency"] if row["invoice_id"] < 0 else ""
            invoices.setdefault((row["client_id"], currency), []).append(row["account_number"])
        found: dict[tuple[int, str], Row] = {}
        for line in (*lines, *empty):
            key = line["client_id"], line["currency"]
            if key not in found:
                who = {name: line[name] for name in ("client_id", "client", "company_id", "company", "currency")}
                sums = dict.fromkeys(("usage", "packages", "other", "gross", "tax", "untaxed"), ZERO)
                invoice = ", ".join(invoices.get((line["client_id"], ""), []) + invoices.get(key, []))
                found[key] = who | sums | {"lines": 0, "before": before.get(key), "invoice": invoice}
            if "kind" not in line:
                continue
            row = found[key]
            row[PARTS.get(line["kind"], "packages")] += line["gross"]
            row["lines"] += 1
            for name in ("gross", "tax", "untaxed"):
                row[name] += line[name]
        yield from found.values()

    def _uncharged(self, interval: Interval) -> Iterator[Row]:
        """The active clients of the month that were charged nothing, each in its own currency."""
        charged = {row["client_id"] for row in self.now}
        start, end = naive(interval.start), naive(interval.end)
        for client, row in sorted(self.people.items()):
            is_there = row["created_at"] < end and (row["deleted_at"] is None or row["deleted_at"] >= start)
            if is_there and row["status"] == "active" and client not in charged:
                yield {**self._who(client, row["company_id"]), "currency": row["currency"]}

    def _findings(self, clients: Sequence[Row], asked: Question) -> Iterator[Finding]:
        zone = asked.interval.zone
        if asked.as_of < asked.interval.end:
            told = f"as of {asked.as_of.astimezone(zone):%Y-%m-%d %H:%M}"
            yield Finding(Reason.NOT_OVER, told, None)
        yield from reconciliation.gaps(*self.days, wall(asked.interval.start, zone).date())
        charged = {(row["client_id"], row["currency"]): row for row in clients}
        yield from reconciliation.ledger(charged, self.booked)
        made = [row | self._who(row["client_id"], self._company(row["client_id"])) for row in self.invoices]
        rated = {row["item"] for row in (*self.now, *self.before) if row["kind"] == SERVICE}
        names = {service: name for service, (name, _) in self.catalogue.services.items()}
        yield from reconciliation.without_line(made, self.invoiced, rated, names, self.places)
        usual = _means(clients)
        for row in clients:
            yield from self._of_client(row, usual[row["currency"]])
        for line in self.now:
            if not self.catalogue.knows(line):
                told = f"{line['kind']} {line['item']}"
                yield Finding(
                    Reason.NAMELESS, told, line["company_id"], line["client_id"], line["currency"], line["gross"]
                )

    def _of_client(self, row: Row, usual: Decimal) -> Iterator[Finding]:
        key = row["company_id"], row["client_id"], row["currency"], row["gross"]
        if row["client_id"] not in self.people:
            yield Finding(Reason.NO_LINE, "the client is not in the warehouse", *key)
        if row["currency"] not in self.places:
            yield Finding(Reason.NO_CURRENCY, f"{row['currency']} is not in the warehouse", *key)
        if row["invoice"]:
            return
        if row["lines"] and row["gross"] <= 0:
            yield Finding(Reason.NOTHING_DUE, "the charges are not above zero", *key)
        yield from reconciliation.unusual(row, usual)

    def _company(self, client: int) -> int | None:
        return self.people[client]["company_id"] if client in self.people else None

    def _gate(self, finding: Finding) -> Row:
        told = {"reason": str(finding.reason), "detail": finding.detail, "currency": finding.currency}
        who = self._who(finding.client_id, finding.company_id)
        return {**who, **told, "amount": finding.amount, "holds": "yes" if finding.holds else "no"}


def _in_order(finding: Finding) -> tuple[object, ...]:
    """What is of everybody first, then by company, what holds before what does not."""
    is_whole = finding.client_id is None
    whose = (finding.company_id or 0, not is_whole, not finding.holds, finding.client_id or 0)
    return *whose, finding.currency, list(Reason).index(finding.reason), finding.detail


def _totals(clients: Iterable[Row]) -> Iterator[Row]:
    """Per currency, for amounts of different ones do not add up."""
    found: dict[str, Row] = {}
    for row in clients:
        sums = dict.fromkeys(("usage", "packages", "other", "gross", "tax"), ZERO)
        total = found.setdefault(
            row["currency"], {"currency": row["currency"], "clients": 0} | dict.fromkeys(STATUSES, 0) | sums
        )
        total["clients"] += 1
        total[row["status"]] += 1
        for name in sums:
            total[name] += row[name]
    yield from (found[code] for code in sorted(found))


def _means(clients: Sequence[Row]) -> dict[str, Decimal]:
    """The mean charge of a client, by currency."""
    found: dict[str, list[Decimal]] = {}
    for row in clients:
        found.setdefault(row["currency"], []).append(row["gross"])
    return {code: sum(amounts, ZERO) / len(amounts) for code, amounts in found.items()}


def _whose(warehouse: Warehouse, asked: Question) -> tuple[Whose, dict[str, str]]:
    """Which clients, and what fills the slots that say so."""
    companies = {int(company) for company in asked.company}
    if companies and asked.include_sub_companies:
        above = [(row["company_id"], row["parent_company_id"]) for row in warehouse.ask(parents)]
        companies = with_sub_companies(companies, above)
    kept: dict[str, list[Any]] = {"company_id": sorted(companies), "client_type": list(asked.client_type)}
    picks = {name: values for name, values in kept.items() if values}
    filled = {name: packed((value,) for value in values) for name, values in picks.items()}
    name = asked.client.strip()
    return Whose(frozenset(picks), bool(name)), filled | ({"client": name} if name else {})


def _currencies(tables: Tables, _shape: object) -> ir.Table:
    return tables("currency").select("code", "totals_precision")


def _companies(tables: Tables, _shape: object) -> ir.Table:
    return tables("company").select("company_id", "name")
