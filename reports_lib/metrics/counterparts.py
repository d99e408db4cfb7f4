"""What a month's charges are held against, as four questions to the warehouse; `reconciliation` compares them."""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.charges import SUM, Whose, clients, within
from reports_lib.metrics.timeline import TIME, place_within
from reports_lib.warehouse.statement import Tables, slot


def calls_a_day(tables: Tables, whose: Whose) -> ir.Table:
    """How much usage each company's clients had in each bucket, charged or not."""
    usage_event = tables("usage_event")
    placed = place_within(usage_event.select("client_id", at=usage_event.started_at))
    per_client = placed.group_by("client_id", "number").aggregate(events=_.count())
    known = clients(tables, whose).select("client_id", "company_id")
    return per_client.inner_join(known, "client_id").group_by("company_id", "number").aggregate(events=_.events.sum())


def booked(tables: Tables, whose: Whose) -> ir.Table:
    """What the ledger was charged for usage and for packages within the month, per client and currency."""
    entry = tables("ledger_entry")
    known = within(entry.mutate(at=entry.posted_at)).filter(_.status == "approved")
    is_usage = known.kind == "usage_charge"
    is_package = known.kind.isin(["package_activation", "package_renewal"])
    found = (
        known.filter(is_usage | is_package)
        .group_by("client_id", "currency")
        .aggregate(
            usage=(-known.amount).sum(where=is_usage).coalesce(0).cast(SUM),
            packages=(-known.amount).sum(where=is_package).coalesce(0).cast(SUM),
        )
    )
    narrowed = clients(tables, whose).select("client_id", "name", "company_id")
    joined = found.inner_join(narrowed, "client_id") if whose.is_narrow else found.left_join(narrowed, "client_id")
    return joined.select(found, narrowed.name, narrowed.company_id)


def invoices(tables: Tables, whose: Whose) -> ir.Table:
    """The monthly invoices there are of the month: those whose period begins in the slots `near` to `far`.

    A draft of our own (its id is below 0) is none yet: it follows the charges until it is recorded.
    """
    invoice = tables("invoice")
    made = invoice.filter(
        invoice.kind == "monthly",
        invoice.status != "VOID",
        invoice.deleted_at.isnull(),
        invoice.period_start >= slot("near").cast(TIME),
        invoice.period_start < slot("far").cast(TIME),
        (invoice.invoice_id >= 0) | (invoice.status != "DRAFT"),
    )
    return made.semi_join(clients(tables, whose), "client_id").select(
        "invoice_id", "account_number", "client_id", "currency", "status", "total", "period_start", "period_end"
    )


def invoiced_usage(tables: Tables, whose: Whose) -> ir.Table:
    """Per invoice of the month and service: the first document's lines, taxes included, and usage of its period."""
    made = invoices(tables, whose)
    line = tables("invoice_line").filter(_.revision_no == 0, _.service_id.notnull())
    lined = line.semi_join(made, "invoice_id").select(
        "invoice_id", "service_id", lined=(line.amount + line.tax).cast(SUM), used=ibis.literal(0).cast(SUM)
    )
    event = tables("usage_event").filter(_.amount != 0)
    event = event.filter(_.started_at >= slot("near").cast(TIME), _.started_at < slot("last").cast(TIME))
    same = [
        event.client_id == made.client_id,
        event.currency == made.currency,
        event.started_at >= made.period_start,
        event.started_at < made.period_end,
    ]
    used = event.inner_join(made, same).select(
        made.invoice_id, event.service_id, lined=ibis.literal(0).cast(SUM), used=event.amount.cast(SUM)
    )
    sums = (
        lined.union(used)
        .group_by("invoice_id", "service_id")
        .aggregate(lined=_.lined.sum().cast(SUM), used=_.used.sum().cast(SUM))
    )
    return sums.filter(_.lined != _.used)
