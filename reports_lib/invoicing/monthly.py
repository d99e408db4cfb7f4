"""The invoices of a month: made of a sealed report, and recorded (TW-35, M-61, T-60).

    ask      billing_run + the run of the family `invoice`, one a company, in one transaction (`asking.py`)
    issue    its sealed tables --one invoice a client and currency, by key--> drafts --what nothing holds--> recorded
             drafts of the month that it has no charges for any more --> thrown away (`withdrawn.py`)

Nothing but the rows says how far it is. Who dies leaves a billing that the next one finds and begins again: an
invoice that is there already is found by its key, so two who issue the same month, or one twice, make one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from reports_lib.database.schema.invoices import BillingRun, BillingState, Invoice, InvoiceState
from reports_lib.errors import DaybookError, ParameterError, StateError
from reports_lib.invoicing import account, draft, making, record
from reports_lib.invoicing.account import Account
from reports_lib.invoicing.alone import alone
from reports_lib.invoicing.bill import Bill, Billing, drafts
from reports_lib.invoicing.calls import Itemised, Source, itemised
from reports_lib.invoicing.evidence import Evidence, Key
from reports_lib.invoicing.parties import Buyer, Issuer, buyers, issuer
from reports_lib.invoicing.seam import seams
from reports_lib.invoicing.settings import read_billing
from reports_lib.invoicing.sweep import sweep
from reports_lib.invoicing.withdrawn import withdraw
from reports_lib.runs.installation import Installation

BATCH = 50  # invoices of one transaction, for which others of the series wait
LISTED = 5  # failures that a billing keeps


@dataclass(frozen=True)
class Issued:
    """What became of a billing: invoices it made, those of them that wait for a person, and those there before.

    `withdrawn` counts drafts of before that it threw away, for there are no charges for them any more.
    """

    billing: int
    month: str
    company: str
    made: int
    held: int
    skipped: int
    withdrawn: int = 0
    error: str = ""


def ready(session: Session) -> Sequence[int]:
    """Billings whose report has ended, and that nobody has issued yet, the oldest first."""
    ended = Run.state.in_([State.GENERATED, State.ERROR, State.CANCELLED])
    query = select(BillingRun.id).join(Run, Run.id == BillingRun.run_id)
    return session.scalars(query.where(BillingRun.state == BillingState.ASKED, ended).order_by(BillingRun.id)).all()


def issue(installation: Installation, billing: int, now: datetime) -> Issued | None:
    """Make the invoices of a billing whose report has ended; None if somebody else is at it.

    What is there already stays; what cannot be made is told in `error`, and the rest is made. A report that
    failed fails the billing. Raises `DatabaseError`, and whatever keeps the sealed tables or the warehouse
    from being read: then it is as before, and may be done again.
    """
    with Session(installation.database) as session:
        company = session.get_one(BillingRun, billing).company
    with alone(installation, f"billing of company {company}") as is_ours:  # months that meet, one after the other
        if not is_ours:
            return None
        with Session(installation.database) as session:
            asked = session.get_one(BillingRun, billing)
            run = session.get_one(Run, asked.run_id)
            state, at = asked.state, asked.asked_at
            snapshot, error = run.snapshot_id, run.error
        if state != BillingState.ASKED:
            return issued(installation, billing)
        if snapshot is None:
            _end(installation, billing, BillingState.FAILED, now, error=error or f"its report was {run.state}")
            return issued(installation, billing)
        evidence = Evidence.read(installation.store, snapshot)
        sweep(installation, now)
        found = _Issuing(installation, evidence, issuer(installation, now, company), asked.asked_by, at, now)
        failures = found.run()
        left = withdraw(installation, billing, found.keys | evidence.invoiced, asked.asked_by, now)
        failures += left.kept
        made, held, others = found.counted()
        told = "; ".join(failures[:LISTED]) + (f"; and {len(failures) - LISTED} more" if failures[LISTED:] else "")
        counts = {"made": made, "held": held, "skipped": evidence.skipped + others, "withdrawn": left.thrown_away}
        _end(installation, billing, BillingState.ISSUED, now, error=told or None, **counts)
    return issued(installation, billing)


def issued(installation: Installation, billing: int) -> Issued:
    """What a billing's row says."""
    with Session(installation.database) as session:
        row = session.get_one(BillingRun, billing)
        counts = row.made, row.held, row.skipped, row.withdrawn
        return Issued(row.id, row.month, row.company, *counts, row.error or "")


class _Issuing:
    """One pass over all invoices of a billing."""

    def __init__(
        self, installation: Installation, evidence: Evidence, company: Issuer, by: str, at: datetime, now: datetime
    ) -> None:
        settings = read_billing(installation.workspace).of(company.party.account)
        today = at.astimezone(evidence.interval.zone).date()
        self._installation = installation
        self._billing = Billing(evidence, company, settings, today, now)
        self._by, self._now = by, now
        self._keys = list(evidence.charges)
        self.keys: set[str] = set()  # of the invoices that are wanted, whether they could be made or not
        self._is_recorded = settings.record == "auto"

    def run(self) -> list[str]:
        """Make them all; returns one line for each that cannot be made."""
        with Session(self._installation.database) as session:
            clients = {client for client, _ in self._keys}
            found = buyers(self._installation, session, self._now, clients)
            session.expunge_all()
            evidence = self._billing.evidence
            held = seams(session, self._billing.issuer.party.account, evidence.month, evidence.interval)
        self._billing = replace(self._billing, itemised=self._itemised(found), held=held)
        failures: list[str] = []
        for start in range(0, len(self._keys), BATCH):
            failures += self._batch(self._keys[start : start + BATCH], found)
        return failures

    def counted(self) -> tuple[int, int, int]:
        """Invoices there are of this evidence, those of them that are held, and those of other evidence."""
        keys = [self._billing.key(*key) for key in self._keys]
        is_ours = Invoice.evidence == self._billing.evidence.snapshot
        is_held = (func.cardinality(Invoice.held) > 0) & Invoice.released_at.is_(None)
        query = select(
            func.count().filter(is_ours), func.count().filter(is_ours & is_held), func.count().filter(~is_ours)
        )
        with Session(self._installation.database) as session:
            row = session.execute(query.where(Invoice.key.in_(keys), Invoice.state != InvoiceState.VOID)).one()
        return row[0], row[1], row[2]

    def _itemised(self, found: Mapping[int, Buyer]) -> Mapping[Key, Itemised | ParameterError]:
        """The annexes of all invoices, if the company has them: kept before any invoice that names one."""
        form = self._billing.settings.annex
        if form == "none":
            return {}
        taxes = {key: self._billing.tax(found[key[0]]) for key in self._keys if key[0] in found}
        store = making.store_of(self._installation)
        source = Source(self._installation.warehouse, self._billing.issuer.party.account, store)
        return itemised(source, self._billing.evidence, taxes, form)

    def _batch(self, keys: list[Key], found: dict[int, Buyer]) -> Iterator[str]:
        with Session(self._installation.database) as session:
            company = self._billing.issuer.party.account
            owed = account.balances(session, [Account(company, *key) for key in keys])
        balances = {(each.client_id, each.currency): amount for each, amount in owed.items()}
        ready: list[tuple[Key, Bill]] = []
        for key, bill in drafts(self._billing, found, balances, keys):
            if bill is None:
                continue
            self.keys.add(self._billing.key(*key))
            if isinstance(bill, ParameterError):
                yield _told(key, bill)
            else:
                ready.append((key, bill))
        try:
            self._make([bill for _, bill in ready])
        except (ParameterError, StateError):  # of one of them: the others are made without it
            for key, bill in ready:
                try:
                    self._make([bill])
                except (ParameterError, StateError) as error:
                    yield _told(key, error)

    def _make(self, ready: Sequence[Bill]) -> None:
        """Drafts, and the recording of those that nothing holds, in one transaction."""
        if not ready:
            return
        with Session(self._installation.database) as session, session.begin():
            # all of them before the first number, or who waits for one could hold another
            account.lock(session, [Account.between(each.document) for each in ready])
            for bill in ready:
                made = draft.make(session, bill.document, bill.order, self._by, self._now)
                is_draft = made.state == InvoiceState.DRAFT
                if self._is_recorded and is_draft and not (made.held and made.released_at is None):
                    record.record(session, made.id, self._by, self._now)


def _end(installation: Installation, billing: int, state: BillingState, now: datetime, **changes: object) -> None:
    with Session(installation.database) as session, session.begin():
        row = session.get_one(BillingRun, billing, with_for_update=True)
        row.state = state
        row.issued_at = now if state == BillingState.ISSUED else None
        for name, value in changes.items():
            setattr(row, name, value)


def _told(key: Key, error: DaybookError) -> str:
    return f"client {key[0]}, {key[1]}: {error}"
