"""Commands that ask: for a report, or for what a report would be asked."""

import getpass
import json
from datetime import datetime

import click

from reports_lib.cli.options import Given, asking, formats, given
from reports_lib.cli.progress import running
from reports_lib.parameters.schema import Schema
from reports_lib.rendering.formats import Format
from reports_lib.runs.generate import generate
from reports_lib.runs.installation import Installation
from reports_lib.runs.outcome import Outcome
from reports_lib.runs.request import DEFAULT_FORMATS, Request
from reports_lib.snapshots.manifest import Author
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
        resolved = schema.resolve(asked, as_of, warehouse.options, installation.workspace.time_zone)
    for name, literal in resolved.literals.items():
        click.echo(f"{name}={','.join(literal) if isinstance(literal, list) else literal}")
