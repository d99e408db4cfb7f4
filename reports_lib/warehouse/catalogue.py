"""The catalogue of one data version as a file: who reads it needs no server, no password and no network.

    outputs/catalogues/<version>-<moment it came to be>-<newest file>.ducklake

The rows of a data version never change, so its catalogue is copied once and read from then on; where
the lake's files were put together anew, it is copied again. Reports read the copy: it is nearer than the
server, it holds no secret, and a server that goes away in the midst of a report takes nothing with it.
"""

import math
import os
import shutil
import tempfile
import time
from pathlib import Path

import duckdb
from psycopg.conninfo import make_conninfo

from reports_lib.database.url import keywords
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.extensions import opened
from reports_lib.warehouse.lake import CATALOGUE, literal
from reports_lib.warehouse.versions import Version

KEPT = 8  # copies, of the versions that were asked for last
LEAVE = 3600  # seconds that every copy is kept: a run may be about to open it
TABLES = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'server' AND table_name LIKE 'ducklake_%'"
INLINED = "ducklake_inlined_"  # rows that are in the catalogue itself, in types that only its own server knows
REGISTER = "ducklake_inlined_data_tables"


def frozen(address: Address, version: Version, folder: Path) -> Address:
    """Where to read `version` of a lake without its server: a copy of the catalogue in `folder`, made if need be.

    What cannot be copied is read where it is: a lake that keeps rows in its catalogue, as ours do not,
    and any lake where there is no room for a copy.
    """
    path = folder / f"{version.name}-{version.at:%Y%m%dT%H%M%S%f}-{version.newest_file}.ducklake"
    try:
        if not path.exists():
            if not _copy(address, path):
                return address
            _tidy(folder)
        os.utime(path)  # whoever tidies up sees that it is of use
    except (OSError, duckdb.Error):
        return address
    return Address("", address.data_path, catalogue=str(path), version=version.name)


def _copy(address: Address, path: Path) -> bool:
    """Copy the whole catalogue, or nothing; False if there are rows in it."""
    if "?" in str(path):  # DuckDB takes what follows for something else
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as name:
        made = Path(name) / path.name
        con = opened()
        try:
            con.execute(
                f"ATTACH {literal(make_conninfo(**keywords(address.database)))}"
                f" AS server (TYPE postgres, READ_ONLY, SCHEMA {literal(CATALOGUE)})"
            )
            con.execute(f"ATTACH {literal(str(made))} AS copy (BLOCK_SIZE 16384)")
            con.execute("BEGIN")  # one state of the server for all tables
            tables = [table for (table,) in con.execute(TABLES).fetchall()]
            if any(_has_rows(con, table) for table in tables if table.startswith(INLINED) and table != REGISTER):
                return False
            for table in tables:
                if table == REGISTER or not table.startswith(INLINED):
                    limit = " LIMIT 0" if table == REGISTER else ""
                    con.execute(f'CREATE TABLE copy."{table}" AS FROM server."{CATALOGUE}"."{table}"{limit}')
            con.execute("COMMIT")
            con.execute("DETACH copy")  # all is in the file now, and none in a log beside it
        finally:
            con.close()
        made.replace(path)
    return True


def _has_rows(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    found = con.execute(f'FROM server."{CATALOGUE}"."{table}" LIMIT 1').fetchone()
    return found is not None


def _tidy(folder: Path) -> None:
    """Remove copies that nobody has asked for lately, and what a killed process left; what has one open keeps it."""
    copies = sorted(folder.glob("*.ducklake"), key=_changed, reverse=True)
    for path in [*copies[KEPT:], *folder.glob(".*")]:
        if time.time() - _changed(path) > LEAVE:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _changed(path: Path) -> float:
    """When it was changed last; infinitely late if it is gone, for others copy and tidy up meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
