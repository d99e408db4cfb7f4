"""Charts that are kept for a family, to be drawn of any of its reports."""

from datetime import UTC, datetime

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import ChartTemplate, Visibility
from reports_lib.portal.api import bodies, models
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import Name, Number, installation_of
from reports_lib.portal.charts import templates as chart_templates
from reports_lib.portal.charts.choice import Choice, Kind, Palette, Sort
from reports_lib.portal.page import visitor_of


def list_charts(request: Request, family: Name) -> models.Charts:
    """The charts of a family: one's own, and those that others keep for the company or for everyone."""
    installation, visitor = installation_of(request), visitor_of(request)
    installation.workspace.notebook(family)
    with Session(installation.database) as session:
        found = chart_templates.visible(session, family, visitor)
        return models.Charts(charts=[_told(each, visitor) for each in found])


def get_chart(request: Request, family: Name, chart: Number) -> models.Chart:
    """One of them."""
    visitor = visitor_of(request)
    with Session(installation_of(request).database) as session:
        return _told(chart_templates.find(session, chart, family, visitor), visitor)


def keep_chart(request: Request, family: Name, body: bodies.NewChart) -> models.Chart:
    """Keep a chart. Whether its columns fit a report is seen when it is drawn of one."""
    installation, visitor = installation_of(request), visitor_of(request)
    installation.workspace.notebook(family)
    choice = _choice(body.choice)
    made = ChartTemplate(
        family=family,
        table_name=choice.table,
        name=chart_templates.checked(body.name),
        choice=choice.json(),
        visibility=Visibility(body.visibility),
        owner=visitor.name,
        company=visitor.company,
        made_at=datetime.now(UTC),
    )
    with Session(installation.database) as session, session.begin():
        return _told(chart_templates.add(session, made, visitor), visitor)


def rename_chart(request: Request, family: Name, chart: Number, body: bodies.RenamedChart) -> models.Chart:
    """Call a chart otherwise."""
    visitor = visitor_of(request)
    with Session(installation_of(request).database) as session, session.begin():
        found = chart_templates.find(session, chart, family, visitor)
        chart_templates.rename(session, found, body.name, visitor, datetime.now(UTC))
        return _told(found, visitor)


def delete_chart(request: Request, family: Name, chart: Number) -> None:
    """Delete a chart."""
    visitor = visitor_of(request)
    with Session(installation_of(request).database) as session, session.begin():
        found = chart_templates.find(session, chart, family, visitor)
        chart_templates.delete(session, found, visitor, datetime.now(UTC))


def _choice(body: bodies.Choice) -> Choice:
    return Choice(
        table=body.table,
        kind=Kind(body.kind),
        x=body.x,
        y=tuple(body.y),
        by=body.by,
        sort=Sort(body.sort),
        palette=Palette(body.palette),
        colours=tuple((name, colour.lower()) for name, colour in body.colours.items()),
        title=body.title.strip(),
    )


def _told(template: ChartTemplate, visitor: Visitor) -> models.Chart:
    choice = dict(template.choice)
    return models.Chart(
        id=template.id,
        family=template.family,
        name=template.name,
        visibility=Visibility(template.visibility),
        is_own=template.owner == visitor.name,
        may_change=chart_templates.may_change(template, visitor),
        made_at=template.made_at,
        choice=models.ChartChoice(**{**choice, "colours": dict(choice["colours"])}),
    )


CALLS = (
    Call("GET", "/charts/{family}", list_charts, Right.READ, models.Charts, refusals=(404,)),
    Call("POST", "/charts/{family}", keep_chart, Right.ASK, models.Chart, 201, (404, 409)),
    Call("GET", "/charts/{family}/{chart}", get_chart, Right.READ, models.Chart, refusals=(404,)),
    Call("PUT", "/charts/{family}/{chart}", rename_chart, Right.READ, models.Chart, refusals=(404, 409)),
    Call("DELETE", "/charts/{family}/{chart}", delete_chart, Right.READ, None, 204, (404,)),
)
