"""An expression that uses one of its parts twice, on both engines."""

from datetime import datetime

DAY = datetime(2024, 1, 1)


def test_a_semi_join_that_is_used_twice_keeps_out_the_same_rows_twice(warehouse_of, rows):  # T-74
    warehouse = warehouse_of(
        {
            "client": [{"client_id": 1, "created_at": DAY}],
            "subscription": [{"client_id": 1, "assigned_at": DAY}, {"client_id": 2, "assigned_at": DAY}],
        }
    )
    held = warehouse.table("subscription").semi_join(warehouse.table("client"), "client_id")
    counted = held.group_by("client_id").agg(n=held.count())
    twice = held.select("client_id").inner_join(counted, "client_id").select("client_id", "n")
    both = twice.union(held.select("client_id", n="package_id"))
    assert {row["client_id"] for row in rows(both)} == {1}
