"""Which coupons and which groups of them are asked for: by what stands in them, and what became of them (MS-43, MS-45).

Coupons and groups are found together. A group is listed if it passes the filters of groups and has a coupon that
passes those of coupons; a coupon if it passes them and its group passes the others. What is searched for is in the
code of a coupon or in the name of a group: a group found by its name comes with all of its coupons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.errors import ParameterError
from reports_lib.metrics.inline import inline, packed
from reports_lib.metrics.timeline import TIME, naive
from reports_lib.values.clock import midnight
from reports_lib.values.interval import Interval
from reports_lib.warehouse.redeemed import redeemed, state
from reports_lib.warehouse.statement import Tables, as_of, slot

OF_COUPONS = {"coupon_type": "string", "discount_type": "string", "state": "string"}  # columns that may be chosen
NONE, SOME, ALL = "none", "some", "all"


class Question(Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime
    search: str  # a part of a code or of the name of a group
    group: Sequence[str]
    group_name: str  # a part of it
    group_created_from: date | str  # "" where there is no bound; both days belong to it
    group_created_to: date | str
    group_used: Sequence[str]  # how many of a group's coupons were redeemed: NONE, SOME, ALL of them
    coupon_type: Sequence[str]
    discount_type: Sequence[str]
    state: Sequence[str]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the queries depend on, beside the values that are filled in: which of the parameters are used."""

    used: frozenset[str] = frozenset()

    @property
    def of_coupons(self) -> list[str]:
        """The columns of coupons of which some values are chosen."""
        return sorted(self.used & OF_COUPONS.keys())


def shape_of(asked: Question) -> Shape:
    """What is given of it."""
    names = (*OF_COUPONS, "search", "group", "group_name", "group_created_from", "group_created_to", "group_used")
    return Shape(frozenset(name for name in names if _is_given(getattr(asked, name))))


def values_of(asked: Question) -> dict[str, str]:
    """What fills the slots of that shape, and `start` and `end` of the period.

    Raises `ParameterError` for days of which the last comes first.
    """
    since, until = asked.group_created_from, asked.group_created_to
    if isinstance(since, date) and isinstance(until, date) and since > until:
        raise ParameterError(f"group_created_from {since} comes after group_created_to {until}: no day is between them")
    lists = {name: getattr(asked, name) for name in (*OF_COUPONS, "group", "group_used")}
    zone = asked.interval.zone
    moments = {"start": asked.interval.start, "end": asked.interval.end}
    if isinstance(since, date):
        moments["group_created_from"] = midnight(since, zone)
    if isinstance(until, date):
        moments["group_created_to"] = midnight(until + timedelta(days=1), zone)
    return (
        {name: packed((each,) for each in values) for name, values in lists.items()}
        | {name: naive(at).isoformat(sep=" ") for name, at in moments.items()}
        | {"search": asked.search.strip(), "group_name": asked.group_name.strip()}
    )


def coupons(tables: Tables, shape: Shape) -> ir.Table:
    """The coupons that are asked for, with their `group`, their `state`, and by whom they were redeemed last."""
    found = _known(tables)
    if shape.used & {"group", "group_name", "group_created_from", "group_created_to", "group_used"}:
        found = found.semi_join(_kept(tables, shape), "group_id")
    for name in shape.of_coupons:
        found = found.semi_join(inline(name, {name: OF_COUPONS[name]}), name)
    if "search" in shape.used:
        found = found.filter(_holds(found.code, "search") | _holds(found.group, "search"))
    return found


def groups(tables: Tables, shape: Shape) -> ir.Table:
    """The groups that are asked for: `coupons` in them, how many of these are `used`, and their `redemptions`."""
    found = _kept(tables, shape)
    if shape.of_coupons:
        return found.semi_join(coupons(tables, shape), "group_id")
    if "search" in shape.used:
        with_it = coupons(tables, shape).select("group_id").distinct()
        return found.filter(_holds(found.name, "search") | found.group_id.isin(with_it.group_id))
    return found


def _known(tables: Tables) -> ir.Table:
    coupon, used = tables("coupon"), redeemed(tables)
    group = tables("coupon_group").select("group_id", group=_.name)
    found = coupon.left_join(used, "coupon_id").select(
        coupon, used.last_at, used.client_id, used.email, redemptions=used.redemptions.coalesce(0)
    )
    found = found.left_join(group, "group_id").select(found, group.group)
    return found.mutate(state=state(found, found.redemptions, as_of()))


def _kept(tables: Tables, shape: Shape) -> ir.Table:
    """The groups that pass the filters of groups."""
    coupon, used = tables("coupon").select("coupon_id", "group_id"), redeemed(tables)
    each = coupon.left_join(used, "coupon_id").select(coupon, used.redemptions)
    counted = each.group_by("group_id").aggregate(
        coupons=_.count(), used=_.redemptions.count(), redemptions=_.redemptions.sum()
    )
    found = tables("coupon_group").left_join(counted, "group_id")
    found = found.select(
        "group_id", "name", "created_at",
        **{name: counted[name].coalesce(0).cast("int64") for name in ("coupons", "used", "redemptions")},
    )  # fmt: skip
    if "group" in shape.used:
        found = found.semi_join(inline("group", {"group_id": "int64"}), "group_id")
    if "group_name" in shape.used:
        found = found.filter(_holds(found.name, "group_name"))
    if "group_created_from" in shape.used:
        found = found.filter(found.created_at >= slot("group_created_from").cast(TIME))
    if "group_created_to" in shape.used:
        found = found.filter(found.created_at < slot("group_created_to").cast(TIME))
    if "group_used" in shape.used:
        extent = ibis.cases((found.used == 0, NONE), (found.used < found.coupons, SOME), else_=ALL)
        found = found.mutate(extent=extent).semi_join(inline("group_used", {"extent": "string"}), "extent")
    return found


def _holds(text: ir.StringValue, name: str) -> ir.BooleanValue:
    """Whether a text contains what was typed, in any case."""
    return text.lower().contains(slot(name).lower()).coalesce(ibis.literal(False))


def _is_given(value: Any) -> bool:  # noqa: ANN401  whatever a parameter may be
    return bool(value.strip()) if isinstance(value, str) else value not in ("", [], ())
