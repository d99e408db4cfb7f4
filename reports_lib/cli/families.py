"""Commands about families: what there is, a new one, the rules."""

import click

from reports_lib.cli.listing import listing
from reports_lib.errors import SettingError
from reports_lib.families import draft, faults, heading
from reports_lib.workspace import Workspace


@click.command()
def families() -> None:
    """List the families, what they answer and their saved sets."""
    workspace = Workspace.find()
    told = [(name, heading(workspace.notebook(name))) for name in workspace.families()]
    listing(
        ("family", "title", "saved sets", "question"),
        [(name, about.title, " ".join(workspace.sets(name)), about.question) for name, about in told],
    )


@click.command()
@click.argument("family")
def new(family: str) -> None:
    """Write a first notebook and saved set of a new FAMILY."""
    workspace = Workspace.find()
    for path in draft(workspace, family):
        click.echo(str(path.relative_to(workspace.root)))


@click.command()
@click.argument("family", required=False)
def lint(family: str | None) -> None:
    """Check the notebook of FAMILY, or all, against the rules for families."""
    workspace = Workspace.find()
    names = [family] if family else workspace.families()
    found = [f"{name}: {fault}" for name in names for fault in faults(workspace.notebook(name))]
    for fault in found:
        click.echo(fault)
    if found:
        raise SettingError(f"{len(found)} to mend")
    click.echo(f"{len(names)} notebooks keep the rules")
