"""Money that came in by what was bought on the platform, and money that went back (M-75, G-1).

    came in      a payment that is approved, refunded or charged back: `amount` at `paid_at`
    went back    of such a payment `refunded_amount` at `refunded_at`

A payment is of the platform if it names a purchase. One that names none is so if its client is an OTT user, for
the renewal of a plan may name nothing, and if it settles no invoice: those are of the billing side and among its
deposits (M-62), as is every payment that was entered in Daybook.

A payment that was paid and given back since moves money twice: in when it was paid, and back when that was. So what
came in in a period is never changed by a refund that comes later, and what went back only since as-of has not yet.
Payments that are created, pending, rejected or cancelled move nothing, whatever moments and amounts they tell.

* A payment that was taken back without an amount was taken back wholly: of a chargeback gateways often tell none.
* An approved payment below 0 is how some gateways write a refund: it is money that went back when it was paid.
* Where no moment is told, that of the payment's record stands for when it was paid, and when it was paid for when
  it went back. What is 0 is no payment.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.timeline import place_within
from reports_lib.values.selling import USER
from reports_lib.warehouse.statement import Tables

READ = ("client", "payment")
PAID = ("approved", "refunded", "chargeback")  # only what was paid comes to be one of these
TAKEN_BACK = ("refunded", "chargeback")
SUM = "decimal(38, 6)"


def by_stretch(tables: Tables, _shape: None) -> ir.Table:
    """One row a stretch of time, gateway, method and currency: `gross` that came in, and `refunds`.

    `payments` and `refunded` say how many these are, `undated` and `undated_refunds` of how many no moment is told.
    """
    placed = place_within(moves(tables))
    return placed.group_by("number", "gateway", "method", "currency").aggregate(
        gross=_.gross.sum().cast(SUM),
        refunds=_.refund.sum().cast(SUM),
        payments=_count(_.gross > 0),
        refunded=_count(_.refund > 0),
        undated=_count((_.gross > 0) & ~_.is_dated),
        undated_refunds=_count((_.refund > 0) & ~_.is_dated),
        first_at=_.at.min(),
        last_at=_.at.max(),
    )


def by_day(tables: Tables, _shape: None) -> ir.Table:
    """Every currency, stretch and UTC day in which money moved, with the first moment."""
    placed = place_within(moves(tables))
    return placed.group_by("number", "currency", day=placed.at.date()).aggregate(at=_.at.min())


def moves(tables: Tables) -> ir.Table:
    """One row a time that money came in or went back: `at` that moment, and `gross` or `refund`, above 0.

    `is_dated` says whether the moment is told; gateway, method and currency are the payment's.
    """
    payment, nothing = of_platform(tables), ibis.literal(0).cast(SUM)
    amount, told = payment.amount.cast(SUM), payment.refunded_amount.cast(SUM)
    paid_at = payment.paid_at.coalesce(payment.created_at)
    back = ibis.cases((told > 0, told), (payment.status.isin(TAKEN_BACK), amount), else_=nothing)
    named = ("gateway", "method", "currency")
    came = payment.select(
        *named,
        at=paid_at,
        is_dated=payment.paid_at.notnull(),
        gross=ibis.greatest(amount, nothing).cast(SUM),
        refund=ibis.greatest(amount.negate(), nothing).cast(SUM),
    )
    went = payment.select(
        *named,
        at=payment.refunded_at.coalesce(paid_at),
        is_dated=payment.refunded_at.notnull(),
        gross=nothing,
        refund=back.cast(SUM),
    )
    return came.union(went).filter((_.gross > 0) | (_.refund > 0))


def of_platform(tables: Tables) -> ir.Table:
    """The payments of the platform that were paid, whatever became of them since."""
    payment, client = tables("payment"), tables("client")
    users = client.filter(client.client_type == USER)
    # ids below 0 are those of payments that were entered in Daybook
    is_renewal = payment.invoice_id.isnull() & (payment.payment_id >= 0) & payment.client_id.isin(users.client_id)
    return payment.filter(payment.status.isin(PAID), payment.purchase_id.notnull() | is_renewal)


def _count(condition: ir.BooleanValue) -> ir.IntegerValue:
    return condition.sum().cast("int64")
