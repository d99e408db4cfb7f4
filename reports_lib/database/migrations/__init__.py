"""The database's schema, step by step: `versions/0001_….py`, `0002_….py`, … forward only.

`upgrade` brings a database to the newest step. To add one: change `schema/`, then
`alembic.command.revision(config(connection), "what", autogenerate=True, rev_id="0002")`, and read it.
A test holds that the steps together make exactly the tables that `schema/` declares.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from reports_lib.errors import DatabaseError

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent
LOCK = 0x64617963  # "dayc"; its own among the advisory locks of the database


def head() -> str:
    """The newest step that this version of the package knows."""
    return max(path.stem.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def upgrade(engine: Engine) -> None:
    """Bring the database to `head`; does nothing if it is there, and waits if another process is at it.

    All steps are one transaction: the database ends at `head` or as it was. Raises `DatabaseError`
    if a newer version of the package has been at work.
    """
    with engine.begin() as connection:
        if _current(connection) == head():
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        current = _current(connection)
        if current is not None and current > head():
            raise DatabaseError(f"the database is at step {current}, this version of Daybook knows {head()}: update it")
        if current != head():
            _run(connection)


def config(connection: Connection) -> "Config":
    """Alembic's configuration for a connection; there is no `alembic.ini`."""
    from alembic.config import Config

    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a table is declared in `schema/`; those of the queue are its library's."""
    return kind != "table" or not str(name).startswith("procrastinate_")


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    step: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return step


def _run(connection: Connection) -> None:
    from alembic import command

    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(config(connection), "head")
