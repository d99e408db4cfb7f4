"""What people did with invoices, in the audit trail; what was issued is in the chain as well."""

from datetime import datetime

from sqlalchemy.orm import Session

from reports_lib.database.schema import AuditEntry, Invoice


def write(  # who did what to which invoice, when, and what of it
    session: Session, by: str, action: str, invoice: Invoice, now: datetime, after: dict[str, object] | None = None
) -> None:
    """Note it in the caller's transaction."""
    called = f"invoice {invoice.account_number or invoice.id}"
    session.add(AuditEntry(at=now, who=by, action=f"{action} invoice", object=called, before=None, after=after))
