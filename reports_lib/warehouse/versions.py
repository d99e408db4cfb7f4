"""Data versions: every write to a lake makes one, and each can be read for ever after.

A plain Postgres keeps no versions; there a run reads one state, which is gone with the run.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from reports_lib.database.outage import unreadable
from reports_lib.database.url import connect, reason
from reports_lib.errors import WarehouseError
from reports_lib.warehouse.address import Address

Row = tuple[int, datetime, str | None, str | None, int]


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a lake: its name, the moment (aware UTC) it came to be, who made it and why.

    `newest_file` changes whenever the lake's files do, also where their rows stay the same.
    """

    name: str
    at: datetime
    author: str
    message: str
    newest_file: int


def versions(address: Address) -> list[Version]:
    """Every data version of a lake, oldest first; none for a Postgres.

    Raises `DatabaseError` if the catalogue is down, `WarehouseError` if there is no lake in it.
    """
    return [_version(row) for row in _rows(address, "order by snapshot_id")]


def latest(address: Address) -> Version | None:
    """A lake's newest data version; None for a Postgres, whose state has a name only once it is read."""
    found = _rows(address, "order by snapshot_id desc limit 1")
    return _version(found[0]) if found else None


def find(address: Address, name: str) -> Version:
    """The data version of that name; raises `WarehouseError` if there is none."""
    if not address.is_lake:
        raise WarehouseError(
            f"Postgres keeps no old data: the warehouse at {address.place} cannot be read at version {name}"
        )
    known = versions(address)
    for version in known:
        if version.name == name:
            return version
    span = f"{known[0].name} to {known[-1].name}" if known else "none"
    raise WarehouseError(f"the lake has no data version {name}; it has {span}")


def _version(row: Row) -> Version:
    number, at, author, message, newest_file = row
    return Version(str(number), at.astimezone(UTC), author or "", message or "", newest_file)


def _rows(address: Address, order: str) -> list[Row]:
    if not address.is_lake:
        return []
    # straight from the catalogue, whose tables DuckLake's specification fixes: a DuckDB session costs much more
    query = (
        "select snapshot_id, snapshot_time, author, commit_message,"
        " (select coalesce(max(data_file_id), 0) from ducklake_data_file)"
        " from ducklake_snapshot left join ducklake_snapshot_changes using (snapshot_id) "
    )
    with connect(address.database) as con:
        try:
            return con.execute((query + order).encode()).fetchall()
        except psycopg.errors.UndefinedTable:
            raise WarehouseError("the warehouse is empty; `daybook demo` or `daybook ingest` fills it") from None
        except psycopg.Error as error:
            place = f"the lake's catalogue at {address.place}"
            raise unreadable(place, error, reason(error, address.database)) from None
