"""A column of cells -> an Arrow array of the column's type, and the reason for each refusal.

Cells of the usual shape, which regular expressions tell, are cast by Arrow all at once; the few
others are read one by one with `cells.value`, which alone decides what is accepted. A test holds
the two equal.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.warehouse.ingest import cells
from reports_lib.warehouse.tables import Column, Table

_DATE = "[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
_NAIVE = _DATE + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_ZONED = _NAIVE + "(Z|[+-][0-9]{2}:[0-9]{2})"


@dataclass(slots=True)
class Read:
    """Values of a column, null where there is none; `refused` holds reasons by position."""

    values: pa.Array
    refused: dict[int, str] = field(default_factory=dict)


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type that a column is stored with."""
    return column.type.to_pyarrow()


def read(column: Column, texts: pa.Array) -> Read:
    """The values that cells of text stand for; an empty cell is null."""
    texts = _where(pc.not_equal(texts, ""), texts)
    found = _words(column, texts) if column.type.is_string() else _values(column, texts)
    return _required(column, found)


def check(column: Column, values: pa.Array) -> Read:
    """Values that already have the column's type, with what the type alone does not say."""
    if column.type.is_string():
        found = _words(column, values)
        found.refused |= dict.fromkeys(_positions(pc.match_substring(values, "\0")), "a NUL character")
    else:
        found = Read(values, dict.fromkeys(_positions(_beyond(column, values)), "is beyond what can be stored"))
    return _required(column, found)


def _beyond(column: Column, values: pa.Array) -> pa.Array:
    """Which values one of the engines could not hold: years before 1 or after 9999, and no numbers."""
    if column.type.is_float64():
        return pc.invert(pc.is_finite(values))
    if column.type.is_timestamp() or column.type.is_date():
        first, end = pa.array([date.min]).cast(values.type)[0], pa.array([date.max]).cast(values.type)[0]
        # the last day of all is given away, so that days and times need one comparison
        return pc.or_(pc.less(values, first), pc.greater_equal(values, end))
    return pa.nulls(len(values), pa.bool_())


def _required(column: Column, found: Read) -> Read:
    if not column.type.nullable and found.values.null_count:
        for at in _positions(found.values.is_null()):
            found.refused.setdefault(at, "is empty, but every row needs it")
    return found


def _words(column: Column, texts: pa.Array) -> Read:
    words = cells.domain(column)
    if not words:
        return Read(texts)
    wrong = pc.and_(pc.invert(pc.is_in(texts, pa.array(words))), texts.is_valid())
    return Read(texts, {at: _reason(column, texts[at].as_py()) for at in _positions(wrong)})


def _values(column: Column, texts: pa.Array) -> Read:
    kind = arrow_type(column)
    usual = pc.or_(texts.is_null(), pc.fill_null(_usual(column, texts), False))
    values = _cast(column, _where(usual, texts), kind)
    if values is None:  # one of them was 30 February: then each is looked at
        usual = texts.is_null()
        values = pa.nulls(len(texts), kind)
    unusual = pc.invert(usual)
    if not pc.any(unusual).as_py():
        return Read(values)
    found = Read(values)
    singles: list[cells.Value | None] = []
    for at, text in zip(_positions(unusual), texts.filter(unusual).to_pylist(), strict=True):
        try:
            singles.append(cells.value(column, text))
        except ValueError as error:
            singles.append(None)
            found.refused[at] = str(error)
    found.values = pc.replace_with_mask(values, unusual, pa.array(singles, kind))
    return found


def _usual(column: Column, texts: pa.Array) -> pa.Array:
    """Which cells have a shape that Arrow's cast reads just as `cells.value` does."""
    kind = column.type
    if kind.is_boolean():
        return pc.is_in(pc.ascii_lower(texts), pa.array(list(cells.TRUTHS)))
    if kind.is_decimal():
        shape = f"-?[0-9]{{1,{kind.precision - kind.scale}}}(\\.[0-9]{{1,{kind.scale}}})?"
    elif kind.is_timestamp():
        shape = f"({_NAIVE}|{_ZONED})"
    elif kind.is_date():
        shape = _DATE
    elif kind.is_float64():
        shape = "-?[0-9]{1,3}(\\.[0-9]{1,15})?"
    else:
        shape = "-?[0-9]{1,18}"
    return pc.match_substring_regex(texts, f"^{shape}$")


def _cast(column: Column, texts: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        if column.type.is_boolean():
            true = [text for text, truth in cells.TRUTHS.items() if truth]
            return pc.if_else(
                texts.is_null(), pa.scalar(None, pa.bool_()), pc.is_in(pc.ascii_lower(texts), pa.array(true))
            )
        return _utc(texts) if column.type.is_timestamp() else texts.cast(kind)
    except pa.ArrowInvalid:
        return None


def _where(chosen: pa.Array, texts: pa.Array) -> pa.Array:
    """The chosen texts, null for the others."""
    return texts if pc.all(chosen).as_py() else pc.if_else(chosen, texts, pa.scalar(None, pa.string()))


def _utc(texts: pa.Array) -> pa.Array:
    zoned = pc.match_substring_regex(texts, "(Z|[+-][0-9]{2}:[0-9]{2})$")
    if not pc.any(zoned).as_py():
        return texts.cast(pa.timestamp("us"))
    every = pc.if_else(zoned, texts, pc.binary_join_element_wise(texts, "Z", ""))
    return every.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))


def _reason(column: Column, text: str) -> str:
    try:
        cells.word(column, text)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{text!r} was refused without a reason")


def _positions(mask: pa.Array) -> Iterable[int]:
    return pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()  # type: ignore[no-any-return]


def whole(table: Table, values: dict[str, pa.Array], count: int) -> pa.Table:
    """All columns of a table in their order; those without values are null."""
    return pa.table({c.name: values.get(c.name, pa.nulls(count, arrow_type(c))) for c in table.columns})
