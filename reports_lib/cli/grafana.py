"""A live dashboard of a family, to be imported in Grafana."""

from pathlib import Path

import click

from reports_lib.errors import SettingError
from reports_lib.grafana.dashboard import Dashboard
from reports_lib.workspace import Workspace


@click.command()
@click.argument("family")
@click.option("-o", "target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
def grafana(family: str, target: Path | None) -> None:
    """Print the dashboard of FAMILY, a file that Grafana imports."""
    text = Dashboard.of(Workspace.find(), family).text()
    if target is None:
        click.echo(text, nl=False)
        return
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{target} cannot be written: {error.strerror}") from None
    click.echo(str(target))
