"""Some thousand records on their way into columns of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.warehouse.ingest.cells import shown

Refused = dict[int, str]


@dataclass(frozen=True, slots=True)
class Known:
    """What a lookup finds by: `ids` belong to `keys`; `twice` are keys that more than one row has."""

    keys: pa.Array
    ids: pa.Array
    twice: pa.Array


@dataclass(frozen=True, slots=True)
class Place:
    """A column of a canonical table, in which a text of the file is looked for."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Batch:
    """The cells of records by the file's own columns, empty ones null, and what is known of the warehouse."""

    cells: Mapping[str, pa.Array]
    count: int
    switch: str = ""
    known: Mapping[Place, Known] = field(default_factory=dict)


@dataclass(slots=True)
class Values:
    """A column of values, null where there is none; `refused` holds reasons by position.

    `later` is set for times on a clock: the other moment at which it showed them, where it did so twice.
    """

    values: pa.Array
    refused: Refused = field(default_factory=dict)
    later: pa.Array | None = None

    def refuse(self, mask: pa.Array, reason: str, texts: pa.Array) -> None:
        """Add a reason, with `{}` for what stood there, to all rows of the mask that have none."""
        wrong = pc.indices_nonzero(pc.fill_null(mask, False))
        for at, text in zip(wrong.to_pylist(), texts.take(wrong).to_pylist(), strict=True):
            self.refused.setdefault(at, reason.format(shown(text or "")))


def blank(texts: pa.Array) -> pa.Array:
    """The texts, null where they are empty."""
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
