"""Which payments are asked for: one, or those of a period that pass the filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import ibis.expr.types as ir

from reports_lib.errors import ParameterError
from reports_lib.metrics import payment_record
from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.timeline import end, naive, start
from reports_lib.values.interval import Interval
from reports_lib.warehouse.statement import Tables, slot

DATES = ("created_at", "paid_at", "refunded_at")
CHOSEN = ("status", "gateway", "method", "currency")  # columns of which some values may be chosen
_AMOUNT = "decimal(18, 6)"


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    payment: str  # number or transaction id of the only one, whenever it was made; empty for all that the rest says
    dates: str  # one of `DATES`: what lies in the period
    status: Sequence[str]
    gateway: Sequence[str]
    method: Sequence[str]
    currencies: Sequence[str]
    email: str  # a part of it, or of the name of a client without
    amount_from: Decimal | str  # "" where there is no bound
    amount_to: Decimal | str


@dataclass(frozen=True, slots=True)
class Shape:
    """What the queries depend on, beside the values that are filled in."""

    is_one: bool = False
    dates: str = "created_at"
    chosen: frozenset[str] = frozenset()  # of `CHOSEN`
    bounds: frozenset[str] = frozenset()  # of amount_from, amount_to
    has_email: bool = False


def wanted(tables: Tables, shape: Shape) -> ir.Table:
    """The payments that were asked for, as they stood."""
    found = payment_record.payments(tables)
    if shape.is_one:
        return found.filter(
            (found.payment_id.cast("string") == slot("payment")) | (found.transaction_id == slot("payment"))
        )
    at = found[shape.dates]
    found = found.filter(at >= start(), at < end())
    for name in sorted(shape.chosen):
        found = found.semi_join(inline(name, {name: "string"}), name)
    if "amount_from" in shape.bounds:
        found = found.filter(found.amount >= slot("amount_from").cast(_AMOUNT))
    if "amount_to" in shape.bounds:
        found = found.filter(found.amount <= slot("amount_to").cast(_AMOUNT))
    if shape.has_email:
        found = found.filter(found.customer.lower().contains(slot("email").lower()))
    return found


def shape_of(asked: Question) -> Shape:
    """What is given of it."""
    if asked.payment.strip():
        return Shape(is_one=True)
    return Shape(
        dates=asked.dates,
        chosen=frozenset(name for name, values in _chosen(asked).items() if values),
        bounds=frozenset(name for name, bound in _bounds(asked).items() if bound != ""),
        has_email=bool(asked.email.strip()),
    )


def values_of(asked: Question) -> dict[str, str]:
    """What fills the slots of that shape.

    Raises `ParameterError` for bounds of amounts that leave nothing between them.
    """
    low, high = _bounds(asked).values()
    if low != "" and high != "" and low > high:
        raise ParameterError(f"amount_from {low} is above amount_to {high}: no payment is of both")
    period = {"start": naive(asked.interval.start), "end": naive(asked.interval.end)}
    return (
        {name: at.isoformat(sep=" ") for name, at in period.items()}
        | {name: packed((each,) for each in values) for name, values in _chosen(asked).items()}
        | {name: str(bound) for name, bound in _bounds(asked).items()}
        | {"payment": asked.payment.strip(), "email": asked.email.strip()}
    )


def _chosen(asked: Question) -> dict[str, Sequence[str]]:
    return {"status": asked.status, "gateway": asked.gateway, "method": asked.method, "currency": asked.currencies}


def _bounds(asked: Question) -> dict[str, Any]:
    return {"amount_from": asked.amount_from, "amount_to": asked.amount_to}
