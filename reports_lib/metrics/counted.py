"""What the billing dashboard counts, as four questions to the warehouse (M-63 … M-69).

`shape` is the set of filters that narrow the clients, as columns of `population.PICKED`. CDR files and help
tickets say nothing of whose they are, so no filter narrows them.
"""

from functools import reduce

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics import population
from reports_lib.metrics.standing import DRAFT, RECORDED, SUM, standing
from reports_lib.metrics.timeline import place_within
from reports_lib.warehouse.statement import Tables, as_of, slot

Picks = frozenset[str]
SUCCESS, ERROR = "success", "error"
CLOSED = ("resolved", "closed")  # a ticket that is no longer open


def counts(tables: Tables, shape: Picks) -> ir.Table:
    """One row: customers, drafts, files by state and tickets, with the first and last moment of each."""
    parts = [_clients(tables, shape), _drafts(tables, shape), _files(tables), _tickets(tables)]
    return reduce(lambda left, right: left.cross_join(right), parts)


def unpaid(tables: Tables, shape: Picks) -> ir.Table:
    """Recorded invoices that owe something, by currency and due day (M-64): what is owing, and of how much.

    Partly paid ones count with their rest, overpaid ones and those of 0 not at all, drafts never.
    """
    found = _of(standing(tables), tables, shape).filter(_.status == RECORDED, _.owing > 0)
    return found.group_by("currency", "due").aggregate(
        invoices=_.count(), owing=_.owing.sum().cast(SUM), face=_.total.sum().cast(SUM), first_at=_.created_at.min()
    )


def largest(tables: Tables, shape: Picks) -> ir.Table:
    """Totals of invoices recorded for the days `first` to `last`, by client, currency and day, however paid (M-68)."""
    found = _of(standing(tables), tables, shape)
    found = found.filter(
        _.status == RECORDED,
        _.invoice_date >= slot("first").cast("date"),
        _.invoice_date <= slot("last").cast("date"),
    )
    summed = found.group_by("client_id", "currency", "invoice_date").aggregate(
        invoices=_.count(), total=_.total.sum().cast(SUM)
    )
    client = tables("client")
    named = summed.left_join(client, "client_id").select(summed, client=client.name)
    number = named.client_id.cast("string")
    return named.mutate(client=named.client.coalesce(ibis.literal("client ") + number))


def processed(tables: Tables, _shape: None) -> ir.Table:
    """CDR files by the bucket in which they were processed, and how that ended; files deleted since too (M-69)."""
    file = tables("cdr_file")
    done = file.filter(file.status.isin((SUCCESS, ERROR)))
    placed = place_within(done.select("status", at=done.processed_at))
    return placed.group_by("number", "status").aggregate(files=_.count())


def _clients(tables: Tables, shape: Picks) -> ir.Table:
    """Accounts that are there: created, and not deleted (M-63)."""
    found = population.clients(tables("client"), tables("client_tag"), shape)
    found = found.filter(found.deleted_at.isnull() | (found.deleted_at >= as_of()))
    return found.aggregate(customers=_.count(), client_first=_.created_at.min(), client_last=_.created_at.max())


def _drafts(tables: Tables, shape: Picks) -> ir.Table:
    invoice = tables("invoice")
    there = invoice.filter(invoice.deleted_at.isnull() | (invoice.deleted_at >= as_of()))
    return _of(there, tables, shape).aggregate(
        drafts=(_.status == DRAFT).sum().coalesce(0),
        draft_first=_.created_at.min(where=_.status == DRAFT),
        invoice_first=_.created_at.min(),
        invoice_last=_.created_at.max(),
    )


def _files(tables: Tables) -> ir.Table:
    """Files that are not deleted, by state: what is queued and what is being processed both wait (M-65, M-66)."""
    file = tables("cdr_file")
    there = file.filter(file.deleted_at.isnull() | (file.deleted_at >= as_of()))
    is_ended = there.status.isin((SUCCESS, ERROR))
    is_ended &= there.processed_at.isnull() | (there.processed_at < as_of())
    return there.mutate(is_ended=is_ended).aggregate(
        disk_bytes=_.size_bytes.sum().coalesce(0),
        cdr_success=(_.is_ended & (_.status == SUCCESS)).sum().coalesce(0),
        cdr_error=(_.is_ended & (_.status == ERROR)).sum().coalesce(0),
        cdr_waiting=(~_.is_ended).sum().coalesce(0),
        cdr_last=_.processed_at.max(where=_.is_ended),
        file_first=_.uploaded_at.min(),
        file_last=_.uploaded_at.max(),
    )


def is_open(ticket: ir.Table) -> ir.BooleanValue:
    """Whether each ticket was open: neither resolved nor closed, or only since (M-67)."""
    return ~ticket.status.isin(CLOSED) | (ticket.resolved_at >= as_of()).coalesce(ibis.literal(False))


def _tickets(tables: Tables) -> ir.Table:
    ticket = tables("help_ticket")
    return ticket.mutate(is_open=is_open(ticket)).aggregate(
        open_tickets=_.is_open.sum().coalesce(0), ticket_first=_.opened_at.min(), ticket_last=_.opened_at.max()
    )


def _of(invoices: ir.Table, tables: Tables, shape: Picks) -> ir.Table:
    """The invoices of the clients that pass the filters."""
    if not shape:
        return invoices
    return invoices.semi_join(population.clients(tables("client"), tables("client_tag"), shape), "client_id")
