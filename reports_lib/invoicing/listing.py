"""The list of invoices: which are shown, newest first, a page at a time, and how many there are of each category.

A page begins where another ended (a `Place`), not after so many rows. All that is asked stands in one index,
so a hundred thousand invoices are searched and counted without being read; only those of the page are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import BigInteger, ColumnElement, Text, Tuple, and_, cast, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Invoice, InvoiceState
from reports_lib.errors import ParameterError, UnknownNameError

SIZE = 50  # rows of a page
WORDS = 8  # of a search; more are not looked at
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEY = tuple_(Invoice.created_at, Invoice.id)
PLACE = re.compile(r"(\d{1,16})-(\d{1,18})", re.ASCII)

_RECORDED = Invoice.state == InvoiceState.RECORDED
_SETTLED = Invoice.paid + Invoice.credited
_OWING = and_(_RECORDED, Invoice.total > _SETTLED)  # M-64


class Category(StrEnum):
    """What the list can be narrowed to; what was thrown away is under `void` alone."""

    ALL = "all"
    DRAFT = "draft"
    UNPAID = "unpaid"  # something is owed, whether a part is paid or nothing
    PAID = "paid"  # recorded, and nothing is owed
    VOID = "void"


class Payment(StrEnum):
    """How far a recorded invoice is paid (Q-22)."""

    UNPAID = "unpaid"
    PARTLY = "partly"
    PAID = "paid"


_OF_CATEGORY: dict[Category, ColumnElement[bool]] = {
    Category.ALL: Invoice.state != InvoiceState.VOID,
    Category.DRAFT: Invoice.state == InvoiceState.DRAFT,
    Category.UNPAID: _OWING,
    Category.PAID: and_(_RECORDED, Invoice.total <= _SETTLED),
    Category.VOID: Invoice.state == InvoiceState.VOID,
}


@dataclass(frozen=True)
class Wanted:
    """Which invoices: of a category, whose account number or client holds every word of `text` (TW-51).

    `since` and `until` (TW-52): what they bill, or where they bill no period their creation, lies at least
    partly from the one until before the other.
    """

    category: Category = Category.ALL
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    client_id: int | None = None


@dataclass(frozen=True, order=True)
class Place:
    """A place in the list: that of the invoice `id`, made at `at`."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that is written so; raises `ParameterError`."""
        if found := PLACE.fullmatch(text):
            return cls(EPOCH + timedelta(microseconds=int(found[1])), int(found[2]))
        raise ParameterError(f"{text[:40]!r} is no place in the list")


@dataclass(frozen=True)
class Page:
    """Some of the invoices, newest first. `newer` and `older` are where the pages beside it begin; None at an end."""

    invoices: Sequence[Invoice]
    newer: Place | None = None
    older: Place | None = None


@dataclass(frozen=True)
class Listing:
    """What `visitor` sees of what is `wanted`."""

    visitor: Visitor
    wanted: Wanted = Wanted()

    def page(
        self, session: Session, *, before: Place | None = None, after: Place | None = None, size: int = SIZE
    ) -> Page:
        """The invoices that follow the place `before`, or that come just before the place `after`; else the first.

        Where there is less than a page before `after`, it is the first page.
        """
        query = select(Invoice.created_at, Invoice.id).where(*self._conditions()).limit(size + 1)
        if after is not None:
            upwards = query.where(_at(after) < KEY).order_by(Invoice.created_at, Invoice.id)
            found = [Place(*row) for row in session.execute(upwards)]
            if len(found) > size:
                shown = found[:size][::-1]
                return Page(_invoices(session, shown), newer=shown[0], older=shown[-1])
            before = None
        if before is not None:
            query = query.where(_at(before) > KEY)
        downwards = query.order_by(Invoice.created_at.desc(), Invoice.id.desc())
        found = [Place(*row) for row in session.execute(downwards)]
        shown, has_more = found[:size], len(found) > size
        newer = shown[0] if shown and before is not None else None
        return Page(_invoices(session, shown), newer=newer, older=shown[-1] if has_more else None)

    def counts(self, session: Session) -> dict[Category, int]:
        """How many invoices of each category there are, whichever of them is wanted."""
        conditions = replace(self, wanted=replace(self.wanted, category=Category.ALL))._conditions()[1:]
        columns = [func.count().filter(_OF_CATEGORY[each]) for each in Category]
        found = session.execute(select(*columns).select_from(Invoice).where(*conditions)).one()
        return dict(zip(Category, found, strict=True))

    def _conditions(self) -> list[ColumnElement[bool]]:
        """The category's first."""
        wanted = self.wanted
        found = [_OF_CATEGORY[wanted.category], self.visitor.sees(Invoice.company)]
        if wanted.client_id is not None:
            found.append(Invoice.client_id == wanted.client_id)
        if wanted.since is not None:
            found.append(func.coalesce(Invoice.period_end > wanted.since, Invoice.created_at >= wanted.since))
        if wanted.until is not None:
            found.append(func.coalesce(Invoice.period_start, Invoice.created_at) < wanted.until)
        return found + [_holds(word) for word in wanted.text.split()[:WORDS]]


def payment(invoice: Invoice) -> Payment | None:
    """How far it is paid; None if nobody is to pay it: drafts, credit notes, what was thrown away."""
    if invoice.state != InvoiceState.RECORDED or invoice.total < 0:
        return None
    settled = invoice.paid + invoice.credited
    if settled >= invoice.total:
        return Payment.PAID
    return Payment.PARTLY if settled else Payment.UNPAID


def find(session: Session, visitor: Visitor, called: str) -> Invoice:
    """The invoice of that account number or id, if the visitor sees it; raises `UnknownNameError`."""
    name = called.strip()
    same = [Invoice.account_number == name]
    if name.isascii() and name.isdecimal() and len(name) < 19:
        same.append(Invoice.id == int(name))
    found = session.scalars(select(Invoice).where(or_(*same), visitor.sees(Invoice.company))).first()
    if found is None:
        raise UnknownNameError(f"there is no invoice {name[:40]!r}")
    return found


def _holds(word: str) -> ColumnElement[bool]:
    number = Invoice.account_number.icontains(word, autoescape=True)
    name = Invoice.client_name.icontains(word, autoescape=True)
    return or_(number, name, cast(Invoice.client_id, Text) == word, cast(Invoice.id, Text) == word)


def _invoices(session: Session, places: Sequence[Place]) -> list[Invoice]:
    """The invoices of these places; found by an index that holds all that a list is asked, and only then read."""
    ids = [literal(place.id, BigInteger) for place in places]
    found = {each.id: each for each in session.scalars(select(Invoice).where(Invoice.id.in_(ids)))}
    return [found[place.id] for place in places if place.id in found]


def _at(place: Place) -> Tuple:
    return tuple_(literal(place.at), literal(place.id))
