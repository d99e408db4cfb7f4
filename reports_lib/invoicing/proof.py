"""Is one invoice what its links of the chain say: its facts, sums, lines, revisions, files, and its account?

Everything that is not is told in one line each, with the invoice's number.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from reports_lib.database.schema.invoices import Invoice, InvoiceLine, InvoiceRevision, InvoiceState
from reports_lib.errors import DaybookError, ParameterError
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.draft import COLUMNS_OF_LINE, sign_of
from reports_lib.invoicing.totals import check
from reports_lib.snapshots.store import Store
from reports_lib.values.money import round_half_up

ZERO = Decimal(0)
Files = dict[str, str | None]


@dataclass(slots=True)
class Witness:
    """What the chain says of an invoice, after its last link."""

    is_recorded: bool = False
    is_void: bool = False
    number: str = ""
    facts: dict[int, str] = field(default_factory=dict)  # SHA-256 by revision
    files: dict[int, Files] = field(default_factory=dict)

    def hear(self, subject: str, said: Mapping[str, object]) -> None:
        """Take in the next link."""
        revision = int(str(said.get("revision", 0)))
        match subject:
            case "invoice" | "credit_note":
                self.is_recorded, self.number = True, str(said.get("number"))
                self.facts, self.files = {0: str(said.get("facts_sha256"))}, {}
            case "revision":
                self.facts[revision] = str(said.get("facts_sha256"))
            case "unrecord":
                self.is_recorded, self.facts, self.files = False, {}, {}
            case "void":
                self.is_void = True
            case "document":
                names = ("document_sha256", "xml_sha256")
                self.files[revision] = {name: str(said[name]) for name in names if name in said}


@dataclass(frozen=True, slots=True)
class Kept:
    """All that the database has of one invoice."""

    invoice: Invoice
    revisions: Sequence[InvoiceRevision]
    lines: Sequence[InvoiceLine]
    allocated: Decimal  # by payments
    credited: Decimal  # by recorded credit notes
    posted: Decimal  # on the account

    @property
    def papers(self) -> list[Invoice | InvoiceRevision]:
        """The original and its revisions."""
        return [self.invoice, *self.revisions]


def defects(kept: Kept, witness: Witness, store: Store | None) -> Iterator[str]:
    """What is wrong with the invoice; without a store its files are not looked at."""
    invoice = kept.invoice
    called = f"invoice {invoice.account_number or invoice.id}"
    for each in (_standing(kept, witness), _documents(kept, witness), _sums(kept)):
        yield from (f"{called}: {defect}" for defect in each)
    if store is not None:
        yield from (f"{called}: {defect}" for defect in _files(kept, store))


def _standing(kept: Kept, witness: Witness) -> Iterator[str]:
    invoice = kept.invoice
    is_recorded = invoice.state == InvoiceState.RECORDED
    if is_recorded != witness.is_recorded:
        yield f"it is {invoice.state}, the chain says that it {'is' if witness.is_recorded else 'is not'} recorded"
    if witness.number and witness.number != (invoice.account_number or ""):
        yield f"the chain says that its number is {witness.number}"
    if witness.is_void and invoice.state != InvoiceState.VOID:
        yield f"it is {invoice.state}, the chain says that it was thrown away"
    if [each.revision_no for each in kept.revisions] != list(range(1, invoice.revision + 1)):
        yield f"it has revisions {[each.revision_no for each in kept.revisions]}, and should have {invoice.revision}"
    if is_recorded and (extra := set(witness.facts) - set(range(invoice.revision + 1))):
        yield f"the chain has revision {min(extra)}, which is not there"


def _documents(kept: Kept, witness: Witness) -> Iterator[str]:
    invoice = kept.invoice
    is_recorded = invoice.state == InvoiceState.RECORDED
    latest: Document | None = None
    for number, row in enumerate(kept.papers):
        what = f"revision {number}" if number else "its facts"
        if hashlib.sha256(row.facts.encode()).hexdigest() != row.facts_sha256:
            yield f"{what} do not have their hash" if not number else f"{what} does not have its hash"
        if is_recorded and witness.facts.get(number) != row.facts_sha256:
            yield f"{what}: the chain says otherwise"
        if is_recorded and witness.files.get(number, {}) != _hashes(row):
            yield f"{what}: the chain says that other files were made of it"
        try:
            latest = Document.parse(row.facts.encode())
            check(latest)
        except ParameterError as error:
            yield f"{what}: {error}"
            continue
        yield from _rows(kept, latest, number)
    if latest is not None:
        yield from _row(invoice, latest)


def _hashes(row: Invoice | InvoiceRevision) -> Files:
    return {name: getattr(row, name) for name in ("document_sha256", "xml_sha256") if getattr(row, name) is not None}


def _rows(kept: Kept, document: Document, revision: int) -> Iterator[str]:
    """Lines as rows are those of the facts."""
    there = [each for each in kept.lines if each.revision == revision]
    told = [[_stored(getattr(line, name)) for name in COLUMNS_OF_LINE] for line in document.lines]
    if [[getattr(line, name) for name in COLUMNS_OF_LINE] for line in there] != told:
        yield f"the rows of its lines (revision {revision}) are not those of its facts"


def _stored(value: object) -> object:
    return round_half_up(value, 6) if isinstance(value, Decimal) else value


def _row(invoice: Invoice, document: Document) -> Iterator[str]:
    sign = sign_of(document)
    told = (sign * document.net, sign * document.tax, sign * document.gross)
    if (invoice.net, invoice.tax, invoice.total) != told:
        yield f"its row says {invoice.total}, its facts {told[2]}"
    number = document.account_number
    if invoice.state == InvoiceState.RECORDED and (number, document.draft) != (invoice.account_number, False):
        yield f"its facts say that its number is {number!r}"


def _sums(kept: Kept) -> Iterator[str]:
    invoice = kept.invoice
    owed = invoice.total if invoice.state == InvoiceState.RECORDED else ZERO
    if kept.posted != owed:
        yield f"{kept.posted} are on the account, and should be {owed}"
    if kept.allocated != invoice.paid:
        yield f"payments settle {kept.allocated}, its row says {invoice.paid}"
    if kept.credited != invoice.credited:
        yield f"credit notes take back {kept.credited}, its row says {invoice.credited}"


def _files(kept: Kept, store: Store) -> Iterator[str]:
    """Every byte of its files, read again."""
    names = [f"{row.document_sha256}.pdf" for row in kept.papers if row.document_sha256]
    names += [kept.invoice.annex] if kept.invoice.annex and kept.invoice.state != InvoiceState.VOID else []
    for name in names:
        try:
            store.read(name)
        except DaybookError as error:
            yield f"{name}: {error}"
