"""What documents must say of a company and its clients: kept, laid over what the warehouse knows, and missed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.database.schema import AuditEntry, BillingDetails
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.invoicing.document import Party

TEXTS = ("legal_name", "address_line", "city", "postal_code", "country", "tax_id", "email", "language")
CATEGORIES = ("S", "Z", "E", "AE", "O")
LANGUAGES = ("en", "ru", "es", "de")
LONGEST = 200

# field: what people call it
ADDRESS = {
    "called": "name",
    "address_line": "address line",
    "city": "city",
    "postal_code": "postal code",
    "country": "country",
}
OF_SUPPLIER = ADDRESS | {"tax_id": "tax id", "bank": "bank account"}


def get(session: Session, client_id: int) -> BillingDetails | None:
    """What was entered of a client, None if nothing was."""
    return session.get(BillingDetails, client_id)


def version(kept: BillingDetails | None) -> str:
    """What tells these details from those of another time."""
    return kept.changed_at.astimezone(UTC).isoformat() if kept else "none"


def put(  # whose details become what, who says so, when, and what he had looked at
    session: Session, client_id: int, given: Mapping[str, str], by: str, now: datetime, after: str | None = None
) -> BillingDetails:
    """Change the fields that are given, as they were typed; an empty text takes one away.

    Fields are those of `TEXTS`, `tax_rate` in percent, and `tax_category`. `after` is the `version` that was looked
    at, so that nobody takes back unseen what another one entered. Raises `UnknownNameError` for any other field,
    `ParameterError` for a value that cannot be one, and `StateError` if they were changed since.
    """
    checked = {name: _checked(name, value.strip()) for name, value in given.items()}
    # a lock of its own: where nothing was entered yet there is no row to hold
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"billing details {client_id}", 0))))
    kept = session.get(BillingDetails, client_id, populate_existing=True)
    if after is not None and after != version(kept):
        raise StateError(f"somebody has changed the details of client {client_id} meanwhile; compare, then keep yours")
    if kept is None:
        kept = BillingDetails(client_id=client_id)
        session.add(kept)
    before = {name: _told(getattr(kept, name)) for name in checked}
    for name, value in checked.items():
        setattr(kept, name, value)
    kept.changed_at, kept.changed_by = now, by
    entered = {name: _told(value) for name, value in checked.items()}
    what = f"client {client_id}"
    session.add(AuditEntry(at=now, who=by, action="billing details", object=what, before=before, after=entered))
    session.flush()
    return kept


def laid_over(party: Party, kept: BillingDetails | None) -> Party:
    """The party with what was entered of it, wherever something was."""
    if kept is None:
        return party
    names = ("legal_name", "address_line", "city", "postal_code", "country", "tax_id", "email")
    return replace(party, **{name: getattr(kept, name) for name in names if getattr(kept, name)})


def missing(supplier: Party, buyer: Party) -> list[str]:
    """What an invoice between them lacks, in words such as "postal code of the client" (TW-58, T-59)."""
    lacks = [f"{word} of the company" for field, word in OF_SUPPLIER.items() if not getattr(supplier, field)]
    return lacks + [f"{word} of the client" for field, word in ADDRESS.items() if not getattr(buyer, field)]


def _checked(name: str, value: str) -> str | Decimal | None:
    if name == "tax_rate":
        return _rate(value)
    if name == "tax_category":
        return _one_of("tax category", value.upper(), CATEGORIES) or None
    if name not in TEXTS:
        raise UnknownNameError.of("billing detail", name, (*TEXTS, "tax_rate", "tax_category"))
    if name == "language":
        return _one_of(name, value.lower(), LANGUAGES)
    if name == "country":
        return _country(value.upper())
    if name == "email" and value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ParameterError(f"email: {value[:60]!r} is no address such as ann@example.com")
    if len(value) > LONGEST or not value.isprintable():
        raise ParameterError(f"{name}: {value[:40]!r} is not one line of at most {LONGEST} letters")
    return value


def _country(value: str) -> str:
    if value and not re.fullmatch("[A-Z]{2}", value):
        raise ParameterError(f"country: {value[:40]!r} is not a code of two letters such as DE (ISO 3166)")
    return value


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value and value not in known:
        raise ParameterError(f"{name}: {value[:40]!r} is none of {', '.join(known)}")
    return value


def _rate(value: str) -> Decimal | None:
    if not value:
        return None
    found = Decimal(value) if re.fullmatch(r"\d{1,3}(\.\d{1,4})?", value, re.ASCII) else Decimal(-1)
    if not 0 <= found <= 100:
        raise ParameterError(f"tax_rate: {value[:40]!r} is not a percentage such as 19 or 7.5")
    return found


def _told(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value
