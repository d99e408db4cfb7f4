"""The facts about a report's data, shown with it (JD-68, JD-74, G-6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from reports_lib.values.formats import NOTHING
from reports_lib.values.interval import Interval

MIME = "application/vnd.daybook.info+json"


@dataclass(frozen=True)
class Info:
    """What was asked, for which interval, and which part of it holds data.

    A report of one moment has no interval that was requested.
    `asked` is each parameter's label and the text of its value; `data_interval` the times of the first and
    the last fact that counted, None if there were none; `as_of` the moment later facts are left out from.
    Times are aware and shown in `zone`.
    """

    asked: Mapping[str, str]
    requested_interval: Interval | str | None
    data_interval: tuple[datetime, datetime] | None
    as_of: datetime
    zone: ZoneInfo | str
    data_version: str
    notes: Sequence[str] = ()

    @property
    def lines(self) -> dict[str, str]:
        """Everything as label and text, in the order shown."""
        if self.data_interval is None:
            data = "no data"
        else:
            data = " to ".join(self._clock(moment) for moment in self.data_interval)
        return {
            **({"Requested interval": _spoken(self.requested_interval)} if self.requested_interval else {}),
            "Data interval": data,
            "Time zone": str(self.zone),
            **{label: text for label, text in self.asked.items() if text != NOTHING},  # what was left open says nothing
            "As of": self._clock(self.as_of),
            "Data version": self.data_version,
        }

    def _clock(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(str(self.zone))).strftime("%Y-%m-%d %H:%M:%S")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        lines = (Markup("<div><dt>{}</dt><dd><bdi>{}</bdi></dd></div>\n").format(*line) for line in self.lines.items())
        notes = (Markup('<p class="note">{}</p>\n').format(note) for note in self.notes)
        return {
            "text/html": "".join([Markup('<dl class="info">\n'), *lines, Markup("</dl>\n"), *notes]),
            "text/plain": "\n".join([*(f"{label}: {text}" for label, text in self.lines.items()), *self.notes]),
            MIME: {
                "requested_interval": None if self.requested_interval is None else str(self.requested_interval),
                "data_interval": self.data_interval and [self._iso(moment) for moment in self.data_interval],
                "as_of": self._iso(self.as_of),
                "time_zone": str(self.zone),
                "data_version": self.data_version,
            },
        }

    def _iso(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(str(self.zone))).isoformat()


def _spoken(interval: Interval | str) -> str:
    return str(interval).replace("/", " to ").replace("T", " ")
