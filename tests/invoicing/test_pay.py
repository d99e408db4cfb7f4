"""Payments: partly, several at once, too much, top-ups, taken back; and that sums agree whatever happens (CD-16)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.database.schema import AccountEntry, Invoice, InvoicePayment, InvoiceState
from reports_lib.errors import DaybookError, ParameterError, StateError, UnknownNameError
from reports_lib.invoicing import account, correct, draft, pay, record, verify
from reports_lib.invoicing.account import Account
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.draft import Terms
from reports_lib.invoicing.listing import Payment, payment
from reports_lib.invoicing.revise import revise
from tests.invoicing.conftest import ANN, CLIENT, DAY, Books, fee
from tests.invoicing.samples import BUYER, SUPPLIER

OURS = Account("1", CLIENT, "EUR")
TERMS = Terms("U-", "EUR", 2, DAY, 14, "en", "Top-up of the balance", "Taxed when it is used", "")


def kinds(books):
    books.session.flush()
    return [row[0] for row in books.session.execute(select(AccountEntry.kind).order_by(AccountEntry.id))]


def top_up(books, amount, key="t"):
    made = draft.top_up(books.session, SUPPLIER, BUYER, Decimal(amount), TERMS, key, "ann", books.now())
    return record.record(books.session, made.id, "ann", books.now())


def test_an_invoice_is_paid_in_parts(books):  # T-53
    made = books.recorded("100")
    assert (payment(made), account.owed(made)) == (Payment.UNPAID, 100)
    books.pay({made: "30"})
    assert (payment(made), account.owed(made), books.balance()) == (Payment.PARTLY, 70, 70)
    books.pay({made: "70"})
    assert (payment(made), account.owed(made), books.balance()) == (Payment.PAID, 0, 0)


def test_one_payment_settles_several(books):
    one, two = books.recorded("10"), books.recorded("20")
    made = books.pay({one: "10", two: "5"})
    assert pay.settled(books.session, made.id) == {one.id: 10, two.id: 5}
    assert (made.amount, account.owed(two), kinds(books)) == (15, 15, ["invoice", "invoice", "payment"])


def test_several_fail_as_a_whole(books):  # CD-16
    one, two = books.recorded("10"), books.draft("20")
    for attempt in (
        lambda: books.pay({one: "10", two: "20"}),
        lambda: pay.mark_paid(books.session, [one.id, two.id], pay.Receipt(books.now()), "ann", books.now()),
    ):
        with pytest.raises(StateError, match="is DRAFT; only a recorded one can be paid"):
            attempt()
    assert (one.paid, books.balance(), kinds(books)) == (0, 10, ["invoice"])


def test_all_that_is_owed_is_marked_paid(books):
    one, two, three = books.recorded("10"), books.recorded("20"), books.recorded("30", client=7)
    books.pay({one: "10"})
    receipt = pay.Receipt(books.now(), key="all")
    made = pay.mark_paid(books.session, [one.id, two.id, three.id], receipt, "ann", books.now())
    assert [each.amount for each in made] == [20, 30]  # the first was paid
    assert [each.reference for each in made] == [two.account_number, three.account_number]
    assert (books.balance(), books.balance(client=7)) == (0, 0)
    assert pay.mark_paid(books.session, [one.id, two.id], receipt, "ann", books.now()) == []


def test_too_much_is_credit_and_is_used_when_something_is_owed(books):
    made = books.recorded("10")
    books.pay({made: "25"})
    assert (made.paid, account.owed(made), books.balance()) == (10, 0, -15)
    ((left, amount),) = account.credit(books.session, OURS)
    assert (left.amount, amount) == (25, 15)
    assert books.recorded("6").paid == 6
    assert books.recorded("100").paid == 9
    assert books.balance() == 91


def test_credit_is_of_one_currency(books):
    made = books.recorded("10")
    books.pay({made: "25"})
    other = books.recorded("6", currency="USD")
    assert (other.paid, books.balance(), books.balance(currency="USD")) == (0, -15, 6)
    with pytest.raises(ParameterError, match="one payment is of one client, to one company, in one currency"):
        books.pay({other: "1", books.recorded("20"): "1"})


def test_an_account_is_of_one_company(books):
    """A client who moved leaves what he owed, and what he had as credit, with the company that he was of."""
    before = books.recorded("10")
    books.pay({before: "25"})
    new = Account("2", CLIENT, "EUR")
    moved = books.recorded("6", series="N-", supplier=replace(SUPPLIER, account="2"))
    told = Document.parse(moved.facts.encode())
    assert (moved.paid, told.carried, told.due) == (0, 0, 6)
    assert (books.balance(), account.balance(books.session, new)) == (-15, 6)
    assert account.balances(books.session, [OURS, new, Account("3", CLIENT, "EUR")]) == {OURS: -15, new: 6}
    books.pay({moved: "9"})
    assert [left for _, left in account.credit(books.session, new)] == [3]
    assert [left for _, left in account.credit(books.session, OURS)] == [15]
    with pytest.raises(ParameterError, match="one payment is of one client, to one company, in one currency"):
        books.pay({before: "1", moved: "1"})


def test_money_without_an_invoice_is_credit(books):
    first = books.recorded("1")
    pay.deposit(books.session, first, Decimal("5"), pay.Receipt(books.now(), key="d"), "ann", books.now())
    pay.deposit(books.session, first, Decimal("5"), pay.Receipt(books.now(), key="d"), "ann", books.now())
    assert (first.paid, books.balance()) == (0, -4)
    assert account.use_credit(books.session, first) == 1


def test_the_same_key_is_one_payment(books):
    made = books.recorded("10")
    first = books.pay({made: "4"}, key="bank 7")
    assert books.pay({made: "4"}, key="bank 7").id == first.id
    assert (made.paid, books.balance()) == (4, 6)
    with pytest.raises(StateError, match="'bank 7' was used for another payment"):
        books.pay({made: "5"}, key="bank 7")
    other, more = books.recorded("4"), books.recorded("20")
    with pytest.raises(StateError, match="'bank 7' was used for another payment"):
        books.pay({other: "4"}, key="bank 7")
    over = books.pay({other: "10"}, key="over")
    assert books.pay({other: "10"}, key="over").id == over.id
    with pytest.raises(StateError, match="'over' was used for another payment"):
        books.pay({more: "10"}, key="over")
    with pytest.raises(StateError, match="'bank 7' was used for another payment"):
        books.pay({made: "2", other: "2"}, key="bank 7")
    split = books.pay({more: "3", made: "1"}, key="split")
    assert books.pay({made: "1.00", more: "3"}, key="split").id == split.id
    for amounts, method in (({more: "2", made: "2"}, "transfer"), ({more: "3", made: "1"}, "cash")):
        with pytest.raises(StateError, match="'split' was used for another payment"):
            books.pay(amounts, key="split", method=method)
    assert (other.paid, more.paid) == (4, 3)


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity"])
def test_what_no_amount_is(books, amount):
    made = books.recorded("10")
    with pytest.raises(ParameterError, match=r"is not an amount above 0|more than 2 decimals"):
        books.pay({made: amount})
    assert (books.balance(), kinds(books)) == (10, ["invoice"])


def test_other_things_that_are_refused(books):
    made = books.recorded("10")
    with pytest.raises(ParameterError, match="'gold' is no way to pay; there is card, cash"):
        books.pay({made: "1"}, method="gold")
    with pytest.raises(ParameterError, match="say which invoices"):
        books.pay({})
    with pytest.raises(ParameterError, match="needs a time zone"):
        pay.pay(books.session, {made.id: Decimal(1)}, pay.Receipt(datetime(2026, 1, 1)), "ann", books.now())
    later = books.now() + timedelta(hours=15)
    with pytest.raises(ParameterError, match="cannot be entered before it was made"):
        pay.pay(books.session, {made.id: Decimal(1)}, pay.Receipt(later), "ann", books.now())
    with pytest.raises(UnknownNameError, match="there is no invoice 1"):
        pay.pay(books.session, {1: Decimal(1)}, pay.Receipt(books.now()), "ann", books.now())
    note = correct.credit_note(books.session, made.id, None, "x", "ann", books.now())
    with pytest.raises(StateError, match="is a credit note; nobody pays it"):
        books.pay({note: "1"})


def test_a_payment_that_came_to_nothing_is_taken_back(books):
    one, two = books.recorded("10"), books.recorded("20")
    made = books.pay({one: "15"})
    account.use_credit(books.session, two)
    assert (one.paid, two.paid) == (10, 5)
    for _ in range(2):
        pay.cancel(books.session, made.id, "ann", books.now())
    assert (one.paid, two.paid, books.balance()) == (0, 0, 30)
    assert kinds(books) == ["invoice", "invoice", "payment", "cancellation"]
    assert account.credit(books.session, OURS) == []


def test_a_paid_top_up_adds_to_the_balance(books):  # TW-54 to TW-57
    made = top_up(books, "50")
    assert (made.kind, made.total, made.tax, books.balance()) == ("top_up", 50, 0, 50)
    paid = books.pay({made: "50"})
    assert (account.owed(made), books.balance(), kinds(books)) == (0, -50, ["invoice", "payment", "top_up"])
    bill = books.recorded("30")
    assert (bill.paid, books.balance()) == (30, -20)
    pay.cancel(books.session, paid.id, "ann", books.now())
    assert (bill.paid, account.owed(made), books.balance()) == (0, 50, 80)
    assert verify.verify(books.session, None).defects == []


def test_a_top_up_asks_for_more_whatever_credit_there_is(books):
    books.pay({books.recorded("10"): "100"})
    made = top_up(books, "50")
    assert (made.paid, books.balance()) == (0, -40)


def test_what_a_top_up_added_goes_with_its_payment(books):
    made = top_up(books, "50")
    books.pay({made: "20"})
    added = books.session.scalars(select(InvoicePayment).where(InvoicePayment.method == "top_up")).one()
    assert (added.amount, added.reference, account.owed(made)) == (20, made.account_number, 30)
    for refused in (
        lambda: pay.cancel(books.session, added.id, "ann", books.now()),
        lambda: correct.credit_note(books.session, made.id, None, "x", "ann", books.now()),
        lambda: revise(books.session, made.id, lines=[fee("10")], comment="x", by=ANN, now=books.now()),
        lambda: record.unrecord(books.session, made.id, "ann", books.now()),
    ):
        with pytest.raises(StateError):
            refused()
    with pytest.raises(UnknownNameError, match="there is no payment 5"):
        pay.cancel(books.session, 5, "ann", books.now())


def test_a_top_up_is_refused_naming_all_that_is_missing(books):  # TW-58, T-59
    supplier, buyer = replace(SUPPLIER, bank="", postal_code=""), replace(BUYER, postal_code="")
    with pytest.raises(
        ParameterError,
        match=r"please fill in postal code of the company, bank account of the company, postal code of the client$",
    ):
        draft.top_up(books.session, supplier, buyer, Decimal(5), TERMS, "t", "ann", books.now())
    assert books.session.scalar(select(func.count()).select_from(Invoice)) == 0


@pytest.mark.parametrize("amount", ["0", "-5", "1.005", "NaN"])
def test_a_top_up_of_what_is_no_amount(books, amount):
    with pytest.raises(ParameterError, match="is not an amount of EUR above 0 with 2 decimals"):
        top_up(books, amount)


def test_a_top_up_is_made_once_a_key(books):
    assert top_up(books, "5").id == top_up(books, "5").id
    with pytest.raises(StateError, match="'t' was used for another invoice, U-202610-0001"):
        top_up(books, "6")
    with pytest.raises(ParameterError, match="keys that begin with monthly: or credit: are ours"):
        top_up(books, "5", key=f"monthly:{CLIENT}:2026-10:EUR")
    books.draft("5", key="an invoice's", client=int(BUYER.account), series="U-")
    with pytest.raises(StateError, match="was used for another invoice"):
        top_up(books, "5", key="an invoice's")


def test_the_balance_before_a_moment(books):
    books.recorded("10")
    moment = books.now()
    books.recorded("5")
    books.session.flush()
    assert account.balance(books.session, OURS, before=moment) == 10


# whatever is done to an account, in whatever order

CENTS = st.integers(1, 20_000).map(lambda cents: Decimal(cents) / 100)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("record", "record", "top up", "pay", "pay", "pay", "mark", "cancel", "credit", "whole"),
                *("revise", "revise paid", "unrecord", "again"),
            ]
        ),
        st.integers(0, 9),
        CENTS,
    ),
    min_size=4,
    max_size=16,
)


def take(books: Books, what: str, which: int, amount: Decimal) -> None:
    """Do it, to one of what is there."""
    session, now = books.session, books.now()
    invoices = session.scalars(select(Invoice.id).order_by(Invoice.id)).all()
    payments = session.scalars(select(InvoicePayment.id).order_by(InvoicePayment.id)).all()
    one = invoices[which % len(invoices)] if invoices else 1
    line, receipt = fee(str(amount), "20"), pay.Receipt(now)
    steps = {
        "record": lambda: books.recorded(str(amount), rate=20),
        "top up": lambda: top_up(books, amount, key=f"t{len(invoices)}"),
        "pay": lambda: pay.pay(session, {one: amount}, receipt, "ann", now),
        "mark": lambda: pay.mark_paid(session, [one], receipt, "ann", now),
        "cancel": lambda: pay.cancel(session, payments[which % len(payments)] if payments else 1, "ann", now),
        "credit": lambda: correct.credit_note(session, one, [line], "x", "ann", now),
        "whole": lambda: correct.credit_note(session, one, None, "x", "ann", now),
        "revise": lambda: revise(session, one, lines=[line], comment="x", by=ANN, now=now),
        "revise paid": lambda: revise(session, one, paid=amount, comment="x", by=ANN, now=now),
        "unrecord": lambda: record.unrecord(session, one, "ann", now),
        "again": lambda: record.record(session, one, "ann", now),
    }
    steps[what]()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_sums_agree_whatever_is_done(database, steps):
    with Session(database) as session:
        books = Books(session)
        for step in steps:
            nested = session.begin_nested()
            try:
                take(books, *step)
                session.flush()
                nested.commit()
            except DaybookError:
                nested.rollback()
        session.flush()
        assert verify.verify(session, None).defects == []
        invoices = session.scalars(select(Invoice).where(Invoice.state == InvoiceState.RECORDED)).all()
        payments = session.scalars(select(InvoicePayment).where(InvoicePayment.cancelled_at.is_(None))).all()
        entries = session.scalar(select(func.coalesce(func.sum(AccountEntry.amount), 0)))
        balance = account.balance(session, OURS)
        documents = sum((each.total for each in invoices), Decimal(0))
        received = sum((each.amount for each in payments), Decimal(0))
        assert balance == entries == documents - received
        owed = sum((account.owed(each) for each in invoices), Decimal(0))
        left = sum((left for _, left in account.credit(session, OURS)), Decimal(0))
        assert balance == owed - left  # what is open, less the credit
        assert all(0 <= account.owed(each) <= max(each.total, 0) for each in invoices)
        session.rollback()


def test_the_moment_of_payment_may_lie_in_the_past(books):
    made = books.recorded("10")
    before = datetime(2026, 10, 1, tzinfo=UTC)
    entered = pay.pay(books.session, {made.id: Decimal(1)}, pay.Receipt(before), "ann", books.now())
    assert (entered.paid_at, entered.at > before) == (before, True)
