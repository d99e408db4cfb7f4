"""A load from beginning to end: read and stage, ask the warehouse, then all rows or none."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reports_lib.errors import IngestError, UnknownNameError
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ingest import ledger, targets
from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.rejects import Rejects
from reports_lib.warehouse.ingest.report import Report
from reports_lib.warehouse.ingest.sources import Source, sources
from reports_lib.warehouse.ingest.stage import Stage, joined, places
from reports_lib.warehouse.tables import TABLES, Table

Progress = Callable[[str, int], object]


@dataclass(frozen=True, slots=True)
class Order:
    """How files are loaded: by whom and why, what becomes of bad rows, who is told how far it is.

    `now` is in UTC. Rejects are kept in the folder `rejects`, in a file that begins with `name` or the table's.
    """

    author: str
    message: str
    now: datetime
    rejects: Path
    skip_bad: bool = False
    again: bool = False
    progress: Progress | None = None
    name: str = ""
    way: str = "--again"  # to load a file a second time, "" if there is none


def ingest(  # noqa: PLR0913 - what the command line offers, each by its name
    address: Address,
    table: str,
    files: Sequence[Path],
    *,
    author: str,
    message: str,
    now: datetime,
    skip_bad: bool = False,
    again: bool = False,
    rejects: Path = Path("outputs/rejects"),
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Report:
    """Load CSV (also gzipped) and Parquet files into a canonical table, all rows in one data version.

    A row that does not fit is rejected: a file in the folder `rejects` tells its line, column and
    reason. Unless `skip_bad`, one such row keeps all others out too. A file whose content was
    loaded before is refused unless `again`. `now` is aware. `progress` is told, now and then, the
    name of a file and how many of its lines were read. Raises `IngestError` (then nothing was
    loaded), `UnknownNameError` for the table, `WarehouseError` and `DatabaseError`.
    """
    if table not in TABLES:
        raise UnknownNameError.of("table", table, TABLES)
    order = Order(author, message, now.astimezone(UTC), rejects, skip_bad, again, progress)
    return load(address, TABLES[table], lambda: sources(files, TABLES[table], limits or Limits()), order)


def load(address: Address, table: Table, found: Callable[[], Sequence[Source]], order: Order) -> Report:
    """Load the sources that `found` gives: what `ingest` does, for readers of any kind. Raises as it does."""
    try:
        with tempfile.TemporaryDirectory(prefix="daybook-ingest-") as folder:
            return _load(address, table, found(), order, Path(folder))
    except OSError as error:
        raise IngestError(
            f"the files cannot be read or staged: {error.strerror or error}; nothing was loaded"
        ) from None


def _load(address: Address, table: Table, found: Sequence[Source], order: Order, folder: Path) -> Report:
    with ExitStack() as stack:
        rejects = stack.enter_context(Rejects(folder / "rejects.csv"))
        stage = _read(found, Stage(folder, table), rejects, order.progress)
        filled = [source for source in found if source.staged]
        if not filled:
            _decide(found, rejects, order, table)
            return Report(
                table.name, tuple(source.report() for source in found), None, _kept(rejects, found, order, table)
            )
        target = stack.enter_context(targets.opened(address, table, folder))
        if not order.again:
            ledger.refuse(table.name, filled, target.earlier([source.sha256 for source in filled]), order.way)
        refused = joined(joined(stage.reserved(), stage.repeated()), target.present(stage))
        for number, source in enumerate(found):
            rejects.add(source.name, source.explain(places(refused, number)))
            source.unchanged()
        _decide(found, rejects, order, table)
        reports = tuple(source.report() for source in found)
        kept = _kept(rejects, found, order, table)
        entries = ledger.entries(table.name, reports, order.now, order.author, order.message)
        version = target.fill(stage, refused, entries)
    return Report(table.name, reports, version, kept)


def _read(found: Sequence[Source], stage: Stage, rejects: Rejects, progress: Progress | None) -> Stage:
    with stage:
        for number, source in enumerate(found):
            for rows, bad in source.batches():
                stage.add(number, rows)
                rejects.add(source.name, bad)
                if progress:
                    progress(source.name, source.reader.lines)
    return stage


def _decide(found: Sequence[Source], rejects: Rejects, order: Order, table: Table) -> None:
    """Raise `IngestError` if there are rejects that keep everything out."""
    reports = [source.report() for source in found]
    loaded = sum(report.loaded for report in reports)
    if not rejects.count or (order.skip_bad and loaded):
        return
    more = rejects.count - len(rejects.first)
    few = "; ".join(rejects.first) + (f"; and {more:,} more" if more else "")
    way = "; nothing was loaded" + (" (--skip-bad loads the others)" if loaded else "")
    lines = sum(report.lines for report in reports)
    path = _kept(rejects, found, order, table)
    raise IngestError(
        f"{rejects.count:,} of {lines:,} lines do not fit table {table.name}: {few}; all are in {path}{way}"
    )


def _kept(rejects: Rejects, found: Sequence[Source], order: Order, table: Table) -> Path | None:
    if not rejects.count:
        return None
    return rejects.keep(order.rejects, f"{order.name or table.name}-{order.now:%Y%m%dT%H%M%SZ}-{found[0].sha256[:8]}")
