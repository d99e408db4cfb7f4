"""What pages say of saved queries: a line of the list each, and the particulars of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Account
from reports_lib.errors import DaybookError
from reports_lib.parameters.kinds import IntervalKind
from reports_lib.parameters.query import Query
from reports_lib.parameters.schema import Schema
from reports_lib.portal.ask.form import label
from reports_lib.portal.ask.span import now_means, spoken
from reports_lib.portal.language import _, moment
from reports_lib.portal.queries import rhythm
from reports_lib.portal.queries.saved import Saved, changes, knows
from reports_lib.portal.told import told
from reports_lib.portal.wording import Wording
from reports_lib.runs.asker import refusal
from reports_lib.runs.queries import cron_of
from reports_lib.values.clock import zone
from reports_lib.workspace import Workspace


@dataclass(frozen=True)
class Readers:
    """Who looks, and the accounts of those whose queries he sees, by their names."""

    visitor: Visitor
    accounts: Mapping[str, Account]

    @classmethod
    def of(cls, session: Session, visitor: Visitor, queries: list[Saved]) -> Self:
        """Who looks at these queries; the accounts stay readable when the session is closed."""
        wanted = {saved.query.owner for saved in queries if saved.query.owner}
        found = session.scalars(select(Account).where(Account.name.in_(wanted))).all() if wanted else ()
        session.expunge_all()
        return cls(visitor, {account.name: account for account in found})


@dataclass(frozen=True)
class Line:
    """One query on the list."""

    saved: Saved
    interval: str
    schedule: str  # in words, empty if there is none
    next: str  # when it is due
    stopped: str  # why it is not asked for although it is due
    owner: str
    may_change: bool

    @classmethod
    def of(cls, saved: Saved, schema: Schema | None, workspace: Workspace, readers: Readers, now: datetime) -> Self:
        """The line; without a `schema` the query's notebook cannot be read."""
        query = saved.query
        account = readers.accounts.get(query.owner)
        return cls(
            saved=saved,
            interval=interval_of(saved, schema, workspace.time_zone, now) if schema else "",
            schedule=rhythm.words(query.cron) if query.cron else "",
            next=_next(saved, workspace, now),
            stopped=_stopped(query, readers.visitor, account),
            owner=_owner(saved, readers.visitor, account),
            may_change=changes(readers.visitor, query, account),
        )

    @property
    def words(self) -> str:
        """What is searched."""
        return " ".join((self.saved.name, self.saved.query.note, self.saved.set_name, self.owner)).casefold()


def interval_of(saved: Saved, schema: Schema, time_zone: str, now: datetime) -> str:
    """The query's first period in words, as it is kept: a relative one stays relative."""
    for parameter in schema:
        if isinstance(parameter.kind, IntervalKind):
            text = saved.query.values.get(parameter.name, parameter.default)
            return _fixed(str(text), time_zone, now) if "/" in str(text) else spoken(str(text))
    return ""


def parameters_of(saved: Saved, schema: Schema, labels: Mapping[str, str], words: Wording) -> list[tuple[str, str]]:
    """What the query says of its parameters, in the order of the notebook and in its `words`.

    Values that have one of the `labels` are shown by it.
    """
    values = saved.query.values
    said = {name: ", ".join(value) if isinstance(value, list) else str(value) for name, value in values.items()}
    known = [parameter.name for parameter in schema if parameter.name in said]
    ordered = known + [name for name in said if name not in known]
    shown = {name: text if name in words.periods else labels.get(name, text) for name, text in said.items()}
    return [(label(name), words.said(name, shown[name])) for name in ordered]


def found(lines: list[Line], words: str) -> list[Line]:
    """The lines in which each of the words is."""
    wanted = words.casefold().split()
    return [line for line in lines if all(word in line.words for word in wanted)]


def _fixed(text: str, time_zone: str, now: datetime) -> str:
    return now_means(text.upper(), zone(time_zone), now) or text


def _next(saved: Saved, workspace: Workspace, now: datetime) -> str:
    if not saved.query.cron:
        return ""
    try:
        cron = cron_of(workspace, saved.query)
    except DaybookError as problem:
        return told(problem)
    at = cron.next(now)
    return moment(at, ZoneInfo(cron.zone.key)) if at else _("never")


def _stopped(query: Query, visitor: Visitor, account: Account | None) -> str:
    """Why nothing is asked for although it is due; who its owner is, is told as `_owner` tells it."""
    reason = refusal(account, query.owner) if query.cron else ""
    return _("its owner may not schedule reports any more") if reason and not knows(visitor, query) else told(reason)


def _owner(saved: Saved, visitor: Visitor, account: Account | None) -> str:
    """His name, for his own company and those above it only (Q-15)."""
    query = saved.query
    if not query.owner:
        return _("Comes with the workspace")
    if query.owner == visitor.name:
        return _("You")
    if not knows(visitor, query):
        return _("Another company")
    return (account.full_name if account else "") or query.owner
