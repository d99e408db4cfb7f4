"""`books`: the invoicing of a company on a database of its own; each test's changes are undone after it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from reports_lib.database import migrations, server
from reports_lib.database.engine import engine_of
from reports_lib.database.roles import make_database
from reports_lib.database.schema import Invoice, InvoicePayment
from reports_lib.database.url import replaced
from reports_lib.invoicing import account, draft, pay, record
from reports_lib.invoicing.account import Account
from reports_lib.invoicing.document import Document, Line
from reports_lib.invoicing.draft import Order
from reports_lib.invoicing.revise import Person
from reports_lib.workspace import Workspace
from tests.invoicing.samples import document, line

NOW = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
CLIENT = 4711
ANN = Person("ann", "Ann Lee", "ann@example.com")

_number = count(1)


def proposal(*nets: str, client: int = CLIENT, **changes: object) -> Document:
    """A draft's document of these nets, untaxed but for `rate`."""
    rate = Decimal(str(changes.pop("rate", 0)))
    lines = tuple(line(number, net, tax_rate=rate) for number, net in enumerate(nets or ("100",), 1))
    plain = {"account_number": "", "draft": True, "carried": Decimal(0), "paid": Decimal(0), "made_at": NOW}
    made = document(lines, **plain | changes)
    return replace(made, buyer=replace(made.buyer, account=str(client)))


@dataclass
class Books:
    """What a test does with invoices; time goes on by a minute with each step."""

    session: Session
    series: str = "T-"
    clock: Iterator[int] = field(default_factory=lambda: count(1))

    def now(self) -> datetime:
        return NOW + timedelta(minutes=next(self.clock))

    def draft(self, *nets: str, key: str = "", held=(), series: str = "", **changes) -> Invoice:
        order = Order(key or f"key {next(_number)}", series or self.series, held=held)
        return draft.make(self.session, proposal(*nets, **changes), order, "ann", self.now())

    def recorded(self, *nets: str, **changes) -> Invoice:
        return record.record(self.session, self.draft(*nets, **changes).id, "ann", self.now())

    def pay(self, amounts: dict[Invoice, str], key: str = "", method: str = "transfer") -> InvoicePayment:
        receipt = pay.Receipt(self.now(), method, "ref", key)
        sums = {invoice.id: Decimal(amount) for invoice, amount in amounts.items()}
        return pay.pay(self.session, sums, receipt, "ann", self.now())

    def balance(self, client: int = CLIENT, currency: str = "EUR") -> Decimal:
        self.session.flush()
        return account.balance(self.session, Account("1", client, currency))


def fee(net: str, rate: str = "0") -> Line:
    """A line for a revision or a credit note; its number is given anew."""
    return line(1, net, tax_rate=Decimal(rate))


@pytest.fixture(scope="module")
def database(workspace: Workspace) -> Iterator[Engine]:
    """An engine on a database that one module of tests has to itself."""
    main = server.database_url(workspace)
    made = engine_of(make_database(replaced(main, dbname=f"invoicing_{next(_number)}"), beside=main))
    migrations.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def books(database: Engine) -> Iterator[Books]:
    """Invoicing in a transaction that ends with the test."""
    with Session(database, expire_on_commit=False) as session:
        yield Books(session)
        session.rollback()


DAY = date(2026, 10, 31)
