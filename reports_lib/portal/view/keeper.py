"""The thread that keeps what a process remembers true: it hears what changed, and writes down what was counted."""

import threading
import time
from contextlib import suppress

import psycopg
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from reports_lib.database.notices import ACCESS
from reports_lib.database.server import database_url
from reports_lib.database.url import Connection, connect
from reports_lib.errors import DatabaseError
from reports_lib.portal.view.shelf import BELIEF, Shelf
from reports_lib.portal.view.views import Counter
from reports_lib.runs.installation import Installation

BEAT = 0.25  # seconds between two questions whether the database is there
WRITE = 1.0  # seconds between two writings
PATIENCE = 5.0  # seconds for the thread to end


class Keeper:
    """One thread with one connection, as long as the web is up."""

    def __init__(self, installation: Installation, shelf: Shelf, views: Counter) -> None:
        self._installation = installation
        self._shelf = shelf
        self._views = views
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="daybook-keeper", daemon=True)

    def start(self) -> None:
        """Begin to listen; until the database has answered, nothing is remembered."""
        self._views.is_kept = True
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and write down what was counted last; safe to call twice."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)
        self._shelf.doubt()
        self._views.is_kept = False
        with suppress(SQLAlchemyError, DatabaseError):
            self._views.write()

    def _keep(self) -> None:
        while not self._is_over.is_set():
            try:
                with connect(database_url(self._installation.workspace)) as connection:
                    self._listen(connection)
            except (psycopg.Error, SQLAlchemyError, DatabaseError):
                self._shelf.doubt()
                self._is_over.wait(BEAT)

    def _listen(self, connection: Connection) -> None:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(ACCESS)))
        self._shelf.forget()  # nobody knows what was missed before
        written = time.monotonic()
        while not self._is_over.is_set():
            asked = time.monotonic()
            connection.execute("SELECT 1")  # with the answer comes all news from before the question
            self._hear(connection, 0)
            self._shelf.believe(asked + BELIEF)
            if asked - written >= WRITE:
                written = asked
                self._views.write()
            self._hear(connection, BEAT)

    def _hear(self, connection: Connection, seconds: float) -> None:
        """Forget everything at the first news, if there is any within that time."""
        for _ in connection.notifies(timeout=seconds, stop_after=1):
            self._shelf.forget()
