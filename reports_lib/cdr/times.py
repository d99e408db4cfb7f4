"""Cells -> moments in UTC: seconds since 1970, ISO times, or a pattern such as `%d.%m.%Y %H:%M:%S`."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.cdr.batch import Values
from reports_lib.cdr.zones import moments
from reports_lib.warehouse.ingest import arrays
from reports_lib.warehouse.tables import Column

ISO = "iso"
UNIX = {"unix": 1, "unix ms": 1_000, "unix us": 1_000_000}  # how many in a second
PARTS = {
    "Y": "(?P<Y>[0-9]{4})",
    "m": "(?P<m>[0-9]{1,2})",
    "d": "(?P<d>[0-9]{1,2})",
    "H": "(?P<H>[0-9]{1,2})",
    "M": "(?P<M>[0-9]{1,2})",
    "S": "(?P<S>[0-9]{1,2})",
    "f": "(?P<f>[0-9]{1,6})",
}
_LAST = 253_402_300_800  # seconds from 1970 to the end of year 9999


@dataclass(frozen=True, slots=True)
class Clock:
    """How a column of times is written, and on the clocks of which zone where the cells do not say."""

    form: str = ISO
    zone: ZoneInfo | None = None  # none is UTC

    def read(self, column: Column, texts: pa.Array) -> Values:
        """The moments that cells stand for; an empty cell is none."""
        if self.form in UNIX:
            return _unix(texts, UNIX[self.form])
        found = Values(texts)
        if self.form != ISO:
            plain = _as_iso(texts, self.form)
            found.refuse(pc.and_(plain.is_null(), texts.is_valid()), f"{{}} is not a time like {self.form}", texts)
            texts = plain
        read = arrays.read(column, texts)
        found.values = read.values
        found.refused = read.refused | found.refused
        return found if self.zone is None else self._shifted(found, texts)

    def _shifted(self, found: Values, texts: pa.Array) -> Values:
        """Times on the zone's clock as UTC; those whose cell has an offset of its own are there already."""
        assert self.zone is not None
        own = pc.fill_null(pc.match_substring_regex(texts, "(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"), False)
        # "2026-01-31" alone ends like an offset, but is no time and was refused
        local = np.asarray(pc.fill_null(found.values.cast(pa.int64()), 0))
        read = moments(local, self.zone)
        skipped = pc.and_(pa.array(read.is_skipped), pc.and_(found.values.is_valid(), pc.invert(own)))
        found.refuse(skipped, f"{{}} never was on the clocks of {self.zone.key}", texts)
        fixed = found.values
        found.values = _moved(fixed, read.first, own)
        found.later = _moved(fixed, read.second, own)
        return found


def pattern(form: str) -> str:
    """The regular expression of a pattern; raises `ValueError` if it cannot be read or lacks a part."""
    found, used = "", []
    for at, piece in enumerate(re.split("%(.)", form)):
        if at % 2 == 0:
            found += re.escape(piece)
        elif piece not in PARTS:
            raise ValueError(f"%{piece} is none of {', '.join('%' + part for part in PARTS)}")
        else:
            found += PARTS[piece]
            used.append(piece)
    if missing := [f"%{part}" for part in "YmdHM" if part not in used]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    if len(set(used)) != len(used):
        raise ValueError("a part occurs twice")
    return f"^{found}$"


def _as_iso(texts: pa.Array, form: str) -> pa.Array:
    parts = pc.extract_regex(texts, pattern(form))

    def part(name: str, width: int) -> pa.Array:
        known = parts.type.get_field_index(name) >= 0
        return pc.utf8_lpad(pc.struct_field(parts, name), width, "0") if known else pa.scalar("0" * width)

    day = pc.binary_join_element_wise(part("Y", 4), part("m", 2), part("d", 2), "-")
    clock = pc.binary_join_element_wise(part("H", 2), part("M", 2), part("S", 2), ":")
    if parts.type.get_field_index("f") >= 0:
        clock = pc.binary_join_element_wise(clock, pc.struct_field(parts, "f"), ".")
    return pc.binary_join_element_wise(day, clock, " ")


def _unix(texts: pa.Array, a_second: int) -> Values:
    found = Values(texts)
    usual = pc.match_substring_regex(texts, r"^[0-9]{1,18}(\.[0-9]{1,6})?$" if a_second == 1 else "^[0-9]{1,18}$")
    found.refuse(pc.invert(usual), "{} is not a time in seconds since 1970", texts)
    good = pc.if_else(usual, texts, pa.scalar(None, pa.string()))
    parts = pc.extract_regex(good, r"^(?P<whole>[0-9]+)\.?(?P<part>[0-9]*)$")
    whole = pc.struct_field(parts, "whole").cast(pa.int64())
    far = pc.greater_equal(whole, _LAST * a_second)
    found.refuse(far, "{} is a time after the year 9999", texts)
    whole = pc.if_else(far, pa.scalar(None, pa.int64()), whole)
    part = pc.utf8_rpad(pc.struct_field(parts, "part"), 6, "0").cast(pa.int64())
    micros = pc.add(pc.multiply(whole, 1_000_000 // a_second), part)
    found.values = micros.cast(pa.timestamp("us"))
    return found


def _moved(fixed: pa.Array, utc: np.typing.NDArray[np.int64], own: pa.Array) -> pa.Array:
    moved = pa.array(utc).cast(pa.timestamp("us"))
    return pc.if_else(pc.or_(own, fixed.is_null()), fixed, moved)
