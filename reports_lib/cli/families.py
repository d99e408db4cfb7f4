"""Commands about families: what there is, a new one, the rules."""

from collections.abc import Collection
from datetime import UTC, datetime

import click

from reports_lib.cli.listing import listing
from reports_lib.errors import DaybookError, SettingError
from reports_lib.families import draft, faults, heading
from reports_lib.workspace import Workspace


@click.command()
def families() -> None:
    """List the families, what they answer, their saved sets, and what the warehouse lacks for them (MS-01)."""
    workspace = Workspace.find()
    told = [(name, heading(workspace.notebook(name))) for name in workspace.families()]
    lacks = _lacks({name for _, about in told for name in about.needs}, workspace)
    listing(
        ("family", "title", "saved sets", "no data in", "question"),
        [
            (
                name,
                about.title,
                " ".join(workspace.sets(name)),
                " ".join(table for table in about.needs if table in lacks) or "-",
                about.question,
            )
            for name, about in told
        ],
    )


def _lacks(needs: Collection[str], workspace: Workspace) -> Collection[str]:
    """The tables of which there is no row; none while the warehouse cannot say."""
    from reports_lib.runs.installation import Installation
    from reports_lib.runs.plan import lacking
    from reports_lib.snapshots.manifest import Author

    try:
        return lacking(sorted(needs), Author("analyst", ""), datetime.now(UTC), Installation(workspace))
    except DaybookError:
        return []


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
