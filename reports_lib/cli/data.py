"""Commands about the warehouse."""

import getpass
from datetime import UTC, datetime
from pathlib import Path

import click

from reports_lib.cli.listing import listing
from reports_lib.cli.progress import running
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ingest import ingest as load
from reports_lib.warehouse.versions import versions as versions_of
from reports_lib.workspace import Workspace


@click.command()
def versions() -> None:
    """List the data versions of the lake, newest first: what `run --data-version` takes."""
    found = versions_of(Address.of(Workspace.find()))
    listing(
        ("version", "made at", "by", "message"),
        [(v.name, f"{v.at:%Y-%m-%d %H:%M:%S} UTC", v.author or "-", v.message or "-") for v in reversed(found)],
    )


@click.command()
@click.argument("table")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--skip-bad", is_flag=True, help="Load the good rows; the bad ones go to a rejects file.")
@click.option("--again", is_flag=True, help="Load a file that was loaded before.")
@click.option("--message", "-m", default="", help="Kept with the data version.")
def ingest(table: str, files: tuple[Path, ...], skip_bad: bool, again: bool, message: str) -> None:
    """Load CSV (also .gz) or Parquet FILES into a canonical TABLE: all rows or none."""
    workspace = Workspace.find()
    with running(f"ingest {table}") as progress:
        report = load(
            Address.of(workspace, reader=False),
            table,
            list(files),
            author=getpass.getuser(),
            message=message or f"ingest {', '.join(f.name for f in files)}",
            skip_bad=skip_bad,
            again=again,
            now=datetime.now(UTC),
            rejects=workspace.outputs / "rejects",
            progress=lambda name, lines: progress(f"{name}: {lines:,} lines", 0, 0),
        )
    for file in report.files:
        parts = f"{file.loaded:,} loaded + {file.rejected:,} rejected + {file.blank:,} blank"
        click.echo(f"{file.name}: {file.lines:,} lines = {parts}")
    if report.version:
        click.echo(f"data version {report.version}")
    if report.rejects_path:
        click.echo(f"rejected lines are in {report.rejects_path}")
