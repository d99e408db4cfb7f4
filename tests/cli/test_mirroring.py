"""The warehouse's copy, kept by a worker's chore and by commands: told when it copies, told once when it cannot."""

from dataclasses import replace

import pytest

from reports_lib import mirror
from reports_lib.cli.chores import SUBJECTS, Mirroring, chores, copy_now
from reports_lib.database.roles import as_reader, make_reader
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import connect
from tests.portal.bills import BEGUN, Bills
from tests.portal.place import place

__all__ = ["place"]


@pytest.fixture
def bills(place):
    return Bills(place.installation)


def copied(place) -> set[int]:
    """Ids of our invoices that the warehouse has."""
    address = Address.of(place.installation.workspace, reader=False)
    with connect(address, as_of=BEGUN.replace(year=2030)) as warehouse:
        return {-number for number in warehouse.table("invoice").to_pyarrow()["invoice_id"].to_pylist()}


def test_a_worker_copies_what_was_changed_and_says_so(place, bills):
    made = {bills.recorded(), bills.draft()}
    chore = next(each for each in chores(place.installation) if each.name == "mirror")
    assert chore.do() == {"copied": 2, "error": None}
    assert copied(place) >= made
    assert chore.do() is None  # nothing to do, nothing to say


def test_a_command_copies_its_own_changes(place, bills):
    made = bills.recorded()
    assert copy_now(place.installation) == ""
    assert made in copied(place)
    assert copy_now(place.installation) == ""


def test_a_warehouse_that_refuses_is_told_once_and_nothing_is_lost(place, bills):
    made = bills.recorded()
    owner = Address.of(place.installation.workspace, reader=False)
    make_reader(owner.database, "daybook_reader", "public")
    closed = replace(owner, database=as_reader(owner.database, "daybook_reader"))
    installation = Installation(replace(place.installation.workspace, warehouse_url=str(closed)))
    mirroring = Mirroring(installation)
    said = mirroring()
    assert "nothing is written" in said["error"]
    assert mirroring() is None  # it rests
    mirroring._rests_until = 0.0
    assert mirroring() is None  # the same again is not said again
    assert mirror.is_behind(installation.database, SUBJECTS)
    assert copy_now(place.installation) == ""
    assert made in copied(place)
    installation.database.dispose()
