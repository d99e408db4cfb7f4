"""A month is invoiced from a real report: once, whoever asks how often, and whoever is killed in the midst of it."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.cli.invoicing import Invoicing
from reports_lib.database.schema import BillingDetails, BillingRun, BillingState, Invoice, Run, State
from reports_lib.errors import ParameterError
from reports_lib.invoicing import annex, asking, details, draft, making, monthly, record
from reports_lib.invoicing.asking import Asking, grant
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.draft import Order
from reports_lib.invoicing.evidence import Evidence
from reports_lib.invoicing.lines import Tax, parts
from reports_lib.invoicing.parties import issuer
from reports_lib.invoicing.sweep import sweep
from reports_lib.invoicing.verify import verify
from reports_lib.invoicing.withdrawn import GONE, Withdrawn, withdraw
from reports_lib.rendering.formats import Format
from reports_lib.runs import record as runs
from reports_lib.runs.wait import wait
from reports_lib.snapshots.manifest import Author
from reports_lib.values.money import round_half_up
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from tests.conftest import to_arrow
from tests.invoicing.papers import drawn
from tests.invoicing.papers import read as read_pdf
from tests.runs.conftest import Office, office, quiet

__all__ = ["office"]
pytestmark = pytest.mark.kernel

MONTH, NOW = "2024-03", datetime(2024, 4, 10, 9, 30, tzinfo=UTC)
AFTER_GRACE = datetime.now(UTC) + timedelta(days=2)  # for files of today
ANN = Author("billing", "ann")
COMPANY = {
    "company_id": 1, "name": "One", "legal_name": "One Ltd", "address_line": "Street 1", "city": "Київ",
    "postal_code": "01001", "country": "UA", "tax_id": "UA1", "bank_details": "DE89370400440532013000",
    "currency": "USD", "timezone": "Europe/Kyiv",
}  # fmt: skip
EXTRA = range(11, 16)  # clients beside the golden ones: 11 to 14 are billed, 15 has an invoice already
BILLED = 6  # and 1 and 2 of the golden ones, but for 13, whose ledger differs, and 14, whose details are missing
SETTINGS = "default: {tax_rate: '20'}\ncompanies: {'1': {prefix: T-}}\n"

KILLED = """
import os, signal, sys
from datetime import datetime
from reports_lib.invoicing import monthly
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import connection  # here, or each of those who die would load it
from reports_lib.workspace import Workspace

def die_after(name):
    done = getattr(monthly._Issuing, name)

    def last(*given):
        done(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(monthly._Issuing, name, last)
    monthly.BATCH = 1
    monthly.issue(Installation(Workspace.find()), int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))

for name in sys.argv[3:]:
    child = os.fork()
    if not child:
        die_after(name)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


class Here:
    """A press that works in this process: `Press` itself is tried elsewhere."""

    def __init__(self, _processes: int = 1) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def make(self, work, body, given, seconds=None):
        return drawn(work, body, given)


def usage(client, day, amount, number):
    return {
        "usage_id": number, "client_id": client, "started_at": datetime(2024, 3, day), "amount": Decimal(amount),
        "tax": None, "service_id": 1, "volume": Decimal(60), "is_paid": True,
    }  # fmt: skip


@pytest.fixture(scope="module")
def house(office: Office) -> Office:
    """The office with a company that may invoice, and five more clients."""
    amounts = {n: str(n) for n in EXTRA}
    events = [usage(n, 5, amount, 1000 + n) for n, amount in amounts.items()]
    booked = [
        {"entry_id": 1000 + n, "client_id": n, "posted_at": datetime(2024, 3, 5), "kind": "usage_charge",
         "amount": -Decimal(amount) - (n == 13), "status": "approved"}
        for n, amount in amounts.items()
    ]  # fmt: skip
    invoice = {"invoice_id": 7, "client_id": 15, "kind": "monthly", "status": "RECORDED", "account_number": "X-1"}
    month = {"period_start": datetime(2024, 3, 1), "period_end": datetime(2024, 4, 1)}
    rows = {
        "company": [COMPANY],
        "client": [{"client_id": n, "name": f"Client {n}", "created_at": datetime(2023, 1, 1)} for n in EXTRA],
        "service": [{"service_id": 1, "name": "Voice", "unit": "second"}],
        "usage_event": events,
        "ledger_entry": booked,
        "invoice": [invoice | month | {"currency": "USD", "created_at": datetime(2024, 4, 1)}],
        "invoice_line": [{"invoice_id": 7, "revision_no": 0, "service_id": 1, "amount": Decimal(15)}],
    }
    owner = Address.of(office.workspace, reader=False)
    writer.write(owner, {n: to_arrow(n, r) for n, r in rows.items()}, author="tests", message="more")
    (office.workspace.parameters / "billing.yaml").write_text(SETTINGS)
    kept = {"address_line": "Street 2", "city": "Berlin", "postal_code": "10115", "country": "DE", "language": "de"}
    with Session(office.installation.database) as session, session.begin():
        for client in (1, 2, 11, 12, 13, 15):
            details.put(session, client, kept, "ann", NOW)
    return office


@pytest.fixture(scope="module")
def report(house) -> int:
    """The number of a finished run: of it any billing can be made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "FORMATS", (Format.HTML,))
        billing = ask(house)
    with Session(house.installation.database) as session:
        run = session.get_one(BillingRun, billing).run_id
    wait(house.installation, run, quiet)
    return run


@pytest.fixture
def billing(house, report):
    """`billing()`: another billing of that report; all drafts and billings there were are gone before."""
    with Session(house.installation.database) as session, session.begin():
        for row in session.scalars(select(Invoice).where(Invoice.state != "VOID")):
            if row.state == "RECORDED":
                record.unrecord(session, row.id, "ann", NOW)
            draft.discard(session, row.id, "ann", NOW)
        for row in session.scalars(select(BillingRun).where(BillingRun.state == BillingState.ASKED)):
            row.state, row.issued_at = BillingState.ISSUED, NOW

    def again():
        with Session(house.installation.database) as session, session.begin():
            row = BillingRun(month=MONTH, company="1", run_id=report, asked_by="ann", asked_at=NOW)
            session.add(row)
            session.flush()
            return row.id

    return again


@pytest.fixture
def itemised(house):
    """Invoices have annexes that are printed."""
    settings = house.workspace.parameters / "billing.yaml"
    settings.write_text(SETTINGS.replace("prefix: T-", "prefix: T-, annex: pages"))
    yield
    settings.write_text(SETTINGS)


@pytest.fixture
def itemising(house, billing, itemised):
    """`itemising()`: issue the report's month with annexes; what invoices and failures there are then."""

    def issue():
        issued = monthly.issue(house.installation, billing(), NOW)
        return {each.client_id: each for each in invoices(house)}, issued.error

    return issue


def ask(house, month=MONTH, now=NOW, key=""):
    company = issuer(house.installation, now, "1")
    with Session(house.installation.database) as session, session.begin():
        return Asking(house.installation, ANN, now).ask(session, month, company, key).id


def invoices(house):
    with Session(house.installation.database) as session:
        found = select(Invoice).where(Invoice.state != "VOID").order_by(Invoice.client_id)
        return list(session.scalars(found))


def test_each_client_with_charges_gets_one_invoice(house, billing):  # TW-35, TW-36, TW-39, M-61
    issued = monthly.issue(house.installation, billing(), NOW)
    assert (issued.made, issued.held, issued.skipped, issued.error) == (BILLED, 2, 1, "")
    found = {each.client_id: each for each in invoices(house)}
    assert set(found) == {1, 2, 11, 12, 13, 14}  # 15 has one of another system
    assert found[13].held == ["ledger differs: usage 13.00, in the ledger 14.00"]
    assert found[14].held[0].startswith("details missing: address line of the client, city")
    assert {each.state for each in found.values() if each.held} == {"DRAFT"}
    recorded = [each for each in found.values() if not each.held]
    assert {each.state for each in recorded} == {"RECORDED"}
    assert len({each.account_number for each in recorded}) == 4
    first = Document.parse(found[11].facts.encode())
    assert (first.gross, first.net, first.language, first.period[1].isoformat()) == (
        Decimal(11), Decimal("9.17"), "de", "2024-03-31",
    )  # fmt: skip
    assert [(line.description, line.quantity, line.unit) for line in first.lines] == [("Voice", 1, "min")]
    assert found[11].period_start == datetime(2024, 2, 29, 22, tzinfo=UTC)  # midnight in Kyiv
    assert found[11].evidence == issued_of(house)


def issued_of(house):
    with Session(house.installation.database) as session:
        return session.scalars(
            select(Run.snapshot_id).where(Run.family == "invoice", Run.state == State.GENERATED)
        ).first()


def test_two_runs_of_a_month_make_one_invoice(house, billing):  # T-60
    monthly.issue(house.installation, billing(), NOW)
    before = [(each.id, each.account_number, each.facts_sha256) for each in invoices(house)]
    again = monthly.issue(house.installation, billing(), NOW)
    assert [(each.id, each.account_number, each.facts_sha256) for each in invoices(house)] == before
    assert again.made == BILLED  # of the same evidence
    assert monthly.issue(house.installation, again.billing, NOW) == again  # and a third time: it says what it was


def test_a_billing_that_died_is_finished_by_the_next(house, billing, itemised):  # F3, F10
    number, store = billing(), making.store_of(house.installation)
    sweep(house.installation, AFTER_GRACE)  # what tests before have left
    # after the annexes are kept and before any row names one; after the first invoice, and again after it
    words = [sys.executable, "-c", KILLED, str(number), NOW.isoformat(), "_itemised", "_make", "_make"]
    died = subprocess.run(words, env=house.environment | {"PATH": "/usr/bin:/bin"}, capture_output=True, check=False)
    assert died.stdout.split() == [b"-9"] * 3, died.stderr.decode()[-500:]
    (first,) = invoices(house)  # the third found the second one's, and died as early
    kept = {path.name for path in store.files() if path.suffix == ".parquet"}
    assert sweep(house.installation, AFTER_GRACE) == sorted(kept - {first.annex}) != []
    issued = monthly.issue(house.installation, number, NOW)
    assert (issued.made, issued.held, issued.error) == (BILLED, 2, "")
    numbers = [each.number for each in invoices(house) if each.number]
    assert len(numbers) == len(set(numbers)) == 4
    assert {path.name for path in store.files()} == {each.annex for each in invoices(house) if each.annex}
    with Session(house.installation.database) as session:
        assert verify(session, store).defects == []


def test_who_finds_another_at_it_leaves_it_to_him(house, billing):
    from reports_lib.invoicing.alone import alone

    number = billing()
    with alone(house.installation, "billing of company 1"):
        assert monthly.issue(house.installation, number, NOW) is None
    assert invoices(house) == []


def test_a_held_draft_follows_what_is_mended(house, billing):
    monthly.issue(house.installation, billing(), NOW)
    kept = {"address_line": "Street 3", "city": "Bonn", "postal_code": "53111", "country": "DE"}
    with Session(house.installation.database) as session, session.begin():
        details.put(session, 14, kept, "ann", NOW)
    monthly.issue(house.installation, billing(), NOW)
    states = {each.client_id: (each.state, each.held) for each in invoices(house)}
    assert states[14] == ("RECORDED", [])
    assert states[13][0] == "DRAFT"
    with Session(house.installation.database) as session, session.begin():
        session.delete(session.get_one(BillingDetails, 14))


def test_where_a_person_records_there_are_drafts_and_all_are_held_if_the_month_before_ends_elsewhere(house, billing):
    settings = house.workspace.parameters / "billing.yaml"
    settings.write_text(SETTINGS.replace("prefix: T-", "prefix: T-, record: draft"))
    try:
        monthly.issue(house.installation, billing(), NOW)
        found = {each.client_id: each for each in invoices(house)}
        ended = datetime(2024, 1, 31, 22, tzinfo=UTC), datetime(2024, 2, 29, 23, tzinfo=UTC)  # by clocks in Berlin
        before = Order("monthly:11:2024-02:USD", "T-", month="2024-02", period=ended)
        with Session(house.installation.database) as session, session.begin():
            draft.make(session, Document.parse(found[11].facts.encode()), before, "ann", NOW)
        monthly.issue(house.installation, billing(), NOW)
    finally:
        settings.write_text(SETTINGS)
    assert {each.state for each in found.values()} == {"DRAFT"}
    assert found[11].held == []
    told = "time zone changed: 1 h between the invoices of 2024-02 and this one would be billed twice"
    assert [each.held[0].startswith(told) for each in invoices(house) if each.month == MONTH] == [True] * BILLED


def test_drafts_that_nothing_is_charged_for_any_more_are_withdrawn(house, billing, monkeypatch):
    first = billing()
    monthly.issue(house.installation, first, NOW)
    drafts = {each.client_id: each.id for each in invoices(house) if each.state == "DRAFT"}
    assert set(drafts) == {13, 14}

    def release():
        with Session(house.installation.database) as session, session.begin():
            record.release(session, drafts[13], "ann", NOW)

    release()
    read = Evidence.read  # as after a rerating that made calls of three clients free

    def rerated(store, snapshot):
        evidence = read(store, snapshot)
        for name in ("clients", "lines"):
            evidence.tables[name][:] = [
                row for row in evidence.tables[name] if row["client_id"] not in ("12", "13", "14")
            ]
        return evidence

    monkeypatch.setattr(monthly.Evidence, "read", rerated)
    issued = monthly.issue(house.installation, billing(), NOW)
    told = f"client 13, USD: nothing is charged any more; throw draft {drafts[13]} away"
    assert (issued.withdrawn, issued.error) == (1, told)
    found = {each.client_id: each for each in invoices(house)}
    assert 14 not in found  # nobody had decided about it
    assert (found[13].state, found[13].held[-1], found[13].released_by) == ("DRAFT", GONE, None)
    assert found[12].state == "RECORDED"  # what is issued is
    release()  # by somebody who has seen that nothing is charged
    wanted = [each.key for each in found.values() if each.client_id != 13]
    assert withdraw(house.installation, issued.billing, wanted, "ann", NOW) == Withdrawn(0, [told])
    assert next(each for each in invoices(house) if each.client_id == 13).released_by == "ann"
    assert withdraw(house.installation, first, [], "ann", NOW) == Withdrawn(0, [])  # it knew less than the later one


def test_a_month_that_is_not_over_cannot_be_asked_for(house):
    with pytest.raises(ParameterError, match="2024-04 is not over: its invoices can be made from 2024-05-01"):
        ask(house, "2024-04")
    with pytest.raises(ParameterError, match="'2024-4' is not a month such as 2026-10"):
        ask(house, "2024-4")


def test_asked_twice_with_one_key_it_is_one_billing(house):
    assert ask(house, "2024-01", key="k") == ask(house, "2024-01", key="k")


def test_a_report_that_failed_fails_the_billing(house):
    number = ask(house, "2024-02")
    with Session(house.installation.database) as session, session.begin():
        runs.cancel(session, session.get_one(BillingRun, number).run_id, "ann")
    assert "ann" in monthly.issue(house.installation, number, NOW).error
    with Session(house.installation.database) as session:
        assert session.get_one(BillingRun, number).state == BillingState.FAILED


def test_a_wish_of_the_schedule_is_granted_company_by_company_once(house, billing):  # TW-35
    with Session(house.installation.database) as session, session.begin():
        session.add(BillingRun(month="2023-12", company="", asked_by="schedule:invoices", asked_at=NOW))
    early = datetime(2023, 12, 31, 21, tzinfo=UTC)  # 23:00 in Kyiv: the month is not over there
    assert grant(house.installation, early) == 0
    assert grant(house.installation, NOW) == 1
    assert grant(house.installation, NOW) == 0
    with Session(house.installation.database) as session:
        (row,) = session.scalars(select(BillingRun).where(BillingRun.month == "2023-12", BillingRun.company == "1"))
        assert session.get_one(Run, row.run_id).asked["interval"] == "2023-12-01/2023-12-31"


def test_a_worker_issues_and_draws_what_waits(house, billing, itemised, monkeypatch):  # TW-41
    monkeypatch.setattr("reports_lib.cli.invoicing.Press", Here)
    billing()
    done = Invoicing(house.installation)()
    assert {name: done[name] for name in ("made", "held", "skipped", "documents")} == {
        "made": BILLED, "held": 2, "skipped": 1, "documents": 4,
    }  # fmt: skip
    assert Invoicing(house.installation)() is None
    store = making.store_of(house.installation)
    for each in invoices(house):
        if each.document_sha256:
            assert store.read(f"{each.document_sha256}.pdf").startswith(b"%PDF-1.7")
            assert store.read(f"{each.xml_sha256}.xml").startswith(b"<?xml")
    eleven = next(each for each in invoices(house) if each.client_id == 11)
    assert "2024-03-05 02:00:00" in read_pdf(store.read(f"{eleven.document_sha256}.pdf"))  # by clocks in Kyiv
    held = next(each for each in invoices(house) if each.held)
    assert making.document(house.installation, Here(), held.id, None, NOW).startswith(b"%PDF")  # CD-15: a draft


def calls_of(house, invoice):
    """The rows of an invoice's annex, and what its facts say of them."""
    path = making.store_of(house.installation).path(invoice.annex)
    return list(annex.read(pq.read_table(path))), Document.parse(invoice.facts.encode()).calls


def test_the_annex_has_every_call_of_the_report_whatever_was_rated_since(house, itemising):
    house.change("UPDATE usage_event SET amount = amount + 5 WHERE client_id = 11")
    found, error = itemising()
    assert error == ""
    charges = Evidence.read(house.store, found[1].evidence).charges
    for client, invoice in found.items():
        lines = [row for row in charges[client, invoice.currency] if row["kind"] == "service"]
        if not lines:
            assert (client, invoice.annex) == (2, None)  # packages only
            continue
        rows, calls = calls_of(house, invoice)
        nets = [part.net for row in lines for part in parts(row, Tax(Decimal(20), "S"), 2)]
        assert calls.amount == sum(row.amount for row in rows) == sum(round_half_up(net, 6) for net in nets)
        assert calls.count == len(rows) == sum(row["events"] for row in lines) > 0
    (row,), _ = calls_of(house, found[11])
    assert (row.at, row.service, row.quantity, row.unit) == (datetime(2024, 3, 5, 2), "Voice", 60, "s")  # in Kyiv


def test_no_invoice_has_calls_other_than_those_of_its_lines(house, itemising, monkeypatch):
    read = Evidence.read  # as of a warehouse that keeps no earlier state: the report says another sum

    def other(store, snapshot):
        evidence = read(store, snapshot)
        for row in evidence.tables["lines"]:
            row["gross"] += row["client_id"] == "11"
        return evidence

    monkeypatch.setattr(monthly.Evidence, "read", other)
    found, error = itemising()
    assert error == "client 11, USD: its calls are no longer those of the report; ask for the month again"
    assert 11 not in found
    assert 12 in found


def test_annexes_are_verified_and_cleared_away(house, itemising):
    found, _ = itemising()
    store = making.store_of(house.installation)

    def defects():
        with Session(house.installation.database) as session:
            return verify(session, store).defects

    assert defects() == []
    path = store.path(found[11].annex)
    path.rename(path.with_suffix(".away"))
    assert [found[11].annex in defect for defect in defects()] == [True]
    path.with_suffix(".away").rename(path)
    with Session(house.installation.database) as session, session.begin():
        draft.discard(session, found[13].id, "ann", NOW)
    assert sweep(house.installation, datetime.now(UTC)) == []  # too young
    assert sweep(house.installation, AFTER_GRACE) == [found[13].annex]
    assert defects() == []
