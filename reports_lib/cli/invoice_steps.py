"""The steps of an invoice's life, as `daybook invoice` takes them: each is one transaction, whole or not at all."""

import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import click

from reports_lib.cli import invoice_run
from reports_lib.cli.invoice import GROUP, change, invoice, line, me, now, told, writing
from reports_lib.database.schema import Invoice
from reports_lib.errors import ParameterError
from reports_lib.invoicing import correct, draft, pay, record, revise
from reports_lib.invoicing.document import Document, Line, plain
from reports_lib.invoicing.listing import find

AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
ZERO = Decimal(0)

_numbers = click.argument("numbers", metavar="NUMBER...", nargs=-1)
_number = click.argument("number")
_key = click.option("--key", default="", metavar="TEXT", help="Entering it twice with one key is once.")


@invoice.command("record")
@_numbers
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Its date, if not the draft's.")
def record_drafts(numbers: tuple[str, ...], on: datetime | None) -> None:
    """Issue drafts: each gets its number, and is owed."""
    day = on.date() if on else None
    change(numbers, lambda session, one: record.record(session, one, me(), now(), on=day))


@invoice.command()
@_numbers
def unrecord(numbers: tuple[str, ...]) -> None:
    """Make drafts again of invoices that were not sent; they keep their numbers."""
    change(numbers, lambda session, one: record.unrecord(session, one, me(), now()))


@invoice.command()
@_numbers
def release(numbers: tuple[str, ...]) -> None:
    """Let drafts that are held be recorded."""
    change(numbers, lambda session, one: record.release(session, one, me(), now()))


@invoice.command()
@_numbers
def send(numbers: tuple[str, ...]) -> None:
    """Note that the clients have them; from then on only credit notes correct them."""
    change(numbers, lambda session, one: record.sent(session, one, me(), now()))


@invoice.command()
@_numbers
def discard(numbers: tuple[str, ...]) -> None:
    """Throw drafts away; a number once given stays taken."""
    change(numbers, lambda session, one: draft.discard(session, one, me(), now()))


@invoice.command("pay")
@click.argument("sums", metavar="NUMBER[=AMOUNT]...", nargs=-1)
@click.option("--method", default="transfer", show_default=True, help=f"One of {', '.join(pay.METHODS)}.")
@click.option("--reference", default="", metavar="TEXT", help="By which the bank tells it from others.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="When it was paid; now if not given.")
@_key
def enter_payment(sums: tuple[str, ...], method: str, reference: str, on: datetime | None, key: str) -> None:
    """Enter what was paid; without AMOUNT all that is owed. For all of them or for none."""
    receipt = pay.Receipt(on.replace(tzinfo=UTC) if on else now(), method, reference, key)
    if not (given := [_sum(each) for each in sums]):
        raise ParameterError("say which invoices are paid")
    without = [number for number, amount in given if amount is None]
    if without and len(without) < len(given):
        raise ParameterError(f"give an amount for every invoice or for none; {without[0]} has none")
    with writing() as session:
        ids: dict[int, Decimal] = {}
        for number, amount in given:
            one = find(session, GROUP, number).id
            if one in ids:
                raise ParameterError(f"invoice {number} is named twice; say once how much of it is paid")
            ids[one] = amount or ZERO
        if without:
            pay.mark_paid(session, ids, receipt, me(), now())
        else:
            pay.pay(session, ids, receipt, me(), now())
        lines = [line(session.get_one(Invoice, one)) for one in ids]
    for each in lines:
        click.echo(each)


@invoice.command("cancel-payment")
@click.argument("payment", type=click.IntRange(1))
def cancel_payment(payment: int) -> None:
    """Take back a payment that came to nothing; what it settled is owed again."""
    with writing() as session:
        pay.cancel(session, payment, me(), now())
    click.echo(f"payment {payment} is cancelled")


@invoice.command()
@_number
@click.option("--line", "lines", multiple=True, metavar="TEXT=NET[@RATE]", help="What is credited; else all of it.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stands on the credit note.")
@_key
def credit(number: str, lines: tuple[str, ...], reason: str, key: str) -> None:
    """Write a credit note: a document of its own that takes back NUMBER or a part of it."""
    with writing() as session:
        found = find(session, GROUP, number)
        original = Document.parse(record.facts(session, found.id))
        some = [_line(each, original, n) for n, each in enumerate(lines, 1)] or None
        note = correct.credit_note(session, found.id, some, reason, me(), now(), key=key)
        lines = (line(note), line(found))
    for each in lines:
        click.echo(each)


@invoice.command("revise")
@_number
@click.option("--add", multiple=True, metavar="TEXT=NET[@RATE]", help="A line more; NET may be negative.")
@click.option("--drop", multiple=True, type=click.IntRange(1), metavar="N", help="Leave line N out.")
@click.option("--paid", metavar="AMOUNT", help="All that is paid for the period already.")
@click.option("--comment", required=True, metavar="TEXT", help="Why; it is kept with the revision.")
@click.option("--by-name", default="", metavar="NAME", help="Full name of who revises; the system user's without it.")
@click.option("--by-email", default="", metavar="ADDRESS", help="His address.")
def revise_invoice(  # noqa: PLR0913, PLR0917  # one an option
    number: str, add: tuple[str, ...], drop: tuple[int, ...], paid: str | None, comment: str, by_name: str,
    by_email: str,
) -> None:  # fmt: skip
    """Change a recorded invoice; the one before stays as it is, with its document."""
    person = revise.Person(me(), by_name or me(), by_email)
    with writing() as session:
        found = find(session, GROUP, number)
        before = Document.parse(record.facts(session, found.id))
        made = revise.revise(
            session, found.id, comment=comment, by=person, now=now(), lines=_revised(before, add, drop),
            paid=None if paid is None else _amount(paid), after=before.revision,
        )  # fmt: skip
        told_now = line(found)
        number_now = made.revision_no
    click.echo(f"{told_now}, revision {number_now}")


@invoice.command()
@click.argument("client", type=click.IntRange(1))
@click.argument("amount")
@click.option("--currency", default="", metavar="CODE", help="ISO 4217; the client's if not given.")
@_key
def create(client: int, amount: str, currency: str, key: str) -> None:
    """Ask CLIENT for AMOUNT in advance; once paid it adds to the balance."""
    # seconds, for nobody else
    from reports_lib.cli.invoice_create import asked

    with writing() as session:
        made = asked(session, client, _amount(amount), currency.upper(), key or uuid.uuid4().hex)
        text, id = line(made), told(made)["id"]
    click.echo(f"{text} (id {id})")


def _sum(text: str) -> tuple[str, Decimal | None]:
    number, sign, amount = text.partition("=")
    return number, _amount(amount) if sign else None


def _amount(text: str) -> Decimal:
    if not AMOUNT.fullmatch(text.strip()):
        raise ParameterError(f"{text[:40]!r} is not an amount such as 12.50")
    return Decimal(text.strip())


def _line(text: str, document: Document, number: int) -> Line:
    """A line typed as TEXT=NET[@RATE]; without a rate that of the invoice, if it has but one."""
    description, sign, rest = text.rpartition("=")
    net, at, rate = rest.partition("@")
    if not sign or not description.strip():
        raise ParameterError(f"{text[:60]!r} is not TEXT=NET or TEXT=NET@RATE")
    rates = {group.rate for group in document.taxes}
    if not at and len(rates) > 1:
        known = ", ".join(plain(each) for each in sorted(rates))
        raise ParameterError(f"{text[:60]!r} needs its tax rate, @ and one of {known}")
    amount = _amount(net)
    return Line(
        number=number, description=description.strip(), service_id=None, package_id=None, kind="correction",
        quantity=Decimal(1), unit="", unit_price=amount, net=amount,
        tax_rate=_amount(rate) if at else next(iter(rates)),
    )  # fmt: skip


def _revised(before: Document, add: tuple[str, ...], drop: tuple[int, ...]) -> list[Line] | None:
    """The lines of a revision, None if they stay."""
    if not add and not drop:
        return None
    if unknown := set(drop) - {each.number for each in before.lines}:
        raise ParameterError(f"there is no line {min(unknown)}; there are {len(before.lines)}")
    kept = [each for each in before.lines if each.number not in drop]
    return kept + [_line(each, before, number) for number, each in enumerate(add, len(kept) + 1)]


for _command in (invoice_run.run, invoice_run.documents):
    invoice.add_command(_command)
