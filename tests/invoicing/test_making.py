"""Documents of recorded invoices: made once, the same bytes whoever makes them, and again with the same number."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from reports_lib.database.schema import Invoice
from reports_lib.errors import DaybookError, UnknownNameError
from reports_lib.invoicing import draft, making, record
from reports_lib.invoicing.draft import Order
from reports_lib.invoicing.pdf import pdf
from reports_lib.rendering.works import here
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace
from tests.invoicing.conftest import NOW, proposal
from tests.invoicing.papers import drawn

LATER = datetime(2026, 11, 2, tzinfo=UTC)


class Bench:
    """A press that works in this process, for the works themselves are tried elsewhere; `broken` numbers fail."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.broken: set[str] = set()

    def make(self, work, body, given, seconds=None):
        assert work is pdf
        self.asked.append(body)
        if any(number.encode() in body for number in self.broken):
            raise DaybookError("making the pdf ended 2 processes (SIGKILL); it may lack memory")
        return drawn(work, body, given)


@dataclass
class Desk:
    installation: Installation
    press: Bench

    def recorded(self, *nets: str) -> Invoice:
        with Session(self.installation.database, expire_on_commit=False) as session, session.begin():
            made = draft.make(session, proposal(*nets), Order(f"desk {nets} {id(nets)}", "D-"), "ann", NOW)
            return record.record(session, made.id, "ann", NOW)

    def now(self, invoice: Invoice) -> Invoice:
        with Session(self.installation.database) as session:
            return session.get_one(Invoice, invoice.id)

    def make_all(self, **more):
        return making.make_all(self.installation, self.press, lambda: LATER, **more)


@pytest.fixture
def desk(workspace: Workspace, database, tmp_path) -> Desk:
    installation = Installation(Workspace(tmp_path, tmp_path / "outputs"))
    installation.__dict__["database"] = database  # the module's own, which is there already
    found = Desk(installation, Bench())
    found.make_all()  # what tests before have left
    found.press.asked.clear()
    return found


def test_a_document_is_made_kept_and_named_once(desk):  # TW-41
    first, second = desk.recorded("10"), desk.recorded("20", "30")
    outcome = desk.make_all()
    assert (outcome.made, outcome.failures) == (2, {})
    store = making.store_of(desk.installation)
    for each in (desk.now(first), desk.now(second)):
        assert store.read(f"{each.document_sha256}.pdf") == here(pdf, each.facts.encode(), {})  # the same bytes again
        assert each.account_number.encode() in store.read(f"{each.xml_sha256}.xml")
    assert desk.make_all().made == 0
    assert len(desk.press.asked) == 2
    made = making.document(desk.installation, desk.press, first.id, None, LATER)
    assert made == store.read(f"{desk.now(first).document_sha256}.pdf")
    assert len(desk.press.asked) == 2  # as it was kept


def test_what_fails_is_told_the_rest_is_made_and_it_is_tried_again_with_its_number(desk):
    bad, good = desk.recorded("10"), desk.recorded("20")
    desk.press.broken = {bad.account_number}
    outcome = desk.make_all()
    assert outcome.made == 1
    assert outcome.failures == {(bad.id, 0): "making the pdf ended 2 processes (SIGKILL); it may lack memory"}
    assert desk.now(bad).document_sha256 is None
    assert desk.now(good).document_sha256
    assert desk.make_all(passed_over=list(outcome.failures)).made == 0
    desk.press.broken = set()
    assert desk.make_all().made == 1
    assert desk.now(bad).account_number == bad.account_number


def test_two_makers_agree(desk):
    invoice = desk.recorded("10")
    seen = making.document(desk.installation, desk.press, invoice.id, None, LATER)
    kept = desk.now(invoice).document_sha256
    again = making.Awaited(invoice.id, 0, desk.now(invoice).facts, None)
    made = making._made(desk.installation, desk.press, again)  # by somebody who did not see that it is there
    assert made.pdf == seen
    assert making._kept(desk.installation, [(again, made)], LATER, {}) == 1
    assert desk.now(invoice).document_sha256 == kept


def test_one_at_a_time(desk):
    from reports_lib.invoicing.alone import alone

    desk.recorded("10")
    with alone(desk.installation, making.LOCK):
        assert desk.make_all() is None
    assert desk.make_all().made == 1


def test_a_draft_is_drawn_and_kept_nowhere(desk):  # CD-15
    with Session(desk.installation.database, expire_on_commit=False) as session, session.begin():
        made = draft.make(session, proposal("5"), Order("desk draft", "D-"), "ann", NOW)
    assert making.document(desk.installation, desk.press, made.id, None, LATER).startswith(b"%PDF")
    assert desk.now(made).document_sha256 is None
    assert not list(making.store_of(desk.installation).files())


def test_of_an_invoice_that_is_none_there_is_no_document(desk):
    with pytest.raises(UnknownNameError, match="there is no invoice 5"):
        making.document(desk.installation, desk.press, 5, None, LATER)
