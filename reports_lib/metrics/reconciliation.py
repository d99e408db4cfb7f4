"""What does not fit together before a month is invoiced: facts against facts, and facts against invoices.

A finding that `holds` keeps the client's invoice a draft until a person has looked; others are told only. One
without a client is of the whole company.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from reports_lib.values.formats import number

LOOKED_AT, MOST = 7, 3  # a gap is one if more than so many of the days before it have calls
LEAP = 3  # an amount is unusual from so many times the month before, or of it so many times less
ZERO = Decimal(0)
NAMED = 8  # days that a finding lists

Row = Mapping[str, Any]


class Reason(StrEnum):
    """Why somebody should look."""

    NOT_OVER = "month not over"
    NO_CALLS = "days without CDRs"
    LEDGER = "ledger differs"
    NO_LINE = "usage without an invoice line"
    NO_USAGE = "line without usage"
    NAMELESS = "item without a name"
    NO_CURRENCY = "currency unknown"
    NOTHING_DUE = "nothing to pay"
    UNUSUAL = "unusual amount"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit; `amount` is in `currency`, None where there is none to tell."""

    reason: Reason
    detail: str
    company_id: int | None
    client_id: int | None = None
    currency: str = ""
    amount: Decimal | None = None
    holds: bool = True


def gaps(per_day: Iterable[Row], days: Sequence[date], first: date) -> Iterator[Finding]:
    """The days from `first` on without calls of a company that had some on most of the seven days before.

    `days` are those of the buckets numbered from 1, some before `first` included.
    """
    seen: dict[int, set[int]] = {}
    for row in per_day:
        seen.setdefault(row["company_id"], set()).add(row["number"] - 1)
    for company, with_calls in sorted(seen.items()):
        missing = [days[index] for index in _missing(with_calls, len(days)) if days[index] >= first]
        if missing:
            yield Finding(Reason.NO_CALLS, _named([day.isoformat() for day in missing]), company)


def _missing(with_calls: Collection[int], count: int) -> Iterator[int]:
    """Positions of empty days in gaps before which there were calls on most days."""
    is_gap = False
    for index in range(count):
        if index in with_calls:
            is_gap = False
        elif is_gap or sum(index - back in with_calls for back in range(1, LOOKED_AT + 1)) > MOST:
            is_gap = True
            yield index


def ledger(used: Mapping[tuple[int, str], Row], found: Sequence[Row]) -> Iterator[Finding]:
    """Where the ledger's charges are not those of the facts, per client and currency.

    `used` has the sums of charges (`usage`, `packages`, `company_id`). A kind that the ledger was never charged
    for in the month is not posted there, and not compared.
    """
    rows = {(row["client_id"], row["currency"]): row for row in found}
    compared = [kind for kind in ("usage", "packages") if any(row[kind] for row in found)]
    for key in sorted({**used, **rows}):
        for kind in compared:
            facts, posted = (side.get(key, {}).get(kind, ZERO) for side in (used, rows))
            if facts != posted:
                whose = (used.get(key) or rows[key])["company_id"]
                told = f"{kind} {number(facts, 2)}, in the ledger {number(posted, 2)}"
                yield Finding(Reason.LEDGER, told, whose, *key, posted - facts)


def without_line(
    made: Sequence[Row], sums: Iterable[Row], rated: Collection[int], names: Mapping[int, str], units: Mapping[str, int]
) -> Iterator[Finding]:
    """Usage that an invoice of the month lacks, and lines of it that no usage stands behind; they hold nothing.

    Only services that are `rated` from usage are compared, and by more than two of the currency's smallest
    `units`: a line is rounded, and so is its tax.
    """
    of = {row["invoice_id"]: row for row in made}
    for row in sorted(sums, key=lambda row: (row["invoice_id"], row["service_id"])):
        invoice, more = of[row["invoice_id"]], row["used"] - row["lined"]
        least = 2 * Decimal(1).scaleb(-units.get(invoice["currency"], 2))
        if abs(more) <= least or row["service_id"] not in rated:
            continue
        name = names.get(row["service_id"], f"service {row['service_id']}")
        told = f"{invoice['account_number']}: {name} {number(row['lined'], 2)}, usage {number(row['used'], 2)}"
        reason = Reason.NO_LINE if more > 0 else Reason.NO_USAGE
        yield Finding(reason, told, invoice["company_id"], invoice["client_id"], invoice["currency"], more, holds=False)


def unusual(now: Row, usual: Decimal) -> Iterator[Finding]:
    """An amount several times that of the month before, or a fraction of it; told, and no reason to hold.

    It must differ by more than the `usual` amount of its currency: small bills leap every month.
    """
    gross, before = now["gross"], now["before"]
    if not before or abs(gross - before) < usual:
        return
    if gross >= LEAP * before or LEAP * gross <= before:
        told = f"{number(gross, 2)} after {number(before, 2)} in the month before"
        whose = now["company_id"], now["client_id"], now["currency"], gross - before
        yield Finding(Reason.UNUSUAL, told, *whose, holds=False)


def _named(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return ", ".join(texts[:NAMED]) + more
