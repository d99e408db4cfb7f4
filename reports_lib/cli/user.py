"""Commands about users: who may sign in, as what, and what of. A password is never part of a command line."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import password as passwords
from reports_lib.accounts.role import Role
from reports_lib.cli.listing import listing
from reports_lib.database.schema import Account
from reports_lib.errors import UnknownNameError
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace

GROUP = "group"

_role = click.option("--role", required=True, metavar="ROLE", help=f"Of {', '.join(Role)}.")
_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")


@click.group()
def user() -> None:
    """Say who may sign in, as what, and for which company."""


@user.command()
@click.argument("name")
@_role
@click.option("--company", default=GROUP, metavar="ID", help="Company in the warehouse; without it the whole group.")
@click.option("--full-name", default="", help="What people call the user.")
@click.option("--email", default="", help="Where mail for the user goes.")
@_stdin
def add(name: str, role: str, company: str, full_name: str, email: str, password_stdin: bool) -> None:  # one an option
    """Add the user NAME; a password is asked for on a terminal, else made up and printed once."""
    installation = Installation(Workspace.find())
    known = _role_of(role)
    where = _company_of(installation, company)
    password, is_made_up = _password(name, password_stdin)
    with Session(installation.database) as session, session.begin():
        made = accounts.add(
            session, name=name, role=known, password=password, now=datetime.now(UTC), by=_me(),
            company=where, full_name=full_name.strip(), email=email.strip(),
        )  # fmt: skip
        name = made.name
    click.echo(f"user {name}: {known}, {f'company {where}' if where else 'the whole group'}")
    if is_made_up:
        click.echo(f"password: {password}")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_users(as_json: bool) -> None:
    """List all users, also those that are disabled."""
    with Session(Installation(Workspace.find()).database) as session:
        found = [_told(each) for each in session.scalars(select(Account).order_by(Account.name))]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    heads = ("user", "role", "company", "full name", "mail", "state")
    keys = ("name", "role", "company", "full_name", "email", "state")
    listing(heads, [[each[key] or ("the group" if key == "company" else "-") for key in keys] for each in found])


@user.command()
@click.argument("name")
@click.argument("role")
def role(name: str, role: str) -> None:
    """Give NAME another ROLE, from the next page on."""
    known = _role_of(role)
    with _changing(name) as (session, account):
        accounts.change_role(session, account, known, datetime.now(UTC), _me())
    click.echo(f"user {account.name}: {known}")


@user.command()
@click.argument("name")
@click.argument("company", metavar="ID|group")
def company(name: str, company: str) -> None:
    """Put NAME into the company ID of the warehouse, or into the whole group."""
    where = _company_of(Installation(Workspace.find()), company)
    with _changing(name) as (session, account):
        accounts.change_company(session, account, where, datetime.now(UTC), _me())
    click.echo(f"user {account.name}: {f'company {where}' if where else 'the whole group'}")


@user.command()
@click.argument("name")
@_stdin
def password(name: str, password_stdin: bool) -> None:
    """Give NAME another password and sign all browsers of theirs out; API tokens go on working."""
    with Session(Installation(Workspace.find()).database) as session:
        accounts.find(session, name)  # before a password is asked for
    new, is_made_up = _password(name, password_stdin)
    with _changing(name) as (session, account):
        accounts.change_password(session, account, new, datetime.now(UTC), _me())
    click.echo(f"user {account.name}: new password, signed out everywhere")
    if is_made_up:
        click.echo(f"password: {new}")


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let NAME in no more: signed out at once, API tokens stop working, reports stay."""
    _switch(name, accounts.disable, "disabled")


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let NAME in again, with the password and API tokens of before."""
    _switch(name, accounts.enable, "enabled")


def _switch(name: str, change: Callable[[Session, Account, datetime, str], None], said: str) -> None:
    with _changing(name) as (session, account):
        change(session, account, datetime.now(UTC), _me())
    click.echo(f"user {account.name}: {said}")


@contextmanager
def _changing(name: str) -> Iterator[tuple[Session, Account]]:
    """The account of that name in a transaction; raises `UnknownNameError`."""
    installation = Installation(Workspace.find())
    with Session(installation.database, expire_on_commit=False) as session, session.begin():
        yield session, accounts.find(session, name)


def _password(name: str, from_stdin: bool) -> tuple[str, bool]:
    """The new password, and whether it was made up; raises `ParameterError` for one that will not do."""
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty() and sys.stderr.isatty():
        given = click.prompt(
            "Password (empty makes one up)", default="", show_default=False, hide_input=True, err=True,
            confirmation_prompt="The same again",
        )  # fmt: skip
        if not given:
            return passwords.made_up(), True
    else:
        return passwords.made_up(), True
    passwords.check(given, name)
    return given, False


def _role_of(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise UnknownNameError.of("role", text, map(str, Role)) from None


def _company_of(installation: Installation, text: str) -> str:
    """An id that the warehouse knows, empty for the whole group; raises `WarehouseError` for another."""
    if text.strip().lower() in (GROUP, ""):
        return ""
    # a second, for nobody else
    from reports_lib.warehouse.companies import below

    below(installation.warehouse, text.strip())
    return text.strip()


def _told(account: Account) -> dict[str, str]:
    return {
        "name": account.name,
        "role": account.role,
        "company": account.company,
        "full_name": account.full_name,
        "email": account.email,
        "state": "disabled" if account.disabled_at else "enabled",
        "made_at": account.made_at.astimezone(UTC).isoformat(timespec="seconds"),
    }


def _me() -> str:
    """Who types; named so that he is not taken for a user of the portal."""
    try:
        return f"command line: {getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"command line: {os.getuid()}"
