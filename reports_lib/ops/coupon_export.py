"""The coupons of a group as CSV, for whoever prints or mails the codes: as `rendering/csv.py` writes tables.

So nothing is taken for a formula by a spreadsheet: the code `=CODE` gets an apostrophe before it (T-70).
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Coupon, CouponGroup
from reports_lib.rendering.csv import neutral
from reports_lib.values.clock import wall

HEADS = ("Code", "Enabled", "Reusable", "Availability from", "Availability to", "Detail")
BATCH = 5_000  # coupons in memory


def lines(session: Session, group: CouponGroup, zone: ZoneInfo) -> Iterator[str]:
    """The text of the file, some lines at a time: heads, then coupons in the order they were made.

    Days are those of `zone`, both of them days on which a coupon can be redeemed.
    """
    columns = Coupon.code, Coupon.enabled, Coupon.reusable, Coupon.valid_from, Coupon.valid_to, Coupon.detail
    query = select(*columns).where(Coupon.group_id == group.id).order_by(Coupon.id)
    yield "\ufeff" + _written([HEADS])
    for some in session.execute(query.execution_options(yield_per=BATCH)).partitions():
        yield _written(
            (
                neutral(row.code),
                "yes" if row.enabled else "no",
                "yes" if row.reusable else "no",
                _day(row.valid_from, zone),
                _day(row.valid_to, zone),
                neutral(row.detail or ""),
            )
            for row in some
        )


def _written(rows: Iterable[tuple[str, ...]]) -> str:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\r\n").writerows(rows)
    return sink.getvalue()


def _day(at: datetime | None, zone: ZoneInfo) -> str:
    return wall(at, zone).date().isoformat() if at else ""
