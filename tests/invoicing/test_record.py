"""From draft to invoice and back: what touches the account, what is frozen, what is refused (CD-14 to CD-16)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError as Refused

from reports_lib.database.schema import (
    AccountEntry,
    AuditEntry,
    Invoice,
    InvoiceChain,
    InvoiceLine,
    InvoiceState,
    MirrorNote,
)
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.invoicing import account, correct, draft, record, verify
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.draft import Order
from tests.invoicing.conftest import CLIENT, NOW, fee, proposal
from tests.invoicing.samples import document, line

SHA = "a" * 64


def entries(books):
    books.session.flush()
    rows = books.session.execute(select(AccountEntry.kind, AccountEntry.amount).order_by(AccountEntry.id))
    return [(kind, amount) for kind, amount in rows]


def links(books):
    return list(books.session.scalars(select(InvoiceChain.subject).order_by(InvoiceChain.position)))


def test_a_draft_has_no_number_and_touches_no_balance(books):  # CD-16
    made = books.draft("100")
    assert (made.state, made.account_number, made.file_name, made.total) == ("DRAFT", None, "", 100)
    assert (books.balance(), entries(books), links(books)) == (0, [], [])


def test_recording_gives_the_number_debits_and_freezes(books):  # TW-36, TW-37, CD-16
    made = books.recorded("60", "40.5", rate=20)
    assert made.account_number == "T-202610-0001"
    assert made.file_name == "T-202610-0001_2026-11-01.pdf"
    assert (made.net, made.tax, made.total) == (Decimal("100.5"), Decimal("20.1"), Decimal("120.6"))
    assert entries(books) == [("invoice", Decimal("120.6"))]
    assert books.balance() == Decimal("120.6")
    assert links(books) == ["invoice"]
    document = Document.parse(made.facts.encode())
    assert (document.account_number, document.draft, document.payment.reference) == (
        "T-202610-0001", False, document.payment.reference or "T-202610-0001",
    )  # fmt: skip
    assert document.sha256 == made.facts_sha256
    assert books.session.scalar(select(func.count()).select_from(InvoiceLine)) == 2
    assert books.session.scalar(select(func.count()).where(MirrorNote.subject_id == made.id)) >= 1


def test_recording_again_is_the_same_invoice(books):
    made = books.recorded("100")
    again = record.record(books.session, made.id, "bob", books.now())
    assert (again.account_number, again.recorded_by, books.balance()) == ("T-202610-0001", "ann", 100)


def test_what_was_owed_is_carried_as_it_is_when_it_is_recorded(books):
    waiting = books.draft("50")
    books.recorded("30")
    document = Document.parse(record.record(books.session, waiting.id, "ann", books.now()).facts.encode())
    assert (document.carried, document.paid, document.due) == (30, 0, 80)


def test_credit_settles_what_is_recorded_next_and_is_not_carried_as_well(books):
    first = books.recorded("30")
    books.pay({first: "50"})
    second = books.recorded("15")
    third = books.recorded("15")
    assert (second.paid, third.paid, books.balance()) == (15, 5, 10)
    told = [Document.parse(each.facts.encode()) for each in (second, third)]
    assert [(each.carried, each.paid, each.due) for each in told] == [(-5, 15, 0), (0, 5, 10)]


def test_a_date_may_be_given_when_it_is_recorded(books):
    waiting = books.draft("50", invoice_date=date(2025, 12, 30), due_date=date(2026, 1, 13))
    with pytest.raises(ParameterError, match="2026-11-02 has not come yet; an invoice is dated today or before"):
        record.record(books.session, waiting.id, "ann", books.now(), on=date(2026, 11, 2))
    made = record.record(books.session, waiting.id, "ann", books.now(), on=date(2026, 1, 2))
    assert (made.account_number, made.invoice_date, made.due_date) == (
        "T-202601-0001", date(2026, 1, 2), date(2026, 1, 16),
    )  # fmt: skip


def test_dates_follow_numbers(books):
    day, later = date(2026, 9, 30), date(2026, 10, 20)
    first = books.recorded("1", invoice_date=later)
    waiting = books.draft("2", invoice_date=day, due_date=date(2026, 10, 14))
    with pytest.raises(
        StateError, match="next number of T- cannot be of 2026-09-30: the number before it is of 2026-1"
    ):
        record.record(books.session, waiting.id, "ann", books.now(), on=day)
    second = record.record(books.session, waiting.id, "ann", books.now())  # an old draft gets the earliest that may be
    assert (second.account_number, second.invoice_date, second.due_date) == (
        "T-202610-0002", later, date(2026, 11, 3),
    )  # fmt: skip
    third = books.recorded("3")
    record.unrecord(books.session, second.id, "ann", books.now())
    with pytest.raises(StateError, match="T-202610-0002 cannot be of 2026-11-01: the number after it is of 2026-10-31"):
        record.record(books.session, second.id, "ann", books.now(), on=date(2026, 11, 1))
    record.record(books.session, second.id, "ann", books.now(), on=third.invoice_date)
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert verify.verify(books.session, None).defects == []


def test_what_is_held_waits_for_a_person(books):
    held = books.draft("100", held=["days without calls: 2026-10-04"])
    with pytest.raises(StateError, match=r"is held: days without calls: 2026-10-04; release it first"):
        record.record(books.session, held.id, "ann", books.now())
    record.release(books.session, held.id, "ann", books.now())
    assert record.record(books.session, held.id, "bob", books.now()).released_by == "ann"


def test_newer_facts_are_held_anew(books):
    held = books.draft("100", key="k", held=["why"])
    record.release(books.session, held.id, "ann", books.now())
    same = books.draft("100", key="k", held=["why"])
    assert (same.id, same.released_by) == (held.id, "ann")  # what was looked at
    assert books.draft("101", key="k", held=["why"]).released_at is None


def test_another_day_and_what_is_carried_undo_no_release(books):
    held = books.draft("100", key="k", held=["why", "more"])
    record.release(books.session, held.id, "ann", books.now())
    newer = {
        "invoice_date": date(2026, 12, 3),
        "due_date": date(2026, 12, 17),
        "carried": Decimal(9),
        "due": Decimal(109),
    }
    again = books.draft("100", key="k", held=["why"], **newer)  # one finding is mended
    assert (again.released_by, again.held, again.invoice_date) == ("ann", ["why"], date(2026, 12, 3))
    assert Document.parse(again.facts.encode()).carried == 9
    assert books.draft("100", key="k", held=["why", "another"], **newer).released_at is None


def test_the_same_key_is_one_invoice(books):  # T-60
    first = books.draft("100", key="monthly:1")
    other = books.draft("90", key="monthly:1")
    assert (other.id, other.total) == (first.id, 90)  # usage came in late
    lines = books.session.scalars(select(InvoiceLine.net).where(InvoiceLine.invoice_id == first.id)).all()
    assert lines == [90]
    record.record(books.session, first.id, "ann", books.now())
    third = books.draft("80", key="monthly:1")
    assert (third.id, third.total, third.state) == (first.id, 90, "RECORDED")


def test_a_key_is_of_one_client(books):
    books.draft("100", key="k")
    with pytest.raises(StateError, match="'k' was used for an invoice to client 4711"):
        books.draft("100", key="k", client=5)


def test_unrecording_credits_back_and_keeps_the_number(books):  # CD-16
    made = books.recorded("100")
    books.recorded("7")
    books.pay({made: "40"})
    back = record.unrecord(books.session, made.id, "ann", books.now())
    assert (back.state, back.account_number, back.paid, books.balance()) == ("DRAFT", "T-202610-0001", 0, -33)
    document = Document.parse(back.facts.encode())
    assert (document.draft, document.account_number, document.paid) == (True, "", 0)
    changed = draft.make(books.session, proposal("120"), Order(back.key, "OTHER"), "ann", books.now())
    assert changed.id == made.id
    again = record.record(books.session, made.id, "ann", books.now())
    assert (again.account_number, again.total, again.paid) == ("T-202610-0001", 120, 40)
    assert books.recorded("1").account_number == "T-202610-0003"
    assert links(books) == ["invoice", "invoice", "unrecord", "invoice", "invoice"]
    assert books.balance() == 120 + 7 - 40 + 1


def test_what_was_sent_is_not_unrecorded(books):
    made = books.recorded("100")
    record.sent(books.session, made.id, "ann", books.now())
    with pytest.raises(StateError, match="T-202610-0001 has been sent; correct it by a credit note"):
        record.unrecord(books.session, made.id, "ann", books.now())


def test_a_draft_is_neither_sent_nor_unrecorded(books):
    made = books.draft("100")
    for refused in (record.sent, record.unrecord):
        with pytest.raises(StateError, match="is not recorded"):
            refused(books.session, made.id, "ann", books.now())


def test_a_draft_is_thrown_away_and_its_key_is_free(books):
    first = draft.discard(books.session, books.draft("100", key="k").id, "ann", books.now())
    assert (first.state, first.deleted_at is None, links(books)) == ("VOID", False, [])
    assert books.draft("100", key="k").id != first.id
    with pytest.raises(StateError, match="was thrown away"):
        record.record(books.session, first.id, "ann", books.now())


def test_a_number_once_given_stays_taken(books):
    made = books.recorded("100")
    with pytest.raises(StateError, match="only drafts can be thrown away"):
        draft.discard(books.session, made.id, "ann", books.now())
    record.unrecord(books.session, made.id, "ann", books.now())
    gone = draft.discard(books.session, made.id, "ann", books.now())
    assert (gone.state, gone.account_number) == ("VOID", "T-202610-0001")
    assert books.recorded("100").account_number == "T-202610-0002"
    assert links(books) == ["invoice", "unrecord", "void", "invoice"]


def test_files_are_noted_once_and_in_the_chain(books):
    made = books.recorded("100")
    for _ in range(2):
        record.made(books.session, made.id, 0, {"document": SHA, "xml": SHA}, books.now())
    assert links(books) == ["invoice", "document"]
    with pytest.raises(StateError, match="has another file already"):
        record.made(books.session, made.id, 0, {"document": "b" * 64}, books.now())
    with pytest.raises(StateError, match="has no recorded revision 1"):
        record.made(books.session, made.id, 1, {"document": SHA}, books.now())


def test_a_document_of_what_was_taken_back_is_not_that_of_what_is_recorded_now(books):
    made = books.recorded("100")
    before = {"document": SHA, "facts": made.facts_sha256}
    record.unrecord(books.session, made.id, "ann", books.now())
    record.record(books.session, made.id, "ann", books.now())
    with pytest.raises(StateError, match="was recorded anew meanwhile"):
        record.made(books.session, made.id, 0, before, books.now())
    record.made(books.session, made.id, 0, before | {"facts": made.facts_sha256}, books.now())
    assert made.document_sha256 == SHA


def test_a_whole_invoice_is_credited(books):
    made = books.recorded("60", "40", rate=20)
    books.pay({made: "50"})
    record.sent(books.session, made.id, "ann", books.now())
    note = correct.credit_note(books.session, made.id, None, "wrong tariff", "ann", books.now())
    assert (note.kind, note.account_number, note.total, note.corrects_id) == (
        "credit_note", "T-202611-0002", -120, made.id,
    )  # fmt: skip
    assert (made.paid, made.credited, books.balance()) == (0, 120, -50)  # what was paid is credit
    told = Document.parse(note.facts.encode())
    assert (told.kind, told.gross, told.due, told.note) == ("credit_note", 120, 0, "wrong tariff")
    assert told.corrects == (made.account_number, made.invoice_date)
    assert links(books) == ["invoice", "credit_note"]
    with pytest.raises(ParameterError, match="nothing is left of T-202610-0001"):
        correct.credit_note(books.session, made.id, None, "again", "ann", books.now())


def test_lines_are_credited_up_to_what_is_left(books):
    made = books.recorded("60", "40", rate=20)
    correct.credit_note(books.session, made.id, [fee("10", "20")], "a part", "ann", books.now(), key="once")
    correct.credit_note(books.session, made.id, [fee("10", "20")], "a part", "ann", books.now(), key="once")
    assert (made.credited, books.balance()) == (12, 108)
    for lines, reason, told in (
        ([fee("90.01", "20")], "x", "108.01 EUR are more than the 108 left"),
        (None, "x", "of T-202610-0001 108 EUR are left; say which lines"),
        ([fee("1", "7")], "x", "has no tax rate 7 %"),
        ([fee("-1", "20")], "x", "-1 is not an amount above 0"),
        ([fee("1", "20")], "  ", "say why"),
    ):
        with pytest.raises(ParameterError, match=told):
            correct.credit_note(books.session, made.id, lines, reason, "ann", books.now())
    books.recorded("1")
    with pytest.raises(StateError, match="is part of a correction"):
        record.unrecord(books.session, made.id, "ann", books.now())


def test_no_rate_is_credited_more_than_was_charged_at_it(books):
    lines = (line(1, "100", tax_rate=Decimal(20)), line(2, "0.99", tax_rate=Decimal(7)))
    made = draft.make(
        books.session, replace(document(lines), draft=True, account_number=""), Order("k", "T-"), "a", NOW
    )
    record.record(books.session, made.id, "ann", books.now())  # 120.00 and 0.99 + 0.07

    def credit(*fees):
        correct.credit_note(books.session, made.id, [fee(*each) for each in fees], "x", "ann", books.now())

    with pytest.raises(ParameterError, match=r"0.01 EUR more net at 7 % than T-202610-0001 has left"):
        credit(("1", "7"))  # by gross there were 120 more
    credit(("0.22", "7"))  # 0.02
    credit(("0.22", "7"))
    with pytest.raises(ParameterError, match=r"0.01 EUR more tax at 7 % than T-202610-0001 has left"):
        credit(("0.50", "7"))  # 0.04: rounded up thrice, the parts were more than the whole
    with pytest.raises(ParameterError, match=r"0.4 EUR more net at 20 % than"):
        credit(("100.4", "20"))
    credit(("100", "20"), ("0.45", "7"))
    assert account.owed(made) == Decimal("0.10")


def test_a_key_is_of_one_credit_note(books):
    made = books.recorded("100")

    def credited(net, key, reason="a part"):
        lines = net and [fee(net)]
        return correct.credit_note(books.session, made.id, lines, reason, "ann", books.now(), key=key)

    first = credited("10", "2")
    assert credited("10", "2").id == first.id
    assert credited("20", "").id != first.id  # though it is the second one
    for net, reason in (("11", "a part"), ("10", "another"), (None, "a part")):
        with pytest.raises(StateError, match="was used for another credit note"):
            credited(net, "2", reason)
    assert (made.credited, books.balance()) == (30, 70)
    assert verify.verify(books.session, None).defects == []


def test_neither_drafts_nor_credit_notes_are_credited(books):
    with pytest.raises(StateError, match="is DRAFT"):
        correct.credit_note(books.session, books.draft("1").id, None, "x", "ann", books.now())
    note = correct.credit_note(books.session, books.recorded("1").id, None, "x", "ann", books.now())
    with pytest.raises(StateError, match="is a credit note; write an invoice instead"):
        correct.credit_note(books.session, note.id, None, "x", "ann", books.now())
    with pytest.raises(StateError, match="is part of a correction"):
        record.unrecord(books.session, note.id, "ann", books.now())


def test_an_invoice_that_is_not_there(books):
    with pytest.raises(UnknownNameError, match="there is no invoice 7"):
        record.record(books.session, 7, "ann", books.now())


def test_people_leave_their_trace(books):
    made = books.recorded("1", held=[])
    record.sent(books.session, made.id, "bob", books.now())
    found = books.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (found.who, found.action, found.object) == ("bob", "send invoice", "invoice T-202610-0001")


CHANGES = (
    "UPDATE invoice SET facts = '{}'",
    "UPDATE invoice SET number = 7",
    "UPDATE invoice SET account_number = 'X'",
    "UPDATE invoice SET client_id = 1",
    "UPDATE invoice SET recorded_at = now()",
    "UPDATE invoice SET document_sha256 = repeat('b', 64)",
    "UPDATE invoice SET sent_at = NULL",
    "DELETE FROM invoice",
    "TRUNCATE invoice CASCADE",
    "UPDATE invoice_chain SET body = '{}'",
    "DELETE FROM invoice_chain",
    "TRUNCATE invoice_chain",
    "UPDATE account_entry SET amount = 0",
    "DELETE FROM account_entry",
    "UPDATE invoice SET state = 'DRAFT', number = NULL, account_number = NULL, year = NULL, sent_at = NULL",
)


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_itself_keeps_what_is_issued(books, change):
    made = books.recorded("100")
    record.made(books.session, made.id, 0, {"document": SHA, "xml": SHA}, books.now())
    record.sent(books.session, made.id, "ann", books.now())
    books.session.flush()
    with pytest.raises(Refused, match=r"never changed|is recorded|keeps its number|has been sent"):
        books.session.execute(text(change))


def test_a_sum_that_no_row_can_hold(books):
    with pytest.raises(ParameterError, match="holds no sum or quantity of 1,000,000,000,000 and more"):
        books.draft("1000000000000")
    assert books.recorded("999999999999.99").total == Decimal("999999999999.99")


def test_a_draft_may_still_change_in_the_database(books):
    made = books.draft("100")
    books.session.execute(text("UPDATE invoice SET facts = '{}'"))
    assert books.session.scalar(select(Invoice.facts).where(Invoice.id == made.id)) == "{}"
    assert books.session.scalar(select(Invoice.state)) == InvoiceState.DRAFT
    assert made.client_id == CLIENT
