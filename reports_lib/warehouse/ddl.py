"""The statements that make the canonical tables, on the lake and on Postgres.

A nullable column may be left out of rows, no table has a foreign key (facts arrive in any order),
and what is large is laid out by time, for every report reads a span of it.
"""

from reports_lib.warehouse.tables import Table

BY_MONTH = (
    "usage_event",
    "message",
    "chat_message",
    "call",
    "client_session",
    "playback",
)  # hundreds of millions of rows


def on_lake(table: Table) -> list[str]:
    """Statements for DuckLake: Parquet files by month of the large facts."""
    statements = [f"CREATE TABLE IF NOT EXISTS {_quoted(table.name)} ({_columns(table, 'duckdb')})"]
    if table.name in BY_MONTH:
        time = _quoted(str(table.happened_at))
        statements.append(f"ALTER TABLE {_quoted(table.name)} SET PARTITIONED BY (year({time}), month({time}))")
    return statements


def on_postgres(table: Table, schema: str) -> list[str]:
    """Statements for Postgres: the key, and a block-range index on the time of facts."""
    name = f"{_quoted(schema)}.{_quoted(table.name)}"
    keys = f", PRIMARY KEY ({', '.join(map(_quoted, table.key))})" if table.key else ""
    statements = [f"CREATE TABLE IF NOT EXISTS {name} ({_columns(table, 'postgres')}{keys})"]
    if table.happened_at and table.happened_at not in table.key:
        index = _quoted(f"{table.name}_{table.happened_at}")
        statements.append(f"CREATE INDEX IF NOT EXISTS {index} ON {name} USING brin ({_quoted(table.happened_at)})")
    return statements


def _columns(table: Table, dialect: str) -> str:
    return ", ".join(definition.sql(dialect) for definition in table.schema.to_sqlglot_column_defs(dialect))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
