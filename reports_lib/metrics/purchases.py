"""What customers bought: when, which type of subscription most, and in which countries (M-71 … M-73).

A purchase counts once it is approved, by the moment it was made; renewals are payments and no purchases. One at a
price of nothing, such as with a coupon of 100 %, is a purchase too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.clientele import Filters, of_customers, picks
from reports_lib.metrics.products import called, names
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.steps import Steps
from reports_lib.metrics.tallies import added, data_interval, with_extent
from reports_lib.metrics.timeline import end, place_within, start
from reports_lib.values.formats import number
from reports_lib.values.geography import countries, country_name
from reports_lib.values.interval import Interval
from reports_lib.values.selling import OTHER, PURCHASE_KINDS, UNKNOWN
from reports_lib.values.shares import shares
from reports_lib.warehouse.statement import Dialect, Tables, statement

READ = ("client_profile", "package", "purchase")
APPROVED, SUBSCRIPTION = "approved", "subscription"
DRAWN = 7  # types of subscription that are told apart over time
OTHERS = "Other types"
_SOLD = ("purchases", "subscriptions", "buyers")  # by country

Row = dict[str, Any]


class Question(Filters, Protocol):
    """The parameters of a run, resolved."""

    interval: Interval
    as_of: datetime


@dataclass(frozen=True)
class Purchases:
    """What was found; `buyers` are different customers, `repeat_buyers` those of them who bought more than once.

    `total` has `purchases`, `subscriptions` and the buyers of either. `by_step` has a row a day or month, as `step`
    says; `by_kind` and `by_type` one a step and kind of purchase, or type of subscription. `types` are ranked by their
    `purchases`, with their `share`, and `of_types` has their total. `countries` are ranked likewise, with
    `of_countries`, what is unknown at the end; `latitude` and `longitude` are None where there is no place to draw.
    """

    total: Row
    by_step: list[Row]
    by_kind: list[Row]
    by_type: list[Row]
    types: list[Row]
    of_types: Row
    countries: list[Row]
    of_countries: Row
    step: str
    data_interval: tuple[datetime, datetime] | None

    @property
    def placed(self) -> list[Row]:
        """The countries that a map can show."""
        return [row for row in self.countries if row["latitude"] is not None]

    @property
    def where(self) -> str:
        """What a map of the countries says, and what it cannot show."""
        whole = self.total["purchases"]
        lost = whole - sum(row["purchases"] for row in self.placed)
        told = [f"It is not known where {number(lost)} of {number(whole)} were made."] if lost else []
        if self.placed:
            most, places = self.placed[0], len(self.placed)
            where = f"{places} {'country' if places == 1 else 'countries'}, most in {most['country']}"
            told = [f"Purchases in {where}: {number(most['purchases'])}.", *told]
        return " ".join(told)


def purchases(warehouse: Warehouse, asked: Question) -> Purchases:
    """The figures of the period; raises `WarehouseError` naming all that the warehouse lacks."""
    warehouse.check(READ)
    steps, chosen = Steps.of(asked.interval, asked.as_of), picks(asked)
    values, shape = chosen | (steps.values if steps.buckets else {}), frozenset(chosen)
    builds = (placed, buying, selling)
    bought, bought_types, sold = ([*warehouse.ask(build, shape, values)] if steps.buckets else [] for build in builds)
    types, of_types = _types(bought_types, names(warehouse))
    by_country, of_countries = _countries(sold)
    by_step = _by_step(steps, bought)
    return Purchases(
        total={name: sum(row[name] for row in by_step) for name in ("purchases", "subscriptions")}
        | {"buyers": of_countries["buyers"], "subscribers": of_types["buyers"]},
        by_step=by_step,
        by_kind=_by_kind(steps, bought),
        by_type=_by_type(steps, bought, types),
        types=types,
        of_types=of_types,
        countries=by_country,
        of_countries=of_countries,
        step=steps.name,
        data_interval=data_interval(bought),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    for build in (placed, buying, selling):
        statement(Dialect(), build, frozenset())


def placed(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Purchases by bucket, kind and package."""
    found = place_within(_approved(tables, chosen).select("kind", "package_id", at=_.purchased_at))
    return found.group_by("number", "kind", "package_id").aggregate(
        purchases=_.count(), first_at=_.at.min(), last_at=_.at.max()
    )


def buying(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Subscriptions bought of each package, by how many and how many of them more than once; and of all together."""
    bought = _approved(tables, chosen).filter(_.kind == SUBSCRIPTION)
    counts = {
        "purchases": _.bought.sum(),
        "buyers": _.count(),
        "repeat_buyers": (_.bought > 1).sum(),
    }
    each = bought.group_by("package_id", "client_id").aggregate(bought=_.count())
    every = bought.group_by("client_id").aggregate(bought=_.count())
    by_package = each.group_by("package_id").aggregate(**counts).mutate(is_whole=ibis.literal(False))
    whole = every.aggregate(**counts).mutate(package_id=ibis.null("int64"), is_whole=ibis.literal(True))
    return by_package.union(whole.select(by_package.columns))


def selling(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Purchases and buyers by country: that of the purchase, else of the customer, else null; and of all together."""
    bought, profile = _approved(tables, chosen), tables("client_profile")
    known = bought.left_join(profile.select("client_id", home=profile.country), "client_id")
    found = known.select("client_id", bought.kind, country=bought.country.coalesce(known.home))
    counts = {
        "purchases": _.count(),
        "subscriptions": (_.kind == SUBSCRIPTION).sum(),
        "buyers": _.client_id.nunique(),
    }
    by_country = found.group_by("country").aggregate(**counts).mutate(is_whole=ibis.literal(False))
    whole = found.aggregate(**counts).mutate(country=ibis.null("string"), is_whole=ibis.literal(True))
    return by_country.union(whole.select(by_country.columns))


def _approved(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    bought = tables("purchase")
    bought = bought.filter(bought.status == APPROVED, bought.purchased_at >= start(), bought.purchased_at < end())
    return of_customers(bought, tables, chosen)


def _by_step(steps: Steps, bought: Sequence[Row]) -> list[Row]:
    counted = [row | {"subscriptions": row["purchases"] * (row["kind"] == SUBSCRIPTION)} for row in bought]
    names = ["purchases", "subscriptions"]
    return with_extent(steps.rows(added(counted, ["number"], names), names))


def _by_kind(steps: Steps, bought: Sequence[Row]) -> list[Row]:
    labelled = [row | {"kind": PURCHASE_KINDS.get(row["kind"], OTHER)} for row in bought]
    present = {row["kind"] for row in labelled}
    order = [label for label in (*PURCHASE_KINDS.values(), OTHER) if label in present]
    found = added(labelled, ["number", "kind"], ["purchases"])
    return with_extent(steps.series(found, "kind", order, ["purchases"]))


def _by_type(steps: Steps, bought: Sequence[Row], types: Sequence[Row]) -> list[Row]:
    """Subscriptions by step and type; the types bought least are one where there are many."""
    drawn = types if len(types) <= DRAWN + 1 else types[:DRAWN]
    labels = {row["package_id"]: row["type"] for row in drawn}
    taken = [row for row in bought if row["kind"] == SUBSCRIPTION]
    labelled = [row | {"type": labels.get(row["package_id"], OTHERS)} for row in taken]
    order = [*labels.values(), *([OTHERS] if len(drawn) < len(types) else [])]
    found = added(labelled, ["number", "type"], ["purchases"])
    return with_extent(steps.series(found, "type", order, ["purchases"]))


def _types(found: Sequence[Row], known: Mapping[int, str]) -> tuple[list[Row], Row]:
    """The types from the one bought most, of equals by name and number, and what all come to (M-72)."""
    names = ("purchases", "buyers", "repeat_buyers")
    rows = [
        {"package_id": row["package_id"], "type": called(known, row["package_id"])} | _counts(row, names)
        for row in found
        if not row["is_whole"]
    ]
    rows.sort(key=lambda row: (-row["purchases"], row["type"], row["package_id"] or 0))
    return _shared(rows), _with_share(_whole(found, names))


def _countries(found: Sequence[Row]) -> tuple[list[Row], Row]:
    """The countries from the one where most was bought, of equals by name and code, and what all come to (M-73)."""
    rows = [_country(row) for row in found if not row["is_whole"]]
    rows.sort(key=lambda row: (row["code"] is None, -row["purchases"], row["country"], row["code"]))
    return _shared(rows), _with_share(_whole(found, _SOLD))


def _country(row: Row) -> Row:
    code = row["country"]
    place = countries().get(code)
    return {
        "code": code,
        "country": UNKNOWN if code is None else country_name(code),
        "latitude": place and place.latitude,
        "longitude": place and place.longitude,
    } | _counts(row, _SOLD)


def _counts(row: Row, names: Sequence[str]) -> Row:
    """Whole numbers, as some engines make decimals of a sum; of no row at all a sum is null."""
    return {name: int(row[name] or 0) for name in names}


def _whole(found: Sequence[Row], names: Sequence[str]) -> Row:
    return next((_counts(row, names) for row in found if row["is_whole"]), dict.fromkeys(names, 0))


def _shared(rows: Sequence[Row]) -> list[Row]:
    parts = shares([row["purchases"] for row in rows])
    return [row | {"share": share} for row, share in zip(rows, parts, strict=True)]


def _with_share(total: Row) -> Row:
    """All of them together: 100 %, or None where there are none."""
    return total | {"share": shares([total["purchases"]])[0]}
