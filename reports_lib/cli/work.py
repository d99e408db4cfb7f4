"""Commands about the queue: make what waits in it, take a run out of it, put one back."""

import getpass
import signal
from dataclasses import replace

import click
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run
from reports_lib.runs import queue, record
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 64), metavar="N", help="Runs at a time [DAYBOOK_CONCURRENCY].")
@click.option("--once", is_flag=True, help="Make what waits now, and end.")
@click.option("-q", "--quiet", is_flag=True, help="No line for each run.")
def work(concurrency: int | None, once: bool, quiet: bool) -> None:
    """Make the reports that are asked for, until Ctrl-C; any number of machines may."""
    workspace = Workspace.find()
    if concurrency:
        workspace = replace(workspace, concurrency=concurrency)
    attend(Installation(workspace), once=once, quiet=quiet)


def attend(installation: Installation, *, once: bool, quiet: bool) -> bool:
    """Be a worker until SIGTERM or Ctrl-C, or with `once` until nothing waits; whether it was ended by a signal."""
    from reports_lib.cli.chores import chores
    from reports_lib.runs.journal import on_stderr, silent
    from reports_lib.runs.worker import Worker

    worker, signalled = Worker(installation, silent if quiet else on_stderr, chores(installation)), []

    def stop(number: int, _frame: object) -> None:
        signalled.append(number)
        worker.stop()

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        worker.run(once)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return bool(signalled)


@click.command()
@click.argument("run", type=click.IntRange(1, 2**63 - 1))
def cancel(run: int) -> None:
    """Cancel RUN: take it out of the queue, or end it where it is being made."""
    with Session(Installation(Workspace.find()).database) as session, session.begin():
        record.cancel(session, run, getpass.getuser())
    click.echo(f"run {run} is cancelled")


@click.command()
@click.argument("run", type=click.IntRange(1, 2**63 - 1))
@click.option("--queue", "is_left", is_flag=True, help="Leave it to the workers and do not wait.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def retry(run: int, is_left: bool, as_json: bool) -> None:
    """Make RUN again, which failed or was cancelled, as it was asked for then."""
    from reports_lib.cli.reports import see_to

    installation = Installation(Workspace.find())
    with Session(installation.database) as session, session.begin():
        found: Run = queue.retry(session, run)
        family = found.family
    see_to(installation, run, family, is_left=is_left, as_json=as_json)
