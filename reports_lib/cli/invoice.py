"""`daybook invoice`: what was issued, what billing staff enter, and the proof that nothing of it has changed."""

import getpass
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.cli.listing import listing
from reports_lib.cli.progress import running
from reports_lib.database.schema import BillingDetails, Invoice
from reports_lib.errors import CorruptSnapshotError, ParameterError
from reports_lib.invoicing import account
from reports_lib.invoicing import details as billing
from reports_lib.invoicing import verify as proving
from reports_lib.invoicing.chain import Head
from reports_lib.invoicing.document import Document, plain
from reports_lib.invoicing.listing import Category, Listing, Page, Wanted, find, payment
from reports_lib.invoicing.record import facts
from reports_lib.invoicing.revise import revisions
from reports_lib.runs.installation import Installation
from reports_lib.snapshots.store import Store
from reports_lib.values.money import round_half_up
from reports_lib.workspace import Workspace

GROUP = Visitor("command line", Role.ADMIN)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def invoice() -> None:
    """Issue, correct and prove invoices; NUMBER is an account number or an id."""


@invoice.command("list")
@click.argument("words", nargs=-1)
@click.option("--category", default="all", metavar="NAME", help=f"One of {', '.join(Category)}.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="What bills days from this one on, in UTC.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="What bills days before this one, in UTC.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), metavar="N", help="How many.")
@as_json
def list_invoices(  # one an option
    words: tuple[str, ...], category: str, since: datetime | None, until: datetime | None,
    limit: int, as_json: bool,
) -> None:  # fmt: skip
    """List the newest invoices whose number or client holds all WORDS."""
    if category not in list(Category):
        raise ParameterError(f"{category[:40]!r} is none of {', '.join(Category)}")
    wanted = Wanted(Category(category), " ".join(words), _utc(since), _utc(until))
    with Session(Installation(Workspace.find()).database) as session:
        page = Listing(GROUP, wanted).page(session, size=limit)
        found = [told(each) for each in page.invoices]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    _table(found, page)


def _table(found: list[dict[str, object]], page: Page) -> None:
    heads = ("invoice", "client", "period", "total", "owed", "currency", "state", "paid", "id")
    keys = ("number", "client", "period", "total", "owed", "currency", "state", "payment", "id")
    listing(heads, [[str(each[key] or "-") for key in keys] for each in found])
    if page.older is not None:
        click.echo("… and older ones: --limit shows more", err=True)


@invoice.command()
@click.argument("number")
@as_json
def show(number: str, as_json: bool) -> None:
    """Show one invoice: its sums, lines, revisions and what holds it."""
    with Session(Installation(Workspace.find()).database) as session:
        found = find(session, GROUP, number)
        document = Document.parse(facts(session, found.id))
        shown = told(found) | _of_document(document) | {
            "revisions": [
                {
                    "revision": each.revision_no, "paid": plain(each.paid_amount), "total": plain(each.total),
                    "at": each.revised_at.isoformat(), "by": each.by_name, "email": each.by_email,
                    "comment": each.comment,
                }
                for each in revisions(session, found.id)
            ],
        }  # fmt: skip
    if as_json:
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for name, value in shown.items():
        for each in value if isinstance(value, list) else [value]:
            text = "  ".join(str(part) for part in each.values()) if isinstance(each, dict) else str(each)
            click.echo(f"{name}: {text or '-'}")


@invoice.command()
@click.argument("client", type=click.IntRange(1))
@click.argument("given", metavar="[NAME=VALUE]...", nargs=-1)
@as_json
def details(client: int, given: tuple[str, ...], as_json: bool) -> None:
    """Show what invoices to CLIENT say of it, or change that; an empty VALUE takes one away."""
    changes = dict(_pair(each) for each in given)
    with writing() as session:
        kept = billing.put(session, client, changes, me(), now()) if changes else billing.get(session, client)
        shown = _details(kept)
    if as_json:
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for name, value in shown.items():
        click.echo(f"{name}: {value or '-'}")


@invoice.command()
@click.option("--anchor", "anchors", multiple=True, metavar="SERIES:POSITION:HASH", help="A link noted earlier.")
def verify(anchors: tuple[str, ...]) -> None:
    """Prove chains, numbers, sums, accounts and files; print what to note elsewhere."""
    heads = [Head.parse(each) for each in anchors]
    installation = Installation(Workspace.find())
    with running("verify") as progress:
        progress("reading every invoice and every byte of its files", 0, 0)
        report = _proof(installation.database, Store(installation.workspace.outputs / "invoices"), heads)
    for defect in report.defects:
        click.echo(defect)
    if report.defects:
        raise CorruptSnapshotError(f"{len(report.defects)} findings: this is not as it was issued")
    click.echo(f"{report.invoices} invoices, {report.links} links, {report.files} files: all as they were issued")
    if report.unmade:
        click.echo(f"{report.unmade} documents are still to be made; see `daybook invoice documents`")
    for head in report.heads:
        click.echo(f"anchor {head}")


def _proof(database: Engine, store: Store, heads: list[Head]) -> proving.Report:
    with Session(database) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})  # one moment, whoever issues
        return proving.verify(session, store, heads)


@contextmanager
def writing() -> Iterator[Session]:
    """A transaction; what it changed is in the warehouse afterwards, or noted to be."""
    installation = Installation(Workspace.find())
    with Session(installation.database, expire_on_commit=False) as session, session.begin():
        yield session
    # a second, for nobody who only looks
    from reports_lib.cli.chores import copy_now

    if trouble := copy_now(installation):
        click.echo(f"not in the warehouse yet: {trouble}", err=True)


def change(numbers: tuple[str, ...], do: Callable[[Session, int], Invoice]) -> None:
    """Do it to all of these invoices or to none, and say what each then is."""
    if not numbers:
        raise ParameterError("say which invoices")
    with writing() as session:
        ids = [find(session, GROUP, number).id for number in numbers]
        account.locked(session, ids)  # all of them before the first step
        changed = [do(session, each) for each in ids]
        lines = [line(each) for each in changed]
    for each in lines:
        click.echo(each)


def line(found: Invoice) -> str:
    """What it is now, in one line."""
    one = told(found)
    owed = f", {one['owed']} owed" if found.state == "RECORDED" and found.total > 0 else ""
    return f"{found.kind} {found.account_number or found.id}: {found.state}, {one['total']} {found.currency}{owed}"


def told(found: Invoice) -> dict[str, object]:
    """What lists say of an invoice; money as text, in its currency's decimals."""
    places = Document.parse(found.facts.encode()).places
    paid = payment(found)
    return {
        "id": found.id,
        "number": found.account_number,
        "file": found.file_name,
        "kind": found.kind,
        "state": found.state,
        "payment": str(paid) if paid else None,
        "client": f"{found.client_id} {found.client_name}".strip(),
        "company": found.company,
        "period": found.month or "",
        "date": found.invoice_date.isoformat(),
        "due": found.due_date.isoformat() if found.due_date else None,
        "currency": found.currency,
        "total": str(round_half_up(found.total, places)),
        "paid": str(round_half_up(found.paid, places)),
        "credited": str(round_half_up(found.credited, places)),
        "owed": str(round_half_up(account.owed(found), places)),
        "held": list(found.held) if found.released_at is None else [],
        "sent": found.sent_at.isoformat() if found.sent_at else None,
        "created": found.created_at.isoformat(),
    }


def _of_document(document: Document) -> dict[str, object]:
    places = document.places
    return {
        "lines": [
            {"number": each.number, "description": each.description, "net": str(round_half_up(each.net, places)),
             "tax": f"{plain(each.tax_rate)} %"}
            for each in document.lines
        ],
        "net": str(round_half_up(document.net, places)),
        "tax": str(round_half_up(document.tax, places)),
        "carried": str(round_half_up(document.carried, places)),
        "to pay": str(round_half_up(document.due, places)),
    }  # fmt: skip


def _details(kept: BillingDetails | None) -> dict[str, str | None]:
    names = (*billing.TEXTS, "tax_rate", "tax_category")
    values = {name: getattr(kept, name) if kept else None for name in names}
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ParameterError(f"{text[:40]!r} is not NAME=VALUE")
    return name.strip(), value


def _utc(day: datetime | None) -> datetime | None:
    return day and day.replace(tzinfo=UTC)


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def me() -> str:
    """Who types; named so that he is not taken for a user of the portal."""
    try:
        return f"command line: {getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return f"command line: {os.getuid()}"
