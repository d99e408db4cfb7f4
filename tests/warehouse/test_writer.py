"""Writing: all or nothing, as one version, with the canonical types; on the lake and on Postgres."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from reports_lib.errors import UnknownNameError, WarehouseError
from reports_lib.warehouse import writer
from reports_lib.warehouse.conform import conform
from reports_lib.warehouse.connection import connect
from reports_lib.warehouse.ddl import BY_MONTH
from reports_lib.warehouse.tables import TABLES


@pytest.fixture
def write(address):
    def write(replace=False, **tables):
        filled = {name: pa.Table.from_pylist(given) for name, given in tables.items()}
        return writer.write(address, filled, author="O'Neil", message="it's new", replace=replace)

    return write


def test_rows_come_back_as_they_went(address, write, reading, rows):
    texts = ["", None, 'say "hi", ok', "two\nlines", "\\N", "=1+1", "שלום", " x "]
    given = [
        {"client_id": i, "network": "n", "handle": text} for i, text in enumerate(texts, 2**62)
    ]  # ids beyond what a float holds
    write(client_social=given)
    table = reading(address).table("client_social")
    assert rows(table.order_by("client_id")) == given


def test_values_are_cast_where_nothing_is_lost(address, write, reading, rows):
    noon = datetime.fromisoformat("2024-06-01T12:00:00+03:00")
    package = {
        "package_id": 1,
        "name": "p",
        "kind": "subscription",
        "currency": "USD",
        "activation_fee": Decimal("0.1"),
    }
    write(
        package=[package | {"subscription_fee": 5, "status": "active"}],  # whole number for an amount
        client_session=[{"session_id": 1, "client_id": 1, "started_at": noon}],
        client_profile=[{"client_id": 1, "registration_status": "x", "email": "e", "birth_date": date(1999, 2, 28)}],
    )
    warehouse = reading(address)
    (found,) = rows(warehouse.table("package"))
    assert (found["activation_fee"], found["subscription_fee"]) == (Decimal("0.100000"), Decimal("5.000000"))
    assert found["trial_days"] is None  # left out
    assert rows(warehouse.table("client_session"))[0]["started_at"] == datetime(2024, 6, 1, 9)
    assert rows(warehouse.table("client_profile"))[0]["birth_date"] == date(1999, 2, 28)


def test_rows_that_do_not_fit_are_refused_with_every_reason_and_nothing_is_written(address, write, reading, rows):
    bad = {"from_currency": "EUR", "effective_from": "noon", "rate": None, "colour": "red"}
    with pytest.raises(WarehouseError) as caught:
        write(bot=[{"bot_id": 1, "name": "b"}], fx_rate=[bad])
    for part in ("no column colour", "fx_rate.to_currency: may not be null", "fx_rate.effective_from", "fx_rate.rate"):
        assert part in str(caught.value)
    assert rows(reading(address).table("bot")) == []


def test_what_a_type_cannot_hold_is_refused_not_rounded():
    given = {"from_currency": ["EUR"], "to_currency": ["USD"], "effective_from": [datetime(2024, 1, 1)]}
    with pytest.raises(WarehouseError, match=r"fx_rate\.rate"):
        conform("fx_rate", pa.table(given | {"rate": [Decimal("1.1234567891")]}))
    with pytest.raises(WarehouseError, match="must be decimals, not floats"):
        conform("fx_rate", pa.table(given | {"rate": [1.1]}))
    with pytest.raises(WarehouseError, match=r"fx_rate\.rate"):
        conform("fx_rate", pa.table(given | {"rate": [10**10]}))


def test_an_unknown_table_is_refused_with_a_hint(write):
    with pytest.raises(UnknownNameError, match="did you mean 'bot'"):
        write(bott=[{"bot_id": 1}])


def test_replacing_clears_only_the_tables_named(address, write, reading, rows):
    write(bot=[{"bot_id": 1, "name": "old"}], content=[{"content_id": 1, "title": "t", "kind": "vod"}])
    write(bot=[{"bot_id": 2, "name": "more"}])
    write(replace=True, bot=[{"bot_id": 3, "name": "new"}])
    warehouse = reading(address)
    assert [row["bot_id"] for row in rows(warehouse.table("bot"))] == [3]
    assert len(rows(warehouse.table("content"))) == 1


def test_a_failing_statement_changes_nothing_and_is_told_on_one_line(address, reading, rows):
    with pytest.raises(WarehouseError, match="refused the change, nothing is written") as caught:
        writer.execute(address, "insert into bot values (1, 'b'); delete from nowhere", author="a", message="m")
    assert "\n" not in str(caught.value)
    assert rows(reading(address).table("bot")) == []


def test_the_large_facts_lie_by_month(lake_address, arrow):
    given = [{"started_at": datetime(2024, 1 + i % 3, 1)} for i in range(300)]
    writer.write(lake_address, {"usage_event": arrow("usage_event", given)}, author="a", message="m")
    files = subprocess.run(
        ["find", lake_address.data_path, "-name", "*.parquet"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len({file.rsplit("/", 2)[-2] for file in files}) == 3
    assert all(TABLES[name].happened_at for name in BY_MONTH)


WRITE = """
import sys
import pyarrow as pa
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
rows = pa.table({"bot_id": [int(sys.argv[2])], "name": ["b"]})
for _ in range(2):
    writer.write(Address.parse(sys.argv[1]), {"bot": rows}, author=sys.argv[2], message="at once")
"""


def test_two_writers_at_once_both_get_through(workspace, rows, tmp_path):
    # a lake that is not there yet: both would make it
    from reports_lib.database import server
    from reports_lib.database.roles import make_database
    from reports_lib.database.url import replaced
    from reports_lib.warehouse.address import Address

    main = server.database_url(workspace)
    address = Address(make_database(replaced(main, dbname="raced"), beside=main), data_path=str(tmp_path / "raced"))
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, str(address), str(number)]) for number in (1, 2)]
    assert [process.wait() for process in writers] == [0, 0]
    with connect(address, as_of=datetime(2030, 1, 1, tzinfo=UTC)) as warehouse:
        assert sorted(row["bot_id"] for row in rows(warehouse.table("bot"))) == [1, 1, 2, 2]


def test_ids_below_0_are_those_of_our_own_rows(postgres_address):
    theirs = {
        "cdr_file": pa.table({"file_id": [3, -7], "name": ["a", "b"], "size_bytes": [1, 1], "status": ["waiting"] * 2})
    }
    moment = pa.array([datetime(2026, 1, 1)] * 2, pa.timestamp("us"))
    theirs["cdr_file"] = theirs["cdr_file"].append_column("uploaded_at", moment)
    with pytest.raises(WarehouseError, match="cdr_file: file_id=-7 is below 0, where Daybook's own rows are; give"):
        writer.write(postgres_address, theirs, author="a", message="m")
