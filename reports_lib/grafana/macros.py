"""A report's statement for Grafana: each slot filled with SQL over the macros of its PostgreSQL data source.

A report works out its buckets in Python and sends them along as text. A dashboard is asked for another period with
every click, so here Postgres works them out, as the same rows of text, of the period that Grafana puts in the place
of `$__timeFrom()` and `$__timeTo()`. As-of is now: what has not come yet is left out.

    period          steps
    up to 2 days    hours, for a dashboard is looked at while the day is on
    longer          days or months, as in the report, by the clocks of the time zone
"""

from collections.abc import Mapping
from datetime import timedelta

from reports_lib.metrics.inline import CELL, ROW
from reports_lib.metrics.steps import DAYS_SHOWN
from reports_lib.warehouse.lake import literal
from reports_lib.warehouse.scope import SLOT, Scope
from reports_lib.warehouse.statement import AS_OF, Statement

HOURS_SHOWN = timedelta(days=2)
NOW = "(now() AT TIME ZONE 'UTC')"
FROM = "CAST($__timeFrom() AS timestamp)"
TO = f"LEAST(CAST($__timeTo() AS timestamp), {NOW})"
_SEEN = {ROW: "chr(30)", CELL: "chr(31)"}  # the characters themselves cannot be seen in an editor


def filled(statement: Statement, zone: str, scope: Scope, more: Mapping[str, str]) -> str:
    """The SQL of a panel, its steps by the clocks of `zone`; `more` are expressions for slots that only it has.

    The companies of a scope that is not whole are named in it.
    """
    sql = statement.written({**PLACES, SLOT: literal(scope.text), **more})
    for character, visible in _SEEN.items():
        sql = sql.replace(literal(character), visible)
    if '"step"' not in sql:
        return sql
    return f"WITH{_steps(zone)}" + (f", {sql.removeprefix('WITH ')}" if sql.startswith("WITH ") else f"\n{sql}")


def began(unit: str, zone: str) -> str:
    """The moment, naive UTC, at which the present day, month or year (`unit`) began on the clocks of `zone`."""
    return _utc(f"date_trunc({literal(unit)}, now() AT TIME ZONE {literal(zone)})", zone)


def _packed(source: str, *cells: str) -> str:
    """The text that `metrics.inline` takes apart: these `cells` of each row of `source`."""
    line = " || ".join(f"chr(31) || {cell}" for cell in cells)
    return f"(SELECT string_agg({line}, chr(30)) FROM {source})"  # noqa: S608  # of our own words


def _utc(local: str, zone: str) -> str:
    """A local time as naive UTC; one that the clocks skip is the moment at which they do."""
    return f"({local} AT TIME ZONE {literal(zone)} AT TIME ZONE 'UTC')"


def _steps(zone: str) -> str:
    """The tables that stand after WITH: `step` has `number`, `starts` and `ends`, naive UTC."""
    there = f"AT TIME ZONE 'UTC' AT TIME ZONE {literal(zone)}"
    return f"""
  "span" AS (
    SELECT "from", "to", CASE
      WHEN "to" - "from" <= INTERVAL '{HOURS_SHOWN.days} days' THEN 'hour'
      WHEN "to" - "from" <= INTERVAL '{DAYS_SHOWN.days} days' THEN 'day'
      ELSE 'month' END AS "unit"
    FROM (SELECT {FROM} AS "from", {TO} AS "to") AS "asked"
    WHERE "from" < "to"
  ),
  "mark" AS (
    SELECT "from" AS "at", "to" FROM "span"
    UNION
    SELECT {_utc('"local"', zone)}, "to" FROM "span", generate_series(
      date_trunc("unit", "from" {there}), "to" {there}, CAST('1 ' || "unit" AS interval)
    ) AS "local"
    WHERE {_utc('"local"', zone)} > "from" AND {_utc('"local"', zone)} < "to"
  ),
  "step" AS (
    SELECT row_number() OVER "time" AS "number", "at" AS "starts", LEAD("at", 1, "to") OVER "time" AS "ends"
    FROM "mark" WINDOW "time" AS (ORDER BY "at")
  )"""  # noqa: S608  # of our own words


_DAYS = """"step", generate_series(
  date_trunc('day', "starts"), "ends" - INTERVAL '1 microsecond', INTERVAL '1 day'
) AS "day\""""
PLACES = {  # what stands in the slots that reports fill with their period
    AS_OF: NOW,
    "start": FROM,
    "end": TO,
    "buckets": _packed('"step"', '"number"', '"starts"', '"ends"', '"starts"'),
    "pieces": _packed(_DAYS, 'GREATEST("starts", "day")', """LEAST("ends", "day" + INTERVAL '1 day')""", '"number"'),
}
