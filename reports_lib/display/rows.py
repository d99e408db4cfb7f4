"""Rows as a notebook has them to rows as a table shows them: taken out of the engine once, then typed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from reports_lib.display.column import Column
from reports_lib.errors import NotebookError

Row = dict[str, Any]


class _Arrow(Protocol):
    def to_pylist(self) -> list[Row]: ...


class _Ibis(Protocol):
    def to_pyarrow(self) -> object: ...


Rows = Iterable[Mapping[str, Any]] | _Arrow | _Ibis


def plain(rows: Rows) -> list[Row]:
    """Rows as dictionaries, from an Ibis table (run once, exactly), an Arrow table or the dictionaries themselves."""
    found: Any = rows
    if hasattr(found, "to_pyarrow"):
        found = found.to_pyarrow()
    if hasattr(found, "to_pylist"):
        found = found.to_pylist()
    return [dict(row) for row in found]


def shown(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], title: str) -> list[Row]:
    """What the table shows of each row, by column name; and what the cells that open something are opened with.

    Raises `NotebookError` naming every column that a row lacks, or the value that cannot be shown.
    """
    result = []
    for row in rows:
        if missing := sorted({name for column in columns for name in column.needs if name not in row}):
            raise NotebookError(f"table {title!r}: the rows lack {', '.join(missing)}; they have {', '.join(row)}")
        opened = {column.opened_by: row[column.opens.value] for column in columns if column.opens}
        result.append({column.name: column.value(dict(row)) for column in columns} | opened)
    return result
