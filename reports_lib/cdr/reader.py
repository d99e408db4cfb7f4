"""A file of call records -> rows of a canonical table with their line numbers, and rejects."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.cdr.batch import Batch, Known, Place, Values, blank
from reports_lib.cdr.format import NONE, TYPES, Format
from reports_lib.cdr.times import Clock
from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest import arrays, header, records
from reports_lib.warehouse.ingest.cells import shown
from reports_lib.warehouse.ingest.content import Content
from reports_lib.warehouse.ingest.delimited import LineFile, Refused, one

_BOM = b"\xef\xbb\xbf"
_TYPE = re.compile(r"[A-Za-z]+ ?(\([0-9, ]+\))?")
QUOTE, SPACE = records.QUOTE, ord(" ")


@dataclass(slots=True)
class CdrFile(LineFile):
    """One file of a format."""

    format: Format = field(kw_only=True)
    known: Mapping[Place, Known] = field(kw_only=True)
    called: str = field(default="", kw_only=True)  # in messages, where the path has another name
    _names: tuple[str, ...] = field(default=(), init=False)  # of the file's columns

    def _content(self) -> Content:
        return Content(self.path, self.limits, self.member, self.called)

    def _begin(self, block: bytes) -> int:
        if not block:
            raise IngestError(f"{self.name} is empty; there is nothing to load")
        made, cut = self.format, len(_BOM) if block.startswith(_BOM) else 0
        self._names = made.columns
        widths = made.widths
        if made.heading != NONE:
            line, cut = _line(block, cut)
            self._names = self._named(line)
            widths = (len(self._names),)
        if made.heading == TYPES:
            line, cut = _line(block, cut)
            if line and not all(_TYPE.fullmatch(each.strip()) for each in self._fields(line)):
                raise IngestError(f"{self.name}: its second line must name the columns' types; it is {shown(line)}")
        self._dialect = records.Dialect(made.delimiter, widths, self.limits.line, made.is_quoted)
        return cut

    def _named(self, line: str) -> tuple[str, ...]:
        """The columns that the first line names, as the format calls them; others keep their names."""
        wanted = {header.plain(name): name for name in self.format.sources}
        found = [wanted.get(header.plain(text), text) for text in self._fields(line)]
        missing = sorted(self.format.sources - set(found) - self.format.optional)
        if missing:
            what = f"{', '.join(missing[:5])}{' and more' if len(missing) > 5 else ''}"
            raise IngestError(f"{self.name} is no {self.format.title}: its first line does not name {what}")
        if again := [name for name in self.format.sources if found.count(name) > 1]:
            raise IngestError(f"{self.name}: its first line names {', '.join(sorted(again))} twice")
        return tuple(found)

    def _fields(self, line: str) -> list[str]:
        try:
            return records.fields(line, self.format.delimiter)
        except ValueError as error:
            raise IngestError(f"{self.name}: {error} in what its columns are called") from None

    def fitting(self, most: int) -> tuple[int, int]:
        """How many of the first records, at `most`, have the format's fields and times; and of how many.

        Raises `IngestError` where the file cannot be of the format.
        """
        for _, block in self._blocks(self._content()):
            survey = records.survey(self._prepared(block), self._dialect)
            filled = survey.ends - survey.starts > 1
            count = min(int(filled.sum()), most)
            places = np.flatnonzero(~survey.is_suspect & filled)[:count]
            if not places.size:
                return 0, count
            batch = Batch(self._by_name(survey, places), places.size)
            wrong: set[int] = set()
            for column in self.table.columns:
                term = self.format.terms.by_name.get(column.name)
                if term and isinstance(term.end, Clock):
                    wrong |= term.read(column, batch).refused.keys()
            return places.size - len(wrong), count
        return 0, 0

    def _prepared(self, block: bytes) -> bytes:
        return _unpadded(block, self.format.delimiter) if self.format.is_padded else block

    def _rows(self, survey: records.Survey, places: npt.NDArray[np.int64]) -> tuple[pa.Table, Refused]:
        if not places.size:
            return arrays.whole(self.table, {}, 0), {}
        batch = Batch(self._by_name(survey, places), places.size, self.format.switch, self.known)
        refused: Refused = {}
        for check in self.format.only:
            wrong = pc.indices_nonzero(pc.invert(check.holds(batch))).to_pylist()
            cells = batch.cells[check.column].take(pa.array(wrong, pa.int64())).to_pylist()
            for at, text in zip(wrong, cells, strict=True):
                refused.setdefault(at, (check.column, f"{shown(text or '')} is not {' or '.join(check.texts)}"))
        values: dict[str, pa.Array] = {}
        read: dict[str, Values] = {}
        kinds = {column.name: column for column in self.table.columns}
        for name, term in self.format.terms.by_name.items():
            read[name] = found = term.read(kinds[name], batch)
            for at, reason in found.refused.items():
                refused.setdefault(at, (name, reason))
        self._put_in_order(read, refused)
        values = {name: found.values for name, found in read.items()}
        return arrays.whole(self.table, values, places.size), refused

    def _put_in_order(self, read: Mapping[str, Values], refused: Refused) -> None:
        """Of an hour that the clock showed twice, take the second where the first would run backwards."""
        for before, after in pairwise(self.format.ascending):
            first, found = read[before], read[after]
            if found.later is not None:
                backwards = pc.fill_null(pc.less(found.values, first.values), False)
                found.values = pc.if_else(backwards, found.later, found.values)
            for at in pc.indices_nonzero(pc.fill_null(pc.less(found.values, first.values), False)).to_pylist():
                refused.setdefault(at, (after, f"{found.values[at]} is before {before}, {first.values[at]}"))

    def _by_name(self, survey: records.Survey, places: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
        """The cells that the format reads; a column that a record does not reach is empty."""
        wanted = sorted(self.format.sources)
        widths = survey.widths[places]
        parts, order = [], []
        for width in np.unique(widths).tolist():
            own = places[widths == width]
            order.append(own)
            texts = self._cells(survey, own, self._names[:width])
            parts.append({name: self._column(texts, name, own.size) for name in wanted})
        if len(parts) == 1:
            return parts[0]
        back = pa.array(np.argsort(np.concatenate(order)))
        return {name: pa.concat_arrays([part[name] for part in parts]).take(back) for name in wanted}

    def _column(self, texts: pa.Table, name: str, count: int) -> pa.Array:
        at = texts.schema.get_field_index(name)
        return blank(one(texts.column(at))) if at >= 0 else pa.nulls(count, pa.string())


def _line(block: bytes, start: int) -> tuple[str, int]:
    """The text of the line that begins at `start`, and where the next one does."""
    end = block.find(b"\n", start)
    if end < 0:
        return "", len(block)
    return block[start:end].removesuffix(b"\r").decode("utf-8", "replace"), end + 1


def _unpadded(block: bytes, delimiter: str) -> bytes:
    """The block without spaces between a delimiter and an opening quote, where they are no part of a text."""
    if f'{delimiter} "'.encode() not in block:
        return block
    data = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(data == QUOTE)
    openers = quotes[(quotes > 1) & (data[quotes - 1] == SPACE) & (data[quotes - 2] == ord(delimiter))]
    ends = np.flatnonzero(data == records.LF)
    lines = np.concatenate(([0], ends + 1))[np.searchsorted(ends, openers)]
    before = np.searchsorted(quotes, openers) - np.searchsorted(quotes, lines)
    kept = np.ones(data.size, bool)
    kept[openers[before % 2 == 0] - 1] = False
    return data[kept].tobytes()
