"""Accounts: made, found, changed, disabled; each change leaves its trace in the audit trail."""

import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.accounts import password as passwords
from reports_lib.accounts import sign_in
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


def change_role(session: Session, account: Account, role: Role, now: datetime, by: str) -> None:
    """Give him another role, from his next request on; raises `StateError` if he is the last admin."""
    if account.role == role:
        return
    if role is not Role.ADMIN:
        _another_admin(session, account)
    before, account.role = account.role, role
    audit(session, by, "change role", account.name, now, before={"role": before}, after={"role": role})


def change_company(session: Session, account: Account, company: str, now: datetime, by: str) -> None:
    """Put him into another company, an id of the warehouse that the caller has looked up; empty is the group."""
    if account.company == company:
        return
    before, account.company = account.company, company
    audit(session, by, "change company", account.name, now, before={"company": before}, after={"company": company})


def change_password(  # and which browser stays
    session: Session, account: Account, password: str, now: datetime, by: str, but: str = ""
) -> None:
    """Give him another password and let all his browsers out but the one that shows the token `but`.

    Raises `ParameterError` for a password that will not do.
    """
    account.password_hash, account.password_at = passwords.hashed(password, account.name), now
    sign_in.end_all(session, account, but)
    audit(session, by, "change password", account.name, now)


def disable(session: Session, account: Account, now: datetime, by: str) -> None:
    """Let him out and in no more, his tokens too; raises `StateError` if he is the last admin."""
    if account.disabled_at is not None:
        return
    _another_admin(session, account)
    account.disabled_at = now
    sign_in.end_all(session, account)
    audit(session, by, "disable user", account.name, now)


def enable(session: Session, account: Account, now: datetime, by: str) -> None:
    """Let him in again, with the password and tokens that he had."""
    if account.disabled_at is None:
        return
    account.disabled_at = None
    audit(session, by, "enable user", account.name, now)


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


def _another_admin(session: Session, account: Account) -> None:
    """Raise `StateError` if nobody else would be left who may do everything."""
    admins = select(Account.name).where(Account.role == Role.ADMIN, Account.disabled_at.is_(None))
    found = set(session.scalars(admins.order_by(Account.id).with_for_update()))  # two at once see one another
    if found == {account.name}:
        raise StateError(f"{account.name} is the only admin; make another one first")
