"""Recording invoices: how many a second get their number, from one process and from sixteen at once.

python -m bench.numbering [--writers 16] [--each 100] [--rounds 3]

Each recording is a transaction of its own on an embedded Postgres that waits for the disk: lock, number, facts,
debit, link of the chain, note for the mirror. Beside it a bare counter row, which is what cannot be beaten.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from bench.measure import machine, markdown
from reports_lib.database import server
from reports_lib.database.engine import engine_of
from reports_lib.invoicing import draft, record, verify
from reports_lib.invoicing.document import Document, Line, Party, PaymentTerms
from reports_lib.invoicing.draft import Order
from reports_lib.invoicing.totals import totals
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace

WARM = 20  # recordings of each writer before the clock runs
ZERO, RATE = Decimal(0), Decimal(20)
SUPPLIER = Party("Northline", "Northline Telecom GmbH", "Invalidenstraße 34", "Berlin", "10115", "DE", "DE136695976")
BARE = text("UPDATE bare SET last = last + 1")

Work = Callable[[Engine, int, Sequence[int]], None]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--each", type=int, default=100, help="recordings of one writer in a round")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the user who runs Postgres passes it
        for name in ("notebooks", "parameters", "outputs"):
            (root / name).mkdir()
        workspace = Workspace(root, root / "outputs")
        try:
            rows = _measured(workspace, given.writers, given.each, given.rounds)
        finally:
            server.stop(workspace)
    print(f"{machine()}; {given.writers} writers, {given.each} each, median of {given.rounds} rounds.\n")
    print(markdown(["", "a second", "against the bare counter"], rows))


def _measured(workspace: Workspace, writers: int, each: int, rounds: int) -> list[list[str]]:
    url = server.database_url(workspace)
    engine = Installation(workspace).database  # with its tables
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bare AS SELECT 0::bigint AS last"))
    engine.dispose()
    found: dict[str, list[float]] = {}
    kinds: dict[str, tuple[int, Work]] = {
        f"bare counter, {writers} writers": (writers, _count),
        f"recording, {writers} writers": (writers, _record),
        "recording, 1 writer": (1, _record),
    }
    for number in range(rounds):
        for name, (many, work) in kinds.items():
            shares = (
                _drafts(url, f"{number} {name}", many, WARM + each) if work is _record else [[0] * (WARM + each)] * many
            )
            seconds = _together(url, work, shares)
            found.setdefault(name, []).append(many * each / seconds)
    engine = engine_of(url)
    with Session(engine) as session:
        report = verify.verify(session, None)
    engine.dispose()
    assert not report.defects, report.defects[:3]
    base = median(next(iter(found.values())))
    return [[name, f"{median(speeds):,.0f}", f"{median(speeds) / base:.2f}"] for name, speeds in found.items()]


def _drafts(url: str, key: str, writers: int, each: int) -> list[list[int]]:
    """Ids of drafts, a share for each writer."""
    engine, now = engine_of(url), datetime.now(UTC)
    with Session(engine) as session, session.begin():
        made = [
            draft.make(session, _document(number, now), Order(f"{key} {number}", "B-"), "bench", now).id
            for number in range(1, writers * each + 1)
        ]
    engine.dispose()
    return [made[share::writers] for share in range(writers)]


def _document(client: int, now: datetime) -> Document:
    lines = [
        Line(n, f"Service {n}", n, None, "service", Decimal(n), "min", Decimal("0.07"), Decimal("7.35") * n, RATE)
        for n in (1, 2, 3)
    ]
    sums = totals(lines, 2, {})
    return Document(
        kind="invoice", account_number="", revision=0, supplier=replace(SUPPLIER, account="1"),
        buyer=Party(f"Client {client}", account=str(client)), currency="EUR", places=2, invoice_date=date(2026, 10, 31),
        due_date=None, period=None, lines=sums.lines, taxes=sums.taxes, net=sums.net, tax=sums.tax, gross=sums.gross,
        carried=ZERO, paid=ZERO, due=sums.gross, payment=PaymentTerms("", ""), language="en", note="", corrects=None,
        comment="", draft=True, made_at=now,
    )  # fmt: skip


def _record(engine: Engine, _writer: int, ids: Sequence[int]) -> None:
    for each in ids:
        with Session(engine) as session, session.begin():
            record.record(session, each, "bench", datetime.now(UTC))


def _count(engine: Engine, _writer: int, ids: Sequence[int]) -> None:
    for _ in ids:
        with engine.begin() as connection:
            connection.execute(BARE)


def _together(url: str, work: Work, shares: Sequence[Sequence[int]]) -> float:
    """Seconds from the moment that all writers are ready until the last is done."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(len(shares) + 1)
    writers = [context.Process(target=_writer, args=(url, work, n, share, ready)) for n, share in enumerate(shares)]
    for each in writers:
        each.start()
    ready.wait()
    begun = time.perf_counter()
    for each in writers:
        each.join()
    seconds = time.perf_counter() - begun
    assert all(each.exitcode == 0 for each in writers)
    return seconds


def _writer(url: str, work: Work, number: int, share: Sequence[int], ready) -> None:  # `ready` is a barrier
    engine = engine_of(url)
    work(engine, number, share[:WARM])
    ready.wait()
    work(engine, number, share[WARM:])
    engine.dispose()


if __name__ == "__main__":
    main()
