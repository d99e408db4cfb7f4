"""What the pages of invoices share: whose they are, amounts as people write and type them, where to go on."""

import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal, get_currency_precision
from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Invoice
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.portal import language
from reports_lib.portal.language import _
from reports_lib.portal.reports.address import time_of
from reports_lib.portal.runs.rights import LARGEST
from reports_lib.runs.installation import Installation
from reports_lib.values.money import round_half_up

AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
GROUPED = re.compile(r"(-?\d{1,3}(?:,\d{3})+)\.(\d+)|(-?\d{1,3}(?:\.\d{3})+),(\d+)", re.ASCII)


def installation_of(request: Request) -> Installation:
    """The installation that the request is about."""
    found: Installation = request.app.state.installation
    return found


def zone_of(request: Request) -> ZoneInfo:
    """The zone of the workspace, in which moments are shown and typed."""
    return ZoneInfo(installation_of(request).workspace.time_zone)


def own(session: Session, invoice_id: int, visitor: Visitor) -> Invoice:
    """The invoice, if it is of the visitor's companies; raises `UnknownNameError` in the same words for any other."""
    found = session.get(Invoice, invoice_id) if invoice_id <= LARGEST else None
    if found is None or not visitor.owns(found.company):
        raise UnknownNameError(_("There is no invoice of that number."))
    return found


def figure(amount: Decimal, currency: str = "") -> str:
    """`1,234.50` in the language of the answer, with the decimals of the currency, or more if it has more."""
    places = get_currency_precision(currency) if currency else 0
    shown = max(places, -int(amount.normalize().as_tuple().exponent))
    pattern = "#,##0" + ("." + "0" * shown if shown > 0 else "")
    return str(format_decimal(round_half_up(amount, max(shown, 0)), pattern, locale=language.current().locale))


def money(amount: Decimal, currency: str = "") -> str:
    """`1,234.50 EUR`."""
    return f"{figure(amount, currency)} {currency}".strip()


def amount_of(text: str, name: str) -> Decimal:
    """The amount that was typed, such as 1234.5, 1234,5, 1,234.5 or 1.234,5; raises `ParameterError` with the field."""
    plain = re.sub(r"[\s\u00a0\u202f]", "", text)
    if found := GROUPED.fullmatch(plain):
        plain = re.sub("[.,]", "", found[1] or found[3]) + "." + (found[2] or found[4])
    plain = plain.replace(",", ".")
    if not AMOUNT.fullmatch(plain):
        raise _no_amount(text, name)
    return Decimal(plain)


def net_of(text: str, name: str, places: int) -> Decimal:
    """The same for a line: what has more decimals than the currency was meant otherwise, and is not rounded."""
    found = amount_of(text, name)
    if found != round_half_up(found, places):
        raise _no_amount(text, name)
    return found


def _no_amount(text: str, name: str) -> ParameterError:
    said = _("{name}: “{text}” is not an amount such as 120.50.")
    return ParameterError(said.format(name=name, text=text[:40]))


def moment_of(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The moment that was typed, now where nothing was; raises `ParameterError`."""
    faults: dict[str, str] = {}
    found = time_of({"at": text} if text else {}, "at", zone, faults)
    if faults:
        raise ParameterError(faults["at"])
    return found or now


def new_key() -> str:
    """A key that is made with a form, so that sending it twice does it once."""
    return uuid.uuid4().hex


def now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)
