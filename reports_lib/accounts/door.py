"""Signing in: a name and a password become a token, or nothing that says which of the two was wrong."""

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import familiar, sign_in, throttle
from reports_lib.accounts import password as passwords
from reports_lib.database.schema import Account
from reports_lib.errors import SignInError


@dataclass(frozen=True)
class Knock:
    """Somebody who wants to come in."""

    name: str
    password: str = field(repr=False)
    address: str = ""  # of his machine
    agent: str = ""  # what his browser calls itself
    mark: str = field(default="", repr=False)  # of a browser that was here before
    old: str = field(default="", repr=False)  # the token it shows already


@dataclass(frozen=True)
class Entered:
    """What a browser that was let in is to show from now on."""

    token: str = field(repr=False)
    mark: str = field(repr=False)


def enter(database: Engine, knock: Knock, now: datetime) -> Entered:
    """Let a browser in; the token that it showed before is void.

    Raises `SignInError` whether the name is unknown, its account disabled or the password wrong, after
    the same work, and `ThrottleError` if the next try has to wait; both are written down.
    """
    with Session(database) as session, session.begin():
        account = _of(session, knock.name)
        number = familiar.number_of(account, knock.mark) if account else ""
        own = throttle.key("browser", number) if number else throttle.key("name", knock.name.strip())
        others = [] if number else [throttle.key("address", neighbourhood(knock.address))]
        throttle.take(session, [own, *others], now)
        kept = account.password_hash if account and account.disabled_at is None else ""
    is_right = passwords.is_right(kept, knock.password)  # takes long: no connection is held meanwhile
    with Session(database) as session, session.begin():
        account = _of(session, knock.name)
        is_right = is_right and account is not None and account.password_hash == kept and account.disabled_at is None
        if account and is_right:
            throttle.forgive(session, own, others, now)
            return _let_in(session, account, knock, now)
        name = account.name if account else "unknown"  # never what was typed: it may be a password
        accounts.audit(session, name, "sign-in failed", name, now, after={"address": knock.address})
    raise SignInError("the name or the password is not right")


def neighbourhood(address: str) -> str:
    """The address of a machine; of IPv6 the network of 64 bits, all of which one machine may have."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))


def _let_in(session: Session, account: Account, knock: Knock, now: datetime) -> Entered:
    if passwords.is_dated(account.password_hash):
        account.password_hash = passwords.at_todays_cost(knock.password)
    if knock.old:
        sign_in.end(session, knock.old)
    token = sign_in.begin(session, account, now, knock.agent)
    accounts.audit(session, account.name, "sign-in", account.name, now, after={"address": knock.address})
    return Entered(token, familiar.mark(account))


def _of(session: Session, name: str) -> Account | None:
    name = name.strip().lower()
    if not accounts.NAME.fullmatch(name):  # also what no database takes, such as a zero byte
        return None
    return session.scalars(select(Account).where(Account.name == name)).one_or_none()
