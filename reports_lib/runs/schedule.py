"""When which saved set runs: `parameters/schedule.yaml`.

    - name: monthly-dynamics            # its runs are keyed schedule:monthly-dynamics@<tick>
      family: customer_dynamics
      set: previous-month
      parameters: {currency: EUR}       # changes to the set
      cron: "0 6 1 * *"
      time_zone: Europe/Kyiv
      formats: [html, pdf, xlsx]
      catch_up: all                     # all, last or skip: what of the ticks missed meanwhile

A tick is one moment that an entry is due. A run is keyed by its entry and tick, so no tick runs
twice, however many clocks look; its as-of is the tick, so "last month" means the same whenever the
run is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import yaml
from cronsim import CronSim, CronSimError

from reports_lib.errors import DaybookError, SettingError, UnknownNameError
from reports_lib.parameters.sets import read_set
from reports_lib.rendering.formats import Format
from reports_lib.runs.request import DEFAULT_FORMATS, SYSTEM, Request
from reports_lib.values.clock import zone as zone_of
from reports_lib.workspace import Workspace

KEYS = ("name", "family", "set", "parameters", "cron", "time_zone", "formats", "catch_up")
LOOK_BACK = timedelta(days=400)  # an entry that never ran looks for its latest tick this far back


class CatchUp(StrEnum):
    """What happens to ticks that passed while no clock ran."""

    ALL = "all"
    LAST = "last"
    SKIP = "skip"  # only a tick of the last hour still runs

    @classmethod
    def parse(cls, text: str) -> Self:
        """The policy named `text`; raises `UnknownNameError`."""
        if text not in list(cls):
            raise UnknownNameError.of("catch_up", text, list(cls))
        return cls(text)


@dataclass(frozen=True)
class Entry:
    """One line of the schedule."""

    name: str
    family: str
    set_name: str | None
    given: dict[str, str | list[str]]
    cron: str
    zone: ZoneInfo
    formats: tuple[Format, ...]
    catch_up: CatchUp

    def ticks(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Moments (aware, UTC) after `after` and up to `until` that the entry is due."""
        for tick in CronSim(self.cron, after.astimezone(self.zone)):
            if tick > until:
                return
            yield tick.astimezone(UTC)

    def due(self, last: datetime | None, now: datetime) -> list[datetime]:
        """Ticks to run now, the last one run being `last`, None if none ever was."""
        missed = list(self.ticks(last or now - LOOK_BACK, now))
        if self.catch_up is CatchUp.SKIP:
            return [tick for tick in missed[-1:] if now - tick < timedelta(hours=1)]
        return missed if last and self.catch_up is CatchUp.ALL else missed[-1:]

    def request(self, tick: datetime) -> Request:
        """The request of one tick."""
        return Request(
            family=self.family,
            given=self.given,
            as_of=tick,
            author=SYSTEM,
            set_name=self.set_name,
            formats=self.formats,
            run_key=self.key(tick),
        )

    def key(self, tick: datetime) -> str:
        """The run key of one tick."""
        return f"schedule:{self.name}@{tick.isoformat()}"


def read_schedule(workspace: Workspace) -> list[Entry]:
    """The entries of the workspace's schedule, none if there is no file.

    Raises `SettingError` naming the entry that cannot be read and why.
    """
    path = workspace.parameters / "schedule.yaml"
    if not path.exists():
        return []
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  # every scalar stays text
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, list):
        raise SettingError(f"{path.name} must be a list of entries")
    entries = [_entry(item, number, path, workspace) for number, item in enumerate(found, 1)]
    names = [e.name for e in entries]
    if twice := [name for name in names if names.count(name) > 1]:
        raise SettingError(f"{path.name}: two entries are named {twice[0]!r}")
    return entries


def _entry(item: object, number: int, path: Path, workspace: Workspace) -> Entry:
    if not isinstance(item, dict):
        raise SettingError(f"{path.name}: entry {number} must have keys such as name, family and cron")
    where = f"{path.name}: entry {item.get('name') or number}"
    try:
        return _read_entry(item, workspace)
    except KeyError as missing:
        raise SettingError(f"{where} lacks {missing.args[0]!r}") from None
    except (DaybookError, ValueError, OSError) as error:
        raise SettingError(f"{where}: {error}") from None


def _read_entry(item: dict[str, object], workspace: Workspace) -> Entry:
    for key in item:
        if key not in KEYS:
            raise UnknownNameError.of("key", str(key), KEYS)
    text = {key: str(value) for key, value in item.items()}
    family, set_name = text["family"], text.get("set")
    workspace.notebook(family)
    given = read_set(workspace.set_path(family, set_name)) if set_name else {}
    changes = item.get("parameters", {})
    if not isinstance(changes, dict):
        raise ValueError("parameters must be names with values")
    formats = item.get("formats", [str(f) for f in DEFAULT_FORMATS])
    if not isinstance(formats, list):
        raise ValueError("formats must be a list such as [html, pdf]")
    entry = Entry(
        name=text["name"],
        family=family,
        set_name=set_name,
        given=given | changes,
        cron=text["cron"],
        zone=zone_of(text.get("time_zone", workspace.time_zone)),
        formats=tuple(Format.parse(str(f)) for f in formats),
        catch_up=CatchUp.parse(text.get("catch_up", "last")),
    )
    try:
        CronSim(entry.cron, datetime(2000, 1, 1, tzinfo=entry.zone))
    except CronSimError:
        raise ValueError(f"cron {entry.cron!r} cannot be read; it must be like '0 6 1 * *'") from None
    return entry
