"""Drafts of a month that nothing is charged for any more: usage was rated anew, taken away or billed elsewhere.

nobody has decided about it                                    thrown away
a person released it, or made a draft of it once recorded      stays, held, for that person to throw away
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.database.schema.invoices import BillingRun, BillingState, Invoice, InvoiceKind, InvoiceState
from reports_lib.invoicing import account, draft, trail
from reports_lib.runs.installation import Installation

GONE = "no charges any more: the month's report has none for this draft"


@dataclass(frozen=True)
class Withdrawn:
    """How many drafts were thrown away, and a line for each that a person has to decide about."""

    thrown_away: int
    kept: Sequence[str]


def withdraw(installation: Installation, billing: int, wanted: Collection[str], by: str, now: datetime) -> Withdrawn:
    """See to the drafts of the billing's month and company of which neither key nor number is `wanted`."""
    thrown_away, kept = 0, []
    for number in _left(installation, billing, wanted):  # each by itself: others wait for its account only
        with Session(installation.database) as session, session.begin():
            (found,) = account.locked(session, [number])
            if found.state != InvoiceState.DRAFT:
                continue
            if found.released_at is None and found.number is None:
                draft.discard(session, number, by, now)
                thrown_away += 1
            else:
                _hold(session, found, by, now)
                name = f"client {found.client_id}, {found.currency}"
                kept.append(f"{name}: nothing is charged any more; throw draft {found.account_number or number} away")
    return Withdrawn(thrown_away, kept)


def _left(installation: Installation, billing: int, wanted: Collection[str]) -> list[int]:
    """Those drafts; none once a later billing of the month was issued, for that one knew more."""
    with Session(installation.database) as session:
        asked = session.get_one(BillingRun, billing)
        of_month = BillingRun.company == asked.company, BillingRun.month == asked.month
        later = select(BillingRun.id).where(*of_month, BillingRun.id > billing, BillingRun.state == BillingState.ISSUED)
        if session.scalar(later.limit(1)) is not None:
            return []
        drafts = select(Invoice.id, Invoice.key, Invoice.account_number).where(
            Invoice.company == asked.company,
            Invoice.month == asked.month,
            Invoice.kind == InvoiceKind.MONTHLY,
            Invoice.state == InvoiceState.DRAFT,
        )
        rows = session.execute(drafts.order_by(Invoice.id))
        return [row.id for row in rows if row.key not in wanted and row.account_number not in wanted]


def _hold(session: Session, found: Invoice, by: str, now: datetime) -> None:
    """Undo what a person decided when there were charges; who releases it after that has seen that there are none."""
    if GONE in found.held:
        return
    found.held, found.released_at, found.released_by = [*found.held, GONE], None, None
    trail.write(session, by, "hold", found, now, {"held": list(found.held)})
    mirror.note(session, "invoice", found.id)
