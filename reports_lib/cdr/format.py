"""A format of files: how their lines are divided, and how each column of a table comes of theirs."""

from dataclasses import dataclass

from reports_lib.cdr.terms import Check, Terms
from reports_lib.warehouse.tables import Table

NONE, NAMES, TYPES = "none", "names", "names and types"


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `columns` are the file's own, in order, unless its first line names them (`heading`).

    Lines may be as wide as any of `widths`; the columns beyond a line's end are empty, as are the
    `optional` ones that the first line does not name. `is_padded`: a space may stand before an opening quote.
    Records for which one of `only` does not hold are rejected, and so are those whose times of the
    columns `ascending` do not ascend.
    """

    name: str
    title: str
    table: Table
    switch: str  # part of what names a record: two switches may count alike
    terms: Terms
    heading: str = NONE
    columns: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    optional: frozenset[str] = frozenset()
    delimiter: str = ","
    is_quoted: bool = False
    is_padded: bool = False
    only: tuple[Check, ...] = ()
    ascending: tuple[str, ...] = ()

    @property
    def sources(self) -> set[str]:
        """The columns of a file that are read."""
        return self.terms.sources | {check.column for check in self.only}
