"""A number of 63 bits for a record, from what the switch itself knows it by.

The first bits of SHA-256: the same on every machine and in every version, so that a record that comes
again is known again. Of a billion records, the chance that any two different ones get the same number
is 5 %; the second of them is then rejected, and said to be there already.
"""

from collections.abc import Sequence
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.warehouse.ingest.delimited import one

APART = "\x1f"  # a control character, between the parts

# the highest bit goes, so that the number is positive wherever it is kept
_NUMBERS = """
    select cast(cast('0x' || substr(sha256(part), 1, 16) as ubigint) & 9223372036854775807 as bigint) as number
    from parts
    """


def numbers(switch: str, columns: Sequence[pa.Array]) -> pa.Array:
    """The numbers of records of a switch, null where every column is empty."""
    parts = [pc.fill_null(column, "") for column in columns]
    joined = pc.binary_join_element_wise(switch, *parts, APART)
    with _session().cursor() as con:
        con.register("parts", pa.table({"part": joined}))
        found = con.execute(_NUMBERS).to_arrow_table()
    nothing = pc.equal(joined, APART.join([switch, *[""] * len(parts)]))
    return pc.if_else(nothing, pa.scalar(None, pa.int64()), one(found["number"]))


@cache
def _session() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET threads = 1")  # with more, rows of a larger table might change places
    return con
