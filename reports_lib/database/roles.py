"""Databases and roles on a Postgres server: who owns, and who may only read.

Grants are the wall: whatever a session sets, the reader cannot write, create or use temporary
tables, and sees only the lake's catalogue.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from reports_lib.database.url import connect, exists, keywords, place, reason, replaced
from reports_lib.errors import DatabaseError

READER = "daybook_reader"
LOCK = 0x64617962  # "dayb": one at a time makes databases and roles


def make_database(url: str, beside: str) -> str:
    """Make the database that `url` names, if absent, from a connection to `beside`; returns `url`."""
    name = keywords(url)["dbname"]
    with _locked(beside) as con:
        if not exists(con, "select 1 from pg_database where datname = %s", name):
            con.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return url


def close_database(url: str) -> None:
    """Let nobody into the database but its owner, who says so."""
    with _locked(url) as con:
        name = sql.Identifier(keywords(url)["dbname"])
        con.execute(sql.SQL("revoke all on database {} from public").format(name))


def make_reader(url: str, schema: str = "public") -> str:
    """Let the role `daybook_reader` read `schema` of the database, tables to come included.

    Makes the role if absent; returns the database's address as that role. Its password, where the
    owner has one, is worked out of the owner's, so that every machine of a team finds the same.
    """
    words = keywords(url)
    secret = _password(words["password"], words.get("dbname", "")) if "password" in words else ""
    with _locked(url) as con:
        if not exists(con, "select 1 from pg_roles where rolname = %s", READER):
            _run(con, "create role {reader} login noinherit nosuperuser nocreatedb nocreaterole")
            _run(con, "alter role {reader} set default_transaction_read_only = on")
            if secret:
                statement = sql.SQL("alter role {} password {}").format(sql.Identifier(READER), sql.Literal(secret))
                con.execute(statement)
        for statement in _GRANTS:
            _run(con, statement, schema=schema, name=words.get("dbname", words.get("user", "")))
    return replaced(url, user=READER, password=secret)


_GRANTS = (
    "revoke all on database {name} from public",
    "grant connect on database {name} to {reader}",
    "revoke create on schema {schema} from public",
    "grant usage on schema {schema} to {reader}",
    "grant select on all tables in schema {schema} to {reader}",
    "alter default privileges in schema {schema} grant select on tables to {reader}",
)


def _run(con: psycopg.Connection[Any], statement: str, **names: str) -> None:
    quoted = {key: sql.Identifier(value) for key, value in {"reader": READER, **names}.items()}
    con.execute(sql.SQL(statement).format(**quoted))  # type: ignore[arg-type]  # statements of this module only


@contextmanager
def _locked(url: str) -> Iterator[psycopg.Connection[Any]]:
    # Postgres fails, rather than waits, when two sessions change the same role or grant
    with connect(url) as con:
        try:
            con.execute("select pg_advisory_lock(%s)", (LOCK,))
            yield con
        except psycopg.errors.InsufficientPrivilege as error:
            text = f"the user of the database at {place(url)} lacks a right that set-up needs: {reason(error, url)}"
            raise DatabaseError(text) from None
        except psycopg.Error as error:
            raise DatabaseError(f"the database at {place(url)} cannot be set up: {reason(error, url)}") from None


def _password(owner: str, name: str) -> str:
    # slow on purpose: whoever runs notebooks holds the result, and must not guess the owner's from it
    return hashlib.scrypt(owner.encode(), salt=f"{READER}@{name}".encode(), n=2**14, r=8, p=1, dklen=24).hex()
