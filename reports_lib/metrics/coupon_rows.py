"""Coupons and their redemptions as rows of lists, in words and on local days; too many to be held (MS-31 … MS-44)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis import _

from reports_lib.metrics import coupon_search
from reports_lib.metrics.coupon_search import Shape
from reports_lib.metrics.timeline import end, start
from reports_lib.values.formats import number
from reports_lib.values.selling import COUPON_STATES, COUPON_TYPES, DISCOUNT_TYPES, label
from reports_lib.warehouse.redeemed import days
from reports_lib.warehouse.statement import Tables

READ = ("coupon", "coupon_group", "coupon_redemption", "client", "client_profile", "package", "content")
_RAW = ("valid_from", "valid_to", "discount_type", "discount_percent", "trial_days", "trial_until")
_WORDS = (("discount", pa.string()), ("available_from", pa.date32()), ("available_to", pa.date32()))


def coupons(tables: Tables, shape: Shape) -> ir.Table:
    """One row a coupon that is asked for, the newest first and those made together in the order of their making."""
    found = coupon_search.coupons(tables, shape)
    package = tables("package").select("package_id", package=_.name)
    content = tables("content").select("content_id", content=_.title)
    found = _named(found, tables)
    found = found.left_join(package, "package_id").select(found, package.package)
    found = found.left_join(content, "content_id").select(found, content.content)
    most = found.reusable.ifelse(found.max_redemptions, 1)
    listed = found.select(
        "coupon_id", "group_id", "code", "group", "redemptions", "customer", "customer_id",
        "last_at", "detail", "created_at", *_RAW,
        kind=found.coupon_type.cases(*COUPON_TYPES.items(), else_=found.coupon_type),
        product=ibis.coalesce(found.package, found.content),
        standing=found.state.cases(*COUPON_STATES.items()),
        most=most.cast("int64"),
    )  # fmt: skip
    return listed.order_by([listed.created_at.desc(), listed.coupon_id])


def redemptions(tables: Tables, shape: Shape) -> ir.Table:
    """One row a redemption in the period of a coupon that is asked for, newest first (M-77)."""
    used = within(tables, shape)
    profile = tables("client_profile").select("client_id", "email")
    used = _named(used.left_join(profile, "client_id").select(used, profile.email), tables)
    listed = used.select(
        "redemption_id", "redeemed_at", "code", "group", "group_id", "customer", "customer_id",
        kind=used.coupon_type.cases(*COUPON_TYPES.items(), else_=used.coupon_type),
        purchase=used.purchase_id.cast("string"),
    )  # fmt: skip
    return listed.order_by([listed.redeemed_at.desc(), listed.redemption_id.desc()])


def within(tables: Tables, shape: Shape) -> ir.Table:
    """The redemptions in the period of the coupons that are asked for, with what these are."""
    wanted = coupon_search.coupons(tables, shape)
    wanted = wanted.select("coupon_id", "code", "group", "group_id", "coupon_type", "discount_type")
    used = tables("coupon_redemption")
    used = used.filter(used.redeemed_at >= start(), used.redeemed_at < end())
    return used.inner_join(wanted, "coupon_id")


def in_words(found: pa.RecordBatchReader, zone: ZoneInfo) -> pa.RecordBatchReader:
    """The rows of `coupons` with their `discount` as people read it, and the local days from and to which they last."""
    kept = [field for field in found.schema if field.name not in _RAW]
    schema = pa.schema([*kept, *_WORDS])
    return pa.RecordBatchReader.from_batches(schema, _batches(found, schema, zone))


def _batches(found: pa.RecordBatchReader, schema: pa.Schema, zone: ZoneInfo) -> Iterator[pa.RecordBatch]:
    @cache  # coupons that were made together have the same days
    def day(first: datetime | None, last: datetime | None) -> tuple[date | None, date | None]:
        return days(first, last, zone)

    for batch in found:
        raw = {name: batch[name].to_pylist() for name in _RAW}
        spans = [day(*each) for each in zip(raw["valid_from"], raw["valid_to"], strict=True)]
        given = zip(*(raw[name] for name in _RAW[2:]), strict=True)
        made: dict[str, Sequence[Any]] = {
            "discount": [discount(kind, percent, count, until, zone) for kind, percent, count, until in given],
            "available_from": [first for first, _last in spans],
            "available_to": [last for _first, last in spans],
        }
        columns = [
            pa.array(made[field.name], field.type) if field.name in made else batch[field.name] for field in schema
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def discount(
    kind: str, percent: Decimal | None, trial_days: int | None, trial_until: datetime | None, zone: ZoneInfo
) -> str:
    """What a coupon gives, in words (MS-39 … MS-41)."""
    if kind == "percent" and percent is not None:
        return f"{number(percent.normalize())} % off"
    if kind == "trial_days" and trial_days is not None:
        return f"{number(trial_days)} day{'' if trial_days == 1 else 's'} of trial"
    if kind == "trial_until" and trial_until is not None:
        return f"trial until {days(trial_until, None, zone)[0]}"
    return label(DISCOUNT_TYPES, kind)


def _named(found: ir.Table, tables: Tables) -> ir.Table:
    """The same with `customer`: the e-mail, or the name of a client who registered none; null where there is nobody.

    Of those who did, and so have a card, `customer_id` is the number.
    """
    client = tables("client").select("client_id", client=_.name)
    named = found.left_join(client, "client_id").select(found, client.client)
    return named.mutate(
        customer=ibis.coalesce(named.email, named.client, named.client_id.cast("string")),
        customer_id=named.email.isnull().ifelse(ibis.null("int64"), named.client_id),
    )
