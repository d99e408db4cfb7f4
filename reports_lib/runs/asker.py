"""In whose name a saved query is asked for: its owner's, as his account is at that moment.

The file of a query names a user and nothing more. What he may read, and whether he may schedule
reports at all, is asked of his account each time, so that who lost a right loses its reports too.
"""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.role import RIGHTS, Right, Role
from reports_lib.database.schema import Account
from reports_lib.delivery.addresses import address
from reports_lib.errors import ForbiddenError, ParameterError
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author


def asked_by(session: Session, name: str, request: Request) -> Request:
    """The request in the name of that user, who is told when it fails; raises `ForbiddenError` if he may not."""
    account = session.scalars(select(Account).where(Account.name == name)).one_or_none()
    if reason := refusal(account, name):
        raise ForbiddenError(reason)
    assert account
    author = Author(account.role, account.name, account.company)
    return replace(request, author=author, owner=_mail(account.email))


def refusal(account: Account | None, name: str) -> str:
    """Why nothing is asked for in the name of that user, whose account this is; empty if he may."""
    if account is None:
        return f"its owner {name!r} is no user"
    if account.disabled_at is not None:
        return f"its owner {name!r} is disabled"
    if Right.PUBLISH not in RIGHTS[Role(account.role)]:
        return f"its owner {name!r} may not schedule reports any more"
    return ""


def _mail(email: str) -> str | None:
    try:
        return address(email) if email else None
    except ParameterError:  # of an account made by hand; the workspace's owner is told instead
        return None
