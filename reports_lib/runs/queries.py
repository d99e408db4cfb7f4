"""Saved queries that have a cron line, as entries of the schedule.

The name of such an entry is `query:<family>/<set>`, which no entry of `schedule.yaml` can have.
"""

from datetime import UTC, datetime
from pathlib import Path

from reports_lib.delivery.addresses import check_sendable
from reports_lib.delivery.addresses import recipients as addresses
from reports_lib.errors import DaybookError, ParameterError, SettingError
from reports_lib.parameters.query import Query, read_query
from reports_lib.parameters.schema import Schema
from reports_lib.rendering.formats import Format
from reports_lib.runs.cron import Cron
from reports_lib.runs.entry import Entry
from reports_lib.runs.request import DEFAULT_FORMATS
from reports_lib.values.clock import zone
from reports_lib.workspace import FAMILY, SET, Workspace

PREFIX = "query:"


def query_entries(workspace: Workspace) -> tuple[list[Entry], dict[str, SettingError]]:
    """The entries of the queries that can be read, and by their names why the others cannot."""
    entries: list[Entry] = []
    problems: dict[str, SettingError] = {}
    for path in sorted(workspace.parameters.glob("*/*.yaml")):
        family, name = path.parent.name, path.stem
        if not (FAMILY.fullmatch(family) and SET.fullmatch(name) and _may_have_cron(path)):
            continue
        try:
            if (query := read_query(path)).cron:
                entries.append(entry_of(workspace, family, name, query))
        except (DaybookError, OSError) as error:
            place = f"{family}/{path.name}"
            said = str(error) if str(error).startswith(place) else f"{place}: {error}"
            problems[name_of(family, name)] = SettingError(said)
    return entries, problems


def name_of(family: str, set_name: str) -> str:
    """Name of the entry of a query."""
    return f"{PREFIX}{family}/{set_name}"


def entry_of(workspace: Workspace, family: str, set_name: str, query: Query) -> Entry:
    """The entry of a query with a cron line; raises `DaybookError` for what would fail at every tick."""
    if not query.owner:
        raise ParameterError("a query with a cron line needs an owner, in whose name it is asked for")
    path = workspace.parameters / family / f"{set_name}.yaml"
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    entry = Entry(
        name=name_of(family, set_name),
        family=family,
        set_name=set_name,
        given=query.values,  # type: ignore[arg-type]  # what is read from a file is text
        cron=cron_of(workspace, query),
        formats=Format.parse_all(query.formats) or DEFAULT_FORMATS,
        recipients=addresses(query.recipients, workspace.mail_domains),
        title=query.name,
        asker=query.owner,
        since=changed,  # ticks of before are those of another cron line, or of none
    )
    check_sendable(entry.formats, entry.recipients)
    schema = Schema.read(workspace.notebook(family))
    schema.resolve(query.values, datetime.now(UTC), None, workspace.time_zone)
    return entry


def cron_of(workspace: Workspace, query: Query) -> Cron:
    """When the query is asked for; raises `ParameterError`."""
    return Cron(query.cron, zone(query.time_zone or workspace.time_zone))


def _may_have_cron(path: Path) -> bool:
    """Whether it is worth being read: most sets have none, and there may be thousands."""
    try:
        return b"cron" in path.read_bytes()
    except OSError:
        return True  # and it is told why
