"""Asking a client for an amount in advance: an invoice that adds to his balance once it is paid (TW-54 … TW-57)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import Invoice
from reports_lib.invoicing import draft, record
from reports_lib.invoicing.details import LANGUAGES
from reports_lib.invoicing.document import Language
from reports_lib.invoicing.draft import Terms
from reports_lib.invoicing.parties import Buyer, Issuer
from reports_lib.invoicing.settings import Settings, read_billing
from reports_lib.invoicing.words import Words
from reports_lib.workspace import Workspace


@dataclass(frozen=True)
class Advance:
    """How much is asked of whom, in which currency; with one `key` once."""

    issuer: Issuer
    buyer: Buyer
    amount: Decimal
    currency: str
    key: str


def ask(session: Session, workspace: Workspace, wanted: Advance, by: str, now: datetime) -> Invoice:
    """Make the invoice, and record it where the company's settings record invoices by themselves.

    Raises `ParameterError` naming every detail that is missing (TW-58, T-59) or for an amount that is none,
    `StateError` if the key was used for another invoice, `SettingError`.
    """
    settings = read_billing(workspace).of(wanted.issuer.party.account)
    terms = _terms(settings, workspace, wanted, now)
    made = draft.top_up(session, wanted.issuer.party, wanted.buyer.party, wanted.amount, terms, wanted.key, by, now)
    return record.record(session, made.id, by, now) if settings.record == "auto" else made


def _terms(settings: Settings, workspace: Workspace, wanted: Advance, now: datetime) -> Terms:
    places = get_currency_precision(wanted.currency)
    kept = wanted.buyer.details
    language = cast("Language", kept.language if kept and kept.language in LANGUAGES else settings.language)
    words = Words(language, places, wanted.currency)
    zone = ZoneInfo(settings.time_zone or wanted.issuer.time_zone or workspace.time_zone)
    return Terms(
        series=settings.prefix,
        currency=wanted.currency,
        places=places,
        today=now.astimezone(zone).date(),
        due_days=settings.due_days,
        language=language,
        description=words.say("top_ups"),
        reason=words.say("advance"),
        payment_text=settings.payment_text,
    )
