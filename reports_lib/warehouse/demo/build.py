"""The demo data into a warehouse, once."""

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from reports_lib.database.url import connect
from reports_lib.errors import SettingError, WarehouseError
from reports_lib.warehouse import demo, writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.versions import versions

MESSAGE = "Demo data, scale "


def build(address: Address, scale: int, progress: Callable[[str, int, int], None]) -> bool:
    """Fill an empty warehouse with demo data; False, and nothing done, if that happened before.

    Raises `SettingError` if the warehouse holds data of its own, with which made-up rows must not mix.
    """
    found = _messages(address)
    if any(message.startswith(MESSAGE) for message in found):
        return False
    if found:
        raise SettingError("the warehouse holds data of its own; set DAYBOOK_OUTPUTS to an empty folder for the demo")
    progress("making it up", 0, 2)
    tables = demo.tables(scale=scale)
    progress("writing", 1, 2)
    writer.write(address, tables, author="demo", message=f"{MESSAGE}{scale}")
    progress("written", 2, 2)
    return True


def demo_as_of() -> datetime:
    """The moment that demo reports speak of: the end of the data, or now if that has not come yet."""
    return min(demo.end(), datetime.now(UTC))


def _messages(address: Address) -> list[str]:
    """What the warehouse says of the writes to it; a Postgres keeps no such notes, so its clients speak."""
    if address.is_lake:
        try:
            return [v.message for v in versions(address) if v.author]
        except WarehouseError:  # no lake yet
            return []
    with connect(address.database) as con:
        try:
            query = sql.SQL("select count(*) from {}").format(sql.Identifier(address.schema, "client"))
            (count,) = con.execute(query).fetchone() or (0,)
        except psycopg.errors.UndefinedTable:
            return []
    return [f"{MESSAGE}unknown"] if count else []
