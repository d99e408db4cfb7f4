"""Tables as reports get them; each on the lake and on Postgres."""

from datetime import UTC, datetime
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from reports_lib.errors import UnknownNameError, WarehouseError
from reports_lib.parameters.options import Option
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import LOOKUPS, connect
from reports_lib.warehouse.tables import TABLES


def test_a_table_has_its_canonical_columns_in_order(warehouse_of, rows):
    warehouse = warehouse_of({"fx_rate": [{"from_currency": "EUR", "to_currency": "USD", "rate": Decimal("1.1")}]})
    assert rows(warehouse.table("fx_rate")) == [
        {
            "from_currency": "EUR",
            "to_currency": "USD",
            "effective_from": datetime(2024, 1, 1),
            "rate": Decimal("1.100000000"),
        }
    ]


def test_every_canonical_table_is_as_declared(warehouse_of):
    warehouse = warehouse_of({})
    warehouse.check()
    for name, table in TABLES.items():
        assert tuple(warehouse.table(name).columns) == table.schema.names


def test_what_comes_at_as_of_or_later_does_not_exist(warehouse_of, rows):  # G-1
    entries = [
        {"entry_id": 1, "posted_at": datetime(2024, 3, 31, 23, 59, 59, 999999)},  # the last moment before: in
        {"entry_id": 2, "posted_at": datetime(2024, 4, 1)},  # the moment itself: out
        {"entry_id": 3, "posted_at": datetime(2024, 4, 2)},
    ]
    periods = [{"subscription_id": 9, "charged_at": None}]  # not charged yet: no moment, kept
    as_of = datetime.fromisoformat("2024-04-01T03:00:00+03:00")  # midnight UTC, told in another zone
    warehouse = warehouse_of({"ledger_entry": entries, "subscription_period": periods}, as_of=as_of)
    assert warehouse.as_of == datetime(2024, 4, 1, tzinfo=UTC)
    assert [row["entry_id"] for row in rows(warehouse.table("ledger_entry"))] == [1]
    assert len(rows(warehouse.table("subscription_period"))) == 1


def test_as_of_must_name_its_zone(address):
    with pytest.raises(WarehouseError, match="lacks its time zone"):
        connect(address, as_of=datetime(2024, 1, 1))


def test_every_difference_is_named_in_one_message(address, reading):
    changes = (
        "alter table client drop column currency",
        "alter table client drop column status",
        "alter table client rename column name to full_name",
        "drop table fx_rate",
        "alter table package drop column name",
        "alter table package add column name integer",
        "alter table call add column mood varchar",  # more than declared is no difference
    )
    writer.execute(address, ";".join(changes), author="tests", message="a warehouse that is not as declared")
    warehouse = reading(address)
    with pytest.raises(WarehouseError) as caught:
        warehouse.check()
    assert str(caught.value) == (
        "the warehouse is not as reports need it: no column client.name (string); "
        "no column client.currency (string); no column client.status (string); no table fx_rate; "
        "package.name is int32, not string"
    )
    assert "mood" not in warehouse.table("call").columns
    with pytest.raises(WarehouseError, match="no table fx_rate"):
        warehouse.table("fx_rate")


def test_a_text_of_limited_length_is_text(postgres_address, reading):
    change = "alter table client alter column name type varchar(50)"
    writer.execute(postgres_address, change, author="tests", message="a warehouse as people have them")
    reading(postgres_address).check(["client"])


def test_an_unknown_table_is_refused_with_a_hint(warehouse_of):
    with pytest.raises(UnknownNameError, match="did you mean 'client'"):
        warehouse_of({}).table("clients")


def test_a_table_in_memory_joins_on_a_read_only_connection(warehouse_of, rows):
    warehouse = warehouse_of({"client": [{"client_id": 1, "name": "O'Neil"}, {"client_id": 2}]})
    schema = {
        "client_id": "int64",
        "label": "string",
        "from": "timestamp(6)",
        "rate": "decimal(18, 9)",
        "is_on": "bool",
    }
    given = {
        "client_id": [1, 5],
        "label": ['it\'s \\ "so"', None],
        "from": [datetime(2024, 1, 1, 0, 0, 0, 1), None],
        "rate": [Decimal("0.123456789"), None],
        "is_on": [True, None],
    }
    keys = ibis.memtable(pa.table(given, schema=ibis.schema(schema).to_pyarrow()))
    joined = warehouse.table("client").inner_join(keys, "client_id").select("name", *list(schema))
    assert rows(joined) == [{"name": "O'Neil", **{key: values[0] for key, values in given.items()}}]
    nothing = ibis.memtable({"client_id": []}, schema={"client_id": "int64"})
    assert rows(warehouse.table("client").semi_join(nothing, "client_id")) == []


def test_options_are_ordered_by_label(warehouse_of):
    warehouse = warehouse_of(
        {
            "client_tag": [
                {"client_id": 1, "tag": "vip"},
                {"client_id": 2, "tag": "vip"},
                {"client_id": 2, "tag": "Asia"},
            ],
            "company": [{"company_id": 10, "name": "zebra"}, {"company_id": 2, "name": "Ant"}],
            "app_user": [{"user_id": 7, "full_name": "Ann Lee"}],
            "package": [{"package_id": 1, "name": "=1+1"}, {"package_id": 3, "name": "=1+1"}],
            "currency": [{"code": "UAH"}, {"code": "EUR"}],
            "bot": [{"bot_id": 2, "name": "Ant"}],
            "chat": [{"chat_id": 3, "name": "Help"}],
            "operator": [{"operator_id": 4, "name": "Ann Lee"}],
            "operator_group": [{"group_id": 5, "name": "Night"}],
            "client_profile": [{"country": "CL"}, {"client_id": 2, "country": None}],
            "client_social": [{"network": "x"}],
            "coupon_group": [{"group_id": 6, "name": "Reward"}],
            "payment": [{"gateway": "stripe"}],
        }
    )
    assert {name: warehouse.options(name) for name in LOOKUPS} == {
        "client_tag": [Option("Asia", "Asia"), Option("vip", "vip")],
        "company": [Option("2", "Ant"), Option("10", "zebra")],
        "owner_user": [Option("7", "Ann Lee")],
        "country": [Option("CL", "CL")],  # a customer without one is nothing to pick (T-65)
        "coupon_group": [Option("6", "Reward")],
        "gateway": [Option("stripe", "stripe")],
        "network": [Option("x", "x")],
        "package": [Option("1", "=1+1"), Option("3", "=1+1")],
        "currency": [Option("EUR", "EUR"), Option("UAH", "UAH")],
        "bot": [Option("2", "Ant")],
        "chat": [Option("3", "Help")],
        "operator": [Option("4", "Ann Lee")],
        "operator_group": [Option("5", "Night")],
    }
    with pytest.raises(UnknownNameError, match="no lookup named 'colour'"):
        warehouse.options("colour")


def test_both_engines_sort_text_alike(warehouse_of, rows):  # G-11
    names = ["b", "B", "a", "ä", "_", "10", "9", " x"]
    warehouse = warehouse_of({"bot": [{"bot_id": i, "name": name} for i, name in enumerate(names)]})
    table = warehouse.table("bot")
    assert [row["name"] for row in rows(table.order_by(table.name))] == sorted(names)


@pytest.mark.parametrize(
    "address",
    [
        Address("postgresql://daybook_reader:p%40%2Fs@/daybook_lake?host=/srv/a%20b/socket", data_path="/srv/a b/lake"),
        Address("postgresql://ann:p%40%2Fs@db.example.com:5433/crm?sslmode=require", schema="books"),
        Address("postgresql://ann@localhost/crm", data_path="s3://bucket/lake"),
    ],
)
def test_an_address_round_trips_and_keeps_its_password_out_of_sight(address):
    assert Address.parse(str(address)).place == address.place
    assert str(Address.parse(str(address))) == str(address)
    assert "p%40" not in repr(address)
    assert "p%40" not in address.place


def test_a_lake_that_is_not_there_yet_says_what_fills_it(workspace):
    with pytest.raises(WarehouseError, match="the warehouse is empty"):
        connect(Address.of(workspace), as_of=datetime(2024, 1, 1, tzinfo=UTC))


def test_a_warehouse_of_your_own_is_an_address(workspace):
    from dataclasses import replace

    own = replace(workspace, warehouse_url="postgresql://ann@db.example.com/crm?schema=books")
    assert Address.of(own) == Address("postgresql://ann@db.example.com/crm", schema="books")
    with pytest.raises(WarehouseError, match="must be like postgresql://"):
        Address.parse("mysql://ann@db/crm")
