"""Lists of coupon groups and of coupons, newest first, a page at a time (MS-26 to MS-29, MS-43 to MS-45).

What there is stands in the database. How often it was redeemed, and by whom, the warehouse knows, as far as the
visitor may read it: it is asked for the rows of a page, and for a whole list only where it is narrowed by that.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, case, func, literal, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Coupon, CouponGroup, CouponType, DiscountType
from reports_lib.errors import UnknownNameError
from reports_lib.ops.codes import normal
from reports_lib.values.formats import quoted

if TYPE_CHECKING:  # half a second, for lists only
    from reports_lib.ops.used import Use
    from reports_lib.warehouse.connection import Warehouse

SIZE = 50  # rows of a page
WORDS = 8  # of a search; more are not looked at


@dataclass(frozen=True)
class GroupRow:
    """A group: how many coupons it has, and how many of them were redeemed at least once (M-77)."""

    id: int
    name: str
    company: str
    created_at: datetime
    created_by: str
    total: int
    used: int

    @property
    def is_used(self) -> bool:
        """Whether any was redeemed (MS-29)."""
        return self.used > 0


@dataclass(frozen=True)
class CouponRow:
    """A coupon, its group's name, its state, and how often it was redeemed, when last and by whom (MS-44)."""

    coupon: Coupon
    group: str
    state: str  # one of `COUPON_STATES`
    use: "Use"


@dataclass(frozen=True, kw_only=True)
class WantedGroups:
    """Which groups: whose name holds every word of `text`; created from `since` until before `until`."""

    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    is_used: bool | None = None


@dataclass(frozen=True, kw_only=True)
class WantedCoupons:
    """Which coupons: whose code, detail or group's name holds every word of `text`; nothing chosen is all."""

    group_id: int | None = None
    operation_id: int | None = None  # that made them
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    coupon_types: Collection[CouponType] = ()
    discount_types: Collection[DiscountType] = ()
    states: Collection[str] = ()
    enabled: bool | None = None


@dataclass(frozen=True)
class Ends:
    """Where the pages beside a page begin: after the id `newer`, before the id `older`; None at an end."""

    newer: int | None = None
    older: int | None = None


@dataclass(frozen=True)
class GroupPage(Ends):
    """Some groups, newest first."""

    rows: Sequence[GroupRow] = ()


@dataclass(frozen=True)
class CouponPage(Ends):
    """Some coupons, newest first."""

    rows: Sequence[CouponRow] = ()


@dataclass(frozen=True)
class Groups:
    """What `visitor` sees of the groups that are `wanted`."""

    visitor: Visitor
    wanted: WantedGroups = WantedGroups()

    def page(
        self, session: Session, warehouse: "Warehouse", *, before: int | None = None, after: int | None = None,
        size: int = SIZE,
    ) -> GroupPage:  # fmt: skip
        """The groups that follow the one with the id `before`, or that come just before `after`; else the first."""
        from reports_lib.ops import used

        ids, ends = _ids(session, select(CouponGroup.id).where(*self._conditions(warehouse)), before, after, size)
        found = {each.id: each for each in session.scalars(select(CouponGroup).where(_among(CouponGroup.id, ids)))}
        counted = select(Coupon.group_id, func.count()).where(_among(Coupon.group_id, ids)).group_by(Coupon.group_id)
        totals: dict[int, int] = dict(session.execute(counted).all())
        redeemed = used.by_group(warehouse)
        rows = [
            GroupRow(
                each.id, each.name, each.company, each.created_at, each.created_by, totals.get(each.id, 0),
                redeemed.get(each.id, 0),
            )
            for each in (found[id] for id in ids)
        ]  # fmt: skip
        return GroupPage(ends.newer, ends.older, rows)

    def _conditions(self, warehouse: "Warehouse") -> list[ColumnElement[bool]]:
        from reports_lib.ops import used

        wanted = self.wanted
        found = [self.visitor.sees(CouponGroup.company), *_created(CouponGroup.created_at, wanted.since, wanted.until)]
        found += [CouponGroup.name.icontains(word, autoescape=True) for word in wanted.text.split()[:WORDS]]
        if wanted.is_used is not None:
            was = _among(CouponGroup.id, used.by_group(warehouse))
            found.append(was if wanted.is_used else not_(was))
        return found


@dataclass(frozen=True)
class Coupons:
    """What `visitor` sees of the coupons that are `wanted`."""

    visitor: Visitor
    wanted: WantedCoupons = WantedCoupons()

    def page(
        self, session: Session, warehouse: "Warehouse", now: datetime, *, before: int | None = None,
        after: int | None = None, size: int = SIZE,
    ) -> CouponPage:  # fmt: skip
        """The coupons that follow the one with the id `before`, or that come just before `after`; else the first.

        Their states are those of this moment.
        """
        from reports_lib.ops import used
        from reports_lib.warehouse.redeemed import state_of

        some = select(Coupon.id).join(CouponGroup).where(*self._conditions(warehouse, now))
        ids, ends = _ids(session, some, before, after, size)
        query = select(Coupon, CouponGroup.name).join(CouponGroup).where(_among(Coupon.id, ids))
        found = {coupon.id: (coupon, group) for coupon, group in session.execute(query)}
        uses = used.of_coupons(warehouse, ids)
        rows = []
        for id in ids:
            coupon, group = found[id]
            use = uses.get(id, used.NEVER)
            rows.append(CouponRow(coupon, group, state_of(coupon, use.redemptions, now), use))
        return CouponPage(ends.newer, ends.older, rows)

    def _conditions(self, warehouse: "Warehouse", now: datetime) -> list[ColumnElement[bool]]:
        wanted = self.wanted
        found = [self.visitor.sees(CouponGroup.company), *_created(Coupon.created_at, wanted.since, wanted.until)]
        if wanted.group_id is not None:
            found.append(Coupon.group_id == wanted.group_id)
        if wanted.operation_id is not None:
            found.append(Coupon.operation_id == wanted.operation_id)
        if wanted.coupon_types:
            found.append(Coupon.coupon_type.in_(list(wanted.coupon_types)))
        if wanted.discount_types:
            found.append(Coupon.discount_type.in_(list(wanted.discount_types)))
        if wanted.enabled is not None:
            found.append(Coupon.enabled == wanted.enabled)
        if wanted.states:
            found.append(_state(warehouse, wanted.group_id, now).in_(list(wanted.states)))
        return found + [_holds(word) for word in wanted.text.split()[:WORDS]]


def find(session: Session, visitor: Visitor, called: Iterable[str]) -> list[int]:
    """The ids of coupons by their codes, in any case, or their ids; raises `UnknownNameError` for one there is not."""
    found = []
    for name in dict.fromkeys(each.strip() for each in called):
        same: list[ColumnElement[bool]] = [func.upper(Coupon.code) == func.upper(normal(name))]
        if name.isascii() and name.isdecimal() and len(name) < 19:
            same.append(Coupon.id == int(name))
        query = select(Coupon.id).join(CouponGroup).where(or_(*same), visitor.sees(CouponGroup.company))
        id = session.scalars(query.order_by(same[0].desc())).first()  # a code of digits before an id
        if id is None:
            raise UnknownNameError(f"there is no coupon {quoted(name)}")
        found.append(id)
    return found


def _state(warehouse: "Warehouse", group_id: int | None, now: datetime) -> ColumnElement[str]:
    """`redeemed.state` in the database, where nobody knows what was redeemed."""
    from reports_lib.ops import used

    return case(
        (not_(Coupon.enabled), "disabled"),
        (_among(Coupon.id, used.used_up(warehouse, group_id)), "used_up"),
        (Coupon.valid_to < now, "expired"),
        (Coupon.valid_from > now, "not_yet"),
        else_="available",
    )


def _ids(
    session: Session, query: Select[int], before: int | None, after: int | None, size: int
) -> tuple[list[int], Ends]:
    """The ids of a page, newest first, and its ends."""
    (key,) = query.selected_columns
    if after is not None:
        found = list(session.scalars(query.where(key > after).order_by(key).limit(size + 1)))
        if len(found) > size:
            shown = found[:size][::-1]
            return shown, Ends(newer=shown[0], older=shown[-1])
        before = None  # less than a page is left: that is the first page
    downwards = query.where(key < before) if before is not None else query
    found = list(session.scalars(downwards.order_by(key.desc()).limit(size + 1)))
    shown = found[:size]
    newer = shown[0] if shown and before is not None else None
    return shown, Ends(newer, shown[-1] if len(found) > size else None)


def _holds(word: str) -> ColumnElement[bool]:
    texts = (Coupon.code, Coupon.detail, CouponGroup.name)
    return or_(*(column.icontains(word, autoescape=True) for column in texts))


def _created(
    column: InstrumentedAttribute[datetime], since: datetime | None, until: datetime | None
) -> Iterator[ColumnElement[bool]]:
    if since is not None:
        yield column >= since
    if until is not None:
        yield column < until


def _among(column: InstrumentedAttribute[int], ids: Iterable[int]) -> ColumnElement[bool]:
    return column == func.any(literal(list(ids), ARRAY(BigInteger)))
