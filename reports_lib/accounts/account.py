"""Accounts: made, found, changed, disabled; each change leaves its trace in the audit trail."""

import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.accounts import password as passwords
from reports_lib.accounts.role import Role
from reports_lib.database.schema import Account, AuditEntry
from reports_lib.errors import ParameterError, StateError, UnknownNameError

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")


def add(  # noqa: PLR0913  # one for each thing that is known of a user
    session: Session,
    *,
    name: str,
    role: Role,
    password: str,
    now: datetime,
    by: str,
    company: str = "",
    full_name: str = "",
    email: str = "",
) -> Account:
    """Make an account in the caller's transaction. `company` is an id of the warehouse, empty the whole group.

    Raises `ParameterError` for a name or password that will not do, `StateError` if the name is taken.
    """
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise ParameterError(f"{name[:60]!r} is not a user's name: letters a to z, digits, and . _ @ - after the first")
    if session.scalar(select(Account.id).where(Account.name == name)):
        raise StateError(f"there is a user named {name!r} already")
    kept = passwords.hashed(password, name)
    account = Account(
        name=name, role=role, company=company, full_name=full_name, email=email,
        password_hash=kept, password_at=now, made_at=now,
    )  # fmt: skip
    session.add(account)
    session.flush()
    audit(session, by, "add user", name, now, after={"role": role, "company": company})
    return account


def find(session: Session, name: str) -> Account:
    """The account of that name; raises `UnknownNameError` with a did-you-mean."""
    found = session.scalars(select(Account).where(Account.name == name.strip().lower())).one_or_none()
    if found is None:
        raise UnknownNameError.of("user", name, session.scalars(select(Account.name)))
    return found


def are_there_any(session: Session) -> bool:
    """Whether anybody can sign in at all."""
    return bool(session.scalar(select(func.count()).select_from(Account).where(Account.disabled_at.is_(None))))


def audit(  # noqa: PLR0913, PLR0917  # who, what, to whom, when, before, after
    session: Session,
    by: str,
    action: str,
    name: str,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Write down who did what to a user."""
    session.add(AuditEntry(at=now, who=by, action=action, object=f"user {name}", before=before, after=after))
