"""A panel as Grafana's JSON model has it: its query, its look, and a steady colour for each series."""

from typing import Any

from reports_lib.display.colours import colours
from reports_lib.grafana.panel import Kind, Panel
from reports_lib.picture import SERIES

Json = dict[str, Any]
INPUT = "DS_DAYBOOK"  # what the import asks for
PLUGIN = "grafana-postgresql-datasource"
SOURCE = {"type": PLUGIN, "uid": f"${{{INPUT}}}"}
TYPES: dict[Kind, str] = {
    "bars": "timeseries",
    "lines": "timeseries",
    "share": "piechart",
    "tiles": "stat",
    "rank": "barchart",
    "table": "table",
    "map": "geomap",
}
HEIGHTS: dict[Kind, int] = {"bars": 9, "lines": 9, "share": 9, "tiles": 4, "rank": 9, "table": 9, "map": 14}
_OVER_TIME = ("bars", "lines")
_KEYS = ("time", "metric", "name", "latitude", "longitude")  # columns that are no figures
_LAST: Json = {"values": False, "calcs": ["lastNotNull"], "fields": ""}
_LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_OPTIONS: dict[Kind, Json] = {
    "bars": {"legend": _LEGEND | {"calcs": ["sum"]}, "tooltip": {"mode": "multi", "sort": "none"}},
    "lines": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "share": {
        "pieType": "donut",
        "reduceOptions": _LAST,
        "legend": _LEGEND | {"displayMode": "table", "placement": "right", "values": ["value", "percent"]},
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "tiles": {"reduceOptions": _LAST, "graphMode": "none", "colorMode": "none", "textMode": "value_and_name"},
    "rank": {
        "orientation": "horizontal",
        "xField": "name",
        "showValue": "always",
        "stacking": "normal",
        "legend": _LEGEND,
        "tooltip": {"mode": "multi", "sort": "none"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
    "map": {
        "view": {"id": "fit", "lat": 0, "lon": 0, "zoom": 2, "allLayers": True},
        "basemap": {"type": "default", "name": "Map"},
        "layers": [
            {
                "type": "markers",
                "name": "Dialogues",
                "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
                "config": {
                    "showLegend": False,
                    "style": {
                        "size": {"field": "Dialogues", "fixed": 5, "min": 4, "max": 20},
                        "color": {"fixed": SERIES[0]},
                        "opacity": 0.6,
                        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
                    },
                },
                "tooltip": True,
            }
        ],
    },
}


def drawn(panel: Panel, number: int, place: Json, sql: str, columns: tuple[str, ...]) -> Json:
    """The panel at its place; `sql` is what it asks, `columns` what it is answered with."""
    figures = [name for name in columns if name not in _KEYS]
    defaults: Json = {"unit": panel.unit, "color": {"mode": "palette-classic"}, "custom": _look(panel)}
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    # series that only the data know take Grafana's own
    steady = {} if "metric" in columns else dict(zip(figures, colours(figures), strict=True))
    target = {
        "refId": "A",
        "datasource": SOURCE,
        "format": "time_series" if panel.kind in _OVER_TIME else "table",
        "rawQuery": True,
        "rawSql": sql,
        "editorMode": "code",
    }
    return {
        "id": number,
        "type": TYPES[panel.kind],
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": SOURCE,
        "targets": [target],
        "fieldConfig": {"defaults": defaults, "overrides": [_coloured(*each) for each in steady.items()]},
        "options": _OPTIONS[panel.kind],
    }


def _look(panel: Panel) -> Json:
    match panel.kind:
        case "bars":
            stacking = {"mode": "percent" if panel.is_percent else "normal", "group": "A"}
            bars = {"drawStyle": "bars", "barAlignment": 1, "fillOpacity": 85, "lineWidth": 0}
            return bars | {"stacking": stacking, "axisSoftMin": 0}
        case "lines":
            return {"drawStyle": "line", "lineWidth": 2, "showPoints": "auto", "axisSoftMin": 0}
        case "rank":
            return {"fillOpacity": 85, "lineWidth": 0}
        case _:
            return {}


def _coloured(name: str, colour: str) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
    }
