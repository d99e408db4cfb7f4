"""Numbers of invoices: `<series><year><month>-<0001>`, without a gap within a series and a year (Q-18).

The counter is a row, counted on in the transaction that records the invoice (by `daybook_issue` of the database):
whoever records locks it until he commits, and a transaction that comes to nothing takes its number back with it.
The row of year 0 counts the links of the series' chain and is locked first, so every recording of a series waits
for the one before, and never for two things in two orders. They wait for the series by `HELD`, not for its row:
that lock wakes the next one, a row all of them (16 writers record an eighth more a second).
"""

import re
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from reports_lib.errors import ParameterError

SERIES = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}")
CHAIN = 0  # the year under which links are counted

HELD = """held AS MATERIALIZED (
        SELECT CAST(:series AS text) AS series,
               pg_advisory_xact_lock(hashtextextended('series ' || CAST(:series AS text), 0))
    )"""
_COUNT = text(f"""
    WITH {HELD}
    INSERT INTO invoice_series AS counter (series, year, last) SELECT series, :year, 1 FROM held
    ON CONFLICT (series, year) DO UPDATE SET last = counter.last + 1 RETURNING last
""")  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class Number:
    """The number of one invoice; as text what people call its account number."""

    series: str
    year: int
    month: int
    number: int  # from 1 within series and year

    @property
    def beginning(self) -> str:
        """What stands before the number itself."""
        return f"{self.series}{self.year:04}{self.month:02}-"

    def __str__(self) -> str:
        return f"{self.beginning}{self.number:04}"


def series(text: str) -> str:
    """`text` if numbers may begin with it, for they are also names of files; raises `ParameterError`."""
    if not SERIES.fullmatch(text):
        raise ParameterError(f"{text[:40]!r} cannot begin a number: up to 16 letters a to z, digits and -, no - first")
    return text


def position(session: Session, series: str) -> int:
    """The position of the next link of the series' chain; nobody else of the series goes on until we commit."""
    found: int = session.execute(_COUNT, {"series": series, "year": CHAIN}).scalar_one()
    return found
