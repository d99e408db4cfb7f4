"""Commands about what was made: runs and snapshots, and the proof that they are as they were sealed."""

import getpass
import json
from datetime import UTC, datetime

import click
from sqlalchemy.orm import Session

from reports_lib.cli.listing import listing
from reports_lib.cli.progress import running
from reports_lib.database.schema import Run, State
from reports_lib.errors import CorruptSnapshotError
from reports_lib.runs.discard import discard
from reports_lib.runs.installation import Installation
from reports_lib.runs.record import recent
from reports_lib.runs.show import show as shown
from reports_lib.snapshots import index
from reports_lib.snapshots.verify import verify as findings
from reports_lib.workspace import Workspace


@click.command()
@click.option("--family", help="Only of this family.")
@click.option("--state", type=click.Choice([str(s) for s in State]), help="Only in this state.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), metavar="N", help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def runs(family: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """List the newest runs and how they ended."""
    with Session(Installation(Workspace.find()).database) as session:
        found = [_run(each) for each in recent(session, limit, family, State(state) if state else None)]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    listing(
        ("run", "family", "set", "state", "asked for", "snapshot or error"),
        [
            (
                r["run"] or "",
                r["family"] or "",
                r["set"] or "-",
                r["state"] or "",
                (r["requested_at"] or "")[:16],
                _end(r),
            )
            for r in found
        ],
    )


def _end(run: dict[str, str | None]) -> str:
    """What came of it; of one that has not ended, how far it is."""
    so_far = " ".join(filter(None, [run["stage"], run["step"]])) if run["state"] in ("queued", "generating") else ""
    return run["error"] or (run["snapshot"] or "")[:12] or so_far


def _run(row: Run) -> dict[str, str | None]:
    return {
        "run": str(row.id),
        "family": row.family,
        "set": row.set_name,
        "state": row.state,
        "attempt": str(row.attempt),
        "stage": row.stage,
        "step": row.step,
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
@click.argument("run", type=click.IntRange(1, 2**63 - 1))
@click.option("--reason", default="", metavar="TEXT", help="Why; who opens its link reads it.")
def delete(run: int, reason: str) -> None:
    """Delete the report of RUN for good: off the lists, its files removed, its links answering that it is gone."""
    by = getpass.getuser()
    discard(Installation(Workspace.find()), run, by=by, reason=reason or "no reason given", at=datetime.now(UTC))
    click.echo(f"run {run} is deleted")


@click.command()
@click.argument("id", required=False)
def verify(id: str | None) -> None:
    """Read every stored byte again (of snapshot ID only) and say what is not as it was sealed."""
    installation = Installation(Workspace.find())
    with running("verify") as progress:
        progress("reading every stored byte", 0, 0)
        with Session(installation.database) as session:
            snapshot = index.find(session, id) if id else None
            known = index.known(session)
        found = list(findings(installation.store, snapshot, known))
    for finding in found:
        click.echo(str(finding))
    if any(f.is_damage for f in found):
        raise CorruptSnapshotError(f"{sum(f.is_damage for f in found)} findings: restore these files from a backup")
    click.echo("every stored byte is as it was sealed")
