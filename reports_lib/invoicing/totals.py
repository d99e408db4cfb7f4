"""Sums of an invoice that agree by construction, and the proof that they do (F14).

    each line's net is rounded once, half up     net   = Σ lines
    tax of a rate = round(net of the rate × %)   tax   = Σ taxes
                                                 gross = net + tax          (EN 16931: BR-CO-10, 13, 14, 15, 17)

Decimal from end to end; places are those of the currency, 0 to 4.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal

from reports_lib.errors import ParameterError
from reports_lib.invoicing.document import Category, Document, Kind, Line, TaxGroup, plain
from reports_lib.values.money import round_half_up

ZERO = Decimal(0)
UNTAXED: tuple[Category, ...] = ("Z", "E", "AE", "O")
REASONED: tuple[Category, ...] = ("E", "AE", "O")  # these must say why no tax is due


@dataclass(frozen=True, slots=True)
class Totals:
    """The lines with their nets rounded, and what they come to."""

    lines: tuple[Line, ...]
    net: Decimal
    taxes: tuple[TaxGroup, ...]
    tax: Decimal
    gross: Decimal


def totals(lines: Iterable[Line], places: int, rates: Mapping[Decimal, tuple[Category, str]]) -> Totals:
    """Round and add up; `rates` gives category and reason of a rate, S (0 %: Z) where it does not."""
    rounded = tuple(replace(line, net=round_half_up(line.net, places)) for line in lines)
    taxes = tuple(
        TaxGroup(rate, category, net, _tax(net, rate, places), reason)
        for rate, net in _by_rate(rounded)
        for category, reason in [rates.get(rate, ("S" if rate else "Z", ""))]
    )
    net = round_half_up(sum((line.net for line in rounded), ZERO), places)
    tax = round_half_up(sum((group.tax for group in taxes), ZERO), places)
    return Totals(rounded, net, taxes, tax, net + tax)


def balance(kind: Kind, gross: Decimal, carried: Decimal, paid: Decimal) -> Decimal:
    """What the client owes after this document; below zero it is credit. A credit note lessens it."""
    return carried - gross if kind == "credit_note" else carried + gross - paid


def due(kind: Kind, gross: Decimal, carried: Decimal, paid: Decimal) -> Decimal:
    """To pay in all, the balance before included; never below zero: what is over stays as credit."""
    return max(balance(kind, gross, carried, paid), ZERO)


def line_taxes(document: Document) -> tuple[Decimal, ...]:
    """The tax of each line, by largest remainder: those of a rate add up to its tax to the last unit."""
    shares: dict[int, Decimal] = {}
    unit = Decimal(1).scaleb(-document.places)
    for group in document.taxes:
        exact = {line.number: line.net * group.rate / 100 for line in document.lines if line.tax_rate == group.rate}
        cut = {number: value.quantize(unit, ROUND_FLOOR) for number, value in exact.items()}
        missing = int((group.tax - sum(cut.values(), ZERO)) / unit)  # 0 to the number of lines, for floors only lose
        for number in sorted(exact, key=lambda number: (cut[number] - exact[number], number))[:missing]:
            cut[number] += unit
        shares |= cut
    return tuple(round_half_up(shares[line.number], document.places) for line in document.lines)


def check(document: Document) -> None:
    """Raise `ParameterError`, naming each identity that fails, if the figures do not agree."""
    if faults := [*_form(document), *_taxed(document), *_sums(document)]:
        name = document.account_number or "this draft"
        raise ParameterError(f"the figures of {name} do not agree: {'; '.join(faults)}")


def _form(document: Document) -> Iterator[str]:
    if not 0 <= document.places <= 4:
        yield f"{document.places} decimals"
    if not document.lines:
        yield "there is no line"
    if [line.number for line in document.lines] != list(range(1, len(document.lines) + 1)):
        yield "lines are not numbered from 1"
    if document.draft == bool(document.account_number):
        yield "a draft has no number, and any other document has one"
    for name, value in _amounts(document):
        if value != round_half_up(value, document.places):
            yield f"{name} {plain(value)} has more than {document.places} decimals"


def _amounts(document: Document) -> Iterator[tuple[str, Decimal]]:
    yield from ((f"line {line.number}", line.net) for line in document.lines)
    yield from ((f"tax at {plain(group.rate)} %", group.tax) for group in document.taxes)
    for name in ("carried", "paid"):
        yield name, getattr(document, name)


def _taxed(document: Document) -> Iterator[str]:
    for group in document.taxes:
        if (group.category == "S") != (group.rate > 0):
            yield f"category {group.category} at {plain(group.rate)} %"
        if group.category in REASONED and not group.reason:
            yield f"category {group.category} says no reason why no tax is due"
    if len(document.taxes) > 1 and "O" in {group.category for group in document.taxes}:
        yield "what is outside the scope of tax stands beside what is not"  # BR-O-11


def _sums(document: Document) -> Iterator[str]:
    nets = _by_rate(document.lines)
    if nets != [(group.rate, group.net) for group in document.taxes]:
        yield "nets by tax rate are not those of the lines"
    for group in document.taxes:
        yield from _unequal(f"tax at {plain(group.rate)} %", group.tax, _tax(group.net, group.rate, document.places))
    yield from _unequal("net", document.net, sum((net for _, net in nets), ZERO))
    yield from _unequal("tax", document.tax, sum((group.tax for group in document.taxes), ZERO))
    yield from _unequal("gross", document.gross, document.net + document.tax)
    yield from _unequal("due", document.due, due(document.kind, document.gross, document.carried, document.paid))


def _unequal(name: str, said: Decimal, right: Decimal) -> Iterator[str]:
    if said != right:
        yield f"{name} is {plain(said)}, not {plain(right)}"


def _by_rate(lines: Sequence[Line]) -> list[tuple[Decimal, Decimal]]:
    nets: dict[Decimal, Decimal] = {}
    for line in lines:
        nets[line.tax_rate] = nets.get(line.tax_rate, ZERO) + line.net
    return sorted(nets.items(), reverse=True)


def _tax(net: Decimal, rate: Decimal, places: int) -> Decimal:
    return round_half_up(net * rate / 100, places)
