"""The clock: runs the entries of `parameters/schedule.yaml` that are due.

python scheduler.py --once       run what is due now, in the foreground, and end (for cron)
python scheduler.py --dry-run    print what would run
"""

import sys
from datetime import UTC, datetime

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.cli.progress import running
from reports_lib.cli.reports import line
from reports_lib.database.schema import Run
from reports_lib.errors import DaybookError
from reports_lib.runs.generate import generate
from reports_lib.runs.installation import Installation
from reports_lib.runs.schedule import Entry, read_schedule
from reports_lib.workspace import Workspace


def last_tick(installation: Installation, entry: Entry) -> datetime | None:
    """The newest tick of the entry that was ever run, whatever came of it."""
    beginning = f"schedule:{entry.name}@"
    with Session(installation.database) as session:
        keys = session.scalars(select(Run.run_key).where(Run.run_key.startswith(beginning, autoescape=True)))
        return max((datetime.fromisoformat(key.removeprefix(beginning)) for key in keys), default=None)


@click.command()
@click.option("--once", is_flag=True, help="Run what is due now and end.")
@click.option("--dry-run", is_flag=True, help="Print what would run, and run nothing.")
def main(once: bool, dry_run: bool) -> None:
    """Run the entries of parameters/schedule.yaml that are due."""
    if not (once or dry_run):
        raise click.UsageError("say --once to run what is due now, or --dry-run to see it")
    installation = Installation(Workspace.find())
    now = datetime.now(UTC)
    failed: list[DaybookError] = []
    for entry in read_schedule(installation.workspace):
        for tick in entry.due(last_tick(installation, entry), now):
            if dry_run:
                click.echo(f"{entry.name}  {tick.isoformat()}  {entry.family}  {entry.set_name or '-'}")
                continue
            try:
                with running(entry.name) as progress:
                    click.echo(line(generate(entry.request(tick), installation, progress)))
            except DaybookError as error:  # the others still run
                failed.append(error)
                click.echo(f"{entry.name}  {tick.isoformat()}  failed: {error}", err=True)
    if failed:
        sys.exit(failed[0].exit_code)


if __name__ == "__main__":
    try:
        main()
    except DaybookError as error:
        click.echo(f"scheduler: {error}", err=True)
        sys.exit(error.exit_code)
