"""The dashboard of telephony: calls of the period, of the last minutes, of today and of the year (TW-134 … TW-145).

Some panels hang on now alone, whatever the period (M-52); their titles say so.
"""

from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir

from reports_lib.grafana.macros import NOW, began
from reports_lib.grafana.panel import THIRD, Panel, apart, by_step, by_step_and, labelled, total
from reports_lib.metrics import calls, cps, windows
from reports_lib.metrics.talk import IN_PROGRESS, UNKNOWN
from reports_lib.metrics.timeline import buckets
from reports_lib.values.contact import CALL_STATUSES
from reports_lib.warehouse.statement import Build, Tables, slot

WINDOWS = {
    "last_15": "last 15 minutes",
    "last_30": "last 30 minutes",
    "last_60": "last 60 minutes",
    "today": "today",
    "year": "this year",
}
REACH = "reach"  # the slot of the number of rings that a window has
ANSWERS = {"Attempts": "attempts", "Answered": "answered", "Clients reached": "reached"}
TIMES = {"All calls": ("handled_s", "handled"), "Calls of bots": ("bot_handled_s", "bot_handled")}


def totals(tables: Tables, _shape: None) -> ir.Table:
    """Attempts, answered calls and clients reached in the period."""
    found = calls.query(tables, None)
    whole = found.filter(found.number == calls.WHOLE)
    return whole.aggregate(**{label: total(whole[name]) for label, name in ANSWERS.items()})


def handling(tables: Tables, _shape: None) -> ir.Table:
    """The average handling time of the period: total by total, no mean of means (M-56)."""
    found = calls.query(tables, None)
    whole = found.filter(found.number == calls.WHOLE)
    return whole.select(**{label: _ratio(whole, *names) for label, names in TIMES.items()})


def volume(tables: Tables, _shape: None) -> ir.Table:
    """Attempts, answered calls and clients reached by step of time (M-51)."""
    return by_step(calls.query(tables, None), ANSWERS)


def handling_by_step(tables: Tables, _shape: None) -> ir.Table:
    """The average handling time by step of time; nothing where there was no call."""
    found, step = calls.query(tables, None), buckets()
    times = {label: _ratio(found, *names) for label, names in TIMES.items()}
    return step.left_join(found, "number").select(time=step.starts, **times).order_by("time")


def evaluated(tables: Tables, _shape: None) -> ir.Table:
    """Calls of bots by what they came to (M-50)."""
    found = calls.evaluated(tables, None)
    words = found.bot_evaluation.re_replace(r"\s+", " ").re_replace("^ | $", "").lower().nullif("")
    told = found.group_by(name=words.coalesce(calls.NOT_EVALUATED.lower())).aggregate(Calls=total(found.calls))
    return told.order_by(ibis.desc("Calls"), "name").select(name=told.name.capitalize(), Calls=told.Calls)


def peaks(tables: Tables, _shape: None) -> ir.Table:
    """The most call set-ups in a second, by step of time and trunk, and of all trunks together (M-55)."""
    found = cps.query(tables, None)
    known = tables("trunk").select("trunk_id", "name")
    met = found.left_join(known, "trunk_id")
    name = ibis.ifelse(met.is_all, cps.ALL, met.name.coalesce(cps.NO_TRUNK))
    # of trunks with one name the busiest: Grafana draws one line of a name
    each = met.group_by("number", name=name).aggregate(peak=met.peak.max())
    return by_step_and(each, "name", "peak")


def statuses(tables: Tables, _shape: None) -> ir.Table:
    """Calls of a window by how they ended (M-54)."""
    found = _within(tables)
    ended = labelled(found.status, CALL_STATUSES, CALL_STATUSES[UNKNOWN])
    found = found.mutate(state=ibis.ifelse(found.is_finished, ended, CALL_STATUSES[IN_PROGRESS]))
    return found.aggregate(**apart(found, "state", CALL_STATUSES.values(), "calls"))


def lengths(tables: Tables, _shape: None) -> ir.Table:
    """Calls of a window by class of talk time (M-53)."""
    found, labels = _within(tables), windows.USUAL.labels
    found = found.mutate(length=labelled(found.length, dict(enumerate(labels)), labels[-1]))
    return found.aggregate(**apart(found, "length", labels, "calls"))


def slots_of(window: str) -> Callable[[str], Mapping[str, str]]:
    """What fills the slots of the calls of `window`: where the windows begin, and how many rings it has (M-52)."""

    def slots(zone: str) -> Mapping[str, str]:
        begins = {name: f"{NOW} - INTERVAL '{minutes} minutes'" for name, minutes in windows.MINUTES.items()}
        begins |= {"today": began("day", zone), "year": began("year", zone)}
        each = f'unnest(ARRAY[{", ".join(begins.values())}]) AS "at"'
        rings = {
            f"ring_{place}": f'(SELECT "at" FROM {each} ORDER BY "at" DESC OFFSET {place - 1} LIMIT 1)'  # noqa: S608
            for place in range(1, len(begins) + 1)
        }
        reach = f'(SELECT count(*) FROM {each} WHERE "at" >= {begins[window]})'  # noqa: S608  # of our own words
        bounds = {name: f"'{bound}'" for name, bound in windows.USUAL.values.items()}
        return rings | bounds | {REACH: reach}

    return slots


def _within(tables: Tables) -> ir.Table:
    found = windows.query(tables, len(windows.USUAL.bounds))
    return found.filter(found.ring <= slot(REACH).cast("int64"))


def _ratio(found: ir.Table, part: str, whole: str) -> ir.FloatingValue:
    return found[part].cast("float64") / found[whole].nullif(0)


def _of_window(title: str, build: Build, window: str) -> Panel:
    told = f"Calls that began {WINDOWS[window]}, whatever the period of the dashboard (M-52)."
    return Panel(f"{title}, {WINDOWS[window]}", told, "share", build, THIRD, slots=slots_of(window))


PANELS = (
    Panel("Calls", "Those that began in the period (M-51).", "tiles", totals),
    Panel("Average handling time", "Talk, hold and work afterwards (M-56).", "tiles", handling, unit="s", decimals=0),
    Panel("Volume of contact", "A contact is a call that was answered (M-51).", "lines", volume),
    Panel("Handling time over time", "By the calls' start (M-56).", "lines", handling_by_step, unit="s", decimals=0),
    Panel("Peaks of calls per second", "Peaks of trunks do not add up (M-55).", "lines", peaks, 2 * THIRD),
    Panel("Evaluation of the bot's work", "Calls that a bot handled (M-50).", "rank", evaluated, THIRD),
    _of_window("Calls by status", statuses, "last_15"),
    _of_window("Calls by status", statuses, "last_30"),
    _of_window("Calls by status", statuses, "today"),
    _of_window("Calls by status", statuses, "year"),
    _of_window("Calls by duration", lengths, "last_15"),
    _of_window("Calls by duration", lengths, "last_60"),
    _of_window("Calls by duration", lengths, "today"),
    _of_window("Calls by duration", lengths, "year"),
)
