"""A clock of its own process, whose minutes pass in a tenth of a second: `clock_process.py ENTRY BEGUN`."""

import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from reports_lib.rendering.formats import Format
from reports_lib.runs import clock
from reports_lib.runs.cron import Cron
from reports_lib.runs.entry import CatchUp, Entry
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace

NOON = datetime(2026, 6, 22, 12, tzinfo=UTC)


def every_minute(name: str) -> Entry:
    """The entry that all these clocks look at."""
    return Entry(name, "sales", None, {}, Cron("* * * * *", ZoneInfo("UTC")), (Format.HTML,), CatchUp.ALL)


def moment(begun: float) -> datetime:
    """Now, by these clocks."""
    return NOON + timedelta(minutes=(time.time() - begun) * 10)


if __name__ == "__main__":
    installation, entry, begun = Installation(Workspace.find()), every_minute(sys.argv[1]), float(sys.argv[2])
    while True:
        for decided in clock.look(installation, [entry], moment(begun)):
            sys.stdout.write(f"{decided.tick.isoformat()}\n")
            sys.stdout.flush()
