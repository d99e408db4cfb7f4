"""CSV files -> typed rows with their line numbers, and rejects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest import arrays, header, records
from reports_lib.warehouse.ingest.content import Content, shown_name
from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.rejects import Reject, text
from reports_lib.warehouse.tables import Column, Table

LINE = "__line"


@dataclass(slots=True)
class CsvFile:
    """One CSV file, gzipped or not, read as it streams by."""

    path: Path
    table: Table
    limits: Limits
    lines: int = field(default=0, init=False)
    blank: int = field(default=0, init=False)
    sha256: str = field(default="", init=False)
    _delimiter: str = field(default=",", init=False)
    _columns: tuple[Column, ...] = field(default=(), init=False)

    def batches(self) -> Iterator[tuple[pa.Table, list[Reject]]]:
        """The good rows of each block, with a `__line` column, and its rejects in order.

        Raises `IngestError` where the file as a whole cannot be read.
        """
        content = Content(self.path, self.limits)
        for first, block in self._blocks(content):
            survey = records.survey(block, self._delimiter, len(self._columns), self.limits.line)
            self.lines += survey.ends.size
            yield self._block(survey, first)
        self.sha256 = content.sha256

    def originals(self, wanted: Iterator[int]) -> Iterator[str]:
        """The lines of the wanted numbers, which ascend, as the rejects file shows them."""
        line = next(wanted, None)
        for first, block in self._blocks(Content(self.path, self.limits)):
            data = np.frombuffer(block, np.uint8)
            ends = np.flatnonzero(data == records.LF)
            while line is not None and line - first < ends.size:
                start = ends[line - first - 1] + 1 if line > first else 0
                yield text(block[start : ends[line - first]])
                line = next(wanted, None)
            if line is None:
                return

    def _blocks(self, content: Content) -> Iterator[tuple[int, bytes]]:
        """Blocks below the header, with the number of their first line."""
        number = 1
        for block in content.blocks():
            rest = block
            if number == 1:
                cut = block.index(b"\n") + 1
                self._delimiter, self._columns = header.split(
                    shown_name(self.path), block[:cut], self.table, self.limits.line
                )
                rest = block[cut:]
                number = 2
            if rest:
                yield number, rest
                number += rest.count(b"\n")
        if number == 1:
            raise IngestError(f"{shown_name(self.path)} is empty: its first line must name the columns")

    def _block(self, survey: records.Survey, first: int) -> tuple[pa.Table, list[Reject]]:
        rejects = []
        chosen = ~survey.is_suspect
        for at in np.flatnonzero(survey.is_suspect).tolist():
            line = survey.line(at)
            if records.is_blank(line):
                self.blank += 1
            elif reason := records.fault(line, self._delimiter, len(self._columns), self.limits.line):
                rejects.append(Reject(first + at, "", reason, text(line[: self.limits.line])))
            else:
                chosen[at] = True
        places = np.flatnonzero(chosen)
        rows, refused = self._rows(survey.only(chosen), places.size)
        rejects += [Reject(first + int(places[at]), *why, text(survey.line(places[at]))) for at, why in refused.items()]
        rejects.sort(key=lambda reject: reject.line)
        good = np.ones(places.size, bool)
        good[list(refused)] = False
        rows = rows.append_column(LINE, pa.array(places + first, pa.int64()))
        return rows.filter(pa.array(good)) if refused else rows, rejects

    def _rows(self, data: bytes, count: int) -> tuple[pa.Table, dict[int, tuple[str, str]]]:
        """The rows of `count` sound lines, and column and reason of those that are refused."""
        texts = _cells(data, self._columns, self._delimiter, self.limits.line) if count else None
        if texts is not None and texts.num_rows != count:
            raise IngestError(
                f"{shown_name(self.path)}: {count} lines gave {texts.num_rows} records; nothing was loaded"
            )
        values = {}
        refused: dict[int, tuple[str, str]] = {}
        for column in self._columns:
            cells = texts[column.name].combine_chunks() if texts is not None else pa.array([], pa.string())
            found = arrays.read(column, cells)
            values[column.name] = found.values
            for at, reason in found.refused.items():
                refused.setdefault(at, (column.name, reason))
        return arrays.whole(self.table, values, count), refused


def _cells(data: bytes, columns: tuple[Column, ...], delimiter: str, longest: int) -> pa.Table:
    """All cells as text; `data` holds nothing but sound records, so this cannot go wrong on it."""
    return pyarrow.csv.read_csv(
        pa.BufferReader(data),
        read_options=pyarrow.csv.ReadOptions(
            column_names=[c.name for c in columns], block_size=max(4 * longest, 1 << 20)
        ),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={c.name: pa.string() for c in columns}, strings_can_be_null=False, check_utf8=False
        ),
    )
