"""The list of reports with many runs: what one answer of the server costs, from the request to its last byte.

python -m bench.list [--runs 100000] [--rounds N]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bench.measure import machine, markdown
from reports_lib.accounts import account, sign_in
from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database import server
from reports_lib.database.schema import Run
from reports_lib.portal.app import app
from reports_lib.runs.installation import Installation
from reports_lib.runs.listing import SIZE, Listing, Place, Wanted
from reports_lib.workspace import Workspace

PASSWORD = "four plain words here"
BOSS = Visitor("boss", Role.ADMIN)
ROWS = """
WITH made AS (
    INSERT INTO snapshot (id, family, title, labels, role, user_name, company, generated_at, duration_ms, formats,
        bytes)
    SELECT encode(sha256(n::text::bytea), 'hex'), 'customer_dynamics', 'Customer dynamics', '{}', 'analyst', 'ann',
        (n % 40)::text, now() - n * interval '7 minutes', 900, '{html,pdf,csv,xlsx}', 400000
    FROM generate_series(1, :runs) n WHERE n % 10 <> 3 AND n > 5 RETURNING id
), linked AS (
    INSERT INTO link (token, snapshot_id, made_by, made_at) SELECT left(id, 22), id, 'ann', now() FROM made
)
INSERT INTO run (run_key, family, set_name, name, asked, formats, as_of, role, user_name, company, state, attempt,
    requested_at, started_at, heartbeat_at, formed_at, error, error_class, exit_code, snapshot_id)
SELECT 'bench ' || n, 'customer_dynamics', 'weekly', CASE WHEN n % 3 = 0 THEN 'Report of week ' || n ELSE '' END,
    '{"interval": "last 12 months", "currency": "USD", "client_type": ["client", "reseller"]}', '{html,pdf,csv,xlsx}',
    now(), 'analyst', 'ann', (n % 40)::text,
    CASE WHEN n <= 5 THEN 'generating' WHEN n % 10 = 3 THEN 'error' ELSE 'generated' END, 1,
    now() - n * interval '7 minutes', now(), now(), CASE WHEN n > 5 THEN now() - n * interval '7 minutes' END,
    CASE WHEN n > 5 AND n % 10 = 3 THEN 'it broke' END, CASE WHEN n > 5 AND n % 10 = 3 THEN 'NotebookError' END,
    CASE WHEN n > 5 AND n % 10 = 3 THEN 4 END,
    CASE WHEN n % 10 <> 3 AND n > 5 THEN encode(sha256(n::text::bytea), 'hex') END
FROM generate_series(:runs, 1, -1) n
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the user who runs Postgres passes it
        for name in ("notebooks", "parameters", "outputs"):
            (root / name).mkdir()
        workspace = Workspace(root, root / "outputs")
        try:
            rows = _measured(Installation(workspace), given.runs, given.rounds)
        finally:
            server.stop(workspace)
    print(f"{machine()}; {given.runs:,} runs, {given.rounds} rounds.\n")
    print(markdown(["", "milliseconds", "slowest"], rows))


def _measured(installation: Installation, runs: int, rounds: int) -> list[list[str]]:
    with Session(installation.database) as session, session.begin():
        session.execute(text(ROWS), {"runs": runs})
        now = datetime.now(UTC)
        account.add(session, name="boss", role=Role.ADMIN, password=PASSWORD, now=now, by="bench")
        found = account.find(session, "boss")
        token = sign_in.begin(session, found, now)
    with installation.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    client = TestClient(app(installation))
    client.cookies.set("sid", token)
    deep = _place(installation, min(1000 * SIZE, runs // 2))
    asked = {
        "first page": "/",
        "page 1000": f"/?before={deep}",
        "page 999, by its way back": f"/?after={deep}",
        "category Error": "/?state=error",
        "category Generating": "/?state=generating",
        "search for what most are called": "/?q=customer",
        "search for one": "/?q=week+99999",
        "search for what none is called": "/?q=nothing",
        "a month": "/?since=2026-01-01T00:00&until=2026-02-01T00:00",
    }
    rows = [
        _row(name, _times(lambda url=url: client.get(url).raise_for_status(), rounds)) for name, url in asked.items()
    ]
    with Session(installation.database) as session:
        small = Visitor("ann", Role.ANALYST, "7", frozenset({"7"}))
        for name, visitor in (("counts alone", BOSS), ("counts of one company of 40", small)):
            listing = Listing(visitor, Wanted(), {})
            rows.append(_row(name, _times(lambda listing=listing: listing.counts(session), rounds)))
        listing = Listing(Visitor("eve", Role.VIEWER, "x", frozenset({"x"})), Wanted(), {})
        rows.append(_row("page of a company that has none", _times(lambda: listing.page(session), rounds)))
    installation.database.dispose()
    return rows


def _place(installation: Installation, number: int) -> Place:
    """Where the run stands that `number` newer ones precede."""
    with Session(installation.database) as session:
        query = select(Run.requested_at, Run.id).order_by(Run.requested_at.desc(), Run.id.desc())
        return Place(*session.execute(query.offset(number).limit(1)).one())


def _times(do: Callable[[], object], rounds: int) -> list[float]:
    do()
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        do()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _row(name: str, times: list[float]) -> list[str]:
    return [name, f"{median(times):.0f}", f"{max(times):.0f}"]


if __name__ == "__main__":
    main()
