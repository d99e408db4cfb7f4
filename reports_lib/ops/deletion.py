"""Deleting a customer (MS-18): what is personal goes, what was sold and watched stays, so figures of the past do too.

    client           deleted at that moment, and called "deleted customer 17"
    client_profile   his row removed
    client_social    his rows removed
    client_session   no network addresses any more; when, from which country and with what device stays
    payment          what its gateway told (`raw`) is emptied: there are names and mail in it

What was there is kept in the operation for 30 days, so that it can be undone, and then forgotten. Reports that were
made before are sealed: they are never edited, but deleted when their time is over.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Operation
from reports_lib.errors import StateError
from reports_lib.ops import customer, settle
from reports_lib.ops.customer import Card
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.state import State, is_registered
from reports_lib.runs import retention
from reports_lib.runs.installation import Installation
from reports_lib.runs.retention import Kept
from reports_lib.warehouse.companies import companies, subtree

DELETE = "delete customer"


@dataclass(frozen=True, slots=True)
class Deletion:
    """What deleting a customer changes, and what it leaves.

    `kept` are the reports with personal data that may hold his.
    """

    card: Card
    change: Change
    kept: Kept

    @property
    def addresses(self) -> int:
        """How many of his sessions lose their network address."""
        return len(self.change.before["ips"])

    @property
    def answers(self) -> int:
        """How many of his payments lose what their gateway told."""
        return len(self.change.before["raw"])


def plan_delete(installation: Installation, visitor: Visitor, client_id: int, now: datetime) -> Deletion:
    """The dry run of `delete`: nothing is written. Raises as that does."""
    found, change = _planned(installation, visitor, client_id, now)
    tree = [(each.id, each.parent) for each in companies(installation.warehouse)]
    known = {number for number, _ in tree}
    above = [str(each) for each in known if found.company in known and found.company in subtree(tree, str(each))]
    with Session(installation.database) as session:  # reports of a company have the customers of those below it
        kept = retention.kept(session, ["", *above], now)
    return Deletion(found, change, kept)


def delete(installation: Installation, visitor: Visitor, wish: Wish, client_id: int, *, seen: str) -> Operation:
    """Delete the customer whose card had the stamp `seen`; asked again with the same key it is the same operation.

    Raises `UnknownNameError` if the visitor has no such customer, `StateError` if he is deleted or somebody has
    changed him meanwhile, `WarehouseError` where the warehouse may not be written, and `DatabaseError`. Nothing is
    changed then.
    """

    def plan() -> tuple[Change, str]:
        found, change = _planned(installation, visitor, client_id, wish.at)
        customer.refuse_unless_seen(found, seen)
        return change, found.company

    return settle.carry_out(installation, visitor, wish, _asked(client_id), plan)


def _asked(client_id: int) -> Change:
    return Change(DELETE, f"customer {client_id}", {})


def _planned(installation: Installation, visitor: Visitor, client_id: int, now: datetime) -> tuple[Card, Change]:
    # half a second, for workers that delete nobody
    from reports_lib.ops import look

    with installation.opened(now) as warehouse:
        found = customer.card_in(warehouse, visitor, client_id)
        if found.deleted_at is not None and not is_registered(found.state):
            raise StateError(f"customer {client_id} is deleted already")
        before = found.state | look.traces(warehouse, client_id)
    at = now.astimezone(UTC).replace(tzinfo=None).isoformat()
    after: State = {
        "name": f"deleted customer {client_id}",
        "deleted_at": found.state["deleted_at"] or at,
        "networks": {}, "ips": {}, "raw": {},
    }  # fmt: skip
    return found, replace(_asked(client_id), before=before, after=after, is_personal=True)
