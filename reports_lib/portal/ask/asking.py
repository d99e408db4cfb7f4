"""From what was entered to a request: everything that is wrong with it at once, or what the queue takes.

Rules of values are the schema's, those of addresses and of what can be sent are delivery's; here they
are only asked, and each answer is put beside its field.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from reports_lib.delivery.addresses import check_sendable, recipients
from reports_lib.errors import DaybookError, ParameterError
from reports_lib.families import heading
from reports_lib.parameters.given import one
from reports_lib.parameters.kinds import TimeZoneKind
from reports_lib.parameters.options import Lookup
from reports_lib.parameters.schema import Schema
from reports_lib.portal.ask.entered import Entered
from reports_lib.portal.ask.form import label
from reports_lib.portal.language import _
from reports_lib.portal.told import told
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.runs.plan import lacking, plan
from reports_lib.runs.queue import submit
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.values.clock import moment, zone

LONGEST = 120  # letters of a report's name
YEARS = range(1900, 2201)  # others are slips of the hand, and the first and last have no UTC


@dataclass(frozen=True)
class Ground:
    """What entries are read on: the family's schema, who asks and when, what he may choose and write to."""

    schema: Schema
    author: Author
    now: datetime
    zone: str
    lookup: Lookup
    domains: tuple[str, ...] = ()


def faults(entered: Entered, ground: Ground) -> dict[str, str]:
    """What is wrong, by the name of the field; nothing if it can be asked for.

    Raises what a warehouse does that cannot be read.
    """
    wrong = ground.schema.faults(entered.given, ground.now, ground.lookup, ground.zone)
    found = {name: _beside(name, text) for name, text in wrong.items()}
    found |= {name: span.lack for name, span in entered.spans.items() if span.lack}
    tried = {
        "output-type": lambda: [Format.parse(form) for form in entered.formats],
        "send-to": lambda: _check_addresses(entered, ground.domains),
        "report-name": lambda: _check_name(entered.name),
        "as-of": lambda: as_of(entered, ground),
    }
    for name, check in tried.items():
        try:
            check()
        except DaybookError as problem:
            found[name] = told(problem)
    return found


def not_there(entered: Entered, ground: Ground) -> dict[str, str]:
    """What of a form that was filled in for somebody is not for whoever asks now; nothing while nobody can say."""
    try:
        found = faults(entered, ground)
    except DaybookError:
        return {}
    return {name: text for name, text in found.items() if name in entered.given}


def request(family: str, entered: Entered, ground: Ground) -> Request:
    """The request of what was entered, which has no faults.

    One form sent twice is one run; whatever is changed before it is sent again makes another.
    """
    asked = Request(
        family=family,
        given=entered.given,
        as_of=as_of(entered, ground),
        author=ground.author,
        set_name=entered.set_name or None,
        formats=Format.parse_all(entered.formats),
        recipients=recipients(entered.send_to, ground.domains),
        name=entered.name,
        run_key="",
    )
    said = (entered.key, family, entered.given, entered.formats, entered.send_to, entered.name, entered.as_of)
    who = (ground.author.user, ground.author.company, entered.set_name)
    key = hashlib.sha256(json.dumps([said, who], sort_keys=True).encode()).hexdigest()
    return Request(**{**vars(asked), "run_key": f"form:{key}"})


def put_in_queue(family: str, entered: Entered, ground: Ground, installation: Installation) -> int:
    """Ask for what was entered, which has no faults; returns the number of its run.

    What cannot be made is refused now, and not by a worker later: raises what `plan` does.
    """
    asked = request(family, entered, ground)
    plan(asked, installation)
    with Session(installation.database) as session, session.begin():
        return submit(session, asked).id


def not_active(families: Iterable[str], author: Author, now: datetime, installation: Installation) -> dict[str, str]:
    """Why some of the families cannot be asked for yet: the warehouse holds nothing of what they need (MS-01).

    It is opened once for all of them. Raises what a warehouse does that cannot be read.
    """
    needs = {family: heading(installation.workspace.notebook(family)).needs for family in families}
    wanted = dict.fromkeys(name for names in needs.values() for name in names)
    missing = lacking(wanted, author, now, installation) if wanted else []
    said = _("There is nothing to report on yet: no data in {tables}")
    lacks = {family: [name for name in names if name in missing] for family, names in needs.items()}
    return {family: said.format(tables=", ".join(names)) for family, names in lacks.items() if names}


def as_of(entered: Entered, ground: Ground) -> datetime:
    """The moment that counts as now; raises `ParameterError` for one that has not come yet, or is none."""
    if not entered.as_of:
        return ground.now
    try:
        wall = datetime.fromisoformat(entered.as_of)
        if wall.year not in YEARS:
            raise ValueError
    except ValueError:
        raise ParameterError(_("Write a day and a time, such as 2026-11-01 12:00.")) from None
    at = wall.astimezone(UTC) if wall.tzinfo else moment(wall, zone_of(entered, ground))
    if at > ground.now:
        raise ParameterError(_("This moment has not come yet."))
    return at


def zone_of(entered: Entered, ground: Ground) -> ZoneInfo:
    """The zone of what is entered: the report's own if it can be read, else the workspace's."""
    for parameter in ground.schema:
        if isinstance(parameter.kind, TimeZoneKind) and (text := entered.texts(parameter)[0].strip()):
            try:
                return zone(text)
            except ParameterError:
                break
    return zone(ground.zone)


def _beside(name: str, text: str) -> str:
    """What a schema says of a parameter's value, where the parameter's own words stand above it."""
    said = text.removeprefix(f"{name} ")
    return told(said if said[:1] in "'\"‘“" else f"{label(name)} {said}")


def _check_addresses(entered: Entered, domains: tuple[str, ...]) -> None:
    wrong = []
    for text in entered.send_to:
        try:
            recipients([text], domains)
        except ParameterError as problem:
            wrong.append(told(problem))
    if wrong:
        raise ParameterError("; ".join(wrong))
    try:
        check_sendable([entered.output], entered.send_to)
    except ParameterError:
        raise ParameterError(
            _("A web page is not sent by mail: choose CSV, Excel or PDF as the output, or leave the addresses out.")
        ) from None


def _check_name(name: str) -> None:
    if len(one(name)) > LONGEST:
        raise ParameterError(_("The name is longer than {count} letters.").format(count=LONGEST))
