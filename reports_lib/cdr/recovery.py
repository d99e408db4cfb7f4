"""What the warehouse knows of a file whose process died: loaded, wholly, or not at all."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import psycopg

from reports_lib.database.outage import unreadable
from reports_lib.database.url import connect, reason
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ingest.ledger import LEDGER
from reports_lib.warehouse.ingest.report import FileReport, Report
from reports_lib.warehouse.ingest.sources import Source
from reports_lib.warehouse.lake import LAKE, open_lake
from reports_lib.warehouse.versions import versions

_LOADED = f"select sha256, loaded from {LEDGER} where message = "  # noqa: S608


def finished(address: Address, message: str, found: Sequence[Source], rejects: Path | None) -> Report | None:
    """The report of a load with that message, if the ledger has it: of `found`, which are read once more.

    What is not loaded of a sound line was rejected for its key. Raises `IngestError`, `WarehouseError`
    and `DatabaseError`.
    """
    loaded = _on_lake(address, message) if address.is_lake else _on_postgres(address, message)
    if not loaded:
        return None
    files = []
    for source in found:
        for _ in source.batches():
            pass
        lines, blank, good = source.reader.lines, source.reader.blank, loaded.get(source.sha256, 0)
        files.append(FileReport(source.name, source.sha256, lines, good, lines - blank - good, blank))
    version = next((each.name for each in reversed(versions(address)) if each.message == message), "")
    return Report(found[0].reader.table.name, tuple(files), version, rejects)


def _on_lake(address: Address, message: str) -> dict[str, int]:
    with open_lake(address) as con:
        try:
            there = "select 1 from duckdb_tables() where database_name = ? and table_name = ?"
            if not con.execute(there, [LAKE, LEDGER]).fetchone():
                return {}
            return dict(con.execute(f"{_LOADED} ?", [message]).fetchall())
        except duckdb.Error as error:
            told = reason(error, address.database)
            raise unreadable(f"the lake at {address.place}", error, told) from None


def _on_postgres(address: Address, message: str) -> dict[str, int]:
    with connect(address.database) as con:
        try:
            con.execute("select set_config('search_path', %s, false)", (f'"{address.schema}"',))
            if con.execute("select to_regclass(%s)", (LEDGER,)).fetchone() == (None,):
                return {}
            return dict(con.execute(f"{_LOADED} %s".encode(), (message,)).fetchall())
        except psycopg.Error as error:
            told = reason(error, address.database)
            raise unreadable(f"the warehouse at {address.place}", error, told) from None
