"""Shown rows to an HTML table: a two-level head, figures to the right, the total at the foot, all text escaped.

Classes say what a cell is and never how it looks: `n` a figure, `g` the first column of a group,
`none` nothing there, `minus` below zero. The style sheet of the rendering does the rest; in
JupyterLab, which drops style sheets, the table is a plain one.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby, pairwise

from markupsafe import Markup

from reports_lib.display import cells
from reports_lib.display.column import Column, Value
from reports_lib.display.rows import Row


def table(title: str, columns: Sequence[Column], rows: Sequence[Row], total: Row | None, note: str) -> str:
    """The table with its caption; sums stand in `tfoot`, a table without rows says so."""
    firsts = _group_starts(columns)
    body = [_row(columns, firsts, row) for row in rows] or [_empty(len(columns))]
    parts = [
        Markup('<table class="grid">\n<caption><span class="title">{}</span>').format(title),
        Markup(' <span class="note">{}</span>').format(note) if note else "",
        Markup("</caption>\n"),
        _head(columns, firsts),
        Markup("<tbody>\n{}</tbody>\n").format(Markup("").join(body)),
        Markup("<tfoot>\n{}</tfoot>\n").format(_row(columns, firsts, total, is_total=True)) if total else "",
        Markup("</table>"),
    ]
    return "".join(parts)


def _group_starts(columns: Sequence[Column]) -> set[str]:
    """Names of the columns that begin a group; the keys at the left begin none."""
    return {c.name for before, c in pairwise(columns) if c.group != before.group}


def _head(columns: Sequence[Column], firsts: set[str]) -> Markup:
    if not any(c.group for c in columns):
        cells_ = [_label(c, firsts) for c in columns]
        return Markup("<thead>\n<tr>{}</tr>\n</thead>\n").format(Markup("").join(cells_))
    upper, lower = [], []
    for group, members in groupby(columns, key=lambda c: c.group):
        inside = list(members)
        if group:
            upper.append(Markup('<th scope="colgroup" colspan="{}" class="g">{}</th>').format(len(inside), group))
            lower += [_label(c, firsts) for c in inside]
        else:
            upper += [_label(c, firsts, Markup(' rowspan="2"')) for c in inside]
    return Markup("<thead>\n<tr>{}</tr>\n<tr>{}</tr>\n</thead>\n").format(
        Markup("").join(upper), Markup("").join(lower)
    )


def _label(column: Column, firsts: set[str], span: Markup | str = "") -> Markup:
    return Markup('<th scope="col"{}{}>{}</th>').format(span, _classes(column, firsts), column.label)


def _row(columns: Sequence[Column], firsts: set[str], row: Row, is_total: bool = False) -> Markup:
    found = []
    for place, column in enumerate(columns):
        value = row[column.name]
        inner = Markup("") if is_total and value is None and not column.is_number else _inner(column, row, is_total)
        if place == 0:
            found.append(Markup('<th scope="row"{}>{}</th>').format(_classes(column, firsts), inner))
        else:
            found.append(Markup("<td{}>{}</td>").format(_classes(column, firsts, value, True), inner))
    return Markup("<tr>{}</tr>\n").format(Markup("").join(found))


def _inner(column: Column, row: Row, is_total: bool) -> Markup:
    return cells.html(column, row[column.name], None if is_total else row.get(column.opened_by))


def _classes(column: Column, firsts: set[str], value: Value = None, is_cell: bool = False) -> Markup:
    found = []
    if column.is_number:
        found.append("n")
    if column.name in firsts:
        found.append("g")
    if is_cell and value is None:
        found.append("none")
    if isinstance(value, int | Decimal) and value < 0:
        found.append("minus")
    return Markup(' class="{}"').format(" ".join(found)) if found else Markup("")


def _empty(width: int) -> Markup:
    return Markup('<tr><td colspan="{}" class="empty">No data for these parameters.</td></tr>\n').format(width)
