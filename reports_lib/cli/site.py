"""Commands that show everything: the demo, and the web."""

import getpass
import os

import click
import uvicorn

from reports_lib.cli.progress import running
from reports_lib.cli.reports import line
from reports_lib.errors import SettingError
from reports_lib.parameters.sets import read_set
from reports_lib.portal.app import app
from reports_lib.runs.generate import generate
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.demo.build import build, demo_as_of
from reports_lib.workspace import Workspace


@click.command()
def serve() -> None:
    """Show finished reports at a local address until Ctrl-C."""
    installation = Installation(Workspace.find())
    _serve(installation)


@click.command()
@click.option("--scale", default=1, show_default=True, type=click.IntRange(1, 1000), help="Multiplies the demo data.")
@click.option("--data-only", is_flag=True, help="Build the demo warehouse and stop.")
def demo(scale: int, data_only: bool) -> None:
    """Build the demo warehouse, run every saved parameter set, show the reports."""
    installation = Installation(Workspace.find())
    with running("demo warehouse") as progress:
        was_built = build(Address.of(installation.workspace, reader=False), scale=scale, progress=progress)
    click.echo(f"demo warehouse: {'built' if was_built else 'there already'}")
    if data_only:
        return
    for family in installation.workspace.families():
        for set_name in installation.workspace.sets(family):
            with running(f"{family} {set_name}") as progress:
                outcome = generate(_request(installation.workspace, family, set_name), installation, progress)
            click.echo(line(outcome))
    if os.environ.get("DAYBOOK_SERVE", "1") != "0":
        _serve(installation)


def _request(workspace: Workspace, family: str, set_name: str) -> Request:
    given = read_set(workspace.set_path(family, set_name))
    return Request(family, given, demo_as_of(), Author("analyst", getpass.getuser()), set_name)


def _serve(installation: Installation) -> None:
    workspace = installation.workspace
    installation.database  # noqa: B018  # says now, and in one line, if it cannot be reached
    click.echo(f"serving {installation.url}/ (Ctrl-C ends it)")
    try:
        uvicorn.run(app(installation), host=workspace.host, port=workspace.port, log_level="warning", access_log=False)
    except SystemExit:
        raise SettingError(f"cannot listen on {workspace.host}:{workspace.port}; set DAYBOOK_PORT") from None
