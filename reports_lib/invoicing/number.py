"""Numbers of invoices: `<series><year><month>-<0001>`, without a gap within a series and a year (Q-18).

The counter is a row, counted on in the transaction that records the invoice: whoever records locks it until
he commits, and a transaction that comes to nothing takes its number back with it. The same statement counts
the next link of the series' chain, which is the row of year 0, so every recording of a series waits for the
one before, and never for two things in two orders.
"""

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.errors import ParameterError

SERIES = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}")
CHAIN = 0  # the year under which links are counted

_COUNT = text("""
    INSERT INTO invoice_series AS counter (series, year, last) VALUES (:series, :year, 1)
    ON CONFLICT (series, year) DO UPDATE SET last = counter.last + 1 RETURNING last
""")
_COUNT_BOTH = text("""
    WITH link AS (
        INSERT INTO invoice_series AS counter (series, year, last) VALUES (:series, 0, 1)
        ON CONFLICT (series, year) DO UPDATE SET last = counter.last + 1 RETURNING last
    ), number AS (
        INSERT INTO invoice_series AS counter (series, year, last) SELECT :series, :year, 1 FROM link
        ON CONFLICT (series, year) DO UPDATE SET last = counter.last + 1 RETURNING last
    )
    SELECT number.last, link.last FROM number, link
""")


@dataclass(frozen=True, slots=True)
class Number:
    """The number of one invoice; as text what people call its account number."""

    series: str
    year: int
    month: int
    number: int  # from 1 within series and year

    def __str__(self) -> str:
        return f"{self.series}{self.year:04}{self.month:02}-{self.number:04}"


def series(text: str) -> str:
    """`text` if numbers may begin with it, for they are also names of files; raises `ParameterError`."""
    if not SERIES.fullmatch(text):
        raise ParameterError(f"{text[:40]!r} cannot begin a number: up to 16 letters a to z, digits and -, no - first")
    return text


def take(session: Session, series: str, day: date) -> tuple[Number, int]:
    """The next number of the series in that year, and the position of the next link of its chain.

    Both stay taken if the caller's transaction commits, and nobody else of the series goes on until it ends.
    """
    number, position = session.execute(_COUNT_BOTH, {"series": series, "year": day.year}).one()
    return Number(series, day.year, day.month, number), position


def position(session: Session, series: str) -> int:
    """The position of the next link of the series' chain, under the same lock."""
    found: int = session.execute(_COUNT, {"series": series, "year": CHAIN}).scalar_one()
    return found
