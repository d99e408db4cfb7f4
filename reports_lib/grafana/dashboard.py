"""The file that Grafana imports: a dashboard of a family's panels, as its JSON model describes it.

The import asks which PostgreSQL data source to read (`__inputs`). The same family, zone and scope make the same
bytes, and the same `uid`: who imports a file again replaces the dashboard.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Self

from reports_lib.errors import UnknownNameError
from reports_lib.families import heading
from reports_lib.grafana import FAMILIES
from reports_lib.grafana.drawing import HEIGHTS, INPUT, PLUGIN, TYPES, Json, drawn
from reports_lib.grafana.macros import filled
from reports_lib.grafana.panel import WHOLE, Panel
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.scope import WHOLE as EVERYBODY
from reports_lib.warehouse.scope import Scope
from reports_lib.warehouse.statement import Build, Dialect, Statement
from reports_lib.workspace import Workspace

SCHEMA_VERSION = 39  # of Grafana 11; newer ones bring it up to theirs
NEEDS = "11.0.0"


@dataclass(frozen=True)
class Dashboard:
    """A family's dashboard: its panels read the tables of `schema`, and show time on the clocks of `zone`.

    `scope` is whose data its panels show, `address` the page that asks for the report itself.
    """

    family: str
    title: str
    question: str
    schema: str = "public"
    zone: str = "UTC"
    scope: Scope = EVERYBODY
    address: str = ""

    @classmethod
    def of(cls, workspace: Workspace, family: str, scope: Scope = EVERYBODY) -> Self:
        """The dashboard of a family in a workspace; raises `UnknownNameError` if there is none."""
        panels(family)
        about = heading(workspace.notebook(family))
        # a lake is no Postgres: a copy of its tables is taken to be where tables are if nobody says otherwise
        address = Address.parse(workspace.warehouse_url) if workspace.warehouse_url else Address("")
        page = f"{workspace.address}/ask/{family}"
        return cls(family, about.title, about.question, address.schema, workspace.time_zone, scope, page)

    @property
    def file(self) -> str:
        """What to call the file."""
        return f"{self.uid}.json"

    @property
    def uid(self) -> str:
        """What Grafana knows it by."""
        words = ["daybook", *self.family.split("_"), *([self.scope.company] if self.scope.company else [])]
        return "-".join(words)

    def text(self) -> str:
        """The file; raises `UnknownNameError` for a family that has no dashboard."""
        return json.dumps(self.model(), indent=2, ensure_ascii=False) + "\n"

    def model(self) -> Json:
        """What the file holds."""
        shown = panels(self.family)
        return {
            "__inputs": [
                {
                    "name": INPUT,
                    "label": "Daybook's warehouse",
                    "description": "A PostgreSQL database that holds the canonical tables",
                    "type": "datasource",
                    "pluginId": PLUGIN,
                    "pluginName": "PostgreSQL",
                }
            ],
            "__requires": list(_requires(shown)),
            "uid": self.uid,
            "title": self.title,
            "description": self.question,
            "tags": ["daybook"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "graphTooltip": 1,
            "timezone": self.zone,
            "time": {"from": "now-30d", "to": "now"},
            "timepicker": {"refresh_intervals": ["1m", "5m", "15m", "1h"]},
            "refresh": "5m",
            "templating": {"list": []},
            "annotations": {"list": []},
            "links": [_link(self.address)] if self.address else [],
            "panels": [drawn(panel, number, place, *self.asked(panel)) for panel, number, place in _placed(shown)],
        }

    def asked(self, panel: Panel) -> tuple[str, tuple[str, ...]]:
        """What a panel asks Postgres, with Grafana's macros in it, and the columns of its answer."""
        found = _compiled(Dialect(self.schema, is_scoped=not self.scope.is_whole), panel.build)
        return filled(found, self.zone, self.scope, panel.slots(self.zone)), found.columns


def panels(family: str) -> Sequence[Panel]:
    """The panels of a family, in their order; raises `UnknownNameError`."""
    if family not in FAMILIES:
        raise UnknownNameError.of("dashboard", family, FAMILIES)
    found: Sequence[Panel] = import_module(f"reports_lib.grafana.{family}").PANELS
    return found


@cache
def _compiled(dialect: Dialect, build: Build) -> Statement:
    """What a panel asks, its slots empty; once in a process, for it takes longer than all the rest of a file."""
    return Statement.of(build(dialect.table, None), dialect.compiler, pretty=True)


def _requires(shown: Sequence[Panel]) -> Iterator[Json]:
    yield {"type": "grafana", "id": "grafana", "name": "Grafana", "version": NEEDS}
    yield {"type": "datasource", "id": PLUGIN, "name": "PostgreSQL", "version": NEEDS}
    for each in sorted({TYPES[panel.kind] for panel in shown}):
        yield {"type": "panel", "id": each, "name": each, "version": ""}


def _link(address: str) -> Json:
    return {
        "title": "The report in Daybook",
        "type": "link",
        "icon": "external link",
        "tooltip": "Ask for the sealed report",
        "url": address,
        "tags": [],
        "asDropdown": False,
        "targetBlank": True,
        "includeVars": False,
        "keepTime": False,
    }


def _placed(shown: Sequence[Panel]) -> Iterator[tuple[Panel, int, Json]]:
    """Each panel with its number and place: from left to right, on a new line where it does not fit."""
    x = y = line = 0
    for number, panel in enumerate(shown, 1):
        height = HEIGHTS[panel.kind]
        if x + panel.width > WHOLE:
            x, y, line = 0, y + line, 0
        yield panel, number, {"x": x, "y": y, "w": panel.width, "h": height}
        x, line = x + panel.width, max(line, height)
