"""What a month's invoices cost: the reports, the drafts with their recording, and the documents, for about 1,000.

    python -m bench.billing_run [--scale N]      the demo has about 500 clients to bill at scale 1

The bar is 25 invoices a second to sealed PDF on 2 cores: drafts, numbers, debits, chain, PDF, XML, hashes.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import click
import psutil
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.place import place
from reports_lib.cli import demo_billing
from reports_lib.database.schema.invoices import Invoice
from reports_lib.invoicing import making, monthly
from reports_lib.invoicing.asking import ROLE, Asking
from reports_lib.invoicing.parties import issuers
from reports_lib.rendering.press import Press
from reports_lib.runs.installation import Installation
from reports_lib.runs.wait import wait
from reports_lib.snapshots.manifest import Author

MONTH = "2026-10"  # the demo's last whole one
BAR = 25  # invoices a second

T = TypeVar("T")


@click.command()
@click.option("--scale", default=2, show_default=True, type=click.IntRange(1, 20), help="Of the demo data.")
def main(scale: int) -> None:
    """Bill a month of the demo and print what each part took."""
    with place(scale) as installation:
        demo_billing.fill(installation)
        measure(installation)


def measure(installation: Installation) -> None:
    """Bill every company, one part after the other."""
    now = datetime.now(UTC)
    asking, companies = Asking(installation, Author(ROLE, "bench"), now), issuers(installation, now).values()
    with Session(installation.database) as session, session.begin():
        asked = [asking.ask(session, MONTH, company) for company in companies]
        runs = [(each.id, each.run_id or 0) for each in asked]
    _, reports = timed(lambda: [wait(installation, run, lambda *_: None) for _, run in runs])
    issued, drafting = timed(lambda: [monthly.issue(installation, billing, now) for billing, _ in runs])
    made = sum(each.made for each in issued if each)
    with Press(2) as press:
        _, warming = timed(lambda: making.document(installation, press, _some(installation), None, now))
        outcome, drawing = timed(lambda: making.make_all(installation, press, lambda: datetime.now(UTC)))
    documents = outcome.made if outcome else 0
    print(f"{made} invoices of {len(runs)} companies, {documents} documents; {psutil.cpu_count()} processors\n")
    print("| part | seconds | a second |\n| --- | --- | --- |")
    parts = [("reports", reports, made), ("drafts and recording", drafting, made), ("documents", drawing, documents)]
    parts.append(("drafts to sealed documents", drafting + drawing, documents))
    for name, seconds, count in parts:
        print(f"| {name} | {seconds:.1f} | {count / seconds:.1f} |")
    verdict = "met" if documents / (drafting + drawing) >= BAR else "missed"
    print(f"\nbar: {BAR} a second, {verdict}; the first document, renderers warming, took {warming:.1f} s")


def timed(do: Callable[[], T]) -> tuple[T, float]:
    """What it returns, and the seconds it took."""
    begun = time.perf_counter()
    return do(), time.perf_counter() - begun


def _some(installation: Installation) -> int:
    with Session(installation.database) as session:
        return session.scalars(select(func.min(Invoice.id)).where(Invoice.state == "RECORDED")).one() or 0


if __name__ == "__main__":
    main()
