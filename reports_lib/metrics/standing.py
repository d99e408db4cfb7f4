"""Invoices as they stood at as-of: what each came to, was paid, and owes (M-60, M-64, G-1).

    invoice           not deleted before as-of; its sums are of the moment of the data, so they are taken back:
    invoice_revision  the total is that of the latest revision made before as-of (M-60)
    invoice_line      of an invoice revised only later, that of its original lines
    payment           what payments that name the invoice brought since as-of is taken off what was paid

At as-of now nothing is taken back, and the figures are the invoice's own. In the past they are exact as
far as payments name their invoices; one paid by a payment that names none counts as paid all along. When
a draft was recorded, and an invoice was made void, no table says: its status is that of the data.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.warehouse.statement import Tables, as_of

READ = ("invoice", "invoice_line", "invoice_revision", "payment")
SUM = "decimal(38, 6)"
DRAFT, RECORDED, VOID = "DRAFT", "RECORDED", "VOID"
UNPAID, PARTLY, PAID = "unpaid", "partly", "paid"  # states of a recorded invoice (CD-14, Q-22)


def standing(tables: Tables) -> ir.Table:
    """One row an invoice that is there: its columns, with `total`, `paid` and `owing` in its own currency.

    `owing` is what is left of a recorded invoice's total, 0 of every other and of one that is overpaid;
    `payment` its state, null unless it is recorded; `revisions` how many there are; `due` the day from which
    it is late: the due date, or the invoice's own where it names none.
    """
    invoice = tables("invoice")
    invoice = invoice.filter(invoice.deleted_at.isnull() | (invoice.deleted_at >= as_of()))
    revised, before, since = _revised(tables), _before(tables), _since(tables)
    found = invoice.left_join(revised, "invoice_id").select(invoice, revised.revised_total, revised.revisions)
    found = found.left_join(before, "invoice_id").select(found, before.first_total)
    found = found.left_join(since, "invoice_id").select(found, since.since, since.before)
    own = found.paid_to_date.cast(SUM)
    # one payment may bring more than the invoice took of it, but never less than those before it had brought
    earlier = ibis.greatest((own - found.since).cast(SUM), ibis.least(own, found.before))
    found = found.mutate(
        total=ibis.coalesce(found.revised_total, found.first_total, found.total.cast(SUM)),
        paid=found.since.isnull().ifelse(own, earlier).cast(SUM),
        revisions=found.revisions.coalesce(0),
        due=found.due_date.coalesce(found.invoice_date),
    )
    rest = (found.total - found.paid).cast(SUM)
    is_open = (found.status == RECORDED) & (rest > 0)
    found = found.mutate(owing=is_open.ifelse(rest, ibis.literal(0).cast(SUM)))
    state = ibis.cases((found.owing == 0, PAID), (found.paid > 0, PARTLY), else_=UNPAID)
    found = found.mutate(payment=(found.status == RECORDED).ifelse(state, ibis.null("string")))
    return found.drop("revised_total", "first_total", "since", "before", "net_total", "tax_total", "paid_to_date")


def _revised(tables: Tables) -> ir.Table:
    """Of each invoice revised before as-of the latest revision's total, and the number of revisions."""
    revision = tables("invoice_revision")
    last = revision.group_by("invoice_id").aggregate(revision_no=_.revision_no.max(), revisions=_.count())
    latest = revision.inner_join(last, ["invoice_id", "revision_no"])
    return latest.select("invoice_id", "revisions", revised_total=latest.total.cast(SUM))


def _before(tables: Tables) -> ir.Table:
    """Of each invoice revised only since as-of the total of its original lines, taxes included."""
    every, line = tables("invoice_revision", ever=True), tables("invoice_line")
    later = every.filter(every.revised_at >= as_of()).anti_join(tables("invoice_revision"), "invoice_id")
    original = line.filter(line.revision_no == 0).semi_join(later, "invoice_id")
    return original.group_by("invoice_id").aggregate(first_total=(_.amount.cast(SUM) + _.tax).sum().cast(SUM))


def _since(tables: Tables) -> ir.Table:
    """Of each invoice that money moved for since as-of: `since` by payments that name it, and `before` that.

    What went back is taken off.
    """
    payment = tables("payment", ever=True)
    named = payment.filter(payment.invoice_id.notnull())
    is_later = (named.paid_at >= as_of()).coalesce(ibis.literal(False))
    is_back = (named.refunded_at >= as_of()).coalesce(ibis.literal(False))
    moved = named.select(
        "invoice_id",
        is_moved=is_later | is_back,
        since=_if(is_later, named.amount) - _if(is_back, named.refunded_amount),
        before=_if(named.paid_at < as_of(), named.amount) - _if(named.refunded_at < as_of(), named.refunded_amount),
    )
    found = moved.group_by("invoice_id").aggregate(
        moves=_.is_moved.sum(), since=_.since.sum().cast(SUM), before=_.before.sum().cast(SUM)
    )
    return found.filter(found.moves > 0)


def _if(condition: ir.BooleanValue, amount: ir.DecimalColumn) -> ir.DecimalValue:
    """`amount` where the condition holds, else nothing."""
    return condition.ifelse(amount.cast(SUM), ibis.literal(0).cast(SUM))
