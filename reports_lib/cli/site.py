"""Commands that show everything: the demo, and the web."""

import ipaddress
import os
import socket
from contextlib import nullcontext
from dataclasses import replace

import click
from sqlalchemy.orm import Session

from reports_lib.accounts.account import are_there_any
from reports_lib.cli import demo_billing, demo_users
from reports_lib.cli.companion import Companion
from reports_lib.cli.progress import running
from reports_lib.cli.reports import line
from reports_lib.errors import SettingError
from reports_lib.parameters.sets import read_set
from reports_lib.portal.server import Server
from reports_lib.runs.installation import Installation
from reports_lib.runs.queue import submit
from reports_lib.runs.request import Request
from reports_lib.runs.wait import wait
from reports_lib.snapshots.manifest import Author
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.demo.build import build, demo_as_of
from reports_lib.workspace import Workspace


@click.command()
@click.option("--no-worker", is_flag=True, help="Only show reports: others make them.")
def serve(no_worker: bool) -> None:
    """Show reports at a local address, and make those that are asked for, until Ctrl-C."""
    workspace = Workspace.find()
    with _listening(workspace) as door:
        installation = Installation(_at(workspace, door))
        with nullcontext() if no_worker else Companion(installation.workspace):
            _serve(installation, door)


@click.command()
@click.option(
    "--scale", default=1, show_default=True, type=click.IntRange(1, 1000), metavar="N", help="Multiplies the demo data."
)
@click.option("--data-only", is_flag=True, help="Build the demo warehouse and stop.")
def demo(scale: int, data_only: bool) -> None:
    """Build the demo warehouse, run every saved parameter set, show the reports."""
    workspace = Workspace.find()
    with running("demo warehouse", unit="step") as progress:
        was_built = build(Address.of(workspace, reader=False), scale=scale, progress=progress)
    click.echo(f"demo warehouse: {'built' if was_built else 'there already'}")
    demo_billing.fill(Installation(workspace))
    if data_only:
        return
    if os.environ.get("DAYBOOK_SERVE", "1") == "0":
        with Companion(workspace, quiet=True):
            _run_all(installation := Installation(workspace))
            demo_billing.invoice(installation)
        demo_users.show(installation)
        return
    with _listening(workspace) as door:  # before the links are printed, which name the port
        installation = Installation(_at(workspace, door))
        with Companion(installation.workspace, quiet=True):
            _run_all(installation)
            demo_billing.invoice(installation)
            demo_users.show(installation)
            _serve(installation, door)


def _run_all(installation: Installation) -> None:
    """Ask for a report of every saved set, and print each link; we make them ourselves until the worker is there."""
    workspace = installation.workspace
    sets = [(family, name, demo_users.AUTHOR) for family in workspace.families() for name in workspace.sets(family)]
    if demo_users.SHOWN in [each[:2] for each in sets]:
        sets += [(*demo_users.SHOWN, author) for author in demo_users.OTHERS]
    with Session(installation.database) as session, session.begin():
        asked = [
            (f"{family} {name}", submit(session, _request(workspace, family, name, author)).id)
            for family, name, author in sets
        ]
    for name, run_id in asked:
        with running(name) as progress:
            outcome = wait(installation, run_id, progress)
        click.echo(line(outcome))


def _request(workspace: Workspace, family: str, set_name: str, author: Author) -> Request:
    given = read_set(workspace.set_path(family, set_name))
    return Request(family, given, demo_as_of(), author, set_name)


def _listening(workspace: Workspace) -> socket.socket:
    """The door of the web: a socket that listens; raises `SettingError` if it cannot."""
    try:
        return socket.create_server((workspace.host, workspace.port), family=_family(workspace.host), backlog=512)
    except OSError as error:
        reason = error.strerror or error
        raise SettingError(
            f"cannot listen on {workspace.host}:{workspace.port}: {reason}; set DAYBOOK_HOST or DAYBOOK_PORT"
        ) from None


def is_local(workspace: Workspace) -> bool:
    """Whether only this machine reaches the address that is listened on."""
    try:
        return ipaddress.ip_address(workspace.host).is_loopback
    except ValueError:
        return workspace.host == "localhost"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _at(workspace: Workspace, door: socket.socket) -> Workspace:
    return replace(workspace, port=door.getsockname()[1])  # port 0 took a free one


def _serve(installation: Installation, door: socket.socket) -> None:
    with Session(installation.database) as session:  # says now, and in one line, if it cannot be reached
        if not are_there_any(session):
            click.echo("daybook: nobody can sign in yet: daybook user add NAME --role admin", err=True)
    if not is_local(installation.workspace) and not installation.url.startswith("https://"):
        click.echo(
            "daybook: passwords pass the network unencrypted; put a proxy with https before it and set DAYBOOK_URL",
            err=True,
        )
    click.echo(f"serving {installation.url}/ (Ctrl-C ends it)")
    Server(installation).run([door])
