"""Good rows of all files on disk, in one temporary Parquet file, until the warehouse takes them.

Beside its columns each row has `__file` and `__line`, where it came from. What needs all rows at
once, such as finding a key twice, is asked of DuckDB, which spills to disk.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reports_lib.warehouse import ours
from reports_lib.warehouse.ingest import arrays
from reports_lib.warehouse.ingest.delimited import LINE
from reports_lib.warehouse.lake import literal
from reports_lib.warehouse.tables import Table

FILE = "__file"
MEMORY = "512MB"  # that DuckDB may take before it spills
REFUSED = pa.schema({FILE: pa.int32(), LINE: pa.int64(), "reason": pa.string()})


class Repeat(NamedTuple):
    """A row whose key is there already; `reason` says where."""

    line: int
    reason: str


@dataclass(slots=True)
class Stage:
    """Rows of one load in `folder`; usable for reading once the `with` block has ended."""

    folder: Path
    table: Table
    _writer: pq.ParquetWriter = field(init=False)

    @property
    def path(self) -> Path:
        """The Parquet file."""
        return self.folder / "rows.parquet"

    def __enter__(self) -> "Stage":
        own = [(c.name, arrays.arrow_type(c)) for c in self.table.columns]
        schema = pa.schema([*own, (LINE, pa.int64()), (FILE, pa.int32())])
        self._writer = pq.ParquetWriter(self.path, schema, compression="lz4")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._writer.close()

    def add(self, file: int, rows: pa.Table) -> None:
        """Keep rows of the file of that number."""
        if rows.num_rows:
            self._writer.write_table(rows.append_column(FILE, pa.array([file] * rows.num_rows, pa.int32())))

    def reserved(self) -> pa.Table:
        """The rows whose ids only Daybook's own rows may have, as `REFUSED`."""
        if self.table.name not in ours.IDS:
            return REFUSED.empty_table()
        query = f"""
            select {FILE}, {LINE}, {described(self.table)} || ' {ours.RESERVED.replace("'", "''")}' as reason
            from read_parquet({literal(str(self.path))}) where {ours.among(self.table.name)}
            """  # noqa: S608  # names of TABLES only
        with duckdb.connect() as con:
            limit(con, self.folder)
            return con.execute(query).to_arrow_table().cast(REFUSED)

    def repeated(self) -> pa.Table:
        """The rows whose key an earlier row has, as `REFUSED`."""
        keys = names(self.table.key)
        query = f"""
            with rows as (select {keys}, {FILE}, {LINE} from read_parquet({literal(str(self.path))})),
            twice as (select {keys} from rows group by all having count(*) > 1)
            select {FILE}, {LINE}, {described(self.table)} || ' is in line ' || other as reason from (
                select *, row_number() over earliest as number,
                    first({LINE}) over earliest
                    || if(first({FILE}) over earliest = {FILE}, '', ' of an earlier file') as other
                from rows semi join twice using ({keys})
                window earliest as (partition by {keys} order by {FILE}, {LINE})
            ) where number > 1
            """  # noqa: S608  # names of TABLES only
        with duckdb.connect() as con:
            limit(con, self.folder)
            return con.execute(query).to_arrow_table().cast(REFUSED)


def limit(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Keep a session's memory flat."""
    con.execute(f"SET memory_limit = {literal(MEMORY)}")
    con.execute(f"SET temp_directory = {literal(str(folder / 'spill'))}")


def names(columns: Iterable[str], prefix: str = "") -> str:
    """Columns as SQL lists them."""
    return ", ".join(f'{prefix}"{name}"' for name in columns)


def described(table: Table, prefix: str = "") -> str:
    """SQL for the key of a row as text: `group_id=7, operator_id=9`."""
    return " || ', ' || ".join(f"'{name}=' || cast({prefix}\"{name}\" as varchar)" for name in table.key)


def joined(first: pa.Table, second: pa.Table) -> pa.Table:
    """Refused rows of both, each row once, in the order of the files."""
    with duckdb.connect() as con:
        con.register("a", first)
        con.register("b", second)
        query = f"select * from a union all select * from b anti join a using ({FILE}, {LINE}) order by {FILE}, {LINE}"  # noqa: S608
        return con.execute(query).to_arrow_table().cast(REFUSED)


def places(refused: pa.Table, file: int) -> list[Repeat]:
    """The refused rows of one file, in its order."""
    own = refused.filter(pc.equal(refused[FILE], file))
    return [Repeat(*pair) for pair in zip(own[LINE].to_pylist(), own["reason"].to_pylist(), strict=True)]
