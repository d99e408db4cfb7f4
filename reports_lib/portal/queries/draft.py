"""What somebody has written about a query that is to be saved, and what is wrong with it.

The fields are named `query-…`, so that they can stand in the same form as a family's parameters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from starlette.datastructures import FormData

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.delivery.addresses import check_sendable
from reports_lib.delivery.addresses import recipients as addresses
from reports_lib.errors import DaybookError, ParameterError
from reports_lib.parameters.given import one
from reports_lib.parameters.query import LONGEST_NAME, LONGEST_NOTE, PUBLIC, VISIBILITIES, Query, named, noted
from reports_lib.portal.language import _
from reports_lib.portal.queries.rhythm import Rhythm
from reports_lib.portal.told import told
from reports_lib.rendering.formats import Format
from reports_lib.values.clock import zone
from reports_lib.workspace import Workspace

PRIVATE = "private"
RELATIVE, FIXED = "relative", "fixed"


@dataclass(frozen=True)
class Draft:
    """The texts as they were written."""

    name: str = ""
    note: str = ""
    visibility: str = PRIVATE
    interval: str = RELATIVE
    chart: str = ""
    formats: tuple[str, ...] = ("html",)
    recipients: tuple[str, ...] = ()
    rhythm: Rhythm = field(default_factory=Rhythm)
    time_zone: str = ""
    instead: str = ""  # name of the set that is to be replaced
    version: str = ""  # of its file, as it was read

    @classmethod
    def of(cls, query: Query) -> Self:
        """What is written about a query that there is."""
        return cls(
            name=query.name,
            note=query.note,
            visibility=query.visibility,
            chart=query.chart,
            formats=query.formats or tuple(map(str, Format)),
            recipients=query.recipients,
            rhythm=Rhythm.of(query.cron),
            time_zone=query.time_zone,
            version=query.version,
        )

    @classmethod
    def sent(cls, fields: FormData) -> Self:
        """What a form sends."""
        texts = {name: str(value) for name, value in fields.items()}
        listed = " ".join(str(text) for text in fields.getlist("query-recipients"))
        return cls(
            name=texts.get("query-name", ""),
            note=texts.get("query-note", ""),
            visibility=texts.get("query-visibility", PRIVATE),
            interval=texts.get("query-interval", RELATIVE),
            chart=texts.get("query-chart", "").strip(),
            formats=tuple(dict.fromkeys(str(form) for form in fields.getlist("query-formats"))),
            recipients=tuple(dict.fromkeys(listed.replace(",", " ").replace(";", " ").split())),
            rhythm=Rhythm.sent(texts),
            time_zone=texts.get("query-time-zone", "").strip(),
            instead=texts.get("query-instead", ""),
            version=texts.get("query-version", ""),
        )

    def faults(self, visitor: Visitor, workspace: Workspace) -> dict[str, str]:
        """What is wrong, by the name of its field."""
        tried: dict[str, Callable[[], object]] = {
            "query-name": self._check_name,
            "query-note": self._check_note,
            "query-visibility": lambda: self._check_visibility(visitor),
            "query-chart": lambda: one(self.chart),
            "query-formats": lambda: [Format.parse(form) for form in self.formats],
            "query-recipients": lambda: self._check_recipients(workspace),
            "query-often": lambda: self._check_rhythm(visitor),
            "query-time-zone": lambda: zone(self.time_zone or workspace.time_zone),
        }
        return dict(_tried(tried))

    def query(self, values: Mapping[str, str | list[str]], before: Query, workspace: Workspace) -> Query:
        """The query, of which there are no faults; its owner and company are those of `before`."""
        cron = self.rhythm.cron(self._zone) if before.owner else ""
        return Query(
            values,
            name=named(self.name),
            note=noted(self.note),
            visibility=self.visibility if before.owner else PUBLIC,
            owner=before.owner,
            company=before.company,
            formats=tuple(str(Format.parse(form)) for form in self.formats),
            recipients=addresses(self.recipients, workspace.mail_domains),
            chart=self.chart,
            cron=cron,
            time_zone=(self.time_zone or workspace.time_zone) if cron else "",
        )

    @property
    def _zone(self) -> str:
        """The zone to read a cron line in; which one does not matter for whether it can be read."""
        return "UTC"

    def _check_name(self) -> None:
        if not self.name.strip():
            raise ParameterError(_("Give the query a name; it is found by it in the list."))
        if len(self.name.strip()) > LONGEST_NAME:
            raise ParameterError(_("The name is longer than {count} letters.").format(count=LONGEST_NAME))
        named(self.name)

    def _check_note(self) -> None:
        if len(self.note.strip()) > LONGEST_NOTE:
            raise ParameterError(_("The note is longer than {count} letters.").format(count=LONGEST_NOTE))
        noted(self.note)

    def _check_visibility(self, visitor: Visitor) -> None:
        if self.visibility not in VISIBILITIES:
            raise ParameterError(_("Choose who sees the query."))
        if self.visibility != PRIVATE and not visitor.may(Right.PUBLISH):
            raise ParameterError(_("Your role keeps queries for yourself only; choose Only me."))

    def _check_recipients(self, workspace: Workspace) -> None:
        wrong = []
        for text in self.recipients:
            try:
                addresses([text], workspace.mail_domains)
            except ParameterError as problem:
                wrong.append(told(problem))
        if wrong:
            raise ParameterError("; ".join(wrong))
        try:
            check_sendable(self.formats, self.recipients)
        except ParameterError:
            raise ParameterError(
                _("A web page is not sent by mail: add CSV, Excel or PDF, or leave the addresses out.")
            ) from None

    def _check_rhythm(self, visitor: Visitor) -> None:
        if self.rhythm.cron(self._zone) and not visitor.may(Right.PUBLISH):
            raise ParameterError(_("Your role makes no schedules; choose Only when somebody asks."))


def _tried(checks: Mapping[str, Callable[[], object]]) -> list[tuple[str, str]]:
    found = []
    for name, check in checks.items():
        try:
            check()
        except DaybookError as problem:
            found.append((name, told(problem)))
    return found
