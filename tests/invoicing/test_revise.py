"""Revisions: the number stays, what was before stays byte for byte, and the account follows (TW-43 … TW-50, M-60)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError as Refused

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import AccountEntry, InvoiceChain, InvoiceLine, InvoicePayment
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.invoicing import correct, pay, record, verify
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.revise import Person, payment_of, revise, revisions
from tests.invoicing.conftest import ANN, CLIENT, fee
from tests.invoicing.samples import line

SHA = {"document": "d" * 64, "xml": "e" * 64}


def changed(books, invoice, comment="agreed by phone", **changes):
    return revise(books.session, invoice.id, comment=comment, by=ANN, now=books.now(), **changes)


def told(books, invoice, number=None) -> Document:
    return Document.parse(record.facts(books.session, invoice.id, number))


def test_a_cost_is_changed(books):  # TW-44, M-60
    made = books.recorded("100", "20", rate=20)
    first = changed(books, made, lines=[fee("90", "20"), fee("15.005", "20")])
    assert (first.revision_no, first.total, first.paid_amount) == (1, Decimal("126.01"), 0)
    assert (first.by_name, first.by_email, first.comment) == ("Ann Lee", "ann@example.com", "agreed by phone")
    assert (made.total, made.revision, made.account_number) == (Decimal("126.01"), 1, "T-202610-0001")
    assert books.balance() == Decimal("126.01")
    document = told(books, made)
    assert (document.revision, document.account_number, document.comment) == (1, "T-202610-0001", "agreed by phone")
    assert [each.number for each in document.lines] == [1, 2]
    rows = books.session.execute(
        select(InvoiceLine.revision, InvoiceLine.net).order_by(InvoiceLine.revision, InvoiceLine.number)
    )
    assert [tuple(row) for row in rows] == [(0, 100), (0, 20), (1, 90), (1, Decimal("15.01"))]


def test_what_was_paid_before_is_entered(books):  # TW-44, TW-45
    made = books.recorded("100")
    first = changed(books, made, paid=Decimal("30"))
    assert (first.paid_amount, first.total, made.paid, books.balance()) == (30, 100, 30, 70)
    assert (told(books, made).paid, told(books, made).due) == (30, 70)
    payment = payment_of(books.session, first)
    assert (payment.amount, payment.method, payment.reference) == (30, "other", "revision 1")
    books.pay({made: "20"})
    second = changed(books, made, lines=[fee("120")])
    assert (second.revision_no, second.paid_amount, told(books, made).due) == (2, 50, 70)  # what came in meanwhile too
    assert payment_of(books.session, second) is None
    assert [each.revision_no for each in revisions(books.session, made.id)] == [1, 2]


def test_more_paid_than_is_owed_is_credit(books):
    made = books.recorded("100")
    changed(books, made, paid=Decimal("130"))
    assert (made.paid, books.balance(), told(books, made).due) == (100, -30, 0)
    assert books.recorded("40").paid == 30


def test_a_smaller_sum_turns_what_was_paid_into_credit(books):
    made = books.recorded("100")
    books.pay({made: "80"})
    changed(books, made, lines=[fee("50")])
    assert (made.total, made.paid, books.balance()) == (50, 50, -30)
    entries = books.session.execute(select(AccountEntry.kind, AccountEntry.amount).order_by(AccountEntry.id))
    assert [tuple(row) for row in entries] == [("invoice", 100), ("payment", -80), ("revision", -50)]


def test_a_greater_sum_is_settled_by_credit(books):
    made = books.recorded("100")
    books.pay({made: "130"})
    changed(books, made, lines=[fee("120")])
    assert (made.paid, books.balance()) == (120, -10)


def test_what_was_before_stays_byte_for_byte(books):  # T-58
    made = books.recorded("100")
    record.made(books.session, made.id, 0, SHA, books.now())
    kept = [made.facts, made.facts_sha256, made.document_sha256, made.xml_sha256]
    first = changed(books, made, lines=[fee("90")])
    record.made(books.session, made.id, 1, {"document": "f" * 64}, books.now())
    books.session.refresh(first)
    own = [first.facts, first.facts_sha256, first.document_sha256]
    changed(books, made, lines=[fee("80")])
    for row in (made, first):
        books.session.refresh(row)
    assert [made.facts, made.facts_sha256, made.document_sha256, made.xml_sha256] == kept
    assert [first.facts, first.facts_sha256, first.document_sha256] == own
    assert record.facts(books.session, made.id, 0).decode() == kept[0]
    assert [told(books, made, number).gross for number in (0, 1, 2)] == [100, 90, 80]
    subjects = books.session.scalars(select(InvoiceChain.subject).order_by(InvoiceChain.position)).all()
    assert subjects == ["invoice", "document", "revision", "document", "revision"]
    assert verify.verify(books.session, None).defects == []


def test_a_revised_invoice_is_credited_as_it_is_now(books):
    made = books.recorded("100")
    changed(books, made, lines=[fee("90")])
    note = correct.credit_note(books.session, made.id, None, "x", "ann", books.now())
    assert (note.total, books.balance()) == (-90, 0)


def test_what_is_credited_stays_credited(books):
    made = books.recorded("100")
    correct.credit_note(books.session, made.id, [fee("60")], "x", "ann", books.now())
    with pytest.raises(ParameterError, match="60 EUR of T-202610-0001 are credited; it cannot be less"):
        changed(books, made, lines=[fee("59")])
    changed(books, made, lines=[fee("70")])
    assert (made.paid, made.credited, told(books, made).due, books.balance()) == (0, 60, 10, 10)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({}, ParameterError, "nothing of T-202610-0001 is changed"),
        ({"lines": [line(1, "100", tax_rate=Decimal(0))]}, ParameterError, "nothing of T-202610-0001 is changed"),
        ({"lines": []}, ParameterError, "at least one line"),
        ({"lines": [fee("1")], "comment": " "}, ParameterError, "say why: the comment of a revision is empty"),
        ({"lines": [fee("1")], "comment": "x" * 1_001}, ParameterError, "1,001 characters; there is room for 1,000"),
        ({"paid": Decimal(-1)}, ParameterError, "0 EUR of T-202610-0001 are paid or credited; it cannot be less"),
        ({"paid": Decimal("0.001")}, ParameterError, "0.001 EUR has more than 2 decimals"),
        ({"paid": Decimal("NaN")}, ParameterError, "NaN is not an amount"),
    ],
)
def test_what_no_revision_can_be(books, changes, error, said):
    made = books.recorded("100")
    with pytest.raises(error, match=said):
        changed(books, made, **changes)
    assert (made.revision, revisions(books.session, made.id), books.balance()) == (0, [], 100)


def test_only_what_is_recorded_is_revised(books):
    with pytest.raises(StateError, match="is DRAFT"):
        changed(books, books.draft("1"), lines=[fee("2")])
    note = correct.credit_note(books.session, books.recorded("1").id, None, "x", "ann", books.now())
    with pytest.raises(StateError, match="is a credit note; those are not revised"):
        changed(books, note, lines=[fee("2")])
    made = books.recorded("1")
    changed(books, made, lines=[fee("2")])
    with pytest.raises(StateError, match="has been revised; correct it by a credit note"):
        record.unrecord(books.session, made.id, "ann", books.now())
    with pytest.raises(UnknownNameError, match="has no revision 2"):
        record.facts(books.session, made.id, 2)


def test_what_another_one_has_revised_is_not_taken_back(books):
    made = books.recorded("100")
    changed(books, made, lines=[fee("90")], after=0)
    with pytest.raises(StateError, match="has revision 1 meanwhile"):
        changed(books, made, lines=[fee("100"), fee("5")], after=0)
    assert changed(books, made, lines=[fee("95")], after=1).revision_no == 2


def test_what_was_sent_may_be_revised(books):
    made = books.recorded("1")
    record.sent(books.session, made.id, "ann", books.now())
    assert changed(books, made, lines=[fee("2")]).revision_no == 1


def test_who_is_signed_in_is_named(books):  # TW-47, TW-48
    visitor = Visitor("bob", Role.BILLING, full_name="Bob Ray", email="bob@example.com")
    assert Person.of(visitor) == Person("bob", "Bob Ray", "bob@example.com")
    assert Person.of(Visitor("eve", Role.ADMIN)).full_name == "eve"


CHANGES = (
    "UPDATE invoice_revision SET total = 1",
    "UPDATE invoice_revision SET facts = '{}'",
    "UPDATE invoice_revision SET by_email = 'x'",
    "UPDATE invoice_revision SET document_sha256 = repeat('b', 64)",
    "UPDATE invoice_revision SET document_sha256 = NULL",
    "DELETE FROM invoice_revision",
    "TRUNCATE invoice_revision",
)


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_itself_keeps_revisions(books, change):  # T-58
    made = books.recorded("100")
    changed(books, made, lines=[fee("90")])
    record.made(books.session, made.id, 1, SHA, books.now())
    with pytest.raises(Refused, match="never changed or deleted"):
        books.session.execute(text(change))


def test_a_currency_without_decimals(books):
    made = books.recorded("100", places=0, currency="JPY")
    changed(books, made, lines=[fee("90.5")])
    assert (made.total, books.balance(currency="JPY")) == (91, 91)
    with pytest.raises(ParameterError, match=r"0\.5 JPY has more than 0 decimals"):
        changed(books, made, paid=Decimal("0.5"))


def test_a_payment_of_a_revision_is_one_of_the_client(books):
    made = books.recorded("100")
    changed(books, made, paid=Decimal("30"))
    payment = books.session.scalars(select(InvoicePayment)).one()
    assert (payment.client_id, payment.company, payment.by) == (CLIENT, "1", "ann")
    assert payment.paid_at < datetime(2027, 1, 1, tzinfo=UTC)


def test_credit_of_a_smaller_sum_is_no_new_money(books):
    made = books.recorded("100")
    books.pay({made: "100"})
    changed(books, made, lines=[fee("60")])
    second = changed(books, made, lines=[fee("80")])
    assert (second.paid_amount, made.paid, books.balance()) == (100, 80, -20)
    third = changed(books, made, lines=[fee("130")], paid=Decimal("110"))  # 10 more than ever came in
    assert (payment_of(books.session, third).amount, made.paid, books.balance()) == (10, 110, 20)


def test_credit_that_another_invoice_used_is_not_counted_again(books):
    made = books.recorded("100")
    books.pay({made: "100"})
    changed(books, made, lines=[fee("60")])
    other = books.recorded("40")
    second = changed(books, made, lines=[fee("80")])
    assert (second.paid_amount, told(books, made).due, books.balance()) == (60, 20, 20)
    assert (made.paid, other.paid) == (60, 40)


def test_a_cancelled_payment_does_not_come_back_with_a_revision(books):
    made = books.recorded("100")
    payment = books.pay({made: "100"})
    changed(books, made, lines=[fee("110")])
    pay.cancel(books.session, payment.id, "ann", books.now())
    second = changed(books, made, lines=[fee("120")])
    assert (second.paid_amount, made.paid, told(books, made).due, books.balance()) == (0, 0, 120, 120)
