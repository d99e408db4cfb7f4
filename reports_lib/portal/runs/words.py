"""What pages say of runs: how far one is, why there is no report, what was asked."""

from datetime import datetime
from typing import Any, NamedTuple

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Run, State
from reports_lib.portal.ask.form import label
from reports_lib.portal.ask.span import spoken
from reports_lib.portal.language import _
from reports_lib.portal.view.words import between, role_word
from reports_lib.portal.wording import Wording
from reports_lib.runs.progress import Standing
from reports_lib.runs.request import SCHEDULED


class Fact(NamedTuple):
    """One thing that is known of a run: a text, or a moment."""

    label: str
    text: str = ""
    at: datetime | None = None


def word(state: str) -> str:
    """A run's state in a word."""
    return {
        State.QUEUED: _("Waiting"),
        State.GENERATING: _("Running"),
        State.GENERATED: _("Ready"),
        State.ERROR: _("Failed"),
        State.CANCELLED: _("Cancelled"),
    }[State(state)]


def doing(standing: Standing) -> str:
    """What happens now, or where it ended; empty if that is not known."""
    match standing.state:
        case State.QUEUED:
            again = _("To be tried again: {reason}")
            return again.format(reason=standing.step) if standing.step else _("Waiting for a worker")
        case State.GENERATING:
            return _now(standing)
        case State.GENERATED:
            return _("The report is ready")
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
        "text": {"state": word(standing.state), "doing": doing(standing), "elapsed": clock(standing.elapsed)},
    }


def asked_of(run: Run, attempts: int, who: str, words: Wording) -> list[Fact]:
    """What was asked, in those `words`, and when `who` took it, as far as there is anything to say.

    It may be tried `attempts` times.
    """
    tries = _("{number} of {most} at most").format(number=run.attempt, most=max(attempts, run.attempt))
    said = [
        Fact(_("Family"), run.family),
        Fact(_("Set"), run.set_name or ""),
        *(Fact(label(name), words.said(name, given)) for name, given in run.asked.items()),
        Fact(_("Formats"), ", ".join(form.upper() for form in run.formats) or "HTML"),
        Fact(_("As of"), at=run.as_of),
        Fact(_("Data version"), run.data_version or _("newest")),
        Fact(_("Asked by"), who),
        Fact(_("Added"), at=run.requested_at),
        Fact(_("Started"), at=run.started_at),
        Fact(_("Ended"), at=run.formed_at),
        Fact(_("Attempt"), tries if run.attempt else ""),
    ]
    return [fact for fact in said if fact.text or fact.at]


def asker(run: Run, visitor: Visitor, strangers: frozenset[str] = frozenset()) -> str:
    """Who asked: the role, and the name for those of his own company (Q-15), who are not among the `strangers`."""
    role = _("Schedule") if run.role == "system" else role_word(run.role)
    if run.role != "system" and visitor.company == run.company and run.user_name and run.user_name not in strangers:
        role = _("{role} {name}").format(role=role, name=run.user_name)
    is_scheduled = run.role != "system" and run.run_key.startswith(SCHEDULED)
    return _("{who}, by schedule").format(who=role) if is_scheduled else role


def period(run: Run) -> str:
    """The interval of a run: the one that was resolved when it was made, else as it was asked for."""
    for given in (run.resolved or {}).get("interval"), run.asked.get("interval"):
        if not given:
            continue
        text = value(given)
        try:
            return between(text) if "/" in text else spoken(text)
        except ValueError:  # it is no interval of ours
            return text
    return ""


def value(given: object) -> str:
    """A value that was asked for, or several."""
    return ", ".join(map(str, given)) if isinstance(given, list) else str(given)


def _stage(stage: str | None) -> str:
    """What a stage is called that runs no cell; empty for one that does."""
    return {"rendering": _("making the files"), "sealing": _("sealing the report")}.get(stage or "", "")


def _now(standing: Standing) -> str:
    if stage := _stage(standing.stage):
        return stage[:1].upper() + stage[1:]
    if standing.cell is None:
        return standing.step or _("Starting")
    cell = _("Cell {number} of {total}").format(number=standing.cell, total=standing.total)
    return f"{cell}: {standing.step}" if standing.step else cell


def _where(standing: Standing) -> str:
    if stage := _stage(standing.stage):
        return _("While {stage}").format(stage=stage)
    places = {"step": standing.step, "number": standing.cell, "total": standing.total}
    if standing.step and standing.cell:
        return _("In “{step}”, cell {number} of {total}").format(**places)
    if standing.step:
        return _("In “{step}”").format(**places)
    return _("In cell {number} of {total}").format(**places) if standing.cell else ""
