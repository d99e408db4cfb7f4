"""Coupons and their groups as rows of the canonical tables `coupon` and `coupon_group`."""

from collections.abc import Collection
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from reports_lib.database.schema import Coupon, CouponGroup
from reports_lib.mirror import Rows, Subject, Subjects
from reports_lib.warehouse.tables import TABLES

GROUP, COUPON = "coupon group", "coupon"  # subjects

_OTHERWISE: dict[str, InstrumentedAttribute[Any]] = {"coupon_id": Coupon.id}


def groups(session: Session, ids: Collection[int]) -> Rows:
    """The groups with these ids."""
    columns = CouponGroup.id.label("group_id"), CouponGroup.name, _utc(CouponGroup.created_at).label("created_at")
    return {"coupon_group": _table(session, "coupon_group", select(*columns).where(CouponGroup.id.in_(ids)))}


def coupons(session: Session, ids: Collection[int]) -> Rows:
    """The coupons with these ids; thousands at a time, so columns are asked for and no objects made."""
    table = TABLES["coupon"]
    columns = [_OTHERWISE.get(name) or getattr(Coupon, name) for name in table.schema]
    told = [
        _utc(column).label(name) if table.schema[name].is_timestamp() else column.label(name)
        for name, column in zip(table.schema, columns, strict=True)
    ]
    return {"coupon": _table(session, "coupon", select(*told).where(Coupon.id == func.any(list(ids))))}


def _table(session: Session, name: str, query: Select[Any]) -> pa.Table:
    found = session.execute(query).mappings().all()
    schema = TABLES[name].schema.to_pyarrow()
    return pa.Table.from_pylist([dict(row) for row in found], schema=schema)


def _utc(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    return func.timezone("UTC", column)


SUBJECTS: Subjects = {GROUP: Subject(groups, select(CouponGroup.id)), COUPON: Subject(coupons, select(Coupon.id))}
