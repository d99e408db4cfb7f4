"""A document as the HTML that is printed: its figures and texts in the language of the buyer."""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from reports_lib.invoicing.document import Document, Line, Party
from reports_lib.invoicing.qr import grouped, is_iban
from reports_lib.invoicing.totals import ZERO, balance
from reports_lib.invoicing.words import Words, isolated

TEMPLATES = Path(__file__).parent / "template"
KINDS = {
    "service": "services",
    "package": "packages",
    "other": "other",
    "top_up": "top_ups",
    "correction": "corrections",
}
CODE = "code.png"  # what the page calls its payment code


def page(document: Document, *, is_coded: bool = False, annex: Markup | None = None) -> str:
    """The page of `document`; `is_coded` leaves room for its payment code, `annex` is what comes after it."""
    words = Words(document.language, document.places, document.currency)
    return _template().render(
        document=document,
        words=words,
        heading=heading(document, words),
        imprint=_listed(_imprint(document.supplier, words)),
        sender=_listed([document.supplier.called, *_street(document.supplier)]),
        facts=list(_facts(document, words)),
        changes=list(_changes(document, words)),
        groups=_groups(document, words),
        totals=list(_totals(document, words)),
        ask=_ask(document, words),
        bank=list(_bank(document, words)),
        calls=_calls(document, words),
        annex=annex or "",
        isolated=isolated,
        code=f"asset:{CODE}" if is_coded else "",
        code_alt=_code_alt(document, words) if is_coded else "",
    )


def heading(document: Document, words: Words) -> str:
    """`Invoice DB-202610-0042`, or `Invoice · DRAFT`."""
    kind = words.say(document.kind)
    return f"{kind} · {words.say('draft')}" if document.draft else f"{kind} {document.account_number}"


def calls_name(document: Document) -> str:
    """The name of the attached table of charges."""
    return f"{document.account_number}-calls.csv" if document.account_number else "calls.csv"


def _facts(document: Document, words: Words) -> Iterator[tuple[str, str]]:
    yield words.say("number"), document.account_number or words.say("draft")
    yield words.say("date"), words.day(document.invoice_date)
    if document.period:
        yield words.say("period"), words.span(*document.period)
    if document.due_date and _is_payable(document):
        yield words.say("due_date"), words.day(document.due_date)
    if document.buyer.account:
        yield words.say("account"), document.buyer.account
    if document.buyer.tax_id:
        yield words.say("buyer_tax_id"), document.buyer.tax_id


def _changes(document: Document, words: Words) -> Iterator[str]:
    if document.revision:
        yield words.say("revision", revision=document.revision, number=document.account_number)
    if document.corrects and document.corrects[0] != document.account_number:
        number, issued = document.corrects
        yield words.say("corrects", number=number, date=words.day(issued))


def _groups(document: Document, words: Words) -> list[dict[str, Any]]:
    """The lines under the kinds they are of, in the order of the first of each; a single kind has no heading."""
    order = list(dict.fromkeys(line.kind for line in document.lines))
    lines = sorted(document.lines, key=lambda line: (order.index(line.kind), line.number))
    return [
        {
            "title": words.say(KINDS[kind]) if len(order) > 1 else "",
            "net": words.figure(sum((line.net for line in group), ZERO)),
            "lines": [_line(line, words) for line in group],
        }
        for kind, group in ((kind, list(found)) for kind, found in groupby(lines, lambda line: line.kind))
    ]


def _line(line: Line, words: Words) -> dict[str, str]:
    return {
        "description": line.description,
        "quantity": words.exact(line.quantity),
        "unit": words.unit(line.unit),
        "price": words.exact(line.unit_price, words.places),
        "rate": words.percent(line.tax_rate),
        "net": words.figure(line.net),
    }


def _totals(document: Document, words: Words) -> Iterator[tuple[str, str, str]]:
    yield words.say("net"), words.money(document.net), "quiet"
    for group in document.taxes:
        said = words.say("tax", rate=words.percent(group.rate), net=words.money(group.net))
        yield f"{said} ({group.reason})" if group.reason else said, words.money(group.tax), "quiet"
    yield words.say("total"), words.money(document.gross), "sum"
    is_note = document.kind == "credit_note"
    if document.paid and not is_note:
        yield words.say("paid"), words.money(-document.paid), "quiet"
        yield words.say("due_of_this"), words.money(document.gross - document.paid), ""
    if document.carried:
        yield words.say("carried"), words.money(document.carried), "quiet"
    if is_note and document.carried:
        yield words.say("credited"), words.money(-document.gross), "quiet"
    if document.carried or document.paid:
        yield words.say("to_pay"), words.money(document.due), "due"
    left = balance(document.kind, document.gross, document.carried, document.paid)
    if left < 0:
        yield words.say("credit_left"), words.money(-left), "quiet"


def _ask(document: Document, words: Words) -> dict[str, str]:
    if document.kind == "credit_note":
        return {"label": words.say("credited"), "amount": words.money(document.gross), "by": ""}
    if not document.due:
        return {"label": "", "amount": words.say("nothing_due"), "by": ""}
    by = words.say("by", date=words.day(document.due_date)) if document.due_date and not document.draft else ""
    return {"label": words.say("to_pay"), "amount": words.money(document.due), "by": by}


def _bank(document: Document, words: Words) -> Iterator[tuple[str, str]]:
    supplier = document.supplier
    if not _is_payable(document) or not supplier.bank:
        return
    is_known = is_iban(supplier.bank)
    yield words.say("payee"), supplier.called
    yield words.say("iban" if is_known else "bank"), grouped(supplier.bank) if is_known else supplier.bank
    if supplier.bic:
        yield words.say("bic"), supplier.bic
    yield words.say("reference"), document.payment.reference or document.account_number


def _is_payable(document: Document) -> bool:
    return document.due > 0 and document.kind != "credit_note" and not document.draft


def _code_alt(document: Document, words: Words) -> str:
    return words.say(
        "scan_alt",
        amount=words.money(document.due),
        payee=isolated(document.supplier.called),
        iban=grouped(document.supplier.bank),
        reference=document.payment.reference or document.account_number,
    )


def _calls(document: Document, words: Words) -> str:
    if document.calls is None:
        return ""
    places = max(document.places, -int(document.calls.amount.normalize().as_tuple().exponent))
    amount = Words(words.language, places, words.currency).money(document.calls.amount)
    return words.say("calls_attached", count=document.calls.count, amount=amount, file=calls_name(document))


def _listed(parts: Iterable[str]) -> str:
    return " · ".join(isolated(part) for part in parts if part)


def _imprint(party: Party, words: Words) -> Iterator[str]:
    yield party.called
    yield from _street(party)
    yield words.country(party.country) if party.country else ""
    yield f"{words.say('tax_id')} {party.tax_id}" if party.tax_id else ""
    yield party.email


def _street(party: Party) -> tuple[str, str]:
    return party.address_line, f"{party.postal_code} {party.city}".strip()


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("invoice.html.j2")
