"""A page of the list of customers, read from the warehouse (MS-02 to MS-08): it is opened for this alone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from reports_lib.accounts.visitor import Visitor
from reports_lib.portal.customers.address import PATH, ListAddress
from reports_lib.portal.customers.words import SHAPES, country_name, full_name, status_word
from reports_lib.portal.language import _
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.connection import Warehouse
from reports_lib.warehouse.registered import FIRST, READ, SIZE, Place, counted, newer, page


@dataclass(frozen=True)
class Row:
    """One customer of the list."""

    id: int
    name: str
    email: str
    status: str
    country: str  # in words, "" where none is known (T-65)
    networks: str
    created_at: datetime
    place: Place

    @property
    def url(self) -> str:
        """The card (MS-20)."""
        return f"{PATH}/{self.id}"

    @property
    def called(self) -> str:
        """The name, or what stands for it."""
        return self.name or _("Customer {number}").format(number=self.id)

    @property
    def word(self) -> str:
        """How far the registration is."""
        return status_word(self.status)

    @property
    def shape(self) -> str:
        """The shape of its badge."""
        return SHAPES.get(self.status, "queued")


@dataclass(frozen=True)
class Page:
    """Some of the customers, newest first; how many there are by status, "" being all.

    `newer` and `older` are where the pages beside it begin, None at an end.
    """

    rows: Sequence[Row]
    counts: Mapping[str, int]
    newer: Place | None = None
    older: Place | None = None


@contextmanager
def reading(installation: Installation, visitor: Visitor, now: datetime) -> Iterator[Warehouse]:
    """The warehouse as it is now, of the visitor's companies.

    Raises `WarehouseError` where it is empty, or lacks a table of customers, which it names.
    """
    with installation.opened(now, visitor.company) as warehouse:
        warehouse.check(READ)
        yield warehouse


def listed(warehouse: Warehouse, asked: ListAddress) -> Page:
    """The page that the address asks for; where there is less than a page before its place, the first."""
    counts = _counts(warehouse, asked)
    if asked.after is not None:
        rows = _rows(warehouse, asked, asked.after, is_newer=True)
        if len(rows) > SIZE:
            shown = rows[1:]
            return Page(shown, counts, newer=shown[0].place, older=shown[-1].place)
    before = None if asked.after else asked.before
    rows = _rows(warehouse, asked, before or FIRST)
    shown = rows[:SIZE]
    return Page(
        shown,
        counts,
        newer=shown[0].place if shown and before else None,
        older=shown[-1].place if len(rows) > SIZE else None,
    )


def _counts(warehouse: Warehouse, asked: ListAddress) -> Mapping[str, int]:
    found = warehouse.ask(counted, asked.of_all.shape, asked.of_all.values)
    by_status = {row["registration_status"]: row["customers"] for row in found}
    return {"": sum(by_status.values())} | by_status


def _rows(warehouse: Warehouse, asked: ListAddress, place: Place, *, is_newer: bool = False) -> list[Row]:
    values = {**asked.search.values, **place.values}
    found = warehouse.ask(newer if is_newer else page, asked.search.shape, values)
    return [_row(each) for each in found]


def _row(known: Mapping[str, object]) -> Row:
    made = known["created_at"]
    assert isinstance(made, datetime)
    client_id, at = int(str(known["client_id"])), made.replace(tzinfo=UTC)
    return Row(
        id=client_id,
        name=full_name((_said(known["first_name"]), _said(known["last_name"]))),
        email=_said(known["email"]),
        status=_said(known["registration_status"]),
        country=country_name(_said(known["country"])),
        networks=_said(known["networks"]),
        created_at=at,
        place=Place(at, client_id),
    )


def _said(value: object) -> str:
    return "" if value is None else str(value)
