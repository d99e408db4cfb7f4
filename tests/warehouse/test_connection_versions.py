"""One run, one state of the data: versions of a lake, and one snapshot of a Postgres."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ibis
import psycopg
import pytest

from reports_lib.errors import DatabaseError, WarehouseError
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import connect
from reports_lib.warehouse.versions import latest, versions

AS_OF = datetime(2030, 1, 1, tzinfo=UTC)
RERATE = "update usage_event set amount = amount * 2"


@pytest.fixture
def write(arrow):
    def write(address, message="usage", **tables):
        rows = {name: arrow(name, given) for name, given in tables.items()}
        return writer.write(address, rows, author="ann", message=message)

    return write


def amounts(warehouse, rows):
    return [row["amount"] for row in rows(warehouse.table("usage_event"))]


def test_an_old_version_keeps_its_rows_after_a_rerating(lake_address, write, reading, rows):  # T-66, JD-73
    before = write(lake_address, usage_event=[{"usage_id": 1, "amount": Decimal("1.5")}])
    running = reading(lake_address, version=before)
    after = writer.execute(lake_address, RERATE, author="ann", message="Rerated")
    writer.execute(lake_address, "delete from usage_event", author="ann", message="Cleared")
    assert int(after) == int(before) + 1
    assert amounts(running, rows) == amounts(reading(lake_address, version=before), rows) == [Decimal("1.500000")]
    assert amounts(reading(lake_address, version=after), rows) == [Decimal("3.000000")]
    assert amounts(reading(lake_address), rows) == []


def test_many_rows_are_kept_too(lake_address, arrow, reading, rows):  # T-66: beyond what the catalogue itself holds
    many = arrow(
        "usage_event", [{"amount": Decimal(i), "started_at": datetime(2024, 1 + i % 12, 1)} for i in range(500)]
    )
    before = writer.write(lake_address, {"usage_event": many}, author="ann", message="usage")
    writer.execute(lake_address, RERATE, author="ann", message="Rerated")
    assert sum(amounts(reading(lake_address, version=before), rows)) == sum(range(500))
    assert sum(amounts(reading(lake_address), rows)) == 2 * sum(range(500))


def test_a_version_tells_who_made_it_when_and_why(lake_address, write):
    name = write(lake_address, "O'Neil's usage", usage_event=[{}], client=[{}])
    newest = versions(lake_address)[-1]
    assert (newest.name, newest.author, newest.message) == (name, "ann", "O'Neil's usage")
    assert abs(datetime.now(UTC) - newest.at) < timedelta(minutes=1)
    assert latest(lake_address) == newest


def test_all_tables_of_a_write_are_one_version(lake_address, write):
    before = latest(lake_address)
    assert write(lake_address, usage_event=[{}], client=[{}], bot=[{}]) == str(int(before.name) + 1)


def test_a_version_that_is_not_there_is_told_with_those_that_are(lake_address):
    newest = latest(lake_address).name
    for wanted in ("99", "-1", "seven", ""):
        with pytest.raises(WarehouseError, match=f"no data version {wanted}; it has 0 to {newest}"):
            connect(lake_address, version=wanted, as_of=AS_OF)


def test_a_connection_names_its_version(lake_address, reading, write):
    assert reading(lake_address).version == latest(lake_address).name


def test_a_postgres_is_one_state_for_as_long_as_the_connection_lives(postgres_address, write, reading, rows):  # F16
    write(postgres_address, usage_event=[{"amount": Decimal(1)}])
    warehouse = reading(postgres_address)
    writer.execute(postgres_address, RERATE, author="ann", message="Rerated")
    write(postgres_address, client=[{}])
    assert amounts(warehouse, rows) == [1]
    with pytest.raises(psycopg.Error):
        rows(warehouse.table("usage_event").mutate(n=ibis.literal("x").cast("int64")))
    assert amounts(warehouse, rows) == [1]
    with pytest.raises(psycopg.Error):
        warehouse.backend.raw_sql("select nonsense")
    # an error in a cell must not begin a new state unseen: either the old one, or none
    with pytest.raises(psycopg.Error):
        rows(warehouse.table("client"))
    assert amounts(reading(postgres_address), rows) == [2]


def test_a_postgres_keeps_no_versions(postgres_address, reading):
    assert (versions(postgres_address), latest(postgres_address)) == ([], None)
    with pytest.raises(WarehouseError, match="Postgres keeps no old data"):
        connect(postgres_address, version="3", as_of=AS_OF)
    assert reading(postgres_address).version.endswith("Z")


@pytest.mark.parametrize("rest", ["&schema=books", "&data_path=/srv/lake"])
def test_a_warehouse_that_is_down_is_told_without_its_password(rest):
    address = Address.parse(f"postgresql://ann:s3cret@127.0.0.1:1/books?sslmode=disable{rest}")
    with pytest.raises(DatabaseError, match=r"127\.0\.0\.1:1/books cannot be reached") as caught:
        connect(address, as_of=AS_OF)
    assert "s3cret" not in str(caught.value)
