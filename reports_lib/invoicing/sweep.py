"""Clearing away annexes that no invoice names: of drafts thrown away or made anew, and of whoever was killed."""

from datetime import datetime, timedelta
from fcntl import LOCK_EX
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import Invoice, InvoiceState
from reports_lib.invoicing.calls import SUFFIX
from reports_lib.invoicing.making import store_of
from reports_lib.runs.installation import Installation
from reports_lib.snapshots.store import is_in_place

GRACE = timedelta(days=1)  # far longer than from a file to the row that names it


def sweep(installation: Installation, now: datetime, grace: timedelta = GRACE) -> list[str]:
    """Remove them and return their names; nothing younger than `grace`. Raises `StoreError` and `DatabaseError`."""
    store = store_of(installation)
    if not store.root.is_dir():
        return []
    with store.lock(LOCK_EX):
        old = {path.name: path for path in store.files() if _is_annex(path) and _is_older(path, now, grace)}
        if not old:
            return []
        with Session(installation.database) as session:
            named = select(Invoice.annex).where(Invoice.annex.is_not(None), Invoice.state != InvoiceState.VOID)
            needed = set(session.scalars(named))
        unneeded = sorted(old.keys() - needed)
        for name in unneeded:
            store.remove(old[name])
    return unneeded


def _is_annex(path: Path) -> bool:
    return is_in_place(path) and path.suffix == f".{SUFFIX}"


def _is_older(path: Path, now: datetime, grace: timedelta) -> bool:
    return now.timestamp() - path.stat(follow_symlinks=False).st_mtime > grace.total_seconds()
