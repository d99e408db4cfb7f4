"""One client's bill of a month: the draft's document, and what keeps it a draft."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from babel.numbers import get_currency_precision

from reports_lib.errors import ParameterError
from reports_lib.invoicing import gate
from reports_lib.invoicing.calls import Itemised
from reports_lib.invoicing.document import Category, Document, Language, Line, PaymentTerms
from reports_lib.invoicing.draft import Order
from reports_lib.invoicing.evidence import Evidence, Key, Row
from reports_lib.invoicing.lines import Tax, lines
from reports_lib.invoicing.parties import Buyer, Issuer
from reports_lib.invoicing.settings import Settings
from reports_lib.invoicing.totals import due, totals
from reports_lib.values.money import round_half_up

ZERO = Decimal(0)
WHY: Mapping[str, Mapping[str, str]] = {  # no tax is due, where settings do not say
    "en": {"E": "Exempt from tax", "AE": "Reverse charge", "O": "Not subject to tax"},
    "ru": {"E": "Освобождено от налога", "AE": "Налог уплачивает покупатель", "O": "Не облагается налогом"},
    "es": {"E": "Exento de impuestos", "AE": "Inversión del sujeto pasivo", "O": "No sujeto a impuestos"},
    "de": {"E": "Steuerfrei", "AE": "Steuerschuldnerschaft des Leistungsempfängers", "O": "Nicht steuerbar"},
}
NOTHING: Mapping[str, str] = {"en": "No charges", "ru": "Начислений нет", "es": "Sin cargos", "de": "Keine Kosten"}


@dataclass(frozen=True)
class Bill:
    """What a draft is made of."""

    document: Document
    order: Order


@dataclass(frozen=True)
class Billing:
    """What the bills of one company and month have in common.

    `today` is their date, where the company is; `itemised` has their annexes, or why there cannot be one; `held` is
    what keeps all of them drafts.
    """

    evidence: Evidence
    issuer: Issuer
    settings: Settings
    today: date
    now: datetime
    itemised: Mapping[Key, Itemised | ParameterError] = field(default_factory=dict)
    held: Sequence[str] = ()

    def key(self, client: int, currency: str) -> str:
        """By which the invoice of a client, month and currency is found again (M-61)."""
        return f"monthly:{client}:{self.evidence.month}:{currency}"

    def bill(self, key: Key, buyer: Buyer, carried: Decimal) -> Bill | None:
        """The bill of a client in a currency; None if it comes to nothing and none of nothing is wanted.

        `carried` is what the client owed before. Raises `ParameterError` for a currency that is none, and
        where its calls are not those of its lines.
        """
        client, currency = key
        charges = self.evidence.charges[key]
        tax = self.tax(buyer)
        annex = self.itemised.get(key)
        if isinstance(annex, ParameterError):
            raise annex
        document = self._document(charges, currency, buyer, carried, tax)
        document = replace(document, calls=annex.calls if annex else None)
        if not document.gross and not self.settings.generate_empty:
            return None
        order = Order(
            key=self.key(client, currency),
            series=self.settings.prefix,
            month=self.evidence.month,
            period=(self.evidence.interval.start, self.evidence.interval.end),
            held=[*self.held, *gate.reasons(self.evidence, charges, currency, (self.issuer.party, buyer.party), tax)],
            evidence=self.evidence.snapshot,
            annex=annex.name if annex else None,
        )
        return Bill(document, order)

    def _document(self, charges: list[Row], currency: str, buyer: Buyer, carried: Decimal, tax: Tax) -> Document:
        places = decimals(currency)
        language = self._language(buyer)
        billed = lines(charges, tax, places, language) or [self._nothing(tax, language)]
        made = totals(billed, places, tax.rates)
        carried = round_half_up(carried, places)
        return Document(
            kind="invoice",
            account_number="",
            revision=0,
            supplier=self.issuer.party,
            buyer=buyer.party,
            currency=currency,
            places=places,
            invoice_date=self.today,
            due_date=self.today + timedelta(days=self.settings.due_days),
            period=self.evidence.days,
            lines=made.lines,
            taxes=made.taxes,
            net=made.net,
            tax=made.tax,
            gross=made.gross,
            carried=carried,
            paid=ZERO,
            due=due("invoice", made.gross, carried, ZERO),
            payment=PaymentTerms(self.settings.payment_text, ""),
            language=language,
            note="",
            corrects=None,
            comment="",
            draft=True,
            made_at=self.now,
        )

    def tax(self, buyer: Buyer) -> Tax:
        """The tax that the charges of a client are under."""
        kept, settings = buyer.details, self.settings
        rate = kept.tax_rate if kept and kept.tax_rate is not None else settings.tax_rate
        category = (kept.tax_category if kept else None) or settings.tax_category
        reason = settings.tax_reason or WHY[self._language(buyer)].get(category, "")
        return Tax(rate, cast("Category", category), reason)

    def _language(self, buyer: Buyer) -> Language:
        kept = buyer.details
        return cast("Language", (kept.language if kept else "") or self.settings.language)

    @staticmethod
    def _nothing(tax: Tax, language: Language) -> Line:
        rate = (tax.rate or ZERO) if tax.is_due else ZERO
        return Line(1, NOTHING[language], None, None, "other", Decimal(1), "", ZERO, ZERO, rate)


def decimals(currency: str) -> int:
    """How many a currency has (ISO 4217); raises `ParameterError` if it is none."""
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise ParameterError(f"{currency[:20]!r} is no currency that an invoice can be in")
    return int(get_currency_precision(currency))


def drafts(
    billing: Billing, found: Mapping[int, Buyer], balances: Mapping[Key, Decimal], keys: list[Key]
) -> Iterator[tuple[Key, Bill | ParameterError | None]]:
    """The bill of each key, or why there cannot be one."""
    for key in keys:
        buyer = found.get(key[0])
        try:
            if buyer is None:
                raise ParameterError("the client is not in the warehouse")
            yield key, billing.bill(key, buyer, balances.get(key, ZERO))
        except ParameterError as error:
            yield key, error
