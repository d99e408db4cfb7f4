"""The tables of a snapshot as charts read them: what columns they have, and the rows of some of them."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.portal.charts.figures import shown
from reports_lib.portal.language import _
from reports_lib.portal.route import Route
from reports_lib.portal.view.follow import follow
from reports_lib.rendering.tables import TOTAL, StoredColumn
from reports_lib.runs.installation import Installation
from reports_lib.snapshots.manifest import Manifest, TableRef
from reports_lib.snapshots.seal import open_file
from reports_lib.snapshots.store import Store

MOST = 5_000  # rows in one answer


def columns(table: TableRef) -> tuple[StoredColumn, ...]:
    """The columns of a table, as displayed."""
    keys = StoredColumn.__dataclass_fields__
    return tuple(StoredColumn(**{k: v for k, v in column.items() if k in keys}) for column in table.columns)


def table_of(manifest: Manifest, name: str) -> TableRef:
    """The table of that name, the first one if `name` is empty; raises `UnknownNameError`."""
    for table in manifest.tables:
        if name in ("", table.name):
            return table
    if not name:
        raise UnknownNameError(_("This report shows no table."))
    raise UnknownNameError(_("This report has no table “{name}”.").format(name=name))


def read(store: Store, manifest: Manifest, table: TableRef, names: Sequence[str]) -> pa.Table:
    """Those columns of the table as shown, and `TOTAL`, which tells its last row from the others.

    Raises `CorruptSnapshotError` if the stored bytes are not those that were sealed.
    """
    file = pq.ParquetFile(pa.BufferReader(open_file(store, manifest, f"table:{table.name}")))
    return file.read(columns=[*names, TOTAL])


def rows(store: Store, manifest: Manifest, table: TableRef, names: Sequence[str]) -> list[dict[str, Any]]:
    """Those columns of the table's rows, as shown and in order; its total is left out. Raises as `read` does."""
    data = read(store, manifest, table, names)
    found: list[dict[str, Any]] = data.filter(pc.invert(data.column(TOTAL))).drop_columns([TOTAL]).to_pylist()
    return found


def data(request: Request, id: str = "", table: str = "") -> Response:  # the address says `id`
    """`GET /view/data?id=<token>&table=<name>`: rows of a table as it writes them, from `from` on, for programs.

    `rows` are in the order of the table, `total` is its last row, apart. At most `MOST` come at once;
    `next` says where to go on.
    """
    installation: Installation = request.app.state.installation
    manifest = follow(request, id).manifest
    found = table_of(manifest, table)
    heads = columns(found)
    stored = read(installation.store, manifest, found, [head.name for head in heads])
    body = stored.filter(pc.invert(stored.column(TOTAL)))
    start = _start(request.query_params.get("from", "0"))
    end = start + MOST

    def written(part: pa.Table) -> list[list[str]]:
        return [[shown(head, row[head.name]) for head in heads] for row in part.to_pylist()]

    return JSONResponse(
        {
            "name": found.name,
            "title": found.title,
            "columns": [{"name": head.name, "label": head.heading, "kind": head.kind} for head in heads],
            "count": body.num_rows,
            "rows": written(body.slice(start, MOST)),
            "total": next(iter(written(stored.filter(stored.column(TOTAL)))), None),
            "next": end if end < body.num_rows else None,
        }
    )


def _start(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ParameterError(_("`from` is the number of a row, counted from 0."))
    return int(text)


ROUTES = (Route("/view/data", data, None),)
