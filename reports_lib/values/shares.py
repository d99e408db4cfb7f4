"""Percentages that add up: each is rounded so that all of them together are 100 (M-27)."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from math import lcm

WHOLE = Decimal(100)


def shares(counts: Sequence[int], places: int = 1) -> list[Decimal | None]:
    """What each of these counts is of all of them, in percent with so many decimals; None of each if all are 0.

    By largest remainder: each is cut off, and the last digits that are missing go to those that lost most; of
    equals the one that comes first. Raises `ValueError` for a count below 0.
    """
    if min(counts, default=0) < 0:
        raise ValueError("a count is never below 0")
    whole = sum(counts)
    if not whole:
        return [None] * len(counts)
    unit = Decimal(1).scaleb(-places)
    parts = round(WHOLE / unit)  # that there are to give
    cut = [count * parts // whole for count in counts]
    lost = [count * parts % whole for count in counts]
    last = sorted(range(len(counts)), key=lambda place: (-lost[place], place))[: parts - sum(cut)]
    given = [units + (place in last) for place, units in enumerate(cut)]
    return [(units * unit).quantize(unit, ROUND_FLOOR) for units in given]


def shares_of_amounts(amounts: Sequence[Decimal | int], places: int = 1) -> list[Decimal | None]:
    """As `shares`, of exact amounts."""
    exact = [Fraction(amount) for amount in amounts]
    unit = lcm(*(each.denominator for each in exact))
    return shares([int(each * unit) for each in exact], places)
