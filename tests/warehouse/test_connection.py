from datetime import UTC, datetime
from decimal import Decimal

import ibis


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


def test_what_comes_at_as_of_or_later_does_not_exist(warehouse_of, rows):  # G-1
    entries = [
        {"entry_id": 1, "posted_at": datetime(2024, 3, 31, 23, 59, 59, 999999)},  # the last moment before: in
        {"entry_id": 2, "posted_at": datetime(2024, 4, 1)},  # the moment itself: out
        {"entry_id": 3, "posted_at": datetime(2024, 4, 2)},
    ]
    periods = [{"subscription_id": 9, "charged_at": None}]  # not charged yet: no moment, kept
    warehouse = warehouse_of(
        {"ledger_entry": entries, "subscription_period": periods}, as_of=datetime(2024, 4, 1, tzinfo=UTC)
    )
    assert [row["entry_id"] for row in rows(warehouse.table("ledger_entry"))] == [1]
    assert len(rows(warehouse.table("subscription_period"))) == 1


def test_a_table_in_memory_joins_on_a_read_only_connection(warehouse_of, rows):
    warehouse = warehouse_of({"client": [{"client_id": 1, "name": "O'Neil"}, {"client_id": 2}]})
    keys = ibis.memtable(
        {"client_id": [1, 5], "label": ["it's", None]}, schema={"client_id": "int64", "label": "string"}
    )
    joined = warehouse.table("client").inner_join(keys, "client_id").select("client_id", "name", "label")
    assert rows(joined) == [{"client_id": 1, "name": "O'Neil", "label": "it's"}]
