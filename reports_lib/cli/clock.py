"""The command behind `scheduler.py`: what is due by the schedule, now, for ever or in the past."""

import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event

import click
from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session

from reports_lib.cli.progress import running
from reports_lib.cli.reports import line
from reports_lib.cli.work import attend
from reports_lib.database.schema import BillingRun, BillingState, Decision, Run, State
from reports_lib.delivery.post import deliver as deliver_mail
from reports_lib.delivery.sender import sender_of
from reports_lib.errors import DaybookError, ParameterError, UnknownNameError
from reports_lib.invoicing.asking import grant
from reports_lib.runs import record
from reports_lib.runs.clock import Decided, backfill, backfill_invoices, due, look, now, past_ticks, requests
from reports_lib.runs.entry import Entry
from reports_lib.runs.installation import Installation
from reports_lib.runs.plan import plan
from reports_lib.runs.request import SCHEDULED
from reports_lib.runs.schedule import read_entries
from reports_lib.runs.timekeeper import Timekeeper
from reports_lib.runs.wait import wait
from reports_lib.runs.workers import is_manned
from reports_lib.workspace import Workspace

UNFINISHED = (State.QUEUED, State.GENERATING)

Span = tuple[datetime, datetime]


class Failures:
    """What went wrong while the rest went on: told at once; the first is the exit code."""

    def __init__(self) -> None:
        self.exit_code = 0

    def add(self, code: int, text: str) -> None:
        """Tell one."""
        self.exit_code = self.exit_code or code
        warn(text)

    @contextmanager
    def caught(self, where: str) -> Iterator[None]:
        """Tell what the body raises, as a failure of `where`."""
        try:
            yield
        except DaybookError as error:
            self.add(error.exit_code, f"{where}  failed: {error}")


def warn(text: str) -> None:
    """One line on standard error."""
    click.echo(text, err=True)


def _moment(_context: click.Context, option: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"--{option.name} {text!r} is not like 2026-11-01 or 2026-11-01T12:00:00+02:00") from None
    found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    if found > datetime.now(UTC):
        raise ParameterError(f"--{option.name} {text} has not come yet")
    is_day = option.name == "until" and ":" not in text and "T" not in text
    return found + timedelta(days=1, microseconds=-1) if is_day else found


@click.command()
@click.option("--once", is_flag=True, help="Make what is due now and end.")
@click.option("--dry-run", is_flag=True, help="Print what would run, and run nothing.")
@click.option("--since", metavar="T", callback=_moment, help="Make what was due from then on; ISO, UTC unless it says.")
@click.option("--until", metavar="T", callback=_moment, help="And not later; a day counts to its end. Default: now.")
@click.option("--entry", "names", metavar="NAME", multiple=True, help="With --since: only this entry; repeatable.")
@click.option("--deliver", is_flag=True, help="With --since: mail the recipients too.")
def clock(  # one for each option
    once: bool,
    dry_run: bool,
    since: datetime | None,
    until: datetime | None,
    names: tuple[str, ...],
    deliver: bool,
) -> None:
    """Ask for the reports of parameters/schedule.yaml when they are due, until ended."""
    if once and (dry_run or since):
        raise click.UsageError("--once goes with no other option")
    if not since and (until or names or deliver):
        raise click.UsageError("--until, --entry and --deliver go with --since")
    installation, failures = Installation(Workspace.find()), Failures()
    if since:
        span = since, until or now(installation)
        entries = _named(_entries(installation, failures), names)
        if dry_run:
            _show_past(installation, entries, span, failures)
        else:
            _fill(installation, entries, span, deliver, failures)
    elif dry_run:
        _show_due(installation, failures)
    elif once:
        _once(installation, failures)
    else:
        _for_ever(installation.workspace)
    if failures.exit_code:
        sys.exit(failures.exit_code)


def _entries(installation: Installation, failures: Failures) -> list[Entry]:
    entries, problems = read_entries(installation.workspace)
    for problem in problems.values():  # the others still run
        failures.add(problem.exit_code, f"scheduler: {problem}")
    return entries


def _named(entries: list[Entry], names: tuple[str, ...]) -> list[Entry]:
    known = [entry.name for entry in entries]
    for name in names:
        if name not in known:
            raise UnknownNameError.of("entry of the schedule", name, known)
    return [entry for entry in entries if not names or entry.name in names]


def _for_ever(workspace: Workspace) -> None:
    stopped = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    keeper = Timekeeper(workspace, lambda decided: click.echo(_told(decided)), warn)
    click.echo(f"scheduler: {len(keeper.entries)} entries of the schedule; SIGTERM or Ctrl-C ends it")
    keeper.run(stopped)


def _once(installation: Installation, failures: Failures) -> None:
    for decided in look(installation, _entries(installation, failures)):
        if decided.error:
            failures.add(decided.error.exit_code, f"{_place(decided)}  {decided.decision or 'failed'}: {decided.error}")
        elif not decided.runs:
            click.echo(_told(decided))
    _finish(installation, _unfinished(installation, Run.entry.is_not(None), failures), failures)


def _unfinished(installation: Installation, is_wanted: ColumnElement[bool], failures: Failures) -> Sequence[int]:
    """Runs that are wanted, those of a clock that was killed too, and the reports of invoices that were wished for."""
    with failures.caught("invoices"):
        grant(installation, now(installation))
    of_invoices = select(BillingRun.run_id).where(BillingRun.state == BillingState.ASKED)
    asked = select(Run.id).where(is_wanted | Run.id.in_(of_invoices), Run.state.in_(UNFINISHED)).order_by(Run.id)
    with Session(installation.database) as session:
        return session.scalars(asked).all()


def _fill(installation: Installation, entries: Sequence[Entry], span: Span, deliver: bool, failures: Failures) -> None:
    asked = []
    for entry in entries:
        with failures.caught(entry.name):
            for filled in backfill(installation, entry, *span, deliver=deliver):
                if filled.is_new:
                    asked.append(filled.run)
                else:
                    click.echo(f"{_words(filled.key)}  is there: run {filled.run}")
            for wished in backfill_invoices(installation, entry, *span) if entry.is_of_invoices else ():
                click.echo(_told(wished))
    if any(entry.is_of_invoices for entry in entries):
        asked += [run for run in _unfinished(installation, false(), failures) if run not in asked]
    _finish(installation, asked, failures)


def _finish(installation: Installation, runs: Sequence[int], failures: Failures) -> None:
    """See runs to their end, made by this process if there is no worker, and print what came of each."""
    if runs and not is_manned(installation) and attend(installation, once=True, quiet=not sys.stderr.isatty()):
        sys.exit(143)
    for run_id in runs:
        with Session(installation.database) as session:
            where = _words(record.find(session, run_id).run_key)
        with failures.caught(where), running(where) as progress:
            click.echo(f"{where}  {line(wait(installation, run_id, progress))}")
    if not is_manned(installation):
        workspace = installation.workspace
        deliver_mail(installation.database, installation.store, sender_of(workspace), workspace)


def _show_due(installation: Installation, failures: Failures) -> None:
    for entry, tick, decision in due(installation, _entries(installation, failures), now(installation)):
        if decision is Decision.ASKED:
            _show(installation, entry, tick, failures)
        else:
            click.echo(_told(Decided(entry.name, tick, decision)))


def _show_past(installation: Installation, entries: Iterable[Entry], span: Span, failures: Failures) -> None:
    for entry in entries:
        for tick in past_ticks(installation, entry, *span):
            _show(installation, entry, tick, failures)


def _show(installation: Installation, entry: Entry, tick: datetime, failures: Failures) -> None:
    """Print what would be asked for at the tick, and with which parameters; nothing is written."""
    if entry.is_of_invoices:
        click.echo(f"{entry.name}  {tick.isoformat()}  invoices of {entry.month(tick)}")
    with failures.caught(f"{entry.name}  {tick.isoformat()}"):
        for request in requests(installation, entry, tick):
            where = f"{_words(request.run_key)}  {entry.family}  {entry.set_name or '-'}"
            with failures.caught(where):
                literals = plan(request, installation).resolved.literals
                given = {name: ",".join(lit) if isinstance(lit, list) else lit for name, lit in literals.items()}
                click.echo(where)
                click.echo("    " + "  ".join(f"{name}={value}" for name, value in given.items() if value != ""))
                if request.recipients:
                    click.echo(f"    to {', '.join(request.recipients)}")


def _told(decided: Decided) -> str:
    """One line for a decision."""
    if decided.month:
        return f"{_place(decided)}  {decided.decision or 'is there:'}  invoices of {decided.month}"
    runs = f"  run {', '.join(map(str, decided.runs))}" if decided.runs else ""
    nothing = "  nothing: there are no values" if decided.decision is Decision.ASKED and not runs else ""
    return f"{_place(decided)}  {decided.decision}{runs}{nothing}"


def _place(decided: Decided) -> str:
    return f"{decided.entry}  {decided.tick.isoformat()}"


def _words(key: str) -> str:
    """`schedule:daily@2026-11-01T06:00:00+00:00#3` as people read it."""
    entry, _, tick = key.removeprefix(SCHEDULED).partition("@")
    return f"{entry}  {tick}"
