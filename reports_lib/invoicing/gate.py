"""The gate before recording: why an invoice has to wait for a person who releases it.

What the report found (days without CDRs, a ledger that differs, …) is in the evidence; what only issuing knows
is added: details that a document must have, and taxes that nobody declared.
"""

from collections.abc import Iterator, Sequence

from reports_lib.invoicing.details import missing
from reports_lib.invoicing.document import Party
from reports_lib.invoicing.evidence import Evidence, Row
from reports_lib.invoicing.lines import Tax, doubts

DETAILS = "details missing"


def reasons(
    evidence: Evidence, charges: Sequence[Row], currency: str, parties: tuple[Party, Party], tax: Tax
) -> list[str]:
    """Every reason once, each a line such as "details missing: postal code of the client"; none lets it through."""
    return list(dict.fromkeys(_reasons(evidence, charges, currency, parties, tax)))


def _reasons(
    evidence: Evidence, charges: Sequence[Row], currency: str, parties: tuple[Party, Party], tax: Tax
) -> Iterator[str]:
    supplier, buyer = parties
    yield from evidence.reasons(int(buyer.account), currency)
    if lacks := missing(supplier, buyer):
        yield f"{DETAILS}: {', '.join(lacks)}"
    yield from doubts(charges, tax)
