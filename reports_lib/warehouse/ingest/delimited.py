"""CSV files -> typed rows with their line numbers, and rejects."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest import arrays, header, records
from reports_lib.warehouse.ingest.archive import Member
from reports_lib.warehouse.ingest.content import Content
from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.rejects import Reject, text
from reports_lib.warehouse.tables import Column, Table

LINE = "__line"
Refused = dict[int, tuple[str, str]]
"""Column and reason of rows that are refused, by their position."""


@dataclass(slots=True)
class LineFile(ABC):
    """A file whose records are lines, packed or not, read as it streams by.

    A class of its own says what stands above the records, and what rows they make.
    """

    path: Path
    table: Table
    limits: Limits
    member: Member | None = None
    lines: int = field(default=0, init=False)
    blank: int = field(default=0, init=False)
    sha256: str = field(default="", init=False)
    _dialect: records.Dialect = field(init=False)

    @property
    def name(self) -> str:
        """What to call the file in messages."""
        return self._content().name

    def batches(self) -> Iterator[tuple[pa.Table, list[Reject]]]:
        """The good rows of each block, with a `__line` column, and its rejects in order.

        Raises `IngestError` where the file as a whole cannot be read.
        """
        content = self._content()
        for first, block in self._blocks(content):
            prepared = self._prepared(block)
            survey = records.survey(prepared, self._dialect)
            self.lines += survey.ends.size
            # rejects show lines as they came
            came = survey if prepared is block else records.survey(block, self._dialect)
            yield self._block(survey, came, first)
        self.sha256 = content.sha256

    def originals(self, wanted: Iterator[int]) -> Iterator[str]:
        """The lines of the wanted numbers, which ascend, as the rejects file shows them."""
        line = next(wanted, None)
        for first, block in self._blocks(self._content()):
            data = np.frombuffer(block, np.uint8)
            ends = np.flatnonzero(data == records.LF)
            while line is not None and line - first < ends.size:
                start = ends[line - first - 1] + 1 if line > first else 0
                yield text(block[start : ends[line - first]])
                line = next(wanted, None)
            if line is None:
                return

    @abstractmethod
    def _begin(self, block: bytes) -> int:
        """Read what stands above the records of the first block; returns how many bytes of it that is.

        Sets `_dialect`. An empty file gives an empty block. Raises `IngestError`.
        """

    @abstractmethod
    def _rows(self, survey: records.Survey, places: npt.NDArray[np.int64]) -> tuple[pa.Table, Refused]:
        """The rows of the sound lines at `places` of a block, in their order, and those that are refused."""

    def _prepared(self, block: bytes) -> bytes:
        """The block as it is read, of as many lines; `block` itself where nothing is to be changed."""
        return block

    def _content(self) -> Content:
        return Content(self.path, self.limits, self.member)

    def _blocks(self, content: Content) -> Iterator[tuple[int, bytes]]:
        """Blocks below what stands above the records, with the number of their first line."""
        number = 1
        for block in content.blocks():
            rest = block
            if number == 1:
                above = self._begin(block)
                number += block.count(b"\n", 0, above)
                rest = block[above:]
            if rest:
                yield number, rest
                number += rest.count(b"\n")
        if number == 1:
            self._begin(b"")

    def _block(self, survey: records.Survey, came: records.Survey, first: int) -> tuple[pa.Table, list[Reject]]:
        rejects = []
        chosen = ~survey.is_suspect
        for at in np.flatnonzero(survey.is_suspect).tolist():
            line = survey.line(at)
            if records.is_blank(line):
                self.blank += 1
            elif reason := records.fault(line, self._dialect):
                rejects.append(Reject(first + at, "", reason, text(came.line(at)[: self.limits.line])))
            else:
                chosen[at] = True
        places = np.flatnonzero(chosen)
        rows, refused = self._rows(survey, places)
        rejects += [Reject(first + int(places[at]), *why, text(came.line(places[at]))) for at, why in refused.items()]
        rejects.sort(key=lambda reject: reject.line)
        good = np.ones(places.size, bool)
        good[list(refused)] = False
        rows = rows.append_column(LINE, pa.array(places + first, pa.int64()))
        return rows.filter(pa.array(good)) if refused else rows, rejects

    def _cells(self, survey: records.Survey, places: npt.NDArray[np.int64], names: Sequence[str]) -> pa.Table:
        """All cells of the lines at `places`, as text in columns of these names; raises `IngestError`."""
        if not places.size:
            return pa.table({name: pa.array([], pa.string()) for name in names})
        chosen = np.zeros(survey.ends.size, bool)
        chosen[places] = True
        texts = _cells(survey.only(chosen), names, self._dialect)
        if texts.num_rows != places.size:
            raise IngestError(f"{self.name}: {places.size} lines gave {texts.num_rows} records; nothing was loaded")
        return texts.combine_chunks()


@dataclass(slots=True)
class CsvFile(LineFile):
    """One CSV file whose first line names columns of the table."""

    _columns: tuple[Column, ...] = field(default=(), init=False)

    def _begin(self, block: bytes) -> int:
        if not block:
            raise IngestError(f"{self.name} is empty: its first line must name the columns")
        cut = block.index(b"\n") + 1
        delimiter, self._columns = header.split(self.name, block[:cut], self.table, self.limits.line)
        self._dialect = records.Dialect(delimiter, (len(self._columns),), self.limits.line)
        return cut

    def _rows(self, survey: records.Survey, places: npt.NDArray[np.int64]) -> tuple[pa.Table, Refused]:
        texts = self._cells(survey, places, [column.name for column in self._columns])
        values = {}
        refused: Refused = {}
        for column in self._columns:
            found = arrays.read(column, one(texts[column.name]))
            values[column.name] = found.values
            for at, reason in found.refused.items():
                refused.setdefault(at, (column.name, reason))
        return arrays.whole(self.table, values, places.size), refused


def one(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _cells(data: bytes, names: Sequence[str], dialect: records.Dialect) -> pa.Table:
    """All cells as text; `data` holds nothing but sound records, so this cannot go wrong on it."""
    return pyarrow.csv.read_csv(
        pa.BufferReader(data),
        read_options=pyarrow.csv.ReadOptions(column_names=list(names), block_size=max(4 * dialect.longest, 1 << 20)),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char='"' if dialect.is_quoted else False,
            double_quote=dialect.is_quoted,
            ignore_empty_lines=False,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
        ),
    )
