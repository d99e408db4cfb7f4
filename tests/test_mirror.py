"""The warehouse's copy of our invoices and payments: nothing noted is lost, nothing is there twice."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.database import migrations, server
from reports_lib.database.engine import engine_of
from reports_lib.database.roles import make_database
from reports_lib.database.schema.invoices import (
    AccountEntry,
    Invoice,
    InvoiceAllocation,
    InvoicePayment,
    InvoiceRevision,
)
from reports_lib.database.schema.mirror import MirrorNote
from reports_lib.database.url import connect, replaced
from reports_lib.invoicing.document import plain
from reports_lib.invoicing.mirrored import SUBJECTS
from reports_lib.warehouse import writer
from reports_lib.warehouse.versions import versions
from tests.conftest import to_arrow
from tests.invoicing.samples import document, line

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(workspace):
    main = server.database_url(workspace)
    url = make_database(replaced(main, dbname="tests_mirror"), beside=main)
    made = engine_of(url)
    migrations.upgrade(made)
    yield made
    made.dispose()
    with connect(replaced(main, dbname="postgres")) as con:
        con.execute('drop database "tests_mirror" with (force)')


@pytest.fixture(autouse=True)
def emptied(database):
    yield
    with database.begin() as con:
        con.execute(text("set local session_replication_role = replica"))  # what is append-only, is for us too
        for name in ("mirror_note", "mirror_held", "account_entry", "invoice_allocation", "invoice_revision"):
            con.execute(text(f"delete from {name}"))
        con.execute(text("delete from invoice_payment"))
        con.execute(text("delete from invoice"))


@pytest.fixture
def session(database):
    """A transaction that is committed as it is left."""
    with Session(database) as session:
        yield session


def invoice(session, number="A-1", doc=None, **more):
    """A recorded invoice over 163.90 EUR."""
    facts = doc or document(account_number=number)
    sign = -1 if more.get("kind") == "credit_note" else 1
    row = Invoice(
        **{
            "company": "1",
            "client_id": 4711,
            "kind": "monthly",
            "key": f"key of {number}",
            "state": "RECORDED",
            "currency": "EUR",
            "month": "2026-10",
            "period_start": datetime(2026, 9, 30, 22, tzinfo=UTC),
            "period_end": datetime(2026, 10, 31, 23, tzinfo=UTC),
            "invoice_date": date(2026, 10, 31),
            "series": "A-",
            "year": 2026,
            "number": session.query(Invoice).count() + 1,
            "account_number": number,
            "net": sign * facts.net,
            "tax": sign * facts.tax,
            "total": sign * facts.gross,
            "facts": facts.json().decode(),
            "facts_sha256": facts.sha256,
            "created_at": NOON,
            "created_by": "ann",
            "recorded_at": NOON,
            "recorded_by": "ann",
        }
        | more
    )
    session.add(row)
    session.flush()
    mirror.note(session, "invoice", row.id)
    return row


def payment(session, amount, *invoices, method="transfer", kind="payment", **more):
    row = InvoicePayment(
        client_id=4711,
        company="1",
        currency="EUR",
        amount=Decimal(amount),
        paid_at=NOON,
        method=method,
        key=f"payment {amount}",
        by="ann",
        at=NOON,
        **more,
    )
    session.add(row)
    session.flush()
    for each, part in invoices:
        session.add(InvoiceAllocation(payment_id=row.id, invoice_id=each.id, amount=Decimal(part)))
        each.paid += Decimal(part)
    entry(session, kind, -Decimal(amount), payment_id=row.id)
    mirror.note(session, "payment", row.id)
    return row


def entry(session, kind, amount, **more):
    row = AccountEntry(
        company="1", client_id=4711, currency="EUR", posted_at=NOON, kind=kind, amount=Decimal(amount), by="ann", **more
    )
    session.add(row)
    session.flush()
    return row


def noted(database):
    with Session(database) as session:
        return session.scalar(select(func.count()).select_from(MirrorNote))


def table(warehouse, name, rows):
    found = rows(warehouse.table(name))
    return sorted(
        found, key=lambda row: [abs(value) if isinstance(value, int) else value for value in list(row.values())[:3]]
    )


def test_an_invoice_is_copied_with_its_lines_and_theirs_is_left_alone(database, session, address, reading, rows):
    ours = invoice(session).id
    given = {"invoice": to_arrow("invoice", [{"invoice_id": ours, "total": Decimal(5)}])}  # the very same number
    writer.write(address, given, author="x", message="x")
    session.commit()
    assert mirror.sync(database, address, SUBJECTS) == mirror.Synced(1)
    warehouse = reading(address)
    copied, theirs = sorted(rows(warehouse.table("invoice")), key=lambda row: row["invoice_id"])
    assert (theirs["invoice_id"], theirs["total"]) == (ours, 5)
    assert (copied["invoice_id"], copied["account_number"], copied["status"]) == (-ours, "A-1", "RECORDED")
    assert copied["period_start"] == datetime(2026, 9, 30, 22)
    lines = table(warehouse, "invoice_line", rows)
    assert [row["amount"] for row in lines] == [Decimal("83.72"), Decimal("24.10"), Decimal("29.90")]
    assert sum(row["tax"] for row in lines) == copied["tax_total"]  # to the cent, though each is rounded
    assert sum(row["amount"] for row in lines) + copied["tax_total"] == copied["total"] > 0
    assert rows(warehouse.table("ledger_entry")) == []  # what was used is charged there already
    assert noted(database) == 0


def test_what_was_not_committed_is_not_copied(database, session, postgres_address, reading, rows):
    invoice(session)
    session.rollback()
    assert mirror.sync(database, postgres_address, SUBJECTS) == mirror.Synced()
    assert rows(reading(postgres_address).table("invoice")) == []


def test_without_a_note_no_data_version_is_made(database, session, lake_address):
    invoice(session)
    session.commit()
    mirror.sync(database, lake_address, SUBJECTS)
    before = versions(lake_address)
    assert mirror.sync(database, lake_address, SUBJECTS) == mirror.Synced()
    assert versions(lake_address) == before
    assert before[-1].message == "Copied: 1 invoice"


def test_who_is_killed_before_he_forgets_has_it_written_again(
    database, session, lake_address, reading, rows, monkeypatch
):
    ours = invoice(session)
    payment(session, 50, (ours, 50))
    session.commit()

    def killed(*args, **more):
        upsert(*args, **more)
        raise KeyboardInterrupt

    upsert = mirror.upsert
    monkeypatch.setattr(mirror, "upsert", killed)
    with pytest.raises(KeyboardInterrupt):
        mirror.sync(database, lake_address, SUBJECTS)
    monkeypatch.undo()
    names = ("invoice", "invoice_line", "payment", "ledger_entry")
    written = [table(reading(lake_address), name, rows) for name in names]
    assert noted(database) == 2
    assert mirror.sync(database, lake_address, SUBJECTS) == mirror.Synced(2)
    assert [table(reading(lake_address), name, rows) for name in names] == written
    assert noted(database) == 0


def test_what_changes_while_it_is_written_is_written_once_more(
    database, session, postgres_address, reading, rows, monkeypatch
):
    ours = invoice(session)
    session.commit()

    def overtaken(*args, **more):
        if not ours.sent_at:
            ours.sent_at, ours.paid = NOON, Decimal(1)
            mirror.note(session, "invoice", ours.id)
            session.commit()
        return upsert(*args, **more)

    upsert = mirror.upsert
    monkeypatch.setattr(mirror, "upsert", overtaken)
    assert mirror.sync(database, postgres_address, SUBJECTS) == mirror.Synced(2)
    (copied,) = rows(reading(postgres_address).table("invoice"))
    assert copied["paid_to_date"] == 1
    assert noted(database) == 0


def test_a_warehouse_that_may_not_be_written_keeps_its_notes(database, session, address, as_reader):
    invoice(session)
    session.commit()
    done = mirror.sync(database, as_reader(address), SUBJECTS)
    assert (done.copied, noted(database)) == (0, 1)
    assert "nothing is written" in done.trouble
    assert "\n" not in done.trouble
    assert mirror.sync(database, address, SUBJECTS) == mirror.Synced(1)


def test_what_another_system_wiped_out_is_written_anew(database, session, address, reading, rows, monkeypatch):
    ours = invoice(session)
    payment(session, 50, (ours, 50))
    session.commit()
    mirror.sync(database, address, SUBJECTS)
    names = ("invoice", "invoice_line", "payment", "ledger_entry")
    written = [table(reading(address), name, rows) for name in names]
    given = {name: to_arrow(name, []) for name in names}
    writer.write(address, given, author="x", message="a whole feed", replace=True)  # leaves what is ours
    assert [table(reading(address), name, rows) for name in names] == written
    seen = mirror.heal(database, address, SUBJECTS)
    assert noted(database) == 0

    for name in ("invoice_line", "ledger_entry"):  # by a program that knows nothing of us
        writer.execute(address, f"delete from {name}", author="x", message="x")
    mirror.heal(database, address, SUBJECTS, seen)
    assert noted(database) == 2
    mirror.heal(database, address, SUBJECTS)  # once is enough
    assert mirror.sync(database, address, SUBJECTS) == mirror.Synced(2)
    assert [table(reading(address), name, rows) for name in names] == written
    seen = mirror.heal(database, address, SUBJECTS)
    assert noted(database) == 0
    if address.is_lake:  # the same data version is looked at once
        monkeypatch.setattr(mirror.ours, "counted", lambda *_: pytest.fail("again"))
        assert mirror.heal(database, address, SUBJECTS, seen) == seen == versions(address)[-1].name


def test_one_at_a_time(database, session, postgres_address):
    invoice(session)
    session.commit()
    with mirror._alone(database, 0) as is_ours:
        assert is_ours
        assert mirror.sync(database, postgres_address, SUBJECTS) == mirror.Synced()  # leaves it to us
        found = []
        waiting = threading.Thread(
            target=lambda: found.append(mirror.sync(database, postgres_address, SUBJECTS, patience=20))
        )
        waiting.start()
    waiting.join()
    assert found == [mirror.Synced(1)]


def test_more_than_fits_one_data_version_takes_several(database, session, lake_address, monkeypatch):
    monkeypatch.setattr(mirror, "MOST", 2)
    for number in range(5):
        invoice(session, f"A-{number}")
    session.commit()
    assert mirror.sync(database, lake_address, SUBJECTS) == mirror.Synced(5)
    assert [v.message for v in versions(lake_address)[-3:]] == ["Copied: 2 invoice"] * 2 + ["Copied: 1 invoice"]


def test_a_subject_that_nobody_knows_is_left(database, session, postgres_address):
    mirror.note(session, "moon", 1)
    session.commit()
    assert not mirror.is_behind(database, SUBJECTS)
    assert mirror.sync(database, postgres_address, SUBJECTS) == mirror.Synced()
    assert noted(database) == 1


def test_a_payment_is_a_deposit_that_names_what_it_pays(
    database, session, postgres_address, reading, rows
):  # TW-57, TW-62
    one, two = invoice(session, "A-1"), invoice(session, "A-2")
    payment(session, "100", (one, "60"), (two, "40"), reference="SEPA 77")
    payment(session, "20.5", (one, "20.5"))
    payment(session, "7")
    session.commit()
    mirror.sync(database, postgres_address, SUBJECTS)
    warehouse = reading(postgres_address)
    told = [(row["kind"], row["amount"], row["description"]) for row in table(warehouse, "ledger_entry", rows)]
    assert told == [
        ("payment", 100, "A-1, A-2, 100.00 EUR"),
        ("payment", Decimal("20.5"), "A-1, 20.50 EUR"),
        ("payment", 7, "transfer, 7.00 EUR"),
    ]
    assert {row["status"] for row in table(warehouse, "ledger_entry", rows)} == {"approved"}
    paid = [(row["invoice_number"], row["amount"], row["status"]) for row in table(warehouse, "payment", rows)]
    assert paid == [(None, 100, "approved"), ("A-1", Decimal("20.5"), "approved"), (None, 7, "approved")]
    assert [row["paid_to_date"] for row in table(warehouse, "invoice", rows)] == [Decimal("80.5"), 40]  # T-53


def test_a_paid_top_up_is_one_deposit(database, session, postgres_address, reading, rows):  # TW-57
    ours = invoice(session, kind="top_up", month=None)
    payment(session, "50", (ours, "50"))
    payment(session, "50.0", method="top_up", kind="top_up")  # what it adds to the account here
    session.commit()
    mirror.sync(database, postgres_address, SUBJECTS)
    warehouse = reading(postgres_address)
    assert [(row["kind"], row["amount"]) for row in rows(warehouse.table("ledger_entry"))] == [("payment", 50)]
    assert [row["amount"] for row in rows(warehouse.table("payment"))] == [50]


def test_a_payment_that_came_to_nothing_is_given_back(database, session, postgres_address, reading, rows):
    ours = payment(session, "10", cancelled_at=NOON, cancelled_by="ann")
    entry(session, "cancellation", 10, payment_id=ours.id)
    session.commit()
    mirror.sync(database, postgres_address, SUBJECTS)
    warehouse = reading(postgres_address)
    first, second = table(warehouse, "ledger_entry", rows)
    assert [(row["kind"], row["amount"]) for row in (first, second)] == [("payment", 10), ("refund", -10)]
    assert second["reverses_entry_id"] == first["entry_id"]
    (copied,) = rows(warehouse.table("payment"))
    assert (copied["status"], copied["refunded_amount"]) == ("refunded", 10)


def test_a_credit_note_takes_back_and_is_never_owing(database, session, postgres_address, reading, rows):  # M-64, M-68
    ours = invoice(session)
    ours.credited = Decimal("35.70")
    facts = document([line(1, "30")], kind="credit_note", account_number="A-2", corrects=("A-1", date(2026, 10, 31)))
    back = invoice(session, "A-2", facts, kind="credit_note", corrects_id=ours.id)
    entry(session, "credit_note", "-35.70", invoice_id=back.id)
    session.commit()
    mirror.sync(database, postgres_address, SUBJECTS)
    warehouse = reading(postgres_address)
    first, second = table(warehouse, "invoice", rows)
    assert (first["total"] - first["paid_to_date"]) == ours.total - Decimal("35.70")
    assert (second["kind"], second["total"], second["paid_to_date"]) == (
        "credit_note",
        Decimal("-35.7"),
        Decimal("-35.7"),
    )
    (its_line,) = [row for row in rows(warehouse.table("invoice_line")) if row["invoice_id"] == -back.id]
    assert (its_line["quantity"], its_line["amount"], its_line["tax"]) == (-1, -30, Decimal("-5.7"))
    (moved,) = rows(warehouse.table("ledger_entry"))
    assert (moved["kind"], moved["amount"], moved["description"]) == ("correction", Decimal("35.7"), "A-2, 35.70 EUR")


def test_an_invoice_for_something_else_is_a_charge_and_a_top_up_is_none(
    database, session, postgres_address, reading, rows
):
    for number, kind in enumerate(("other", "top_up", "monthly")):
        ours = invoice(session, f"A-{number}", kind=kind)
        entry(session, "invoice", ours.total, invoice_id=ours.id)
    session.commit()
    mirror.sync(database, postgres_address, SUBJECTS)
    (moved,) = rows(reading(postgres_address).table("ledger_entry"))
    assert (moved["kind"], moved["amount"]) == ("extra_charge", -ours.total)


def test_a_revision_has_its_own_lines_and_the_latest_total_counts(
    database, session, postgres_address, reading, rows
):  # M-60
    ours = invoice(session)
    facts = replace(document([line(1, "100")], account_number="A-1"), revision=1, comment="agreed")
    session.add(
        InvoiceRevision(
            invoice_id=ours.id,
            revision_no=1,
            paid_amount=Decimal(20),
            total=facts.gross,
            facts=facts.json().decode(),
            facts_sha256=facts.sha256,
            revised_at=NOON,
            by_name="Ann Ash",
            by_email="ann@example.com",
            comment="agreed",
        )
    )
    before = ours.total
    entry(session, "revision", facts.gross - before, invoice_id=ours.id)
    ours.revision, ours.net, ours.tax, ours.total = 1, facts.net, facts.tax, facts.gross
    session.commit()
    mirror.sync(database, postgres_address, SUBJECTS)
    warehouse = reading(postgres_address)
    (copied,) = rows(warehouse.table("invoice"))
    assert copied["total"] == 119
    assert [(row["revision_no"], plain(row["amount"])) for row in table(warehouse, "invoice_line", rows)] == [
        (0, "83.72"),
        (0, "24.1"),
        (0, "29.9"),
        (1, "100"),
    ]
    (kept,) = rows(warehouse.table("invoice_revision"))
    assert (kept["paid_amount"], kept["total"], kept["revised_by_name"], kept["comment"]) == (
        20,
        119,
        "Ann Ash",
        "agreed",
    )
    (moved,) = rows(warehouse.table("ledger_entry"))  # the client is charged less than he used
    assert (moved["kind"], moved["amount"]) == ("correction", before - 119)
