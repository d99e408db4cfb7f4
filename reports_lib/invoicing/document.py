"""What an invoice says, frozen: all that its PDF and its XML are made of, and nothing else.

    facts --totals.totals--> Document --json()--> canonical bytes --SHA-256--> the row and the chain
                                         |
                                         +--xml.py, pdf.py--> the same document, whenever it is drawn

Amounts are exact `Decimal` in the document's currency. Those of a credit note are positive: its kind says
that they are in the client's favour. Texts hold no control characters and none that change the direction
of what follows (T22), so that a name cannot reorder the amounts beside it.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from reports_lib.errors import ParameterError
from reports_lib.values.formats import legible

Kind = Literal["invoice", "credit_note", "top_up"]
LineKind = Literal["service", "package", "other", "top_up", "correction"]
Category = Literal["S", "Z", "E", "AE", "O"]  # EN 16931: standard, zero, exempt, reverse charge, outside the scope
Language = Literal["en", "ru", "es", "de"]
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|[\x7f-\x9f]")


class _Texts:
    """Cleans every text of a dataclass when it is made."""

    __slots__: tuple[str, ...] = ()  # of its subclasses: the names of their fields

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, str):
                object.__setattr__(self, name, cleaned(value))
            elif isinstance(value, Decimal) and not value.is_finite():
                raise ParameterError(f"{name} of an invoice is {value}; it must be a number")


@dataclass(frozen=True, slots=True)
class Party(_Texts):
    """Supplier or buyer; texts, empty where unknown. `account` is the id of the company or of the client."""

    name: str
    legal_name: str = ""
    address_line: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""  # ISO 3166-1 alpha-2
    tax_id: str = ""
    email: str = ""
    bank: str = ""  # IBAN
    bic: str = ""
    account: str = ""

    @property
    def called(self) -> str:
        """The legal name, or the name where there is none."""
        return self.legal_name or self.name


@dataclass(frozen=True, slots=True)
class Line(_Texts):
    """A charge. `net` counts, in the document's currency; `unit_price` is information only, with 6 decimals."""

    number: int  # from 1, in the order shown
    description: str
    service_id: int | None
    package_id: int | None
    kind: LineKind
    quantity: Decimal
    unit: str  # "min", "MB", "message", … or ""
    unit_price: Decimal
    net: Decimal
    tax_rate: Decimal  # in percent


@dataclass(frozen=True, slots=True)
class TaxGroup(_Texts):
    """The lines of one tax rate together; `reason` says why no tax is due, where the category asks for it."""

    rate: Decimal
    category: Category
    net: Decimal
    tax: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PaymentTerms(_Texts):
    """How to pay, in words, and the text by which a payment is known again."""

    text: str
    reference: str


@dataclass(frozen=True, slots=True)
class Calls(_Texts):
    """The itemised annex: its rows are a Parquet file beside (`annex.py`), `sha256` is that of their CSV."""

    count: int
    amount: Decimal  # exact sum of the rows
    sha256: str
    form: Literal["csv", "pages"]  # attached only, or printed as well


@dataclass(frozen=True, slots=True)
class Document(_Texts):
    """An invoice, credit note or request for a top-up; `totals.check` tells whether its figures agree."""

    kind: Kind
    account_number: str  # empty in a draft
    revision: int  # 0 is the original
    supplier: Party
    buyer: Party
    currency: str  # ISO 4217
    places: int  # decimals of the currency
    invoice_date: date
    due_date: date | None
    period: tuple[date, date] | None  # first and last local day
    lines: tuple[Line, ...]
    taxes: tuple[TaxGroup, ...]
    net: Decimal
    tax: Decimal
    gross: Decimal
    carried: Decimal  # balance before this document: what the client owed
    paid: Decimal  # already paid of this document
    due: Decimal  # to pay in all: `totals.due`
    payment: PaymentTerms
    language: Language
    note: str
    corrects: tuple[str, date] | None  # number and date of the document that this one changes
    comment: str  # of a revision
    draft: bool
    made_at: datetime  # aware
    calls: Calls | None = None

    def json(self) -> bytes:
        """The one way to write it: sorted keys, decimals as plain text, UTF-8, no spaces."""
        written = json.dumps(self, default=_written, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return written.encode()

    @property
    def sha256(self) -> str:
        """The hash of `json()`, as the row and the chain keep it."""
        return hashlib.sha256(self.json()).hexdigest()

    @classmethod
    def parse(cls, facts: bytes) -> "Document":
        """The document of which `json()` gave `facts`; raises `ParameterError` if they are not one."""
        try:
            return _adapter().validate_json(facts)
        except ValidationError as error:
            (first, *_) = error.errors()
            where = ".".join(map(str, first["loc"]))
            raise ParameterError(f"these are not the facts of an invoice: {where}: {first['msg']}") from None


def plain(value: Decimal) -> str:
    """`value` exactly, without exponent and without zeros that say nothing: equal values, equal text."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def cleaned(text: str) -> str:
    """`text` without what no page can hold, and without what would turn the text after it around."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return text  # most are, and every document has dozens
    return "\n".join(_TURNING.sub("", legible(line)) for line in _lines(text))


@cache
def _adapter() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def _written(value: object) -> object:
    match value:
        case _Texts():  # four times as fast as a copy by `asdict`
            return {name: getattr(value, name) for name in value.__slots__}
        case Decimal():
            return plain(value)
        case date():  # a datetime too
            return value.isoformat()
    raise TypeError(f"an invoice cannot hold {type(value).__name__}")


def _lines(text: str) -> Iterator[str]:
    return (line.replace("\t", " ").strip() for line in text.replace("\r", "\n").split("\n"))
