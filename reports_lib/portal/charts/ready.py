"""The charts that a report shows itself, as its notebook drew them (JD-62 … JD-65)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from reports_lib.errors import ParameterError
from reports_lib.portal.charts.choice import Choice, Kind
from reports_lib.portal.charts.figures import Figures, Point
from reports_lib.rendering import media
from reports_lib.rendering.notebook_file import parsed
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.store import Store
from reports_lib.values.formats import MINUS, NOTHING

NOTEBOOK = "ipynb"


@dataclass(frozen=True)
class Ready:
    """One chart of the report; without `figures` there was nothing to draw."""

    title: str
    description: str
    figures: Figures | None
    choice: Choice | None  # the same chart of one of the report's tables, to be changed


def ready(store: Store, manifest: Manifest) -> tuple[Ready, ...]:
    """The charts that the notebook showed, in its order; none if the snapshot holds no notebook."""
    if NOTEBOOK not in manifest.files:
        return ()
    return tuple(_ready(shown, manifest) for shown in _shown(store.root, manifest.files[NOTEBOOK].name))


def named(charts: Sequence[Ready], name: str) -> Ready | None:
    """The chart of that title; else the one whose title begins so, for a title may say how many it shows."""
    wanted = name.strip().casefold()
    exact = next((chart for chart in charts if chart.title.casefold() == wanted), None)
    return exact or next((chart for chart in charts if wanted and chart.title.casefold().startswith(wanted)), None)


@lru_cache(maxsize=128)
def _shown(root: Path, name: str) -> tuple[Mapping[str, Any], ...]:
    """What the outputs of the notebook in that stored file say of their charts."""
    notebook = parsed(Store(root).read(name))
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    found = (output.get("data", {}).get(media.CHART) for output in outputs)
    return tuple(chart for chart in found if chart and _is_whole(chart))


def _is_whole(chart: Mapping[str, Any]) -> bool:
    columns, rows = chart.get("columns"), chart.get("rows")
    texts = all(isinstance(chart.get(name), str) for name in ("title", "description"))
    if not texts or not isinstance(columns, list) or not isinstance(rows, list) or len(columns) not in (2, 3):
        return False
    return all(len(row) == len(columns) for row in rows) and all({"name", "label", "kind"} <= c.keys() for c in columns)


def _ready(chart: Mapping[str, Any], manifest: Manifest) -> Ready:
    x, y, *by = chart["columns"]
    spec = chart.get("spec") or {}
    kind = _kind(spec, has_series=bool(by))
    points = tuple(_point(row, y) for row in chart["rows"])
    figures = Figures(
        choice=Choice(kind=kind, by="series" if by else ""),
        title=chart["title"],
        x_title=x["label"],
        y_title=_y_title(spec, y, manifest),
        kind=y["kind"],
        places=max((_places(point.shown) for point in points), default=0),
        xs=tuple(dict.fromkeys(point.x for point in points)),
        series=tuple(dict.fromkeys(point.series for point in points)),
        points=points,
    )
    has_figures = any(point.value is not None for point in points)
    same = _of_a_table(kind, [column["name"] for column in chart["columns"]], manifest)
    return Ready(chart["title"], chart["description"], figures if has_figures else None, same)


def _kind(spec: Mapping[str, Any], has_series: bool) -> Kind:
    mark = spec.get("mark")
    if isinstance(mark, Mapping) and mark.get("type") == "line":
        return Kind.LINE
    return Kind.STACKED if has_series else Kind.BAR


def _point(row: Sequence[str], y: Mapping[str, Any]) -> Point:
    x, shown, *series = row
    return Point(x, series[0] if series else "", _value(shown), shown)


def _value(shown: str) -> Decimal | None:
    """The figure that a table writes so; as exact as it is written."""
    if shown == NOTHING:
        return None
    try:
        return Decimal(shown.removesuffix(" %").replace(",", "").replace(MINUS, "-"))
    except InvalidOperation:
        return None


def _places(shown: str) -> int:
    return len(shown.removesuffix(" %").partition(".")[2])


def _y_title(spec: Mapping[str, Any], y: Mapping[str, Any], manifest: Manifest) -> str:
    """As the notebook wrote it, with the currency where it left that out."""
    try:
        title = str(spec["encoding"]["y"]["title"])
    except (KeyError, TypeError):
        title = str(y["label"])
    currency = str(manifest.resolved.get("currency", ""))
    return f"{title} ({currency})" if y["kind"] == "money" and currency and currency not in title else title


def _of_a_table(kind: Kind, names: Sequence[str], manifest: Manifest) -> Choice | None:
    """The same chart of the first table that has all of its columns; named by what it comes to show."""
    x, y, *by = names
    for table in manifest.tables:
        if set(names) <= {column["name"] for column in table.columns}:
            try:
                return Choice(table.name, kind, x, (y,), by[0] if by else "")
            except ParameterError:  # names that no address holds
                return None
    return None
