"""When which saved set runs: `parameters/schedule.yaml`, and the saved queries that have a cron line.

    - name: monthly-dynamics            # its runs are keyed schedule:monthly-dynamics@<tick>
      family: customer_dynamics
      set: previous-month
      parameters: {currency: EUR}       # changes to the set
      cron: "0 6 1 * *"
      time_zone: Europe/Kyiv            # of the cron line
      formats: [html, pdf, xlsx]
      recipients: [board@example.com]   # each gets it by mail
      owner: billing@example.com        # is told when there is none
      catch_up: all                     # all, last or skip: what of the ticks missed meanwhile
      overlap: queue                    # queue or skip: what if the run before is not finished
      for_each: {parameter: company, values: all}

    - name: monthly-invoices
      invoices: previous month          # of every company (TW-35); no family, no formats
      cron: "0 4 1 * *"

A tick is one moment that an entry is due. A run is keyed by its entry and tick, and with `for_each`
by its value, `…@<tick>#<value>`, so none is made twice, however many clocks look.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import yaml

from reports_lib.delivery.addresses import address, check_sendable
from reports_lib.delivery.addresses import recipients as addresses
from reports_lib.errors import DaybookError, ParameterError, SettingError, UnknownNameError
from reports_lib.parameters.schema import Schema
from reports_lib.parameters.sets import read_set
from reports_lib.rendering.formats import Format
from reports_lib.runs.cron import Cron
from reports_lib.runs.entry import CatchUp, Entry, Overlap
from reports_lib.runs.fan_out import ForEach, read_for_each
from reports_lib.runs.queries import query_entries
from reports_lib.runs.request import DEFAULT_FORMATS
from reports_lib.values.clock import zone
from reports_lib.values.formats import quoted
from reports_lib.workspace import Workspace

KEYS = (
    "name",
    "family",
    "set",
    "parameters",
    "cron",
    "time_zone",
    "formats",
    "recipients",
    "owner",
    "catch_up",
    "overlap",
    "for_each",
    "invoices",
)
OF_INVOICES = ("name", "invoices", "cron", "time_zone", "catch_up")
PREVIOUS = "previous month"  # what an entry of invoices asks for
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")  # no @ and no #: they divide a run's key


def read_schedule(workspace: Workspace) -> list[Entry]:
    """The entries of the workspace's schedule and of its queries.

    Raises `SettingError` naming the first entry that cannot be read and why.
    """
    entries, problems = read_entries(workspace)
    for problem in problems.values():
        raise problem
    return entries


def read_entries(workspace: Workspace) -> tuple[list[Entry], dict[str, SettingError]]:
    """The entries that can be read, and by name (or number) why the others cannot.

    Raises `SettingError` if the file as a whole cannot be read.
    """
    path = workspace.parameters / "schedule.yaml"
    entries: list[Entry] = []
    problems: dict[str, SettingError] = {}
    for number, item in enumerate(_items(path), 1):
        name = str(item.get("name", number)) if isinstance(item, dict) else str(number)
        try:
            entries.append(_entry(item, workspace))
        except (DaybookError, OSError) as error:
            problems[name] = SettingError(f"{path.name}: entry {name}: {error}")
    queries, broken = query_entries(workspace)
    return entries + queries, problems | broken


def _items(path: Path) -> list[object]:
    try:
        found = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506  # every scalar stays text
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingError(f"{path.name} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found or [], list):
        raise SettingError(f"{path.name} must be a list of entries")
    items = list(found or [])
    names = [item["name"] for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise SettingError(f"{path.name}: two entries are named {twice[0]!r}")
    return items


def _entry(item: object, workspace: Workspace) -> Entry:
    if not isinstance(item, dict):
        raise ParameterError("must have keys such as name, family and cron")
    for key in item:
        if key not in KEYS:
            raise UnknownNameError.of("key", str(key), KEYS)
    if "invoices" in item:
        return _of_invoices(item, workspace)
    family, set_name, cron = _text(item, "family"), _text(item, "set", ""), _text(item, "cron")
    schema = Schema.read(workspace.notebook(family))
    changes = _mapping(item, "parameters")
    for_each = _for_each(item, schema, changes, workspace)
    entry = Entry(
        name=_name(item),
        family=family,
        set_name=set_name or None,
        given={**(read_set(workspace.set_path(family, set_name)) if set_name else {}), **changes},
        cron=Cron(cron, zone(_text(item, "time_zone", workspace.time_zone))),
        formats=tuple(dict.fromkeys(map(Format.parse, _texts(item, "formats", [str(f) for f in DEFAULT_FORMATS])))),
        catch_up=CatchUp.parse(_text(item, "catch_up", CatchUp.LAST)),
        overlap=Overlap.parse(_text(item, "overlap", Overlap.QUEUE)),
        recipients=addresses(_texts(item, "recipients", []), workspace.mail_domains),
        owner=address(_text(item, "owner")) if "owner" in item else None,
        for_each=for_each,
    )
    _check(entry, schema, workspace)
    return entry


def _of_invoices(item: Mapping[str, object], workspace: Workspace) -> Entry:
    if stray := [key for key in item if key not in OF_INVOICES]:
        raise ParameterError(f"{stray[0]} does not go with invoices, which are made as parameters/billing.yaml says")
    if (wanted := _text(item, "invoices")) != PREVIOUS:
        raise ParameterError(f"invoices: {quoted(wanted)} is not {PREVIOUS}")
    return Entry(
        name=_name(item),
        family="invoice",
        set_name=None,
        given={},
        cron=Cron(_text(item, "cron"), zone(_text(item, "time_zone", workspace.time_zone))),
        formats=(),
        catch_up=CatchUp.parse(_text(item, "catch_up", CatchUp.ALL)),  # else a month would never be billed
        is_of_invoices=True,
    )


def _check(entry: Entry, schema: Schema, workspace: Workspace) -> None:
    """Refuse what would fail at every tick, as far as it can be known without the warehouse."""
    asked: list[Mapping[str, str | list[str]]] = [entry.given]
    if entry.for_each and entry.for_each.values:
        asked = [
            {**entry.given, entry.for_each.parameter.name: entry.for_each.given(value)}
            for value in entry.for_each.values
        ]
    for given in asked:
        schema.resolve(given, datetime.now(UTC), None, workspace.time_zone)
    listed = entry.for_each.recipients.values() if entry.for_each else ()
    check_sendable(entry.formats, chain(entry.recipients, *listed))


def _for_each(
    item: Mapping[str, object], schema: Schema, changes: Mapping[str, object], workspace: Workspace
) -> ForEach | None:
    if "for_each" not in item:
        return None
    found = item["for_each"]
    recipients = _mapping(found, "recipients") if isinstance(found, dict) else {}
    read = {value: addresses(_texts(recipients, value, []), workspace.mail_domains) for value in recipients}
    return read_for_each(found, schema, read, changes)


def _name(item: Mapping[str, object]) -> str:
    name = _text(item, "name")
    if not NAME.fullmatch(name):
        raise ParameterError(f"name {quoted(name)} must be letters, digits, hyphens, dots and underscores, at most 100")
    return name


def _text(item: Mapping[str, object], key: str, default: str | None = None) -> str:
    found = item.get(key, default)
    if found is None or found == "" != default:
        raise ParameterError(f"lacks {key!r}")
    if not isinstance(found, str):
        raise ParameterError(f"{key} must be one text")
    return found


def _texts(item: Mapping[str, object], key: str, default: list[str]) -> list[str]:
    found = item.get(key, default)
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ParameterError(f"{key} must be a list such as [{', '.join(default[:2]) or 'ann@example.com'}]")
    return found


def _mapping(item: Mapping[str, object], key: str) -> dict[str, str | list[str]]:
    found = item.get(key, {})
    if not isinstance(found, dict) or not all(
        isinstance(value, str) or (isinstance(value, list) and all(isinstance(text, str) for text in value))
        for value in found.values()
    ):
        raise ParameterError(f"{key} must be names with values")
    return found
