"""Where the months of a company meet: each hour is billed once, also if its clocks were changed in between."""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import Invoice, InvoiceKind, InvoiceState
from reports_lib.values.calendar import add_months
from reports_lib.values.interval import Interval

CLOCKS = "time zone changed"
HOUR = timedelta(hours=1)

Span = tuple[datetime, datetime]


def seams(session: Session, company: str, month: str, interval: Interval) -> list[str]:
    """Why no invoice of the company for `month`, cut as `interval`, goes out before a person has looked.

    It must begin where invoices of the month before end, end where those of the month after begin, and be cut as
    those of the same month that are recorded; drafts of the month follow it.
    """
    first = date.fromisoformat(f"{month}-01")
    near = [f"{add_months(first, months):%Y-%m}" for months in (-1, 0, 1)]
    is_fixed = (Invoice.state == InvoiceState.RECORDED) | (Invoice.month != month)
    query = select(Invoice.month, Invoice.period_start, Invoice.period_end).where(
        Invoice.company == company,
        Invoice.kind == InvoiceKind.MONTHLY,
        Invoice.state != InvoiceState.VOID,
        Invoice.month.in_(near),
        Invoice.period_start.is_not(None),
        is_fixed,
    )
    ours = interval.start, interval.end
    rows = sorted(session.execute(query.distinct()).all())
    found = [_fault(month, ours, str(other), (start, end)) for other, start, end in rows if start and end]
    then = f"set time_zone of company {company} in billing.yaml as it was, and run {month} again"
    return [f"{CLOCKS}: {fault}; {then}" for fault in dict.fromkeys(found) if fault]


def _fault(month: str, ours: Span, other: str, theirs: Span) -> str:
    """What is wrong between invoices of `month` and those of the `other`; empty if nothing is."""
    if other == month:
        return "" if ours == theirs else f"recorded invoices of {month} begin and end at other hours"
    before, after = (theirs[1], ours[0]) if other < month else (ours[1], theirs[0])
    often = "twice" if after < before else "never"
    hours = abs(after - before) / HOUR
    return f"{hours:g} h between the invoices of {other} and this one would be billed {often}" if hours else ""
