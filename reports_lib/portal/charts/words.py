"""What the page of a chart offers: its tabs, and the lists that a chart is put together from."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import ChartTemplate, Visibility
from reports_lib.portal.charts.choice import Choice, Kind, Palette, Sort
from reports_lib.portal.charts.sheet import Report, Sheet
from reports_lib.portal.charts.tables import columns
from reports_lib.portal.language import _
from reports_lib.snapshots.manifest import Manifest


@dataclass(frozen=True)
class Tab:
    """One chart to go to."""

    label: str
    url: str
    is_here: bool
    note: str = ""  # whose it is


@dataclass(frozen=True)
class Option:
    """One thing to choose."""

    value: str
    label: str
    is_chosen: bool
    group: str = ""


def tabs(report: Report, shown: Sheet, token: str, visitor: Visitor) -> list[Tab]:
    """The report's own charts, then those that are kept for its family."""
    own = [Tab(r.title, _url(token, chart=r.title), shown.ready is r) for r in report.ready]
    here = shown.template.id if shown.template else 0
    kept = [Tab(t.name, _url(token, template=t.id), t.id == here, _whose(t, visitor)) for t in report.templates]
    return own + kept


def tables(manifest: Manifest) -> list[dict[str, Any]]:
    """The tables and their columns, for the page's script."""
    return [
        {
            "name": table.name,
            "title": table.title,
            "columns": [
                {"name": c.name, "label": c.label, "group": c.group, "is_number": c.is_number} for c in columns(table)
            ],
        }
        for table in manifest.tables
    ]


def fields(choice: Choice, manifest: Manifest) -> dict[str, list[Option]]:
    """The controls of a chart, with what is chosen in each."""
    found = next((t for t in manifest.tables if choice.table in ("", t.name)), None)
    there = columns(found) if found else ()
    words = [column for column in there if not column.is_number]
    return {
        "table": [Option(t.name, t.title, t.name == choice.table) for t in manifest.tables],
        "kind": [Option(kind, label, kind == choice.kind) for kind, label in kinds().items()],
        "x": [Option(c.name, c.label, c.name == choice.x, c.group) for c in there],
        "y": [Option(c.name, c.label, c.name in choice.y, c.group) for c in there if c.is_number],
        "by": [
            Option("", _("Nothing"), not choice.by),
            *(Option(c.name, c.label, c.name == choice.by, c.group) for c in words),
        ],
        "sort": [Option(sort, label, sort == choice.sort) for sort, label in sorts().items()],
        "palette": [Option(each, label, each == choice.palette) for each, label in palettes().items()],
    }


def kinds() -> dict[Kind, str]:
    """What the kinds are called."""
    return {
        Kind.BAR: _("Bars"),
        Kind.STACKED: _("Stacked"),
        Kind.LINE: _("Lines"),
        Kind.AREA: _("Area"),
        Kind.PIE: _("Pie"),
        Kind.SCATTER: _("Scatter"),
    }


def sorts() -> dict[Sort, str]:
    """What the orders are called."""
    return {
        Sort.TABLE: _("As in the table"),
        Sort.LARGEST: _("Largest first"),
        Sort.SMALLEST: _("Smallest first"),
        Sort.NAME: _("By name"),
    }


def palettes() -> dict[Palette, str]:
    """What the palettes are called."""
    return {
        Palette.DAYBOOK: _("Easy to tell apart"),
        Palette.BLUE: _("Blues"),
        Palette.WARM: _("Warm"),
        Palette.GREY: _("Greys, for print"),
    }


def visibilities(visitor: Visitor) -> list[Option]:
    """For whom a chart may be kept."""
    found = [Option(Visibility.PRIVATE, _("Only me"), True)]
    if visitor.may(Right.PUBLISH):
        found.append(Option(Visibility.COMPANY, _("My company and those above it"), False))
        found.append(Option(Visibility.PUBLIC, _("Everyone who is signed in"), False))
    return found


def _whose(template: ChartTemplate, visitor: Visitor) -> str:
    if template.owner == visitor.name:
        return {Visibility.PRIVATE: _("yours"), Visibility.COMPANY: _("company"), Visibility.PUBLIC: _("public")}[
            Visibility(template.visibility)
        ]
    return _("company") if template.visibility == Visibility.COMPANY else _("public")


def _url(token: str, **what: object) -> str:
    return f"/view/chart?{urlencode({'id': token} | what)}"
