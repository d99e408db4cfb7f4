"""Asking for the invoices of a month: one report a company, and the billing that is made of it (TW-35, M-61).

for one company     billing_run with its run
for every company   billing_run without a run or a company: the schedule's wish, until each of them is asked
"""

import re
from datetime import date, datetime, timedelta
from secrets import token_hex

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import BillingRun, BillingState
from reports_lib.errors import ParameterError
from reports_lib.invoicing.evidence import FAMILY
from reports_lib.invoicing.parties import Issuer, issuers
from reports_lib.invoicing.settings import read_billing
from reports_lib.rendering.formats import Format
from reports_lib.runs import queue
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.values.calendar import add_months
from reports_lib.values.clock import zone
from reports_lib.values.interval import Interval

FORMATS = (Format.HTML, Format.PDF, Format.XLSX)
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
ROLE = "billing"


class Asking:
    """Whoever asks: reads settings once. Raises `SettingError` where they cannot be read."""

    def __init__(self, installation: Installation, by: Author, now: datetime) -> None:
        self._workspace = installation.workspace
        self._settings = read_billing(self._workspace)
        self._by = by
        self._now = now

    def month(self, text: str, company: Issuer) -> Interval:
        """The month by the company's clocks; raises `ParameterError` if it is none, or not over (M-61)."""
        if not MONTH.fullmatch(text):
            raise ParameterError(f"{text[:20]!r} is not a month such as 2026-10")
        first = date.fromisoformat(f"{text}-01")
        after = add_months(first, 1)
        local = zone(self._zone(company))
        found = Interval.parse(f"{first}/{after - timedelta(days=1)}", local, self._now)
        if found.end > self._now:
            raise ParameterError(f"{text} is not over: its invoices can be made from {after} on, {local.key}")
        return found

    def ask(self, session: Session, month: str, company: Issuer, key: str = "") -> BillingRun:
        """Ask for the invoices of a company and month, in the caller's transaction; with one `key` once.

        The report is the company's own, so its people may read it. Raises `ParameterError` as `month`.
        """
        number = company.party.account
        settings = self._settings.of(number)
        interval = self.month(month, company)
        request = Request(
            family=FAMILY,
            given={
                "interval": str(interval),
                "time_zone": interval.zone.key,
                "client_type": list(settings.client_types),
                "company": [number],
                "without_charges": "yes" if settings.generate_empty else "no",
            },
            as_of=self._now,
            author=Author(self._by.role, self._by.user, number),
            formats=FORMATS,
            name=f"Invoices of {month}",
            run_key=f"billing:{number}:{month}:{key or token_hex(16)}",
        )
        run = queue.submit(session, request)
        there = session.scalars(select(BillingRun).where(BillingRun.run_id == run.id)).one_or_none()
        if there is not None:
            return there
        made = BillingRun(month=month, company=number, run_id=run.id, asked_by=self._by.user, asked_at=self._now)
        session.add(made)
        session.flush()
        return made

    def _zone(self, company: Issuer) -> str:
        """The zone whose clocks cut the month: as set, else the company's own, else the workspace's."""
        settings = self._settings.of(company.party.account)
        return settings.time_zone or company.time_zone or self._workspace.time_zone


def grant(installation: Installation, now: datetime) -> int:
    """Ask for every company that a wish of the schedule is of; returns how many were asked for.

    A company whose month is not over yet, because it lives in the west, is asked for later: the wish stays till
    then. Raises `SettingError`, `WarehouseError` and `DatabaseError`.
    """
    with Session(installation.database) as session:
        wishes = session.scalars(_wishes()).all()
    if not wishes:
        return 0
    companies, asked = issuers(installation, now), 0
    for wish in wishes:
        with Session(installation.database) as session, session.begin():
            row = session.scalars(_wishes().where(BillingRun.id == wish.id).with_for_update(skip_locked=True)).first()
            if row is None:
                continue
            asking, is_done = Asking(installation, Author(ROLE, row.asked_by), now), True
            for company in companies.values():
                try:
                    asking.month(row.month, company)
                except ParameterError:
                    is_done = False
                    continue
                asking.ask(session, row.month, company, key=f"wish:{row.id}")
                asked += 1
            if is_done:
                row.state, row.issued_at = BillingState.ISSUED, now
    return asked


def _wishes() -> Select[BillingRun]:
    return select(BillingRun).where(BillingRun.run_id.is_(None), BillingRun.state == BillingState.ASKED)
