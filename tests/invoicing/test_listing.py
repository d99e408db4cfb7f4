"""The list of invoices: searched, narrowed, paged, of the own companies only (TW-51 … TW-53)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import NOBODY, Visitor
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.invoicing import correct, draft, record
from reports_lib.invoicing.draft import Order
from reports_lib.invoicing.listing import Category, Listing, Payment, Place, Wanted, find, payment
from tests.invoicing.conftest import proposal

BOSS = Visitor("boss", Role.ADMIN)
OWN = Visitor("ann", Role.BILLING, "1", frozenset({"1"}))
OTHER = Visitor("eve", Role.BILLING, "2", frozenset({"2"}))
OCTOBER = (datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC))


def numbers(books, visitor=BOSS, **wanted):
    books.session.flush()
    return [each.account_number for each in Listing(visitor, Wanted(**wanted)).page(books.session).invoices]


def test_newest_first_of_the_own_companies(books):
    books.recorded("1")
    books.recorded("2")
    assert numbers(books) == numbers(books, OWN) == ["T-202610-0002", "T-202610-0001"]
    assert numbers(books, OTHER) == numbers(books, NOBODY) == []


def test_words_of_number_and_client(books):  # TW-51
    books.recorded("1")
    books.recorded("2", client=77)
    books.recorded("3", series="XY-")
    assert numbers(books, text="t-2026 0002") == ["T-202610-0002"]
    assert numbers(books, text="77") == ["T-202610-0002"]
    assert numbers(books, text="meyer xy") == ["XY-202610-0001"]
    assert numbers(books, text="%") == numbers(books, text="_") == []


def test_the_period_that_is_billed(books):  # TW-52
    order = Order("m", "T-", month="2026-10", period=OCTOBER)
    made = draft.make(books.session, proposal("1"), order, "ann", books.now())
    record.record(books.session, made.id, "ann", books.now())
    start, end = OCTOBER
    moment = timedelta(hours=1)
    assert numbers(books, since=start, until=end) == ["T-202610-0001"]
    assert numbers(books, since=end - moment) == numbers(books, until=start + moment) == ["T-202610-0001"]
    assert numbers(books, since=end) == numbers(books, until=start) == []
    books.recorded("2")  # of no period: by its creation
    assert numbers(books, since=datetime(2026, 11, 1, tzinfo=UTC)) == ["T-202610-0002"]
    assert numbers(books, until=datetime(2026, 11, 1, tzinfo=UTC)) == ["T-202610-0001"]


def test_categories_and_their_counts(books):
    books.draft("1")
    books.pay({books.recorded("2"): "2"})
    books.pay({books.recorded("3"): "1"})
    correct.credit_note(books.session, books.recorded("4").id, None, "x", "ann", books.now())
    draft.discard(books.session, books.draft("5").id, "ann", books.now())
    books.session.flush()
    counts = Listing(BOSS, Wanted(Category.DRAFT)).counts(books.session)
    assert {str(each): count for each, count in counts.items()} == {
        "all": 5, "draft": 1, "unpaid": 1, "paid": 3, "void": 1,
    }  # fmt: skip
    for category, count in counts.items():
        assert len(numbers(books, category=category)) == count
    assert Listing(OTHER).counts(books.session)[Category.ALL] == 0


def test_pages_follow_each_other_both_ways(books):
    for n in range(7):
        books.recorded(str(n + 1))
    listing = Listing(BOSS)
    first = listing.page(books.session, size=3)
    second = listing.page(books.session, before=first.older, size=3)
    third = listing.page(books.session, before=second.older, size=3)
    shown = [each.number for page in (first, second, third) for each in page.invoices]
    assert (shown, first.newer, third.older) == ([7, 6, 5, 4, 3, 2, 1], None, None)
    back = listing.page(books.session, after=third.newer, size=3)
    assert [each.number for each in back.invoices] == [4, 3, 2]
    assert Place.parse(str(first.older)) == first.older


@pytest.mark.parametrize("wrong", ["", "1", "1-", "x-1", "1-1-1", "٣-1"])
def test_what_no_place_is(wrong):
    with pytest.raises(ParameterError, match="is no place in the list"):
        Place.parse(wrong)


def test_one_is_found_by_its_number_or_its_id_by_who_may_see_it(books):
    made = books.recorded("1")
    assert find(books.session, OWN, "T-202610-0001").id == find(books.session, OWN, str(made.id)).id == made.id
    for visitor, called in (
        (OTHER, "T-202610-0001"),
        (OTHER, str(made.id)),
        (BOSS, "T-1"),
        (BOSS, "9" * 30),
        (BOSS, ""),
    ):
        with pytest.raises(UnknownNameError, match="there is no invoice"):
            find(books.session, visitor, called)


def test_how_far_one_is_paid(books):
    made = books.recorded("10")
    states = [payment(made)]
    for amount in ("4", "6"):
        books.pay({made: amount})
        states.append(payment(made))
    assert states == [Payment.UNPAID, Payment.PARTLY, Payment.PAID]
    note = correct.credit_note(books.session, books.recorded("10").id, None, "x", "ann", books.now())
    assert (payment(note), payment(books.draft("1")), payment(books.recorded("0"))) == (None, None, Payment.PAID)
    assert made.paid == Decimal(10)
