"""What pages say of runs: how far one is, why there is no report, what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from reports_lib.database.schema import Run, Snapshot, State
from reports_lib.portal.words import Download, files_of, moment, spoken, view_url
from reports_lib.runs.progress import ENDED, Standing

STATES = {
    State.QUEUED: "Waiting",
    State.GENERATING: "Running",
    State.GENERATED: "Ready",
    State.ERROR: "Failed",
    State.CANCELLED: "Cancelled",
}
STAGES = {"rendering": "making the files", "sealing": "sealing the report"}  # those that run no cell


def doing(standing: Standing) -> str:
    """What happens now, or where it ended; empty if that is not known."""
    match standing.state:
        case State.QUEUED:
            return f"To be tried again: {standing.step}" if standing.step else "Waiting for a worker"
        case State.GENERATING:
            return _now(standing)
        case State.GENERATED:
            return "The report is ready"
    return _where(standing)


def clock(seconds: float) -> str:
    """A time that passes, `0:07` or `1:02:03`."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def told(standing: Standing) -> dict[str, Any]:
    """The standing as its event stream tells it: for programs, and under `text` for people."""
    return {
        "run": standing.run,
        "state": standing.state,
        "attempt": standing.attempt,
        "stage": standing.stage,
        "step": standing.step,
        "done": standing.done,
        "total": standing.total,
        "elapsed": round(standing.elapsed, 3),
        "error": standing.error,
        "snapshot": standing.snapshot,
        "text": {"state": STATES[standing.state], "doing": doing(standing), "elapsed": clock(standing.elapsed)},
    }


def asked_of(run: Run, attempts: int) -> list[tuple[str, str]]:
    """What was asked, and when who took it, as far as there is anything to say; it may be tried `attempts` times."""
    parameters = [(name.replace("_", " ").capitalize(), _value(value)) for name, value in run.asked.items()]
    said = [
        ("Family", run.family),
        ("Set", run.set_name or ""),
        *parameters,
        ("Formats", ", ".join(form.upper() for form in run.formats) or "HTML"),
        ("As of", moment(run.as_of)),
        ("Data version", run.data_version or "newest"),
        ("Asked for", f"by {run.role}, {moment(run.requested_at)}"),
        ("Started", moment(run.started_at) if run.started_at else ""),
        ("Ended", moment(run.formed_at) if run.formed_at else ""),
        ("Attempt", f"{run.attempt} of {max(attempts, run.attempt)} at most" if run.attempt else ""),
    ]
    return [(label, value) for label, value in said if value]


@dataclass(frozen=True)
class Line:
    """One line of the list: a report, or a run that has none."""

    state: State
    title: str
    set_name: str | None
    interval: str
    as_of: str
    at: datetime  # it was made, it ended, or it was asked for
    url: str
    files: list[Download] = field(default_factory=list)
    standing: Standing | None = None  # of a run that has no report

    @classmethod
    def of_report(cls, row: Snapshot, token: str) -> Self:
        """The line of a snapshot that is reached by `token`."""
        return cls(
            state=State.GENERATED,
            title=row.title,
            set_name=row.set_name,
            interval=spoken(row.requested_interval),
            as_of=moment(row.as_of),
            at=row.generated_at,
            url=view_url(token),
            files=files_of(row.formats, token),
        )

    @classmethod
    def of_run(cls, run: Run, standing: Standing, titles: Mapping[str, str]) -> Self:
        """The line of a run without a report; `titles` are those of the families that there are."""
        return cls(
            state=standing.state,
            title=titles.get(run.family, run.family),
            set_name=run.set_name,
            interval=spoken(_value(run.asked.get("interval", ""))),
            as_of=moment(run.as_of),
            at=run.formed_at or run.requested_at,
            url=f"/runs/{run.id}",
            standing=standing,
        )

    @property
    def word(self) -> str:
        """Its state in a word."""
        return STATES[self.state]

    @property
    def doing(self) -> str:
        """What happens now, or where it ended."""
        return doing(self.standing) if self.standing else ""

    @property
    def is_in_the_making(self) -> bool:
        """Whether it will change by itself."""
        return self.state not in ENDED

    @property
    def made(self) -> str:
        """When it was made, ended or asked for."""
        return moment(self.at)


def _now(standing: Standing) -> str:
    if standing.stage in STAGES:
        return STAGES[standing.stage].capitalize()
    if standing.cell is None:
        return standing.step or "Starting"
    return f"Cell {standing.cell} of {standing.total}" + (f": {standing.step}" if standing.step else "")


def _where(standing: Standing) -> str:
    if standing.stage in STAGES:
        return f"While {STAGES[standing.stage]}"
    cell = f"cell {standing.cell} of {standing.total}" if standing.cell else ""
    if standing.step:
        return f"In “{standing.step}”" + (f", {cell}" if cell else "")
    return f"In {cell}" if cell else ""


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
