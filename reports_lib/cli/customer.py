"""`daybook customer`: customers found, changed and deleted, and what was done to them undone."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.cli.invoice import me, now
from reports_lib.cli.listing import listing
from reports_lib.database.schema import Operation
from reports_lib.errors import ParameterError
from reports_lib.ops import customer as customers
from reports_lib.ops import deletion as deleting
from reports_lib.ops import operation as kept
from reports_lib.ops import undo as undoing
from reports_lib.ops.difference import Difference, differences
from reports_lib.ops.operation import Wish
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace

if TYPE_CHECKING:  # half a second, for commands that look for nobody
    from reports_lib.warehouse.registered import Search

GROUP = Visitor("command line", Role.ADMIN)
EMPTY = "-"
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
dry_run = click.option("--dry-run", is_flag=True, help="Print what would change and change nothing.")
with_key = click.option("--key", default="", metavar="TEXT", help="Asked again with the same one, it is one change.")
_customer = click.argument("client_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))


@click.group()
def customer() -> None:
    """Find, change and delete customers; ID is that of the client."""


@customer.command()
@click.argument("text")
@as_json
def find(text: str, as_json: bool) -> None:
    """List the newest customers whose e-mail address or name holds TEXT."""
    # half a second, for the other commands
    from reports_lib.warehouse.registered import FIRST, SIZE, Search, page

    if not text.strip():
        raise ParameterError("say what the e-mail address or name holds")
    with Installation(Workspace.find()).opened(now()) as warehouse:
        warehouse.check(["client", "client_profile", "client_social"])

        def rows(search: "Search") -> list[dict[str, Any]]:
            return warehouse.ask(page, search.shape, {**search.values, **FIRST.values})

        found = {row["client_id"]: row for row in rows(Search(email=text)) + rows(Search(name=text))}
    newest = sorted(found.values(), key=lambda row: (row["created_at"], row["client_id"]), reverse=True)
    told = [_found(row) for row in newest[:SIZE]]
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    listing(list(told[0]) if told else ("id",), [[str(each) or EMPTY for each in row.values()] for row in told])
    if len(newest) > SIZE:
        click.echo("… and more: say more of whom you look for", err=True)


def _found(row: Mapping[str, Any]) -> dict[str, object]:
    names = ("first_name", "last_name", "email", "country", "networks")
    told = {name.replace("_", " "): row[name] or "" for name in names}
    created = row["created_at"].isoformat(sep=" ", timespec="minutes")
    return {"id": row["client_id"], "status": row["registration_status"], **told, "created": created}


@customer.command()
@_customer
@as_json
def show(client_id: int, as_json: bool) -> None:
    """Show all that can be changed of customer ID, as FIELD: value."""
    card = customers.card(Installation(Workspace.find()), GROUP, client_id, now())
    shown = {
        "id": str(card.client_id), "name": card.name, "company": card.company,
        "created": card.created_at.isoformat(), "deleted": card.deleted_at.isoformat() if card.deleted_at else "",
    } | card.texts  # fmt: skip
    if as_json:
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for name, value in shown.items():
        click.echo(f"{name}: {value or EMPTY}")


@customer.command()
@_customer
@click.argument("given", metavar="FIELD=VALUE...", nargs=-1)
@dry_run
@with_key
def edit(client_id: int, given: tuple[str, ...], dry_run: bool, key: str) -> None:
    """Change fields of customer ID, all of them or none; an empty VALUE takes one away.

    A FIELD is one that `show` names, `network:NAME` with a handle there, or `metadata:KEY`.
    """
    texts = dict(_pair(each) for each in given)
    installation, at = Installation(Workspace.find()), now()
    if dry_run:
        _, change = customers.preview(installation, GROUP, client_id, texts, at)
        _print(differences(change.before, change.after))
        return
    card = customers.card(installation, GROUP, client_id, at)
    _done(customers.edit(installation, GROUP, _wish(key, at), client_id, texts, seen=card.stamp))


@customer.command()
@_customer
@dry_run
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_key
def delete(client_id: int, dry_run: bool, yes: bool, key: str) -> None:
    """Delete customer ID: what is personal goes, what was sold stays; `undo` brings it back for 30 days."""
    installation, at = Installation(Workspace.find()), now()
    card = customers.card(installation, GROUP, client_id, at)
    if dry_run or not yes:
        plan = deleting.plan_delete(installation, GROUP, client_id, at)
        card = plan.card
        _print(differences(plan.change.before, plan.change.after))
        click.echo(_of_reports(plan))
    if dry_run or not (yes or click.confirm(f"Delete customer {client_id}?")):
        return
    _done(deleting.delete(installation, GROUP, _wish(key, at), client_id, seen=card.stamp))


def _of_reports(plan: deleting.Deletion) -> str:
    if plan.kept.last is None:
        return "no report with personal data is kept"
    count, last = plan.kept.reports, plan.kept.last
    word = "reports" if count > 1 else "report"
    return f"{count} {word} with personal data may hold it, the last until {last:%Y-%m-%d %H:%M} UTC"


@customer.command()
@click.argument("operation", type=click.IntRange(1, 2**63 - 1))
@dry_run
@with_key
def undo(operation: int, dry_run: bool, key: str) -> None:
    """Put back what OPERATION changed, if nobody has changed the customer since."""
    installation, wish = Installation(Workspace.find()), _wish(key, now())
    if dry_run:
        change = undoing.plan_undo(installation, GROUP, wish, operation)
        _print(differences(change.before, change.after))
        return
    _done(undoing.undo(installation, GROUP, wish, operation))


@customer.command()
@click.argument("client_id", metavar="[ID]", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), metavar="N", help="How many.")
@as_json
def operations(client_id: int | None, limit: int, as_json: bool) -> None:
    """List the newest operations on customer ID, or on all customers and coupons."""
    subject = f"customer {client_id}" if client_id else ""
    with Session(Installation(Workspace.find()).database) as session:
        found = [_told(each) for each in kept.listed(session, GROUP, subject, limit)]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    listing(
        ("operation", "what", "of", "who", "at", "state", "fields or error"), [list(each.values()) for each in found]
    )


def _told(operation: Operation) -> dict[str, str]:
    if operation.error:
        what = operation.error
    elif operation.before is None or operation.after is None:
        what = "forgotten"
    elif undoing.is_of_customer(operation):
        what = ", ".join(each.name for each in differences(operation.before, operation.after))
    else:
        what = ", ".join(operation.after)
    return {
        "operation": str(operation.id), "kind": operation.kind, "subject": operation.subject, "who": operation.who,
        "at": operation.at.isoformat(timespec="seconds"), "state": operation.state, "fields": what or EMPTY,
    }  # fmt: skip


def _done(operation: Operation) -> None:
    if operation.before is not None and operation.after is not None:
        _print(differences(operation.before, operation.after))
    click.echo(f"operation {operation.id}: {operation.kind}, {operation.subject.removeprefix('customer ')}")


def _print(lines: list[Difference]) -> None:
    for each in lines:
        click.echo(f"{each.name}: {each.before or EMPTY} → {each.after or EMPTY}")


def _wish(key: str, at: datetime) -> Wish:
    return Wish(me(), GROUP.company, key or secrets.token_hex(16), at)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ParameterError(f"{text[:40]!r} is not FIELD=VALUE")
    return name.strip(), value
