"""Addresses of Postgres databases, and connections to them.

An address is what libpq takes: `postgresql://user@host/name`, or `postgresql://user@/name?host=/folder`
for a Unix socket. Messages name the place and never the password.
"""

from typing import Any
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from reports_lib.errors import DatabaseError

CONNECT_SECONDS = 4  # libpq tries each address of a host that long

Connection = psycopg.Connection[tuple[Any, ...]]


def keywords(url: str) -> dict[str, str]:
    """The address as libpq's keywords (`host`, `user`, `dbname` …); raises `DatabaseError`."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise DatabaseError("the database's address must be like postgresql://user@host/name")
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items() if value not in (None, "")}
    except psycopg.Error:
        # libpq quotes the address in its reason, password and all
        raise DatabaseError(
            "the database's address cannot be read; it must be like postgresql://user@host/name"
        ) from None


def build(words: dict[str, str]) -> str:
    """The address of libpq's keywords, the way back from `keywords`."""
    rest = dict(words)
    user, password = rest.pop("user", ""), rest.pop("password", "")
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    name = quote(rest.pop("dbname", ""), safe="")
    query = urlencode(sorted(rest.items()), quote_via=quote, safe="/")
    return f"postgresql://{login + '@' if login else ''}/{name}" + (f"?{query}" if query else "")


def replaced(url: str, **changes: str) -> str:
    """The address with some keywords changed; an empty one is left out."""
    return build({name: value for name, value in (keywords(url) | changes).items() if value})


def name(url: str) -> str:
    """Name of the database: the user's if the address leaves it out, as libpq has it."""
    words = keywords(url)
    return words.get("dbname") or words.get("user", "")


def place(url: str) -> str:
    """Host and name for messages, such as `db.example.com:5432/daybook`; no user, no password."""
    words = keywords(url)
    port = f":{words['port']}" if "port" in words else ""
    return f"{words.get('host', 'localhost')}{port}/{name(url)}"


def reason(error: Exception, url: str) -> str:
    """What `error` says, on one line and without the address's password."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    text = lines[0].removeprefix("connection failed: ") if lines else type(error).__name__
    password = keywords(url).get("password", "")
    for secret in {password, quote(password, safe="")} - {""}:
        text = text.replace(secret, "…")
    return text


def connect(url: str) -> Connection:
    """A connection in autocommit mode; raises `DatabaseError` within seconds if there is none to be had."""
    seconds = int(keywords(url).get("connect_timeout", CONNECT_SECONDS))
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=seconds)
    except psycopg.Error as error:
        raise DatabaseError(f"the database at {place(url)} cannot be reached: {reason(error, url)}") from None


def check(url: str) -> str:
    """The address itself, once a connection has shown that it works; raises `DatabaseError`."""
    connect(url).close()
    return url
