"""`shop`: a workspace whose warehouse has customers; each test has an Ann, a Bob and a stranger to itself.

    ann        of company 2: a profile, two networks, sessions with addresses, a payment with what its gateway told
    bob        of company 3: hardly any of it
    stranger   no customer: a client of company 2 who never registers

`shop` is a Postgres; `either` is a Postgres in one test and a lake in the next, for what hangs on the engine.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
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
from reports_lib.warehouse.statement import Tables
from reports_lib.workspace import Workspace
from tests.conftest import to_arrow

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GROUP = Visitor("admin", Role.ADMIN)
NORTH = Visitor("nora", Role.BILLING, "2", frozenset({"2"}))
SOUTH = Visitor("sam", Role.BILLING, "3", frozenset({"3"}))
METADATA = '{"team": "Ajax",  "newsletter": true, "profiles": 3}'
HIS = ("client", "client_profile", "client_social", "client_session", "payment", "purchase")  # tables
TESTS = 60  # of one module that may have an Ann

_number = count(1)


def people(number: int) -> dict[str, list[dict[str, Any]]]:
    """Rows of the three of one test, by table."""
    ann, bob, stranger = names(number)
    return {
        "client": [
            {"client_id": ann, "client_type": "ott_user", "name": "Ann Lee", "company_id": 2, "status": "active"},
            {"client_id": bob, "client_type": "ott_user", "name": "Shop 18", "company_id": 3, "status": "active"},
            {"client_id": stranger, "name": "Wholesale", "company_id": 2, "status": "active"},
        ],
        "client_profile": [
            {
                "client_id": ann, "registration_status": "confirmed", "first_name": "Ann", "last_name": "Lee",
                "email": f"ann{number}@mail.example", "phone": "+44 20 7946 0000", "birth_date": date(1990, 5, 31),
                "gender": "female", "address": "High Street 1", "city": "Leeds", "country": "GB",
                "metadata": METADATA,
            },
            {"client_id": bob, "registration_status": "registered", "email": f"bob{number}@mail.example"},
        ],
        "client_social": [
            {"client_id": ann, "network": "facebook", "handle": "ann.lee"},
            {"client_id": ann, "network": "google", "handle": None},
        ],
        "client_session": [
            {"session_id": ann, "client_id": ann, "ip": "203.0.113.1", "started_at": datetime(2026, 9, 1, 8)},
            {"session_id": ann + 1, "client_id": ann, "ip": None, "started_at": datetime(2026, 10, 1, 8)},
            {"session_id": ann + 2, "client_id": ann, "ip": "2001:db8::1", "started_at": datetime(2026, 10, 2, 8)},
            {"session_id": bob, "client_id": bob, "ip": "203.0.113.4", "started_at": datetime(2026, 10, 2, 8)},
        ],
        "payment": [
            {"payment_id": ann, "client_id": ann, "raw": json.dumps({"payer": "Ann Lee"}), "amount": 10},
            {"payment_id": bob, "client_id": bob, "raw": json.dumps({"payer": "Bob"}), "amount": 20},
        ],
        "purchase": [{"purchase_id": ann, "client_id": ann, "kind": "subscription", "amount": 10}],
    }  # fmt: skip


def names(number: int) -> tuple[int, int, int]:
    """Ids of Ann, Bob and the stranger of one test."""
    return 100 * number + 10, 100 * number + 20, 100 * number + 30


def filling(tests: int = TESTS) -> Mapping[str, Any]:
    """The tables of a warehouse with the people of so many tests."""
    companies = [
        {"company_id": 1, "name": "Holding"},
        {"company_id": 2, "parent_company_id": 1, "name": "North"},
        {"company_id": 3, "parent_company_id": 1, "name": "South"},
    ]
    rows: dict[str, list[dict[str, Any]]] = {"company": companies} | {name: [] for name in HIS}
    for number in range(1, tests + 1):
        for name, found in people(number).items():
            rows[name] += found
    return {name: to_arrow(name, found) for name, found in rows.items()}


@dataclass
class Shop:
    """The workspace, and what a test does in it; time goes on by a minute with each wish."""

    installation: Installation
    address: Address  # of the warehouse, as its owner
    number: int
    clock: Iterator[int]

    @property
    def ann(self) -> int:
        return names(self.number)[0]

    @property
    def bob(self) -> int:
        return names(self.number)[1]

    @property
    def stranger(self) -> int:
        return names(self.number)[2]

    def wish(self, key: str = "", who: str = "admin") -> Wish:
        at = NOW + timedelta(minutes=next(self.clock))
        return Wish(who, "", key or f"key of {at}", at)

    def card(self, client_id: int = 0, visitor: Visitor = GROUP) -> customer.Card:
        return customer.card(self.installation, visitor, client_id or self.ann, NOW)

    def edit(
        self, given: Mapping[str, str], key: str = "", client_id: int = 0, visitor: Visitor = GROUP, seen: str = ""
    ) -> Operation:
        """Edit Ann, or another one; as she now is, unless something else was `seen`."""
        client_id = client_id or self.ann
        seen = seen or self.card(client_id).stamp
        return customer.edit(self.installation, visitor, self.wish(key), client_id, given, seen=seen)

    def rows(self, table: str = "", client_id: int = 0) -> list[dict[str, Any]]:
        """What the warehouse now has of Ann, or of another one, in one table or in all of them."""
        with self.installation.opened(NOW) as warehouse:
            found = [
                row for name in ([table] if table else HIS) if name in warehouse._engine.found
                for row in warehouse.ask(_all, name)
            ]  # fmt: skip
        return [row for row in found if row["client_id"] == (client_id or self.ann)]

    def change(self, statement: str) -> None:
        """Change the warehouse as another system would; `{ann}` and `{bob}` are theirs."""
        told = statement.format(ann=self.ann, bob=self.bob)
        if not self.address.is_lake:
            told = f'set local search_path to "{self.address.schema}"; {told}'
        writer.execute(self.address, told, author="source", message="its own change")

    @property
    def operations(self) -> list[Operation]:
        with Session(self.installation.database) as session:
            return list(session.scalars(select(Operation).order_by(Operation.id)))

    @property
    def audit(self) -> list[AuditEntry]:
        with Session(self.installation.database) as session:
            return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def _all(tables: Tables, name: str) -> ir.Table:
    found = tables(name, ever=True)
    return found.order_by(found.columns[:2])


@pytest.fixture(scope="module")
def database(workspace: Workspace) -> Iterator[Engine]:
    """An engine on a database that one module of tests has to itself."""
    main = server.database_url(workspace)
    made = engine_of(make_database(replaced(main, dbname=f"ops_{next(_number)}"), beside=main))
    migrations.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def open_shop(
    fresh: Callable[[str], AbstractContextManager[Address]], database: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Shop]]:
    """`open_shop("lake")`: the module's, with the people of the next test; `own=True` for one that nobody else has."""
    rows, opened, number = filling(), {}, count(1)
    with ExitStack() as stack:

        def make(engine: str, *, own: bool = False) -> Shop:
            if own or engine not in opened:
                address = stack.enter_context(fresh(engine))
                writer.write(address, rows, author="source", message="Customers")
                home: Path = tmp_path_factory.mktemp("shop")
                installation = Installation(Workspace(home, home / "outputs", warehouse_url=str(address)))
                installation.__dict__["database"] = database
                if own:
                    return Shop(installation, address, 1, count(1))
                opened[engine] = installation, address
            return Shop(*opened[engine], next(number), count(1))

        yield make


@pytest.fixture
def shop(open_shop: Callable[..., Shop], no_operations: None) -> Shop:
    """A shop whose warehouse is a Postgres."""
    return open_shop("postgres")


@pytest.fixture
def either(engine: str, open_shop: Callable[..., Shop], no_operations: None) -> Shop:
    """A shop on each engine in turn."""
    return open_shop(engine)


@pytest.fixture
def no_operations(database: Engine) -> Iterator[None]:
    """Whatever a test has asked for is gone after it."""
    yield
    with database.begin() as con:
        con.execute(text("delete from operation"))
        con.execute(text("delete from audit"))
