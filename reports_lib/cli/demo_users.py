"""The users of the demo: one a role, each where that role shows most."""

from datetime import UTC, datetime

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import password as passwords
from reports_lib.accounts.role import Role
from reports_lib.database.schema import Account
from reports_lib.runs.installation import Installation
from reports_lib.snapshots.manifest import Author
from reports_lib.warehouse.demo.companies import COMPANIES

# The group's own two, and two who each see one company and that below it.
WHERE = {Role.ADMIN: "", Role.ANALYST: "", Role.BILLING: "2", Role.VIEWER: "3"}
AUTHOR = Author("analyst", "analyst")
SHOWN = ("customer_dynamics", "last-12-months")  # also made for their companies, so that those two find something
OTHERS = (Author("billing", "billing", "2"), Author("admin", "admin", "3"))


def show(installation: Installation) -> None:
    """Make the users the first time and print their passwords once; later say that they are there."""
    made = _make(installation)
    click.echo()
    if not made:
        click.echo(f"sign in at {installation.url}/sign-in; the users are there already (daybook user list),")
        click.echo("and `daybook user password NAME` gives one of them a new password")
        return
    click.echo(f"sign in at {installation.url}/sign-in; the passwords are shown this once:")
    names = {str(row[0]): str(row[2]) for row in COMPANIES}
    click.echo(f"  {'user':<10}{'password':<27}sees")
    for name, password, company in made:
        sees = f"{names[company]} and below" if company else "the whole group"
        click.echo(f"  {name:<10}{password:<27}{sees}")


def _make(installation: Installation) -> list[tuple[str, str, str]]:
    """Name, password and company of each user that is made; none where there is any user already."""
    with Session(installation.database) as session, session.begin():
        if session.scalar(select(Account.id).limit(1)) is not None:  # also one that is disabled: no demo then
            return []
        made = []
        for role, company in WHERE.items():
            password = passwords.made_up()
            accounts.add(
                session, name=role, role=role, password=password, now=datetime.now(UTC), by="demo", company=company
            )
            made.append((str(role), password, company))
        return made
