"""Which chart an address asks for, and whether it can be drawn of this report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import ChartTemplate
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.portal.charts import ready as chart_ready
from reports_lib.portal.charts import templates as chart_templates
from reports_lib.portal.charts.choice import Choice, Kind
from reports_lib.portal.charts.data import chosen, figures
from reports_lib.portal.charts.figures import Figures
from reports_lib.portal.charts.ready import Ready
from reports_lib.portal.charts.tables import columns, rows, table_of
from reports_lib.portal.language import _
from reports_lib.runs.installation import Installation
from reports_lib.snapshots.manifest import Manifest


@dataclass(frozen=True)
class Report:
    """A report that charts are drawn of, and the charts that there are for it."""

    installation: Installation
    manifest: Manifest
    ready: tuple[Ready, ...]
    templates: Sequence[ChartTemplate]

    @classmethod
    def of(cls, installation: Installation, manifest: Manifest, visitor: Visitor) -> "Report":
        """The report with its own charts, and those of the family that the visitor finds."""
        with Session(installation.database) as session:
            templates = chart_templates.visible(session, manifest.family, visitor)
            session.expunge_all()
        return cls(installation, manifest, chart_ready.ready(installation.store, manifest), templates)


@dataclass(frozen=True)
class Sheet:
    """One chart: drawn of `figures`, or not for the reason that `problem` says."""

    query: str  # what asks for it, after the link's id
    choice: Choice
    figures: Figures | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    ready: Ready | None = None
    template: ChartTemplate | None = None
    is_blank: bool = False  # nothing was chosen yet

    @property
    def description(self) -> str:
        """What it shows, for those who do not see it."""
        if self.ready and self.ready.description:
            return self.ready.description
        return self.figures.description if self.figures else self.problem


def sheet(report: Report, query: QueryParams) -> Sheet:
    """The chart that the address asks for: a ready-made one, one that was kept, or one as chosen in it.

    Raises `ParameterError` for what is no choice at all, `UnknownNameError` for a chart that is not kept.
    """
    if number := query.get("template"):
        return _of_template(report, _template(report, number))
    if name := query.get("chart"):
        return _called(report, name)
    if query.get("kind") or query.get("y") or query.get("x"):
        choice = Choice.asked(query)
        return drawn(report, choice, Sheet(choice.query, choice))
    if report.ready and "blank" not in query:
        return _of_ready(report.ready[0], report)
    choice = blank(report, query.get("table", ""))
    return replace(drawn(report, choice, Sheet("blank=1", choice)), is_blank=True)


def blank(report: Report, name: str = "") -> Choice:
    """The empty sheet: the table and its first column, and no figures yet (JD-66)."""
    if not report.manifest.tables:
        return Choice()
    table = table_of(report.manifest, name)
    return Choice(table=table.name, kind=Kind.BAR, x=columns(table)[0].name)


def drawn(report: Report, choice: Choice, begun: Sheet) -> Sheet:
    """The chart of a choice, or the sentence why there is none."""
    manifest = report.manifest
    try:
        table = table_of(manifest, choice.table)
        found = chosen(choice, columns(table))
        there = rows(report.installation.store, manifest, table, found.names)
        currency = manifest.resolved.get("currency")
        made = figures(choice, found, there, currency if isinstance(currency, str) else "")
    except (ParameterError, UnknownNameError) as error:
        return replace(begun, problem=str(error))
    return replace(begun, figures=made, notes=(*begun.notes, *made.notes))


def _called(report: Report, name: str) -> Sheet:
    if found := chart_ready.named(report.ready, name):
        return _of_ready(found, report)
    if template := chart_templates.named(report.templates, name):
        return _of_template(report, template)
    note = _("There is no chart “{name}” for this report; it may have been renamed or deleted.").format(name=name[:80])
    if report.ready:
        return replace(_of_ready(report.ready[0], report), notes=(note,))
    choice = blank(report)
    begun = Sheet("blank=1", choice, notes=(note,), is_blank=True)
    return replace(drawn(report, choice, begun), is_blank=True)


def _of_ready(found: Ready, report: Report) -> Sheet:
    choice = found.choice or blank(report)
    problem = "" if found.figures else _("There are no figures for these parameters.")
    return Sheet(urlencode({"chart": found.title}), choice, found.figures, problem, ready=found)


def _of_template(report: Report, template: ChartTemplate) -> Sheet:
    query = urlencode({"template": template.id})
    try:
        choice = Choice.kept(template.choice)
    except ParameterError as error:
        return Sheet(query, blank(report), problem=str(error), template=template)
    titled = choice if choice.title else replace(choice, title=template.name)
    return replace(drawn(report, titled, Sheet(query, choice, template=template)), choice=choice)


def _template(report: Report, number: str) -> ChartTemplate:
    for template in report.templates:
        if str(template.id) == number:
            return template
    raise UnknownNameError(_("There is no such chart of this family; it may have been deleted."))
