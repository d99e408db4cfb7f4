"""How one column of the table comes of the columns of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.cdr import identity
from reports_lib.cdr.batch import Batch, Place, Values
from reports_lib.cdr.steps import Chosen, Lookup, Scaled, Step
from reports_lib.cdr.times import Clock
from reports_lib.warehouse.ingest import arrays
from reports_lib.warehouse.tables import Column

End = Chosen | Scaled | Lookup | Clock


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a cell is one of some texts, or fits a regular expression; or just not, if `is_not`."""

    column: str
    texts: tuple[str, ...] = ()
    regex: str = ""
    is_not: bool = False

    def holds(self, batch: Batch) -> pa.Array:
        """For which records; an empty cell is the text ""."""
        cells = pc.fill_null(batch.cells[self.column], "")
        if self.regex:
            found = pc.match_substring_regex(cells, self.regex)
        else:
            found = pc.is_in(cells, pa.array(self.texts, pa.string()))
        return pc.invert(found) if self.is_not else found


@dataclass(frozen=True, slots=True)
class Case:
    """A term that is taken where all checks hold."""

    checks: tuple[Check, ...]
    term: "Term"

    def holds(self, batch: Batch) -> pa.Array:
        """For which records."""
        found = _all(batch) if not self.checks else self.checks[0].holds(batch)
        for check in self.checks[1:]:
            found = pc.and_(found, check.holds(batch))
        return found


@dataclass(frozen=True, slots=True)
class Term:
    """Exactly one of: a constant text, a column of the file, columns that name a record, or cases.

    What a column holds goes through `steps`, then through `end`, which gives it its type.
    """

    constant: str | None = None
    source: str = ""
    identity: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    steps: tuple[Step, ...] = ()
    end: End | None = None

    @property
    def sources(self) -> set[str]:
        """The columns of the file that it needs."""
        found = {self.source} if self.source else set(self.identity)
        for case in self.cases:
            found |= case.term.sources | {check.column for check in case.checks}
        return found

    @property
    def places(self) -> set[Place]:
        """The columns of the warehouse that it looks into."""
        found = set(self.end.places) if isinstance(self.end, Lookup) else set()
        for case in self.cases:
            found |= case.term.places
        return found

    def read(self, column: Column, batch: Batch) -> Values:
        """The values of the column, of its own type; what does not fit is refused."""
        if self.cases:
            return self._cases(column, batch)
        if self.identity:
            found = Values(identity.numbers(batch.switch, [batch.cells[name] for name in self.identity]))
        elif self.source:
            found = self._texts(column, batch, batch.cells[self.source])
        else:
            found = self._texts(column, batch, pa.array([self.constant] * batch.count, pa.string()))
        return _finished(column, found)

    def _texts(self, column: Column, batch: Batch, texts: pa.Array) -> Values:
        for step in self.steps:
            texts = step.texts(texts)
        if isinstance(self.end, Chosen):
            return self.end.read(texts)
        if isinstance(self.end, Scaled | Clock):
            return self.end.read(column, texts)
        if isinstance(self.end, Lookup):
            return self.end.read(batch, texts)
        return Values(texts)

    def _cases(self, column: Column, batch: Batch) -> Values:
        """The first case that holds, for each record; null where none does."""
        masks, read = [], []
        refused: dict[int, str] = {}
        rest = _all(batch)
        for case in self.cases:
            mask = pc.and_(rest, case.holds(batch))
            rest = pc.and_(rest, pc.invert(mask))
            found = case.term.read(column, batch)
            if found.refused:
                chosen = mask.to_pylist()
                refused |= {at: reason for at, reason in found.refused.items() if chosen[at]}
            masks.append(mask)
            read.append(found.values)
        names = [str(at) for at in range(len(masks))]
        values = pc.case_when(pc.make_struct(*masks, field_names=names), *read)
        return _finished(column, Values(values, refused))


def _all(batch: Batch) -> pa.Array:
    return pa.array([True] * batch.count, pa.bool_())


def _finished(column: Column, found: Values) -> Values:
    """The values of the column's own type, and no row without a value that needs one."""
    is_text = pa.types.is_string(found.values.type)
    read = arrays.read(column, found.values) if is_text else arrays.check(column, found.values)
    found.values = read.values
    found.refused = read.refused | found.refused  # why there is no value says more than that there is none
    return found


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of all columns of a table that a format fills."""

    by_name: Mapping[str, Term] = field(default_factory=dict)

    @property
    def sources(self) -> set[str]:
        """The columns of the file that any of them needs."""
        return set().union(*(term.sources for term in self.by_name.values()))

    @property
    def places(self) -> set[Place]:
        """The columns of the warehouse that any of them looks into."""
        return set().union(*(term.places for term in self.by_name.values()))
