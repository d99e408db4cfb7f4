"""`daybook invoice run` and `daybook invoice documents`: the invoices of a month, and their files."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.cli.invoice import me
from reports_lib.cli.listing import listing
from reports_lib.cli.progress import running
from reports_lib.database.schema.invoices import Invoice
from reports_lib.errors import DaybookError, StateError
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace

if TYPE_CHECKING:  # a second, for whoever wants another command of the group
    from reports_lib.invoicing.monthly import Issued
    from reports_lib.invoicing.parties import Issuer

ASK_AGAIN = 0.5  # seconds between two looks at what somebody else is making


@click.command()
@click.option("--month", required=True, metavar="YYYY-MM", help="The month to bill; it must be over.")
@click.option("--company", metavar="ID", help="Of this company only; else of every one.")
@click.option("--no-documents", is_flag=True, help="Leave the PDFs to a worker.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def run(month: str, company: str | None, no_documents: bool, as_json: bool) -> None:
    """Make the invoices of a month: one for each client with charges and none yet.

    What does not fit together is held as a draft until a person releases it; the rest gets its number. Asked
    again, nothing is made twice, and drafts that nothing is charged for any more are thrown away.
    """
    from reports_lib.cli.chores import copy_now
    from reports_lib.invoicing.parties import issuer, issuers

    installation, now = Installation(Workspace.find()), datetime.now(UTC)
    found = [issuer(installation, now, company)] if company else list(issuers(installation, now).values())
    issued = [billed(installation, each, month, now, quiet=as_json) for each in found]
    documents = 0 if no_documents else make_documents(installation, quiet=as_json)
    trouble = copy_now(installation)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in issued], indent=2))
    else:
        _tell(installation, found, issued, documents)
    if trouble:
        click.echo(f"not in the warehouse yet: {trouble}", err=True)
    if failed := [each.error for each in issued if each.error]:
        raise StateError("; ".join(failed))


@click.command()
def documents() -> None:
    """Make every document that recorded invoices still lack."""
    from reports_lib.cli.chores import copy_now

    installation = Installation(Workspace.find())
    made = make_documents(installation)
    copy_now(installation)
    click.echo(f"{made} documents made")


def make_documents(installation: Installation, quiet: bool = False) -> int:
    """Make all that are awaited, or wait for whoever is at it; how many we made.

    Raises `DaybookError` naming those that cannot be made, once the others are.
    """
    from reports_lib.invoicing import making
    from reports_lib.rendering.press import Press

    failures: dict[tuple[int, int], str] = {}
    done = 0
    with running("documents", quiet=quiet, unit="document") as progress:
        while wanted := _awaited(installation) - len(failures):
            with Press(installation.workspace.concurrency) as press:
                outcome = making.make_all(
                    installation,
                    press,
                    lambda: datetime.now(UTC),
                    list(failures),
                    lambda count, total=wanted: progress("", count, total),  # type: ignore[misc]  # bound now
                )
            if outcome is None:
                time.sleep(ASK_AGAIN)
                continue
            done += outcome.made
            failures |= outcome.failures
            if not outcome.made and not outcome.failures:
                break
    if failures:
        told = [f"invoice {invoice}: {why}" for (invoice, _), why in sorted(failures.items())]
        raise DaybookError(f"{len(told)} documents cannot be made, {'; '.join(told[:5])}")
    return done


def _awaited(installation: Installation) -> int:
    from reports_lib.invoicing import making

    with Session(installation.database) as session:
        return len(making.awaiting(session, limit=1_000_000))


def billed(installation: Installation, company: "Issuer", month: str, now: datetime, *, quiet: bool) -> "Issued":
    """Ask, wait for the report, and issue it, or wait for a worker that does."""
    from reports_lib.invoicing import monthly
    from reports_lib.invoicing.asking import ROLE, Asking
    from reports_lib.runs.wait import wait
    from reports_lib.snapshots.manifest import Author

    asking = Asking(installation, Author(ROLE, me()), now)
    with Session(installation.database) as session, session.begin():
        asked = asking.ask(session, month, company)
        billing, run_id = asked.id, asked.run_id
    assert run_id is not None
    try:
        with running(f"invoices of {company.party.name}", quiet=quiet) as progress:
            wait(installation, run_id, progress)
    finally:
        while (issued := monthly.issue(installation, billing, now)) is None:
            time.sleep(ASK_AGAIN)
    return issued


def _tell(installation: Installation, found: Sequence["Issuer"], issued: Sequence["Issued"], made: int) -> None:
    heads = ("company", "month", "made", "held", "there already", "withdrawn")
    rows = [
        (company.party.name, each.month, *map(str, (each.made, each.held, each.skipped, each.withdrawn)))
        for company, each in zip(found, issued, strict=True)
    ]
    listing(heads, rows)
    if made:
        click.echo(f"{made} documents made")
    for reason, count in _reasons(installation, issued):
        click.echo(f"held: {count} for {reason}")


def _reasons(installation: Installation, issued: Sequence["Issued"]) -> list[tuple[str, int]]:
    """What holds the invoices of these billings, by the first words of each reason, the most frequent first."""
    if not any(each.held for each in issued):
        return []
    is_held = Invoice.released_at.is_(None), Invoice.state == "DRAFT", func.cardinality(Invoice.held) > 0
    months, companies = {each.month for each in issued}, {each.company for each in issued}
    query = select(Invoice.held).where(*is_held, Invoice.month.in_(months), Invoice.company.in_(companies))
    with Session(installation.database) as session:
        found = Counter(reason.partition(":")[0] for held in session.scalars(query) for reason in held)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))
