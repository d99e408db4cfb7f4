"""The clock's decisions: what has come due is asked for, each tick once, however many clocks look.

    lock the entry -> its newest decided tick -> ticks up to now -> runs asked for + decisions -> commit

All of it is one transaction, and now is the database's own: a clock that dies leaves the tick for
the next one, two clocks take turns, and it does not matter what the machines' clocks say. Should a
tick be asked for a second time all the same, its runs' keys are those of the first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from reports_lib.database.schema import BillingRun, Decision, Run, State, Tick
from reports_lib.errors import DatabaseError, DaybookError, ForbiddenError, WarehouseError
from reports_lib.runs.asker import asked_by
from reports_lib.runs.entry import Due, Entry, Overlap
from reports_lib.runs.installation import Installation
from reports_lib.runs.queue import submit
from reports_lib.runs.request import SCHEDULED, Request

LOOKUP = "5min"  # that what an entry is asked for each of may take to be looked up
_LOCKS = 4_301_728_645_917_320_846  # tells our locks from others' on the same database


@dataclass(frozen=True)
class Decided:
    """A tick of an entry and what became of it; `error` says why it was refused, or could not be decided yet."""

    entry: str
    tick: datetime
    decision: Decision | None
    runs: tuple[int, ...] = ()
    error: DaybookError | None = None
    month: str = ""  # whose invoices were asked for


@dataclass(frozen=True)
class Filled:
    """A run that a backfill wants, and whether it is new."""

    key: str
    run: int
    is_new: bool


def now(installation: Installation) -> datetime:
    """What the database's clock says; raises `DatabaseError`."""
    with Session(installation.database) as session:
        return _now(session)


def look(installation: Installation, entries: Iterable[Entry], now: datetime | None = None) -> list[Decided]:
    """Decide what has come due by `now`, the database's if it is not given; returns the decisions made here.

    An entry that cannot be asked for (its `for_each` needs a warehouse that is away) is decided another
    time and does not hold up the others. Raises `DatabaseError`.
    """
    decided: list[Decided] = []
    for entry in entries:
        while batch := _decide(installation, entry, now):
            decided += batch
            if batch[0].decision is None:
                break
    return decided


def due(installation: Installation, entries: Iterable[Entry], now: datetime) -> list[tuple[Entry, datetime, Decision]]:
    """What `look` would decide; nothing is written. Of a very long line of missed ticks only the beginning."""
    with Session(installation.database) as session:
        return [
            (entry, tick, decision)
            for entry in entries
            for tick, decision in _decisions(session, entry, entry.due(_last(session, entry), now))
        ]


def backfill(
    installation: Installation, entry: Entry, since: datetime, until: datetime, deliver: bool
) -> Iterator[Filled]:
    """Ask for every tick from `since` to `until`, both included, that has no run yet; one transaction a tick.

    Nobody gets mail of these runs unless `deliver`. What the clock has decided or will decide does not
    change. Of invoices see `backfill_invoices`. Raises `DaybookError`.
    """
    for tick in past_ticks(installation, entry, since, until):
        wanted = [request if deliver else unsent(request) for request in requests(installation, entry, tick)]
        with Session(installation.database) as session, session.begin():
            keys = [request.run_key for request in wanted]
            known = set(session.scalars(select(Run.run_key).where(Run.run_key.in_(keys))))
            asked = [submit(session, request).id for request in wanted]
        yield from (Filled(key, run, key not in known) for key, run in zip(keys, asked, strict=True))


def backfill_invoices(installation: Installation, entry: Entry, since: datetime, until: datetime) -> Iterator[Decided]:
    """Wish for the invoices of every tick from `since` to `until`, both included; one transaction a tick.

    A month that the entry has wished for before is left as it is, and has no decision. Raises `DatabaseError`.
    """
    for tick in past_ticks(installation, entry, since, until):
        month = entry.month(tick)
        there = select(BillingRun.id).where(BillingRun.month == month, BillingRun.asked_by == _wisher(entry))
        with Session(installation.database) as session, session.begin():
            _lock(session, entry)
            is_new = session.scalar(there.limit(1)) is None
            if is_new:
                _wish(session, entry, month)
        yield Decided(entry.name, tick, Decision.ASKED if is_new else None, month=month)


def past_ticks(installation: Installation, entry: Entry, since: datetime, until: datetime) -> Iterator[datetime]:
    """The entry's ticks from `since` to `until`, both included, that have come."""
    return entry.cron.ticks(since - timedelta(microseconds=1), min(until, now(installation)))


def requests(installation: Installation, entry: Entry, tick: datetime) -> list[Request]:
    """What is asked for at the tick.

    Raises `WarehouseError` if the options of then cannot be read, `ForbiddenError` if who asks may not any more.
    """
    found = _requests(installation, entry, tick)
    if entry.asker is None:
        return found
    with Session(installation.database) as session:
        return [asked_by(session, entry.asker, request) for request in found]


def unsent(request: Request) -> Request:
    """The same request, of which nobody gets mail, be it made or not."""
    return replace(request, recipients=(), owner=None, entry=None)


def _requests(installation: Installation, entry: Entry, tick: datetime) -> list[Request]:
    if not entry.needs_lookup:
        return list(entry.requests(tick))
    from reports_lib.warehouse.connection import connect  # half a second, for entries that need it

    try:
        with connect(installation.warehouse, as_of=tick) as warehouse:
            return list(entry.requests(tick, warehouse.options))
    except DatabaseError as error:  # of the warehouse, which may be on another server than the runs
        raise WarehouseError(str(error)) from None


def _decide(installation: Installation, entry: Entry, now: datetime | None) -> list[Decided]:
    """The next ticks of the entry in one transaction; none if nothing is due."""
    tick = now
    try:
        with Session(installation.database) as session, session.begin():
            if not entry.due(_last(session, entry), now or _now(session)):
                return []  # nearly always, and then nobody need wait for the lock
            _lock(session, entry)
            if entry.needs_lookup:  # a large warehouse takes its time to answer, and the transaction waits for it
                session.execute(select(func.set_config("idle_in_transaction_session_timeout", LOOKUP, True)))
            decided = []
            for tick, decision in _next(session, entry, now or _now(session)):
                became = Decided(entry.name, tick, decision)
                if decision is Decision.ASKED:
                    became = _asked(session, installation, entry, tick)
                session.add(Tick(entry=entry.name, at=tick, decision=became.decision, decided_at=func.now()))
                decided.append(became)
            return decided
    except DatabaseError:
        raise
    except DaybookError as error:
        assert tick
        return [Decided(entry.name, tick, None, error=error)]


def _next(session: Session, entry: Entry, now: datetime) -> list[tuple[datetime, Decision]]:
    """What is decided together: where the warehouse is asked, one that is asked for, so that it holds up no others."""
    decisions = _decisions(session, entry, entry.due(_last(session, entry), now))
    asked = [number for number, (_, decision) in enumerate(decisions, 1) if decision is Decision.ASKED]
    return decisions[: asked[0]] if entry.needs_lookup and asked else decisions


def _asked(session: Session, installation: Installation, entry: Entry, tick: datetime) -> Decided:
    """The tick's runs, asked for in the caller's transaction; none where who asks may not.

    Of invoices only the wish is written, whatever the warehouse does: workers know which companies there are.
    """
    if entry.is_of_invoices:
        _wish(session, entry, entry.month(tick))
        return Decided(entry.name, tick, Decision.ASKED, month=entry.month(tick))
    try:
        runs = tuple(submit(session, request).id for request in requests(installation, entry, tick))
    except ForbiddenError as error:
        return Decided(entry.name, tick, Decision.REFUSED, error=error)
    return Decided(entry.name, tick, Decision.ASKED, runs)


def _wish(session: Session, entry: Entry, month: str) -> None:
    session.add(BillingRun(month=month, company="", asked_by=_wisher(entry), asked_at=func.now()))


def _wisher(entry: Entry) -> str:
    return f"{SCHEDULED}{entry.name}"


def _lock(session: Session, entry: Entry) -> None:
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(entry.name, _LOCKS))))


def _decisions(session: Session, entry: Entry, ticks: Iterable[Due]) -> list[tuple[datetime, Decision]]:
    is_busy = entry.overlap is Overlap.SKIP and _is_busy(session, entry)
    found = []
    for tick, is_wanted in ticks:
        decision = Decision.MISSED
        if is_wanted:
            decision = Decision.OVERLAPPED if is_busy else Decision.ASKED
            is_busy = entry.overlap is Overlap.SKIP
        found.append((tick, decision))
    return found


def _is_busy(session: Session, entry: Entry) -> bool:
    """Whether runs that the clock asked for are unfinished; those of a backfill are no hindrance."""
    is_asked = exists().where(Tick.entry == Run.entry, Tick.at == Run.as_of, Tick.decision == Decision.ASKED)
    query = select(Run.id).where(Run.entry == entry.name, Run.state.in_([State.QUEUED, State.GENERATING]), is_asked)
    return session.scalars(query.limit(1)).first() is not None


def _last(session: Session, entry: Entry) -> datetime | None:
    return session.scalar(select(func.max(Tick.at)).where(Tick.entry == entry.name))


def _now(session: Session) -> datetime:
    found: datetime = session.scalars(select(func.clock_timestamp())).one()
    return found
