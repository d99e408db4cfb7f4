"""A column of a displayed table: what it holds decides how it reads, is rounded and is exported.

kind       a value is                               shown            exported as
text       anything; a number here is a name        as it is         text, never a number
quantity   a whole number                           12,345           number
money      Decimal                                  -12,345.60       number with its places
ratio      Decimal, or worked out from two columns  3.33             number with its places
percent    Decimal, 12.5 being an eighth            12.50 %          number with its places
date       date                                     2026-01-15       date
time       datetime, already in the report's zone   2026-01-15 12:30 date and time
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from reports_lib.display.behind import Opening
from reports_lib.errors import NotebookError
from reports_lib.values.money import percent_of, ratio, round_half_up

Kind = Literal["text", "quantity", "money", "ratio", "percent", "date", "time"]
Value = str | int | Decimal | date | datetime | None  # what a table shows
NUMBERS = ("quantity", "money", "ratio", "percent")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the rows, its label in the head, and the group heading it stands under.

    `places` are digits after the point: none for a quantity and 2 for other numbers unless given.
    `of` names the numerator and the denominator of a ratio or percent that the table works out itself.
    `opens` makes each cell of a text a way to another report. One that is on the `only` "page" is in no file that
    holds the table's rows, one of "files" only in these. Raises `NotebookError` for a kind there is not, `of`
    where nothing is divided, or `opens` where there is no text.
    """

    name: str
    label: str
    kind: Kind = "text"
    group: str = ""
    places: int | None = None
    of: tuple[str, str] | None = None
    opens: Opening | None = None
    only: Literal["", "page", "files"] = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise NotebookError(f"column {self.name!r} is of kind {self.kind!r}; there is {', '.join(get_args(Kind))}")
        if self.of and self.kind not in ("ratio", "percent"):
            raise NotebookError(f"column {self.name!r} is divided from {self.of} but its kind is {self.kind!r}")
        if self.opens and self.kind != "text":
            raise NotebookError(f"column {self.name!r} opens a report but its kind is {self.kind!r}, not text")
        if self.places is None:
            object.__setattr__(self, "places", 2 if self.kind in ("money", "ratio", "percent") else 0)

    @property
    def is_number(self) -> bool:
        """Whether its values are figures: right-aligned, and numbers in a spreadsheet."""
        return self.kind in NUMBERS

    @property
    def digits(self) -> int:
        """Digits after the point."""
        return self.places or 0

    @property
    def needs(self) -> tuple[str, ...]:
        """Names that the rows must hold for this column to be shown."""
        return (*(self.of or (self.name,)), *((self.opens.value,) if self.opens else ()))

    @property
    def opened_by(self) -> str:
        """The name by which a shown row has what the cell of this column is opened with."""
        return f"{self.name} opens"

    def value(self, row: Mapping[str, Any]) -> Value:
        """What the table shows of `row`: rounded once, half away from zero (G-7); None where there is nothing (G-9).

        Raises `NotebookError` for a value that the kind cannot hold; floats are refused, for they are not exact.
        """
        if self.of:
            divided = ratio if self.kind == "ratio" else percent_of
            quotient = divided(*(_exact(self, row[name]) for name in self.of))
            return None if quotient is None else round_half_up(quotient, self.digits)
        found = row[self.name]
        return None if found is None else _typed(self, found)


def _typed(column: Column, value: object) -> Value:
    if column.is_number:
        rounded = round_half_up(_exact(column, value) or Decimal(0), column.digits)
        return rounded if column.digits else int(rounded)
    if column.kind == "date":
        if not isinstance(value, date):
            raise _wrong(column, value)
        return value.date() if isinstance(value, datetime) else value
    if column.kind == "time":
        if not isinstance(value, datetime):
            raise _wrong(column, value)
        return value.replace(tzinfo=None)
    return str(value)


def _exact(column: Column, value: object) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise NotebookError(
            f"column {column.name!r} ({column.kind}) holds {value!r}, a {type(value).__name__}: "
            "figures are whole numbers or decimals from end to end"
        )
    return Decimal(value)


def _wrong(column: Column, value: object) -> NotebookError:
    return NotebookError(f"column {column.name!r} ({column.kind}) holds {value!r}, a {type(value).__name__}")
