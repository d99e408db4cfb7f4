"""Commands about reports: ask for one, look at what there is, prove that it is still what it was."""

import getpass
import json
from datetime import datetime

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from reports_lib.cli.options import Given, asking, formats, given
from reports_lib.cli.progress import running
from reports_lib.database.schema import Run, State
from reports_lib.errors import CorruptSnapshotError, SettingError
from reports_lib.families import draft, heading, lint
from reports_lib.parameters.schema import Schema
from reports_lib.rendering.formats import Format
from reports_lib.runs.generate import generate
from reports_lib.runs.installation import Installation
from reports_lib.runs.outcome import Outcome
from reports_lib.runs.record import recent
from reports_lib.runs.request import DEFAULT_FORMATS, Request
from reports_lib.runs.show import show as shown
from reports_lib.snapshots import index
from reports_lib.snapshots.index import find as find_snapshot
from reports_lib.snapshots.manifest import Author
from reports_lib.snapshots.verify import verify as findings
from reports_lib.warehouse.connection import connect
from reports_lib.workspace import Workspace


@click.command()
@click.argument("family")
@asking
@click.option("--format", "wanted", metavar="LIST", callback=formats, help="Of html,pdf,csv,xlsx,xls.")
@click.option("--data-version", metavar="V", help="Read the warehouse as it was at this data version.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def run(  # noqa: PLR0913, PLR0917  # one for each option
    family: str,
    set_name: str | None,
    changes: Given,
    as_of: datetime,
    wanted: tuple[Format, ...] | None,
    data_version: str | None,
    as_json: bool,
) -> None:
    """Make a report of FAMILY and print its link."""
    installation = Installation(Workspace.find())
    request = Request(
        family=family,
        given=given(installation.workspace, family, set_name, changes),
        as_of=as_of,
        author=Author("analyst", getpass.getuser()),
        set_name=set_name,
        formats=wanted or DEFAULT_FORMATS,
        data_version=data_version,
    )
    with running(f"{family}", quiet=as_json) as progress:
        outcome = generate(request, installation, progress)
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
    installation = Installation(Workspace.find())
    asked = given(installation.workspace, family, set_name, changes)
    schema = Schema.read(installation.workspace.notebook(family))
    with connect(installation.warehouse, as_of=as_of) as warehouse:
        resolved = schema.resolve(asked, as_of, warehouse.options)
    for name, literal in resolved.literals.items():
        click.echo(f"{name}={','.join(literal) if isinstance(literal, list) else literal}")


@click.command()
def families() -> None:
    """List the families, what they answer and their saved sets."""
    workspace = Workspace.find()
    table = Table("family", "title", "question", "saved sets", box=None, header_style="bold")
    for name in workspace.families():
        about = heading(workspace.notebook(name))
        table.add_row(name, escape(about.title), escape(about.question), " ".join(workspace.sets(name)))
    Console().print(table)


@click.command()
@click.option("--family", help="Only of this family.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def runs(family: str | None, limit: int, as_json: bool) -> None:
    """List the newest runs and how they ended."""
    with Session(Installation(Workspace.find()).database) as session:
        found = [_run(each) for each in recent(session, limit, family)]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table("run", "family", "set", "state", "asked for", "snapshot or error", box=None, header_style="bold")
    for each in found:
        color = {State.ERROR: "red", State.GENERATED: "green"}.get(State(each["state"] or ""), "yellow")
        end = escape(each["error"] or (each["snapshot"] or "")[:12])
        state = f"[{color}]{each['state']}[/]"
        table.add_row(each["run"], each["family"], each["set"] or "-", state, (each["requested_at"] or "")[:16], end)
    Console().print(table)


def _run(row: Run) -> dict[str, str | None]:
    return {
        "run": str(row.id),
        "family": row.family,
        "set": row.set_name,
        "state": row.state,
        "requested_at": row.requested_at.isoformat(),
        "formed_at": row.formed_at.isoformat() if row.formed_at else None,
        "snapshot": row.snapshot_id,
        "error": row.error,
    }


@click.command()
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(id: str, as_json: bool) -> None:
    """Show the run or snapshot ID: what was asked, what came of it, where its files are."""
    found = shown(Installation(Workspace.find()), id)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        nested = value if isinstance(value, dict) else {"": value}
        for key, each in nested.items():
            click.echo(f"{name if not key else f'{name} {key}'}: {'-' if each is None else each}")


@click.command()
@click.argument("id", required=False)
def verify(id: str | None) -> None:
    """Read every stored byte again (of snapshot ID only) and say what is not as it was sealed."""
    installation = Installation(Workspace.find())
    with running("verify") as progress:
        progress("reading every stored byte", 0, 0)
        with Session(installation.database) as session:
            snapshot = find_snapshot(session, id) if id else None
            known = index.known(session)
        found = list(findings(installation.store, snapshot, known))
    for finding in found:
        click.echo(str(finding))
    if any(f.is_damage for f in found):
        raise CorruptSnapshotError(f"{sum(f.is_damage for f in found)} findings: restore these files from a backup")
    click.echo("every stored byte is as it was sealed")


@click.command()
@click.argument("family")
def new(family: str) -> None:
    """Write a first notebook and saved set of a new FAMILY."""
    workspace = Workspace.find()
    for path in draft(workspace, family):
        click.echo(str(path.relative_to(workspace.root)))


@click.command("lint")
@click.argument("family", required=False)
def lint_command(family: str | None) -> None:
    """Check the notebook of FAMILY, or all, against the rules for families."""
    workspace = Workspace.find()
    names = [family] if family else workspace.families()
    faults = [f"{name}: {fault}" for name in names for fault in lint(workspace.notebook(name))]
    for fault in faults:
        click.echo(fault)
    if faults:
        raise SettingError(f"{len(faults)} to mend")
    click.echo(f"{len(names)} notebooks keep the rules")


COMMANDS = (run, resolve, families, runs, show, verify, new, lint_command)
