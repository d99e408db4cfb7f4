"""Replacing a customer's rows in the warehouse, if they are still as they were seen: all tables or none.

One transaction of the only writer reads the rows again, compares them with `before`, and makes them `after`. Done
twice it has been done once: rows that are `after` already are left as they are. Columns of a Postgres of one's own
that are not canonical stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import psycopg

from reports_lib.errors import StateError
from reports_lib.ops.state import CLIENT, PROFILE, TRACES, State, is_registered, of_rows
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address

_PLACES = {"ips": ("client_session", "session_id", "ip"), "raw": ("payment", "payment_id", "raw")}
_TYPES = {"birth_date": date.fromisoformat, "deleted_at": datetime.fromisoformat}  # of columns that are no texts


@dataclass(frozen=True)
class _Hand:
    """A transaction of the writer; statements are written alike for both engines, with `?` for a value."""

    con: duckdb.DuckDBPyConnection | psycopg.Connection

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        found: list[tuple[Any, ...]]
        if isinstance(self.con, psycopg.Connection):
            found = self.con.execute(statement.replace("?", "%s").encode(), values).fetchall()
        else:
            found = self.con.execute(statement, values).fetchall()
        return found

    def do(self, statement: str, *values: object) -> None:
        """Run what finds nothing."""
        if isinstance(self.con, psycopg.Connection):
            self.con.execute(statement.replace("?", "%s").encode(), values)
        else:
            self.con.execute(statement, values)

    @property
    def held(self) -> str:
        """What keeps others from changing the rows of a query meanwhile: a lake has but one writer."""
        return " FOR UPDATE" if isinstance(self.con, psycopg.Connection) else ""

    def has(self, table: str) -> bool:
        """Whether the warehouse has such a table."""
        if isinstance(self.con, psycopg.Connection):
            return self.rows("SELECT to_regclass(?)", table) != [(None,)]
        return (table,) in self.rows(writer.THERE)


def swap(address: Address, client_id: int, before: State, after: State, *, author: str, message: str) -> str:
    """Make the customer's rows `after` if they are `before`; returns the data version that has them, "" on Postgres.

    Raises `StateError` if they are neither, or another customer of his company has his new e-mail address, and
    `WarehouseError` and `DatabaseError` as `writer` does; then nothing is written.
    """

    def change(con: duckdb.DuckDBPyConnection | psycopg.Connection) -> None:
        hand = _Hand(con)
        found = _read(hand, client_id, with_traces="ips" in before)
        if found == after:
            return
        if found != before:
            raise StateError(changed_meanwhile(client_id))
        if after.get("email") not in (None, before.get("email")):
            _refuse_taken(hand, client_id, after["email"])
        _write(hand, client_id, before, after)

    if address.is_lake:
        return writer.change_lake(address, change, author, message)
    return writer.change_postgres(address, change)


def _read(hand: _Hand, client_id: int, *, with_traces: bool) -> State | None:
    client = _one(hand, "client", CLIENT, client_id)
    if client is None:
        return None
    social = []
    if hand.has("client_social"):
        query = f"SELECT network, handle FROM client_social WHERE client_id = ?{hand.held}"  # noqa: S608  # names of our own, here and below
        social = [{"network": network, "handle": handle} for network, handle in hand.rows(query, client_id)]
    found = of_rows(client, _one(hand, "client_profile", PROFILE, client_id), social)
    for name in TRACES if with_traces else ():
        table, key, column = _PLACES[name]
        query = f"SELECT {key}, {column} FROM {table} WHERE client_id = ? AND {column} IS NOT NULL"  # noqa: S608
        rows = hand.rows(query, client_id) if hand.has(table) else []
        found[name] = {str(number): text for number, text in rows}
    return found


def _one(hand: _Hand, table: str, columns: tuple[str, ...], client_id: int) -> dict[str, Any] | None:
    rows = hand.rows(f"SELECT {', '.join(columns)} FROM {table} WHERE client_id = ?{hand.held}", client_id)  # noqa: S608
    if len(rows) > 1:
        raise StateError(f"{table} has {len(rows)} rows of customer {client_id}; leave one in it, then try again")
    return dict(zip(columns, rows[0], strict=True)) if rows else None


def _refuse_taken(hand: _Hand, client_id: int, email: str) -> None:
    query = (
        "SELECT 1 FROM client_profile JOIN client USING (client_id) WHERE lower(email) = lower(?) AND client_id <> ?"
        " AND company_id = (SELECT company_id FROM client WHERE client_id = ?) LIMIT 1"
    )
    if hand.rows(query, email, client_id, client_id):
        raise StateError(taken(email))


def changed_meanwhile(client_id: int) -> str:
    """What is said where his rows are not as they were seen."""
    return f"somebody has changed customer {client_id} meanwhile; look at what he is now, then change that"


def taken(email: str) -> str:
    """What is said of an e-mail address that another customer has."""
    return f"email: another customer has {email}; each has an address of his own"


def _write(hand: _Hand, client_id: int, before: State, after: State) -> None:
    _update(hand, "client", CLIENT, client_id, before, after)
    if is_registered(before) and is_registered(after):
        _update(hand, "client_profile", PROFILE, client_id, before, after)
    elif is_registered(before):
        hand.do("DELETE FROM client_profile WHERE client_id = ?", client_id)
    elif is_registered(after):
        marks = ", ".join("?" for _ in PROFILE)
        values = [_value(name, after[name]) for name in PROFILE]
        hand.do(f"INSERT INTO client_profile (client_id, {', '.join(PROFILE)}) VALUES (?, {marks})", client_id, *values)  # noqa: S608
    _link(hand, client_id, before["networks"], after["networks"])
    for name in TRACES:
        if before.get(name) != after.get(name):
            _put_back(hand, name, client_id, after.get(name) or {})


def _update(hand: _Hand, table: str, columns: tuple[str, ...], client_id: int, before: State, after: State) -> None:
    changed = [name for name in columns if before[name] != after[name]]
    if changed:
        settings = ", ".join(f"{name} = ?" for name in changed)
        values = [_value(name, after[name]) for name in changed]
        hand.do(f"UPDATE {table} SET {settings} WHERE client_id = ?", *values, client_id)  # noqa: S608


def _link(hand: _Hand, client_id: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for network in before.keys() - after.keys():
        hand.do("DELETE FROM client_social WHERE client_id = ? AND network = ?", client_id, network)
    for network, handle in after.items():
        if network not in before:
            hand.do(
                "INSERT INTO client_social (client_id, network, handle) VALUES (?, ?, ?)", client_id, network, handle
            )
        elif handle != before[network]:
            change = "UPDATE client_social SET handle = ? WHERE client_id = ? AND network = ?"
            hand.do(change, handle, client_id, network)


def _put_back(hand: _Hand, name: str, client_id: int, texts: Mapping[str, str]) -> None:
    """Empty one column of all his rows but those of `texts`, which get it back."""
    table, key, column = _PLACES[name]
    if not hand.has(table):
        return
    hand.do(f"UPDATE {table} SET {column} = NULL WHERE client_id = ? AND {column} IS NOT NULL", client_id)  # noqa: S608
    if texts:
        given = "(SELECT unnest(CAST(? AS BIGINT[])) AS id, unnest(CAST(? AS TEXT[])) AS told) AS given"
        change = f"UPDATE {table} SET {column} = given.told FROM {given} WHERE {key} = given.id AND client_id = ?"  # noqa: S608
        hand.do(change, [int(each) for each in texts], list(texts.values()), client_id)


def _value(name: str, text: Any) -> Any:  # noqa: ANN401
    return _TYPES[name](text) if name in _TYPES and text is not None else text
