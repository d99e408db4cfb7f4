"""Rows as they come, made into rows of a canonical table: same columns, same order, same types."""

import pyarrow as pa

from reports_lib.errors import UnknownNameError, WarehouseError
from reports_lib.warehouse.tables import TABLES


def conform(name: str, rows: pa.Table) -> pa.Table:
    """The rows in the canonical schema of table `name`.

    A nullable column that is left out becomes null; an aware time becomes naive UTC. Raises
    `UnknownNameError` if there is no such table, `WarehouseError` naming every column that is
    unknown, missing, empty where it may not be, or of values that its type cannot hold.
    """
    if name not in TABLES:
        raise UnknownNameError.of("table", name, TABLES)
    schema = TABLES[name].schema.to_pyarrow()
    wrong = [f"{name} has no column {column}" for column in rows.column_names if column not in schema.names]
    columns = []
    for field in schema:
        try:
            columns.append(_column(rows, field))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            wrong.append(f"{name}.{field.name}: {str(error).splitlines()[0]}")
    if wrong:
        raise WarehouseError(f"the rows do not fit: {'; '.join(wrong)}")
    return pa.table(columns, schema=schema)


def _column(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    if field.name in rows.column_names:
        found = _cast(rows[field.name], field.type)
    else:
        found = pa.chunked_array([pa.nulls(len(rows), field.type)])
    if found.null_count and not field.nullable:
        raise pa.ArrowInvalid("may not be null")
    return found


def _cast(values: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_decimal(wanted):
        if pa.types.is_floating(values.type):
            raise pa.ArrowInvalid("amounts and rates must be decimals, not floats")
        # whole numbers first become decimals as wide as any of them, for Arrow asks no single value
        values = values.cast(pa.decimal128(38, wanted.scale))
    return values.cast(wanted)
