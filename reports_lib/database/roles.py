"""Databases and roles on a Postgres server: who owns, and who may only read.

Grants are the wall: whatever a session sets, the reader cannot write, create or use temporary
tables, and sees only what it was let into.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import LiteralString

import psycopg
from psycopg import sql

from reports_lib.database.url import Connection, connect, keywords, name, place, reason, replaced
from reports_lib.errors import DatabaseError

LOCK = 0x64617962  # "dayb": one at a time makes databases and roles


def make_database(url: str, beside: str) -> str:
    """Make the database that `url` names, if absent, from a connection to `beside`; returns `url`."""
    with _setting_up(beside) as con:
        if con.execute("select 1 from pg_database where datname = %s", (name(url),)).fetchone() is None:
            con.execute(sql.SQL("create database {}").format(sql.Identifier(name(url))))
    return url


def close_database(url: str) -> None:
    """Let nobody into the database but its owner and whom the owner lets in."""
    with _setting_up(url) as con:
        con.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(name(url))))


def make_reader(url: str, role: str, schema: str = "public") -> str:
    """Let `role` read `schema` of the database, tables to come included; returns its address of the database.

    Makes the role if absent, and sets its password right if that was changed.
    """
    address = as_reader(url, role)
    names = {"role": role, "schema": schema, "database": name(url)}
    with _setting_up(url) as con:
        if con.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone() is None:
            _run(con, "create role {role} login noinherit nosuperuser nocreatedb nocreaterole", names)
            _run(con, "alter role {role} set default_transaction_read_only = on", names)
        for statement in _GRANTS:
            _run(con, statement, names)
        if secret := keywords(address).get("password"):
            with suppress(DatabaseError):
                connect(address).close()
                return address
            con.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(secret)))
    return address


def as_reader(url: str, role: str) -> str:
    """The owner's address of a database, as `role`.

    The role's password is worked out of the owner's, so that every machine of a team finds the same
    without keeping it anywhere; where the owner has none, the role has none.
    """
    owner = keywords(url).get("password", "")
    return replaced(url, user=role, password=_password(owner, role) if owner else "")


_GRANTS: tuple[LiteralString, ...] = (
    "revoke all on database {database} from public",
    "grant connect on database {database} to {role}",
    "revoke create on schema {schema} from public",
    "grant usage on schema {schema} to {role}",
    "grant select on all tables in schema {schema} to {role}",
    # the lake makes tables in its catalogue as it goes, for small changes
    "alter default privileges in schema {schema} grant select on tables to {role}",
)


def _run(con: Connection, statement: LiteralString, names: dict[str, str]) -> None:
    con.execute(sql.SQL(statement).format(**{key: sql.Identifier(value) for key, value in names.items()}))


@contextmanager
def _setting_up(url: str) -> Iterator[Connection]:
    # Postgres fails, rather than waits, when two sessions change the same role or grant
    with connect(url) as con:
        try:
            con.execute("select pg_advisory_lock(%s)", (LOCK,))
            yield con
        except psycopg.Error as error:
            raise DatabaseError(f"the database at {place(url)} cannot be set up: {reason(error, url)}") from None


@lru_cache
def _password(owner: str, role: str) -> str:
    # slow on purpose: whoever runs notebooks holds the result, and must not guess the owner's from it
    return hashlib.scrypt(owner.encode(), salt=role.encode(), n=2**14, r=8, p=1, dklen=24).hex()
