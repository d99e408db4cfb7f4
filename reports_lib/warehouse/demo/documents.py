"""Invoices, their lines and revisions, and payments, as tables."""

from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reports_lib.warehouse.demo.clients import Clients
from reports_lib.warehouse.demo.columns import ONE, Ints, build, numbers, sorted_by, text
from reports_lib.warehouse.demo.companies import COMPANIES
from reports_lib.warehouse.demo.invoices import CENT, KINDS, STATUSES, Invoices, Lines
from reports_lib.warehouse.demo.payments import GATEWAYS, METHOD_OF, METHODS, Payments
from reports_lib.warehouse.demo.payments import STATUSES as PAYMENT_STATUSES
from reports_lib.warehouse.demo.rates import CODES
from reports_lib.warehouse.demo.world import DAY, HOUR, World

# by item: 0 is not used, 1 to 5 are services, 8 to 10 stand alone on their invoice
DESCRIPTIONS = (
    "", "Voice calls, minutes", "Toll-free calls, minutes", "SMS", "Mobile data, megabytes", "Chat dialogues",
    "Packages", "Number rental and other services", "Balance top-up", "Traffic by uploaded call records",
    "Consulting & installation",
    "Correction of the bill",
)  # fmt: skip
CORRECTION = 11
RENTAL_SERVICE = 6
COMMENTS = (
    "Price agreed by telephone",
    "Paid in part before the invoice was ready",
    'Customer said: "wrong tariff"',
    "Помилка у тарифі",
)


def invoice_tables(
    world: World, who: Clients, made: Invoices, lines: Lines, paid: Payments, users: pa.Table
) -> dict[str, pa.Table]:
    """The tables `invoice`, `invoice_line` and `invoice_revision`."""
    every, revision = _with_revisions(made, lines)
    tax = _tax(every.gross, made.currency[every.invoice])
    rows = len(made.client)
    last = made.revisions[every.invoice] == revision
    tax_total = np.zeros(rows, np.int64)
    np.add.at(tax_total, every.invoice[last], tax[last])
    received = np.zeros(rows, np.int64)
    some = (paid.invoice >= 0) & (paid.paid > 0)
    np.add.at(received, paid.invoice[some], paid.amount[some] - paid.refunded[some])
    return {
        "invoice": _invoices(world, who, made, tax_total, received),
        "invoice_line": _lines(every, revision, tax),
        "invoice_revision": _revisions(world, made, received, users),
    }


def _tax(gross: Ints, currency: Ints) -> Ints:
    """The tax in a gross amount, 20 % on the net, to the cent."""
    cent = CENT[currency]
    tax: Ints = np.sign(gross) * ((np.abs(gross) // 6 + cent // 2) // cent * cent)
    return tax


def _with_revisions(made: Invoices, lines: Lines) -> tuple[Lines, Ints]:
    """The lines of every document and its revision, 0 the original: revisions repeat them and correct."""
    invoice, item, quantity, gross = [lines.invoice], [lines.item], [lines.quantity], [lines.gross]
    revision = [np.zeros(len(lines.invoice), np.int64)]
    for number in (1, 2):
        again = made.revisions[lines.invoice] >= number
        changed = np.flatnonzero((made.revisions >= number) & (made.correction != 0))
        invoice += [lines.invoice[again], changed]
        item += [lines.item[again], np.full(len(changed), CORRECTION)]
        quantity += [lines.quantity[again], np.full(len(changed), ONE)]
        gross += [lines.gross[again], made.correction[changed]]
        revision += [np.full(int(again.sum()), number), np.full(len(changed), number)]
    every = Lines(*(np.concatenate(a) for a in (invoice, item, quantity, gross)))
    which = np.concatenate(revision)
    order = sorted_by(every.invoice, which, every.item)
    return every.taken(order), which[order]


def _lines(every: Lines, revision: Ints, tax: Ints) -> pa.Table:
    document = every.invoice * 4 + revision
    first = np.searchsorted(document, document, side="left")
    net = every.gross - tax
    service = np.where(every.item < 6, every.item, np.where(every.item == 7, RENTAL_SERVICE, 0))
    whole, rest = np.divmod(np.abs(net), every.quantity)  # in two steps, to stay within 64 bits
    price = np.sign(net) * (whole * ONE + (rest * 1000 // every.quantity) * 1000)
    columns = {
        "invoice_id": every.invoice + 1,
        "revision_no": revision,
        "line_no": np.arange(len(document)) - first + 1,
        "description": text(DESCRIPTIONS, every.item),
        "service_id": (service, service > 0),
        "quantity": every.quantity,
        "unit_price": price,
        "amount": net,
        "tax": tax,
    }
    return build("invoice_line", columns)


def _invoices(world: World, who: Clients, made: Invoices, tax: Ints, received: Ints) -> pa.Table:
    rows = len(made.client)
    company = who.company[made.client]
    days = made.created // DAY
    month = days.astype("datetime64[D]").astype("datetime64[M]")
    labels = _labels(company, month)
    files = [
        f"{label}_{day}.pdf"
        for label, day in zip(labels, days.astype("datetime64[D]").astype(str).tolist(), strict=True)
    ]
    periodic = made.month >= 0
    discarded = (made.status == 0) & (numbers(rows) % 9 == 0) & (made.created < world.end - 3 * DAY)
    columns = {
        "invoice_id": numbers(rows),
        "account_number": text(labels, numbers(rows, 0)),
        "client_id": who.ids[made.client],
        "issuer_company_id": company,
        "kind": text(KINDS, made.kind),
        "status": text(STATUSES, made.status),
        "invoice_date": days,
        "period_start": (world.month_starts[made.month], periodic),
        "period_end": (world.month_starts[np.minimum(made.month + 1, len(world.month_starts) - 1)], periodic),
        "due_date": (days + 14, made.status != 0),
        "currency": text(CODES, made.currency),
        "net_total": made.latest - tax,
        "tax_total": tax,
        "total": made.latest,
        "paid_to_date": received,
        "file_name": text(files, numbers(rows, 0)),
        "created_at": made.created,
        "deleted_at": (made.created + 2 * DAY, discarded),
    }
    return build("invoice", columns)


def _labels(company: Ints, month: npt.NDArray[np.datetime64]) -> list[str]:
    """Account numbers: the issuer's prefix, the month, and a number counted within both."""
    rows = len(company)
    series = company * 100_000 + month.astype(np.int64)
    order = np.argsort(series, kind="stable")
    ranked = np.empty(rows, np.int64)
    ranked[order] = np.arange(rows) - np.searchsorted(series[order], series[order], side="left") + 1
    prefix = [c[12] for c in COMPANIES]
    return [
        f"{prefix[c - 1]}{str(m).replace('-', '')}-{n:04d}"
        for c, m, n in zip(company.tolist(), month.astype(str).tolist(), ranked.tolist(), strict=True)
    ]


def _revisions(world: World, made: Invoices, received: Ints, users: pa.Table) -> pa.Table:
    invoice = np.repeat(np.arange(len(made.client)), made.revisions)
    rows = len(invoice)
    number = np.arange(rows) - np.repeat(np.cumsum(made.revisions) - made.revisions, made.revisions)[:rows] + 1
    author = 2 + (invoice % 5) * 4  # billing staff
    hashes = [sha256(f"{i}-{n}".encode()).hexdigest() for i, n in zip(invoice.tolist(), number.tolist(), strict=True)]
    at = made.created[invoice] + number * 3 * DAY + (invoice % 7) * HOUR
    columns = {
        "invoice_id": invoice + 1,
        "revision_no": number,
        "paid_amount": np.minimum(received, made.latest)[invoice] * (number - 1),
        "total": made.latest[invoice],
        "revised_at": np.minimum(at, world.end - HOUR),
        "revised_by_name": users["full_name"].combine_chunks().take(pa.array(author - 1)),
        "revised_by_email": users["email"].combine_chunks().take(pa.array(author - 1)),
        "comment": text(COMMENTS, invoice % len(COMMENTS)),
        "document_sha256": text(hashes, np.arange(rows)),
    }
    return build("invoice_revision", columns)


def payment_table(world: World, who: Clients, paid: Payments) -> pa.Table:
    """The table `payment`."""
    rng = world.rng("payment_rest")
    rows = len(paid.client)
    ids = numbers(rows)
    done = paid.paid > 0
    digits = rng.integers(0, 16**10, rows).tolist()
    gateways = [GATEWAYS[g].split()[0].lower() for g in paid.gateway.tolist()]
    references = [f"{g[:3]}_{d:010x}{n:x}" for g, d, n in zip(gateways, digits, ids.tolist(), strict=True)]
    raw = [
        f'{{"gateway": "{g}", "attempt": {d % 3 + 1}, "risk": {d % 100}}}'
        for g, d in zip(gateways, digits, strict=True)
    ]
    columns = {
        "payment_id": ids,
        "client_id": who.ids[paid.client],
        "purchase_id": (paid.purchase + 1, paid.purchase >= 0),
        "invoice_id": (paid.invoice + 1, paid.invoice >= 0),
        "invoice_number": text([f"R-{n:07d}" for n in range(rows)], ids - 1, done),
        "gateway": text(GATEWAYS, paid.gateway),
        "method": text(METHODS, METHOD_OF[paid.gateway]),
        "transaction_id": text(references, ids - 1, done | (ids % 3 == 0)),
        "amount": paid.amount,
        "currency": text(CODES, paid.currency),
        "status": text(PAYMENT_STATUSES, paid.status),
        "created_at": paid.created,
        "paid_at": (paid.paid, done),
        "refunded_amount": paid.refunded,
        "refunded_at": (paid.refunded_at, paid.refunded_at > 0),
        "raw": text(raw, ids - 1, ids % 10 > 0),
    }
    return build("payment", columns)
