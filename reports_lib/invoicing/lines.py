"""Lines of an invoice out of what was charged: the net of each charge, and the tax rate it stands at.

What was charged has its taxes in it. Where the facts say how much of it is tax, the net is the rest, and its
rate is the company's own, or the client's, if that makes this very tax; else the rate that does, to two
decimals. What says nothing of tax is split by that declared rate. Whoever pays no tax (categories Z, E, AE, O)
has lines at 0 %.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reports_lib.invoicing.document import Category, Line, LineKind
from reports_lib.values.money import ratio, round_half_up

ZERO, HUNDRED, MILLIONTH = Decimal(0), Decimal(100), Decimal("0.000001")
UNTAXED = ("Z", "E", "AE", "O")
SHARE = Decimal("0.005")  # of the tax, by which it may miss that of the declared rate
PRICE = 6  # decimals of a unit price
ACTIVATION: Mapping[str, str] = {"en": "activation", "ru": "подключение", "es": "alta", "de": "Einrichtung"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax that a client's charges are under: rate in percent, None if nothing declares one."""

    rate: Decimal | None
    category: Category
    reason: str = ""

    @property
    def is_due(self) -> bool:
        """Whether there is any."""
        return self.category not in UNTAXED

    @property
    def rates(self) -> dict[Decimal, tuple[Category, str]]:
        """What totals need to know of the rates."""
        return {} if self.is_due else {ZERO: (self.category, self.reason)}


@dataclass(frozen=True, slots=True)
class Part:
    """That part of a charge which is at one rate; unrounded."""

    net: Decimal
    rate: Decimal


def lines(charges: Iterable[Row], tax: Tax, places: int, language: str) -> list[Line]:
    """One line a charge, and another for what of it is at another rate; totals round their nets."""
    found: list[Line] = []
    for charge in charges:
        quantity = charge["quantity"]
        for part in parts(charge, tax, places):
            found.append(_line(len(found) + 1, charge, part, quantity, language))
            quantity = Decimal(1)  # counted once
    return found


def parts(charge: Row, tax: Tax, places: int) -> list[Part]:
    """The charge by tax rates: `gross`, the `tax` in it, and `untaxed`, that part of gross which says nothing."""
    told = charge["gross"] - charge["untaxed"]
    if not tax.is_due:
        return [Part(charge["gross"] - charge["tax"], ZERO)]
    split: dict[Decimal, Decimal] = {}
    if told or not charge["untaxed"]:
        net = told - charge["tax"]
        split[_rate(net, charge, tax, places)] = net
    if charge["untaxed"]:
        rate = tax.rate or ZERO
        split[rate] = split.get(rate, ZERO) + _untaxed(charge["untaxed"], tax)
    return [Part(net, rate) for rate, net in split.items()]


class Nets:
    """The nets of single facts, six decimals each, whose sum is the net of the charge that adds them up.

    A fact that says nothing of its tax is split by the declared rate, and what rounding leaves over goes to the
    next one of the same charge: no sum of a million of them is off by a cent.
    """

    def __init__(self, tax: Tax) -> None:
        self._tax = tax
        self._sums: dict[object, Decimal] = {}  # so far of what says nothing, by charge

    def of(self, charge: object, gross: Decimal, tax: Decimal | None) -> Decimal:
        """The net of the next fact of `charge`: its `gross`, and the `tax` that it says is in it."""
        if tax is not None or not self._tax.is_due:
            return gross - (tax or ZERO)
        before = self._sums.get(charge, ZERO)
        self._sums[charge] = after = before + gross
        return self._net(after) - self._net(before)

    def _net(self, gross: Decimal) -> Decimal:
        return round_half_up(_untaxed(gross, self._tax), PRICE)


def doubts(charges: Iterable[Row], tax: Tax) -> Iterator[str]:
    """What cannot be known of the taxes, and so holds the invoice."""
    rows = list(charges)
    if tax.is_due and tax.rate is None and any(row["untaxed"] for row in rows):
        yield "no tax rate: some charges do not say what of them is tax, and no rate is declared"
    if not tax.is_due and any(row["tax"] for row in rows):
        yield "taxes differ: tax was charged, and the client is to pay none"


def _untaxed(gross: Decimal, tax: Tax) -> Decimal:
    """The net of what says nothing of its tax."""
    return ratio(gross * HUNDRED, HUNDRED + (tax.rate or ZERO)) or ZERO


def _rate(net: Decimal, charge: Row, tax: Tax, places: int) -> Decimal:
    """The rate at which `net` is taxed: the declared one if the tax is what it makes, as far as rounding goes."""
    if tax.rate is not None:
        unit = Decimal(1).scaleb(-places)
        allowed = max(unit, abs(charge["tax"]) * SHARE, charge["events"] * MILLIONTH)
        if abs(net * tax.rate / HUNDRED - charge["tax"]) <= allowed:
            return tax.rate
    found = ratio(charge["tax"] * HUNDRED, net)
    return round_half_up(max(found or ZERO, ZERO), 2)


def _line(number: int, charge: Row, part: Part, quantity: Decimal, language: str) -> Line:
    item = int(charge["item"]) if charge["item"] is not None else None
    kind: LineKind = {"service": "service", "other": "other"}.get(charge["kind"], "package")  # type: ignore[assignment]
    what = f": {ACTIVATION[language]}" if charge["kind"] == "activation" else ""
    return Line(
        number=number,
        description=charge["description"] + what,
        service_id=item if kind == "service" else None,
        package_id=item if kind == "package" else None,
        kind=kind,
        quantity=quantity,
        unit=charge["unit"] or "",
        unit_price=round_half_up(ratio(part.net, quantity) or ZERO, PRICE),
        net=part.net,
        tax_rate=part.rate,
    )
