"""Exact decimals: rounded once, at output, half away from zero; ratios that may be undefined (G-7, G-9)."""

from decimal import ROUND_HALF_UP, Context, Decimal

DIGITS = 38  # what both warehouses can hold
_EXACT = Context(prec=2 * DIGITS, rounding=ROUND_HALF_UP)
_RATIO = Context(prec=DIGITS, rounding=ROUND_HALF_UP)


def round_half_up(value: Decimal, places: int) -> Decimal:
    """`value` with exactly `places` decimals, halves away from zero; zero has no sign."""
    rounded = value.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return rounded if rounded else abs(rounded)


def ratio(numerator: Decimal | int | None, denominator: Decimal | int | None) -> Decimal | None:
    """`numerator / denominator` in 38 digits; None if either is unknown or the denominator is 0 (G-9)."""
    if numerator is None or not denominator:
        return None
    return _RATIO.divide(Decimal(numerator), Decimal(denominator))


def percent_of(part: Decimal | int | None, whole: Decimal | int | None) -> Decimal | None:
    """`part` in percent of `whole`; None if either is unknown or the whole is 0 (G-14)."""
    return None if part is None else ratio(_EXACT.multiply(Decimal(part), Decimal(100)), whole)
