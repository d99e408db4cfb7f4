"""The list of invoices with many: what a page, a search and the counts of it take in the database.

python -m bench.invoice_list [--invoices 100000] [--rounds N]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bench.measure import machine, markdown
from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database import server
from reports_lib.database.schema import Invoice
from reports_lib.invoicing.listing import SIZE, Category, Listing, Place, Wanted
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace

BOSS, SMALL = Visitor("boss", Role.ADMIN), Visitor("ann", Role.BILLING, "7", frozenset({"7"}))
ROWS = text("""
INSERT INTO invoice (company, client_id, client_name, kind, key, state, currency, period_start, period_end, month,
    invoice_date, series, year, number, account_number, net, tax, total, paid, facts, facts_sha256, created_at,
    created_by, recorded_at, recorded_by)
SELECT (n % 40)::text, n % 5000, 'Client ' || n % 5000, 'monthly', n::text,
    CASE WHEN n % 50 = 0 THEN 'DRAFT' ELSE 'RECORDED' END, 'EUR', '2026-10-01', '2026-11-01', '2026-10', '2026-11-01',
    'B-', 2026, n, 'B-202610-' || lpad(n::text, 6, '0'), 100, 20, 120, CASE WHEN n % 3 = 0 AND n % 50 > 0 THEN 120
    ELSE 0 END, repeat('x', 4000), repeat('a', 64), now() - n * interval '7 minutes', 'ann', now(), 'ann'
FROM generate_series(:invoices, 1, -1) n
""")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the user who runs Postgres passes it
        for name in ("notebooks", "parameters", "outputs"):
            (root / name).mkdir()
        workspace = Workspace(root, root / "outputs")
        try:
            rows = _measured(Installation(workspace), given.invoices, given.rounds)
        finally:
            server.stop(workspace)
    print(f"{machine()}; {given.invoices:,} invoices, {given.rounds} rounds.\n")
    print(markdown(["", "milliseconds", "slowest"], rows))


def _measured(installation: Installation, invoices: int, rounds: int) -> list[list[str]]:
    with Session(installation.database) as session, session.begin():
        session.execute(ROWS, {"invoices": invoices})
    with installation.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    with Session(installation.database) as session:
        newest = select(Invoice.created_at, Invoice.id).order_by(Invoice.created_at.desc(), Invoice.id.desc())
        deep = Place(*session.execute(newest.offset(invoices // 2).limit(1)).one())
        asked = {
            "first page": lambda: Listing(BOSS).page(session),
            f"page {invoices // 2 // SIZE:,}": lambda: Listing(BOSS).page(session, before=deep),
            "counts": lambda: Listing(BOSS).counts(session),
            "counts of one company of 40": lambda: Listing(SMALL).counts(session),
            "search for a number": lambda: Listing(BOSS, Wanted(text="B-202610-099999")).page(session),
            "search for what there is not": lambda: Listing(BOSS, Wanted(text="nothing")).page(session),
            "unpaid of a month": lambda: Listing(
                BOSS, Wanted(Category.UNPAID, since=datetime(2026, 10, 1, tzinfo=UTC))
            ).page(session),
        }
        rows = [[name, *_times(do, rounds)] for name, do in asked.items()]
    installation.database.dispose()
    return rows


def _times(do: Callable[[], object], rounds: int) -> list[str]:
    do()
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        do()
        spent.append((time.perf_counter() - begun) * 1000)
    return [f"{median(spent):.0f}", f"{max(spent):.0f}"]


if __name__ == "__main__":
    main()
