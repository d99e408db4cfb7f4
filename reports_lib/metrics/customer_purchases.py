"""What one customer bought, each purchase with its payments (MS-21, MS-22)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir

from reports_lib.metrics import exchange, payment_record
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import local
from reports_lib.values.selling import PAYMENT_METHODS, PAYMENT_STATUSES, PURCHASE_KINDS, PURCHASE_STATUSES
from reports_lib.warehouse.statement import Dialect, Tables, as_of, slot, statement

READ = (*payment_record.READ, "purchase", "package", "content", "coupon", "currency")
APPROVED = "approved"

Row = dict[str, Any]


@dataclass(frozen=True)
class Purchases:
    """`rows` from the newest, `payments` in the order of their purchases and then from the newest.

    Of renewals some payments name no purchase: they come last. `places` are the decimals that the amounts need. Where
    there are no payments of anybody, the warehouse `has_gateway` not (MS-21).
    """

    rows: list[Row]
    payments: list[Row]
    places: int
    has_gateway: bool

    @property
    def approved(self) -> int:
        """How many purchases were approved."""
        return sum(row["status"] == APPROVED for row in self.rows)


def purchases(warehouse: Warehouse, client_id: int, zone: ZoneInfo) -> Purchases:
    """What the customer bought and paid; times are on the clocks of `zone`.

    Raises `WarehouseError` naming all that the warehouse lacks.
    """
    warehouse.check(READ)
    values = {"client_id": str(client_id)}
    bought = sorted(warehouse.ask(bought_by, None, values), key=_bought, reverse=True)
    paid = sorted(warehouse.ask(paid_by, None, values), key=_made, reverse=True)
    places = {row["code"]: row["totals_precision"] for row in warehouse.ask(exchange.every)}
    count = Counter(row["purchase_id"] for row in paid)
    return Purchases(
        rows=[_purchase(row, zone) | {"payments": count[row["purchase_id"]]} for row in bought],
        payments=_by_purchase(bought, [_payment(row, zone) for row in paid]),
        places=max((places.get(row["currency"], 2) for row in (*bought, *paid)), default=2),
        has_gateway=bool(warehouse.ask(any_payment)),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked of every customer. Asks nobody."""
    for build in (bought_by, paid_by, any_payment):
        statement(Dialect(), build, None)


def bought_by(tables: Tables, _shape: None) -> ir.Table:
    """What the customer in the slot bought, each purchase as it stood at as-of."""
    bought = _of_client(tables("purchase"))
    is_ahead = (bought.cancelled_at >= as_of()).coalesce(ibis.literal(False))
    bought = bought.mutate(
        status=(is_ahead & (bought.status == "cancelled")).ifelse("approved", bought.status),
        cancelled_at=is_ahead.ifelse(ibis.null(bought.cancelled_at.type()), bought.cancelled_at),
    )
    package, content, coupon = tables("package"), tables("content"), tables("coupon")
    joined = bought.left_join(package, "package_id").select(bought, package=package.name)
    joined = joined.left_join(content, "content_id").select(joined, content=content.title)
    return joined.left_join(coupon, "coupon_id").select(joined, coupon=coupon.code)


def paid_by(tables: Tables, _shape: None) -> ir.Table:
    """The payments of the customer in the slot, as they stood at as-of."""
    return _of_client(payment_record.payments(tables)).drop("raw", "email", "client", "customer")


def any_payment(tables: Tables, _shape: None) -> ir.Table:
    """One row if anybody paid anything."""
    return tables("payment").select("payment_id").limit(1)


def _of_client(table: ir.Table) -> ir.Table:
    return table.filter(table.client_id == slot("client_id").cast("int64"))


def _purchase(row: Mapping[str, Any], zone: ZoneInfo) -> Row:
    return _local(row, zone) | {
        "what": row["package"] or row["content"],
        "kind": _word(PURCHASE_KINDS, row["kind"]),
        "state": _word(PURCHASE_STATUSES, row["status"]),
    }


def _payment(row: Mapping[str, Any], zone: ZoneInfo) -> Row:
    return _local(row, zone) | {
        "method": _word(PAYMENT_METHODS, row["method"]),
        "state": _word(PAYMENT_STATUSES, row["status"]),
        "refunded": row["refunded_amount"] or None,
    }


def _by_purchase(bought: Sequence[Row], paid: Sequence[Row]) -> list[Row]:
    """The payments in the order of their purchases, each with `what` it was for; those that name none come last."""
    known = {row["purchase_id"]: (place, row["package"] or row["content"]) for place, row in enumerate(bought)}
    none = (len(known), None)
    ordered = sorted(paid, key=lambda row: known.get(row["purchase_id"], none)[0])  # which keeps their own order
    return [row | {"what": known.get(row["purchase_id"], none)[1]} for row in ordered]


def _bought(row: Row) -> tuple[Any, ...]:
    return row["purchased_at"], row["purchase_id"]


def _made(row: Row) -> tuple[Any, ...]:
    return row["created_at"], row["payment_id"]


def _local(row: Mapping[str, Any], zone: ZoneInfo) -> Row:
    return {name: local(value, zone) if isinstance(value, datetime) else value for name, value in row.items()}


def _word(words: Mapping[str, str], word: str) -> str:
    return words.get(word, word)
