"""The letters to an owner: that a run failed, or that its report did not reach everybody.

They tell what is needed to mend it and nothing of the data: no figure, no parameter, no address of the warehouse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reports_lib.database.schema import Run
from reports_lib.delivery.letter import Letter
from reports_lib.delivery.words import one_line, without_login

ADVICE = {
    "ParameterError": "Mend the parameter set or the entry of the schedule, then ask again.",
    "UnknownNameError": "Mend the name in the parameter set or the entry of the schedule, then ask again.",
    "NotebookError": "Mend the notebook, then try the run again.",
    "WarehouseError": "See whether the warehouse can be reached and holds what the report reads, then try again.",
    "RateError": "Enter the missing exchange rate, then try the run again.",
    "DatabaseError": "See whether the database can be reached, then try the run again.",
    "StoreError": "Make room on the disk of the snapshots, then try the run again.",
    "LimitError": "Ask for less, or raise the limit that the error names, then try the run again.",
    "CancelledError": "Nothing needs mending; try the run again if it was cancelled by mistake.",
}
OTHERWISE = "See what is known of the run, mend it, then try the run again."


@dataclass(frozen=True)
class Refusal:
    """A recipient who did not get the report, and why."""

    recipient: str
    reason: str


def failure(run: Run, attempt: int, site: str) -> Letter:
    """The letter that the run's `attempt` made no report; `site` is what links begin with."""
    is_over = run.attempt != attempt or run.error is None  # somebody has tried it again since
    facts = {
        "Run": str(run.id),
        "Family": run.family,
        "Parameter set": run.set_name or "",
        "Entry of the schedule": run.entry or "",
        "Failed at": "" if is_over else one_line(run.step or run.stage or ""),
        "Error": "" if is_over else one_line(without_login(run.error or ""), 300),
        "Since then": f"tried again; it is now {run.state}" if is_over else "",
    }
    return _letter(
        f"Failed: {_name(run)} (run {run.id})",
        title=f"{_name(run)} failed",
        summary="No report was made, and none of its recipients was told." if run.recipients else "No report was made.",
        facts=facts,
        refusals=(),
        advice="" if is_over else ADVICE.get(run.error_class or "", OTHERWISE),
        commands=(f"daybook show {run.id}", f"daybook retry {run.id}"),
        link=f"{site}/runs/{run.id}",
    )


def undelivered(run: Run, refusals: Sequence[Refusal], site: str) -> Letter:
    """The letter that the run's report was made, and did not reach `refusals`."""
    return _letter(
        f"Not delivered: {_name(run)} (run {run.id})",
        title=f"{_name(run)} was not delivered to everybody",
        summary=f"The report was made; {len(refusals)} of {len(run.recipients)} recipients did not get it by mail.",
        facts={"Run": str(run.id), "Family": run.family, "Parameter set": run.set_name or ""},
        refusals=tuple(
            Refusal(one_line(each.recipient), one_line(without_login(each.reason), 300)) for each in refusals
        ),
        advice="Mend the address where it comes from, and send these people the link.",
        commands=(f"daybook show {run.id}",),
        link=f"{site}/runs/{run.id}",
    )


def _letter(subject: str, *, facts: dict[str, str], **words: object) -> Letter:
    return Letter.of("failure", subject, {**words, "facts": {name: text for name, text in facts.items() if text}})


def _name(run: Run) -> str:
    return f"{run.family}, {run.set_name}" if run.set_name else run.family
