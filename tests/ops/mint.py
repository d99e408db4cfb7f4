"""`mint`: a workspace whose warehouse, a lake or a Postgres, knows media, a plan and a coupon of another system.

One for all tests of a module: each makes a group of its own. Its clocks are those of Santiago.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.cli.chores import SUBJECTS, copy_now
from reports_lib.database import migrations, server
from reports_lib.database.engine import engine_of
from reports_lib.database.roles import make_database
from reports_lib.database.schema import AuditEntry, Coupon, CouponGroup, Operation
from reports_lib.database.url import replaced
from reports_lib.ops import coupons
from reports_lib.ops.draft import Draft
from reports_lib.ops.operation import Wish
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import Warehouse
from reports_lib.workspace import Workspace
from tests.conftest import to_arrow

__all__ = ["GROUP", "NORTH", "NOW", "PLAIN", "SOUTH", "SUBJECTS", "Mint", "mint", "on_both"]

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GROUP = Visitor("admin", Role.ADMIN)
NORTH = Visitor("nora", Role.BILLING, "2", frozenset({"2"}))
SOUTH = Visitor("sven", Role.BILLING, "3", frozenset({"3"}))
LIVE, VOD, PLAN = 1, 2, 3
PLAIN = {"coupon_type": "plan", "discount_type": "percent", "discount_percent": "12.5"}

ROWS: dict[str, list[dict[str, Any]]] = {
    "company": [
        {"company_id": 1, "name": "Holding"},
        {"company_id": 2, "parent_company_id": 1, "name": "North"},
        {"company_id": 3, "parent_company_id": 1, "name": "South"},
    ],
    "client": [{"client_id": 17, "company_id": 2}, {"client_id": 18, "company_id": 3}],
    "client_profile": [
        {"client_id": 17, "email": "ann@mail.example"},
        {"client_id": 18, "email": "bob@mail.example"},
    ],
    "content": [{"content_id": LIVE, "kind": "live"}, {"content_id": VOD, "kind": "vod"}],
    "package": [{"package_id": PLAN, "name": "Basic"}],
    "coupon_group": [{"group_id": 1, "name": "Theirs"}],
    "coupon": [{"coupon_id": 1, "group_id": 1, "code": "Theirs-1", "coupon_type": "plan"}],
}

_number = count(1)


@dataclass
class Mint:
    """The workspace, and what tests do in it; the clock goes on by a second with each wish."""

    installation: Installation
    address: Address  # of the warehouse, as its owner
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    stock: dict[str, Any] = field(default_factory=dict)  # what a module's tests have in common

    def wish(self, key: str = "") -> Wish:
        number = next(self.numbers)
        return Wish("admin", "", key or f"key {number}", NOW + timedelta(seconds=number))

    def group(self, visitor: Visitor = GROUP, name: str = "") -> CouponGroup:
        wish = self.wish()
        return coupons.add_group(self.installation, visitor, wish, name or wish.key)

    def generate(self, group: CouponGroup, *, key: str = "", visitor: Visitor = GROUP, **texts: str) -> Operation:
        given = {"group": str(group.id), **PLAIN, **texts}
        given |= {} if "name" in texts else {"quantity": texts.get("quantity", "1")}
        return coupons.generate(self.installation, visitor, self.wish(key), Draft.parse(given))

    def made(self, group: CouponGroup) -> list[Coupon]:
        with Session(self.installation.database) as session:
            return list(session.scalars(select(Coupon).where(Coupon.group_id == group.id).order_by(Coupon.id)))

    def copied(self, table: str, **where: object) -> list[dict[str, Any]]:
        """Rows of the warehouse after all that is noted is copied, in the order of their ids."""
        assert copy_now(self.installation) == ""
        with self.reading() as warehouse:
            found = warehouse.table(table).to_pyarrow().to_pylist()
        kept = [row for row in found if all(row[name] == value for name, value in where.items())]
        return sorted(kept, key=lambda row: -row[next(iter(row))])

    @contextmanager
    def reading(self, visitor: Visitor = GROUP) -> Iterator[Warehouse]:
        with self.installation.opened(datetime(2030, 1, 1, tzinfo=UTC), visitor.company) as warehouse:
            yield warehouse

    def load(self, table: str, rows: list[dict[str, Any]], *, replace: bool = False) -> None:
        """Rows of another system."""
        writer.write(self.address, {table: to_arrow(table, rows)}, author="source", message="theirs", replace=replace)

    def redeem(self, coupon: Coupon, client_id: int, at: datetime, number: int) -> None:
        row = {"redemption_id": number, "coupon_id": -coupon.id, "client_id": client_id, "redeemed_at": at}
        self.load("coupon_redemption", [row])

    def audit(self, subject: str) -> list[AuditEntry]:
        with Session(self.installation.database) as session:
            query = select(AuditEntry).where(AuditEntry.object == subject).order_by(AuditEntry.id)
            return list(session.scalars(query))


on_both = pytest.mark.parametrize("mint", ["lake", "postgres"], indirect=True, scope="module")
"""Of tests that ask or write the warehouse; what the database decides is seen on one of them, the quicker."""


@pytest.fixture(scope="module", params=["postgres"])
def mint(
    request: pytest.FixtureRequest,
    workspace: Workspace,
    fresh: Callable[[str], AbstractContextManager[Address]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mint]:
    """It, beside a Postgres unless a test says otherwise."""
    main = server.database_url(workspace)
    url = make_database(replaced(main, dbname=f"mint_{next(_number)}"), beside=main)
    database = engine_of(url)
    migrations.upgrade(database)
    root: Path = tmp_path_factory.mktemp("mint")
    with fresh(request.param) as address:
        writer.write(address, {name: to_arrow(name, rows) for name, rows in ROWS.items()}, author="t", message="t")
        place = Workspace(root, root / "outputs", url, str(address), time_zone="America/Santiago")
        installation = Installation(place)
        installation.__dict__["database"] = database
        yield Mint(installation, address)
        database.dispose()
