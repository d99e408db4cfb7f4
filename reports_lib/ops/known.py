"""What the warehouse knows of that coupons depend on: media, plans, codes of other systems, what was redeemed.

Asked by operations, of the newest data and of all companies: a code is one in the whole group.
"""

from collections.abc import Collection

import ibis.expr.types as ir
from ibis import _

from reports_lib.errors import ParameterError
from reports_lib.warehouse.connection import Warehouse
from reports_lib.warehouse.statement import Tables, slot

CODES, ID = "codes", "id"  # slots
_BETWEEN = ","  # in no code


def refuse_unknown(warehouse: Warehouse, content_id: int | None, package_id: int | None) -> None:
    """Raise `ParameterError` if there is no such VOD or no such plan."""
    if content_id is not None:
        warehouse.check(["content"])
        kinds = [row["kind"] for row in warehouse.ask(_content, None, {ID: str(content_id)})]
        if kinds != ["vod"]:
            problem = f"is {kinds[0]}, not VOD" if kinds else "is not there"
            raise ParameterError(f"content_id: media {content_id} {problem}")
    if package_id is not None:
        warehouse.check(["package"])
        if not warehouse.ask(_package, None, {ID: str(package_id)}):
            raise ParameterError(f"package_id: plan {package_id} is not there")


def taken(warehouse: Warehouse, codes: Collection[str]) -> set[str]:
    """Those of the codes, all in capital letters, that coupons of another system have, in whatever case."""
    warehouse.check(["coupon"])
    return {row["code"] for row in warehouse.ask(_of_others, None, {CODES: _BETWEEN.join(codes)})}


def _content(tables: Tables, _shape: object) -> ir.Table:
    return tables("content").filter(_.content_id == slot(ID).cast("int64")).select("kind")


def _package(tables: Tables, _shape: object) -> ir.Table:
    return tables("package").filter(_.package_id == slot(ID).cast("int64")).select("package_id")


def _of_others(tables: Tables, _shape: object) -> ir.Table:
    asked = slot(CODES).split(_BETWEEN).unnest().name("code").as_table()
    others = tables("coupon").filter(_.coupon_id >= 0)
    return asked.semi_join(others, asked.code == others.code.upper())
