"""What a report holds: its files, and the rows of its tables, as they were sealed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import Query, Request, Response

from reports_lib.accounts.role import Right
from reports_lib.portal.api import models
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import BASE, Name, Number, installation_of, manifest_of
from reports_lib.portal.charts import tables as chart_tables
from reports_lib.portal.view import quick
from reports_lib.rendering.formats import Format
from reports_lib.rendering.tables import TOTAL, StoredColumn, plain
from reports_lib.runs.export import export
from reports_lib.snapshots.manifest import TableRef

MIMES = tuple(form.mime.partition(";")[0] for form in Format)


def get_file(request: Request, run: Number, format: Format) -> Response:
    """The report of a run as a file: sealed with it, or made now of what was sealed. Nothing is queried."""
    made = export(installation_of(request).store, manifest_of(request, run), format)
    headers = {
        "Content-Disposition": f'attachment; filename="{made.filename}"',
        "Content-Security-Policy": quick.POLICY,  # should a browser show it nevertheless
    }
    return Response(made.data, media_type=made.mime, headers=headers)


def list_tables(request: Request, run: Number) -> models.Tables:
    """The tables that the report of a run shows, without their rows."""
    found = manifest_of(request, run).tables
    return models.Tables(tables=[_table(run, each) for each in found])


def get_rows(
    request: Request,
    run: Number,
    table: Name,
    start: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Annotated[int, Query(ge=1, le=chart_tables.MOST)] = 1_000,
) -> models.Rows:
    """Rows of a table as the report shows them, from number `start` on: figures exact, as text; empty ones are null."""
    manifest = manifest_of(request, run)
    found = chart_tables.table_of(manifest, table)
    columns = chart_tables.columns(found)
    stored = chart_tables.read(installation_of(request).store, manifest, found, [column.name for column in columns])
    body = stored.filter(pc.invert(stored.column(TOTAL)))
    end = start + limit
    return models.Rows(
        table=found.name,
        columns=[_column(each) for each in columns],
        count=body.num_rows,
        rows=_texts(body.slice(start, limit), columns),
        total=next(iter(_texts(stored.filter(stored.column(TOTAL)), columns)), None),
        next=end if end < body.num_rows else None,
    )


def _table(run: int, table: TableRef) -> models.Table:
    return models.Table(
        name=table.name,
        title=table.title,
        rows=table.rows,
        columns=[_column(each) for each in chart_tables.columns(table)],
        url=f"{BASE}/runs/{run}/tables/{table.name}",
    )


def _column(column: StoredColumn) -> models.Column:
    return models.Column(**{name: getattr(column, name) for name in models.Column.model_fields})


def _texts(part: pa.Table, columns: Sequence[StoredColumn]) -> list[list[str | None]]:
    def line(row: Mapping[str, Any]) -> list[str | None]:
        return [_text(row[column.name], column) for column in columns]

    return [line(row) for row in part.to_pylist()]


def _text(value: Decimal | date | datetime | str | None, column: StoredColumn) -> str | None:
    if isinstance(value, Decimal):
        return plain(value, column.places)
    return value.isoformat() if isinstance(value, date) else value


CALLS = (
    Call("GET", "/runs/{run}/files/{format}", get_file, Right.READ, None, refusals=(404, 409, 410), mimes=MIMES),
    Call("GET", "/runs/{run}/tables", list_tables, Right.READ, models.Tables, refusals=(404, 409, 410)),
    Call("GET", "/runs/{run}/tables/{table}", get_rows, Right.READ, models.Rows, refusals=(404, 409, 410)),
)
