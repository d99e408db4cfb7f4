"""One Postgres for all that is asked of dashboards."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from reports_lib.database.url import connect as connect_database
from reports_lib.warehouse import writer
from reports_lib.warehouse.connection import connect
from tests.conftest import SCHEMA, to_arrow
from tests.grafana.asking import Live
from tests.grafana.contact import tables

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def live(fresh, as_reader) -> Iterator[Live]:
    """The month of `contact`, read by Daybook and, in another session, as Grafana does."""
    with fresh("postgres") as address:
        filled = {name: to_arrow(name, rows) for name, rows in tables().items()}
        writer.write(address, filled, author="tests", message="a month", replace=True)
        reader = as_reader(address)
        with connect(reader, as_of=NOW) as warehouse, connect_database(reader.database) as connection:
            connection.execute("set time zone 'America/New_York'")  # T-06
            connection.execute("set datestyle to 'German'")
            yield Live(warehouse, connection, SCHEMA)
