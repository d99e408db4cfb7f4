"""Commands that ask: for a report, or for what a report would be asked."""

import getpass
import json
from contextlib import suppress
from datetime import datetime

import click
from sqlalchemy.orm import Session

from reports_lib.cli.options import Given, asking, begun, formats, recipients
from reports_lib.cli.progress import running
from reports_lib.parameters.schema import Schema
from reports_lib.parameters.sets import texts_of
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.runs.outcome import Outcome
from reports_lib.runs.plan import plan
from reports_lib.runs.queue import submit
from reports_lib.runs.request import DEFAULT_FORMATS, Request
from reports_lib.runs.wait import wait
from reports_lib.runs.workers import is_manned
from reports_lib.snapshots.manifest import Author
from reports_lib.workspace import Workspace


@click.command()
@click.argument("family")
@asking
@click.option("--format", "wanted", metavar="LIST", callback=formats, help="Of html,pdf,csv,xlsx,xls.")
@click.option("--data-version", metavar="V", help="Read the warehouse as it was at this data version.")
@click.option("--send-to", "to", metavar="ADDRESS", multiple=True, callback=recipients, help="Mail it; repeatable.")
@click.option("--queue", "is_left", is_flag=True, help="Leave it to the workers and do not wait.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def run(  # noqa: PLR0913, PLR0917  # one for each option
    family: str,
    set_name: str | None,
    changes: Given,
    as_of: datetime,
    wanted: tuple[Format, ...] | None,
    data_version: str | None,
    to: tuple[str, ...],
    is_left: bool,
    as_json: bool,
) -> None:
    """Make a report of FAMILY and print its link.

    A worker makes it if one is there, else this command does.
    """
    installation = Installation(Workspace.find())
    query = begun(installation.workspace, family, set_name, changes)
    request = Request(
        family=family,
        given=texts_of(query.values),
        as_of=as_of,
        author=Author("analyst", getpass.getuser()),
        set_name=set_name,
        name=query.name,
        formats=wanted or Format.parse_all(query.formats) or DEFAULT_FORMATS,
        data_version=data_version,
        recipients=to,
    )
    if not is_left and not is_manned(installation):
        from reports_lib.runs.generate import generate  # most of a second, where a worker does without

        with running(family, quiet=as_json) as progress:
            outcome = generate(request, installation, progress)
        _post(installation, request)
        click.echo(json.dumps(outcome.json(), indent=2) if as_json else line(outcome))
        return
    plan(request, installation)  # what cannot be made is refused now, and not by a worker later
    with Session(installation.database) as session, session.begin():
        run_id = submit(session, request).id
    see_to(installation, run_id, family, is_left=is_left, as_json=as_json)


def see_to(installation: Installation, run_id: int, family: str, *, is_left: bool, as_json: bool) -> None:
    """Say that a run waits, if it is left to the workers; else what comes of it, once that is known."""
    if is_left:
        said = f"run {run_id} waits for a worker; `daybook show {run_id}` tells how far it is"
        click.echo(json.dumps({"run": run_id, "state": "queued"}, indent=2) if as_json else said)
        return
    try:
        with running(family, quiet=as_json) as progress:
            outcome = wait(installation, run_id, progress)
    except (KeyboardInterrupt, SystemExit):
        _say_where(installation, run_id)
        raise
    click.echo(json.dumps(outcome.json(), indent=2) if as_json else line(outcome))


def line(outcome: Outcome) -> str:
    """One line for people: family, set, link, time, files."""
    files = ", ".join(outcome.files)
    return f"{outcome.family}  {outcome.set_name or '-'}  {outcome.url}  {outcome.duration_ms / 1000:.1f} s  {files}"


@click.command()
@click.argument("family")
@asking
def resolve(family: str, set_name: str | None, changes: Given, as_of: datetime) -> None:
    """Print the parameters that a run of FAMILY would get, one NAME=VALUE a line."""
    from reports_lib.warehouse.connection import connect

    installation = Installation(Workspace.find())
    asked = begun(installation.workspace, family, set_name, changes).values
    schema = Schema.read(installation.workspace.notebook(family))
    with connect(installation.warehouse, as_of=as_of) as warehouse:
        resolved = schema.resolve(asked, as_of, warehouse.options, installation.workspace.time_zone)
    for name, literal in resolved.literals.items():
        click.echo(f"{name}={','.join(literal) if isinstance(literal, list) else literal}")


def _post(installation: Installation, request: Request) -> None:
    """Send the mail ourselves, for no worker is there to."""
    if request.recipients:
        from reports_lib.delivery.post import deliver
        from reports_lib.delivery.sender import sender_of

        workspace = installation.workspace
        deliver(installation.database, installation.store, sender_of(workspace), workspace)


def _say_where(installation: Installation, run_id: int) -> None:
    """What becomes of a run that nobody waits for any more."""
    from reports_lib.errors import DaybookError
    from reports_lib.runs.progress import look

    with suppress(DaybookError):
        standing = look(installation, run_id)
        told = f"goes on: `daybook show {run_id}` tells how far it is, `daybook cancel {run_id}` ends it"
        click.echo(f"run {run_id} {f'is {standing.state}' if standing.has_ended else told}", err=True)
