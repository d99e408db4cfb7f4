"""`shop`: a workspace whose warehouse, a lake or a Postgres, has a few customers; each test has it anew.

ann   17, of company 2: a profile, two networks, sessions with addresses, a payment with what its gateway told
bob   18, of company 3: hardly any of it
8     no customer: a client who never registers
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database import migrations, server
from reports_lib.database.engine import engine_of
from reports_lib.database.roles import make_database
from reports_lib.database.schema import AuditEntry, Operation
from reports_lib.database.url import replaced
from reports_lib.ops import customer
from reports_lib.ops.operation import Wish
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.workspace import Workspace
from tests.conftest import to_arrow

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GROUP = Visitor("admin", Role.ADMIN)
ANN, BOB, STRANGER = 17, 18, 8

_number = count(1)

ROWS: dict[str, list[dict[str, Any]]] = {
    "company": [
        {"company_id": 1, "name": "Holding"},
        {"company_id": 2, "parent_company_id": 1, "name": "North"},
        {"company_id": 3, "parent_company_id": 1, "name": "South"},
    ],
    "client": [
        {"client_id": ANN, "client_type": "ott_user", "name": "Ann Lee", "company_id": 2, "status": "active"},
        {"client_id": BOB, "client_type": "ott_user", "name": "Shop 18", "company_id": 3, "status": "active"},
        {"client_id": STRANGER, "name": "Wholesale", "company_id": 2, "status": "active"},
    ],
    "client_profile": [
        {
            "client_id": ANN, "registration_status": "confirmed", "first_name": "Ann", "last_name": "Lee",
            "email": "ann@mail.example", "phone": "+44 20 7946 0000", "birth_date": date(1990, 5, 31),
            "gender": "female", "address": "High Street 1", "city": "Leeds", "country": "GB",
            "metadata": '{"team": "Ajax",  "newsletter": true, "profiles": 3}',
        },
        {"client_id": BOB, "registration_status": "registered", "email": "bob@mail.example"},
    ],
    "client_social": [
        {"client_id": ANN, "network": "facebook", "handle": "ann.lee"},
        {"client_id": ANN, "network": "google", "handle": None},
    ],
    "client_session": [
        {"session_id": 1, "client_id": ANN, "ip": "203.0.113.1", "started_at": datetime(2026, 9, 1, 8)},
        {"session_id": 2, "client_id": ANN, "ip": None, "started_at": datetime(2026, 10, 1, 8)},
        {"session_id": 3, "client_id": ANN, "ip": "2001:db8::1", "started_at": datetime(2026, 10, 2, 8)},
        {"session_id": 4, "client_id": BOB, "ip": "203.0.113.4", "started_at": datetime(2026, 10, 2, 8)},
    ],
    "payment": [
        {"payment_id": 5, "client_id": ANN, "raw": json.dumps({"payer": "Ann Lee"}), "amount": 10},
        {"payment_id": 6, "client_id": BOB, "raw": json.dumps({"payer": "Bob"}), "amount": 20},
    ],
    "purchase": [{"purchase_id": 7, "client_id": ANN, "kind": "subscription", "amount": 10}],
}  # fmt: skip


@dataclass
class Shop:
    """The workspace, and what a test does in it; `now` goes on by a minute with each wish."""

    installation: Installation
    address: Address  # of the warehouse, as its owner
    clock: Iterator[datetime]

    def wish(self, key: str = "", *, who: str = "admin") -> Wish:
        at = next(self.clock)
        return Wish(who, "", key or f"key of {at}", at)

    def card(self, client_id: int = ANN, visitor: Visitor = GROUP) -> customer.Card:
        return customer.card(self.installation, visitor, client_id, NOW)

    def edit(self, given, *, key="", client_id=ANN, visitor=GROUP, seen=None) -> Operation:
        seen = self.card(client_id).stamp if seen is None else seen
        return customer.edit(self.installation, visitor, self.wish(key), client_id, given, seen=seen)

    def rows(self, table: str, **where: object) -> list[dict[str, Any]]:
        """Rows of the warehouse as they now are, ordered by their keys."""
        from reports_lib.ops import look

        with look.reading(self.installation, datetime(2030, 1, 1, tzinfo=UTC)) as warehouse:
            found = warehouse.table(table).to_pyarrow().to_pylist()
        kept = [row for row in found if all(row[name] == value for name, value in where.items())]
        return sorted(kept, key=lambda row: list(map(str, list(row.values())[:2])))

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All that the warehouse has."""
        return {name: self.rows(name) for name in ROWS}

    def change(self, statement: str) -> str:
        """Change the warehouse as another system would."""
        if not self.address.is_lake:
            statement = f"set local search_path to {self.address.schema}; {statement}"
        return writer.execute(self.address, statement, author="source", message="its own change")

    def operations(self) -> list[Operation]:
        with Session(self.installation.database) as session:
            return list(session.scalars(select(Operation).order_by(Operation.id)))

    def audit(self) -> list[AuditEntry]:
        with Session(self.installation.database) as session:
            return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


@pytest.fixture(scope="module")
def database(workspace: Workspace) -> Iterator[Engine]:
    """An engine on a database that one module of tests has to itself."""
    main = server.database_url(workspace)
    made = engine_of(make_database(replaced(main, dbname=f"ops_{next(_number)}"), beside=main))
    migrations.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def shop(
    engine: str, fresh: Callable[[str], AbstractContextManager[Address]], database: Engine, tmp_path: Path
) -> Iterator[Shop]:
    """The shop on each engine in turn."""
    with fresh(engine) as address:
        writer.write(address, {name: to_arrow(name, rows) for name, rows in ROWS.items()}, author="t", message="t")
        installation = Installation(Workspace(tmp_path, tmp_path / "outputs", warehouse_url=str(address)))
        installation.__dict__["database"] = database
        yield Shop(installation, address, (NOW.replace(minute=each) for each in range(60)))
    with database.begin() as con:
        con.execute(text("delete from operation"))
        con.execute(text("delete from audit"))
