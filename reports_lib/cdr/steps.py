"""What may be done to a column of cells on its way into the table, one thing a class."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.cdr.batch import Batch, Place, Values, blank
from reports_lib.warehouse.tables import Column

_NUMBER = r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"
_WIDE = pa.decimal256(38, 12)  # of such a number
NOTHING = pa.nulls(1, pa.string())[0]  # `pa.scalar` would load pandas


@dataclass(frozen=True, slots=True)
class Pattern:
    """Keep what stands in the brackets of a regular expression (RE2); nothing where it does not fit."""

    regex: str

    def texts(self, given: pa.Array) -> pa.Array:
        """What is kept."""
        return blank(pc.struct_field(pc.extract_regex(given, self.regex), "kept"))


@dataclass(frozen=True, slots=True)
class Without:
    """Texts that mean that there is no value, such as `0` for a time."""

    none: tuple[str, ...]

    def texts(self, given: pa.Array) -> pa.Array:
        """The others."""
        return pc.if_else(pc.is_in(given, pa.array(self.none)), NOTHING, given)


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another sign for one of one's own, such as a decimal comma."""

    old: str
    new: str

    def texts(self, given: pa.Array) -> pa.Array:
        """The texts with the other sign."""
        return pc.replace_substring(given, self.old, self.new)


Step = Pattern | Without | Replaced


@dataclass(frozen=True, slots=True)
class Chosen:
    """A text for each text of a list; `other` for all others, or None to refuse them."""

    values: Mapping[str, str]
    other: str | None

    def read(self, given: pa.Array) -> Values:
        """The texts chosen; an empty cell is nothing unless the list has it."""
        keys = pa.array(self.values, pa.string())
        place = pc.index_in(pc.fill_null(given, "") if "" in self.values else given, keys)
        found = Values(pa.array(self.values.values(), pa.string()).take(place))
        missing = pc.and_(place.is_null(), given.is_valid())
        if self.other is None:
            found.refuse(missing, "{} is not one of " + ", ".join(filter(None, self.values)), given)
        else:
            found.values = pc.if_else(missing, self.other or NOTHING, found.values)
        return found


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number times `factor`; the result must fit the column, unless `rounding` says how it is rounded."""

    factor: Decimal
    rounding: str = ""

    def read(self, column: Column, given: pa.Array) -> Values:
        """The numbers, of the column's own type."""
        found = Values(given)
        usual = pc.match_substring_regex(given, _NUMBER)
        found.refuse(pc.invert(usual), "{} is not a number", given)
        exact = pc.multiply(pc.if_else(usual, given, NOTHING).cast(_WIDE), pa.scalar(self.factor))
        kind = column.type.to_pyarrow()
        places = kind.scale if pa.types.is_decimal(kind) else 0
        rounded = pc.round(exact, places, self.rounding or "towards_zero")
        if not self.rounding:
            finer = pc.not_equal(rounded, exact)
            found.refuse(finer, f"{{}} is finer than {column.name} can hold", given)
            rounded = pc.if_else(pc.fill_null(finer, False), pa.scalar(None, rounded.type), rounded)
        limit = Decimal(10 ** (kind.precision - kind.scale) if pa.types.is_decimal(kind) else 10**18)
        large = pc.greater_equal(pc.abs(rounded), pa.scalar(limit, pa.decimal256(40, 0)))
        found.refuse(large, f"{{}} is more than {column.name} can hold", given)
        rounded = pc.if_else(pc.fill_null(large, False), pa.scalar(None, rounded.type), rounded)
        found.values = rounded.cast(kind)
        return found


@dataclass(frozen=True, slots=True)
class Lookup:
    """The id of the row of the warehouse that holds a text in one of `places`, the first that knows it.

    A text that no row holds is refused if `is_needed`, and that several rows hold always is: a
    record never goes to one of two clients by chance.
    """

    places: tuple[Place, ...]
    is_needed: bool

    def read(self, batch: Batch, given: pa.Array) -> Values:
        """The ids."""
        found = Values(pa.nulls(len(given), pa.int64()))
        for place in self.places:
            known = batch.known[place]
            texts = digits(given) if is_number(place) else given
            open_ = found.values.is_null()
            twice = pc.and_(open_, pc.is_in(texts, known.twice))
            found.refuse(twice, f"{{}} is the {place.column} of more than one {place.table}", given)
            ids = known.ids.take(pc.index_in(texts, known.keys))
            found.values = pc.if_else(open_, ids, found.values)
        if self.is_needed:
            where = " and no ".join(map(str, self.places))
            found.refuse(pc.and_(found.values.is_null(), given.is_valid()), f"{{}} is no {where}", given)
        return found


def is_number(place: Place) -> bool:
    """Whether a place holds numbers of telephones, of which only the digits count."""
    return place.column in ("phone", "client_number")


def digits(texts: pa.Array) -> pa.Array:
    """The digits of telephone numbers."""
    return blank(pc.replace_substring_regex(texts, "[^0-9]+", ""))
