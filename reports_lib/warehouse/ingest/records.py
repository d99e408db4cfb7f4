"""Lines of a CSV file: which are records, which are blank, and what is wrong with the others.

**A record is one line.** Call records are written so by every switch, and it is the only reading
under which an unterminated quote costs one record instead of all that follow it (T20). Within its
line a record is RFC 4180, to the letter:

    12,"Smith, ""Al"" B.",7         three fields; the second is  Smith, "Al" B.
    12,"Smith,7                    rejected: the quote is never closed
    12,5" pipe,7                   rejected: a quote inside a field that does not begin with one

Where quoting is off, as a format of call records may say, a quote is a letter like any other.

A line ends in LF or CRLF; a CR elsewhere, a NUL, bytes that are not UTF-8 and an endless line
reject the record. Text that holds line breaks has to come as Parquet.

`survey` finds the suspicious lines of a whole block with numpy; `fault` then looks at each of
these alone. The two are held equal by a test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]
LF, CR, QUOTE, NUL = 10, 13, 34, 0


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a line is divided: into as many fields as one of `widths` says; `longest` in bytes."""

    delimiter: str
    widths: tuple[int, ...]
    longest: int
    is_quoted: bool = True


def fields(line: str, delimiter: str) -> list[str]:
    """The fields of one record; raises `ValueError` with what is wrong with its quotes."""
    found: list[str] = []
    at = 0
    while True:
        if not line.startswith('"', at):
            end = line.find(delimiter, at)
            text = line[at:] if end < 0 else line[at:end]
            if '"' in text:
                raise ValueError('a quote inside a field that does not begin with one; write "" within quotes')
        else:
            text, end = _quoted(line, at + 1, delimiter)
        found.append(text)
        if end < 0:
            return found
        at = end + 1


def _quoted(line: str, at: int, delimiter: str) -> tuple[str, int]:
    """Text of the quoted field that begins at `at`, and where its delimiter is, -1 at the end."""
    parts = []
    while (close := line.find('"', at)) >= 0:
        parts.append(line[at:close])
        at = close + 1
        if not line.startswith('"', at):
            break
        parts.append('"')
        at += 1
    else:
        raise ValueError("a quote is not closed on its line")
    if at < len(line) and line[at] != delimiter:
        raise ValueError("text after a closing quote")
    return "".join(parts), at if at < len(line) else -1


def is_blank(line: bytes) -> bool:
    """Whether a line holds nothing but spaces and tabs."""
    return not line.strip(b" \t\r")


def decode(line: bytes, longest: int) -> str:
    """Text of a line given without its LF; raises `ValueError` with what is wrong with its bytes."""
    if len(line) > longest:
        raise ValueError(f"longer than {longest:,} bytes")
    line = line.removesuffix(b"\r")
    if b"\0" in line:
        raise ValueError("a NUL byte")
    if b"\r" in line:
        raise ValueError("a carriage return in the middle of the line")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start + 1}") from None


def fault(line: bytes, dialect: Dialect) -> str | None:
    """What is wrong with a line that is not blank, given without its LF; None if nothing is."""
    try:
        text = decode(line, dialect.longest)
        found = fields(text, dialect.delimiter) if dialect.is_quoted else text.split(dialect.delimiter)
    except ValueError as error:
        return str(error)
    if len(found) in dialect.widths:
        return None
    return f"{len(found)} fields instead of {' or '.join(map(str, dialect.widths))}"


@dataclass(frozen=True, slots=True)
class Survey:
    """The lines of a block: where each starts, where its LF is, whether it needs a closer look."""

    data: npt.NDArray[np.uint8]
    starts: Positions
    ends: Positions
    is_suspect: Marks
    widths: Positions  # fields of each line; of a suspect one this may be wrong

    def line(self, index: int) -> bytes:
        """A line without its LF."""
        return self.data[self.starts[index] : self.ends[index]].tobytes()

    def only(self, chosen: Marks) -> bytes:
        """The chosen lines, each with its LF, one after the other."""
        if chosen.all():
            return self.data.tobytes()
        return self.data[np.repeat(chosen, self.ends - self.starts + 1)].tobytes()


def survey(block: bytes, dialect: Dialect) -> Survey:
    """Look over a block of whole lines; a line not marked suspect is a sound record."""
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == LF)
    starts = np.concatenate(([0], ends[:-1] + 1))
    is_suspect = ends - starts > dialect.longest
    first = data[starts]  # an empty line begins with its own end
    is_suspect |= (first == LF) | (first == CR) | (first == ord(" ")) | (first == ord("\t"))

    def suspect(positions: Positions) -> None:
        is_suspect[np.searchsorted(ends, positions)] = True

    suspect(np.flatnonzero(data == NUL))
    returns = np.flatnonzero(data == CR)
    suspect(returns[data[returns + 1] != LF])  # the last byte is LF, so there is a next one
    if not _is_utf8(block):
        suspect(np.flatnonzero(data >= 0x80))
    marks = np.flatnonzero(data == ord(dialect.delimiter))
    quotes = np.flatnonzero(data == QUOTE) if dialect.is_quoted else np.empty(0, np.int64)
    upto = np.searchsorted(marks, ends)  # how many delimiters there are up to the end of each line
    if quotes.size:
        quoted = np.searchsorted(quotes, ends)
        suspect(_misplaced(data, quotes, quoted, ord(dialect.delimiter)))
        # a delimiter counts if an even number of quotes stands before it on its line
        before = np.cumsum(data == QUOTE, dtype=np.int32)[marks] - np.repeat(_before(quoted), np.diff(upto, prepend=0))
        marks = marks[before % 2 == 0]
        upto = np.searchsorted(marks, ends)
    count = np.diff(upto, prepend=0) + 1
    is_suspect |= ~_among(count, dialect.widths)
    return Survey(data, starts, ends, is_suspect, count)


def _misplaced(data: npt.NDArray[np.uint8], quotes: Positions, upto: Positions, delimiter: int) -> Positions:
    """The quotes that RFC 4180 does not allow where they stand; `upto` says how many there are to the end of each line.

    Within a line, quotes open and close in turn. An opening one follows a delimiter, the line's
    start or a closing one (together they are an escaped quote); a closing one comes before a
    delimiter, the line's end or an opening one.
    """
    a_line = np.diff(upto, prepend=0)
    number = np.arange(quotes.size) - np.repeat(_before(upto), a_line)
    is_opening = number % 2 == 0
    before = data[quotes - 1]  # of the very first byte this is the last, an LF: a line's start too
    after = data[quotes + 1]
    opens = (before == delimiter) | (before == LF) | (before == QUOTE)
    closes = (after == delimiter) | (after == LF) | (after == CR) | (after == QUOTE)
    is_last = number == np.repeat(a_line, a_line) - 1
    misplaced: Positions = quotes[np.where(is_opening, ~opens | is_last, ~closes)]
    return misplaced


def _before(upto: Positions) -> Positions:
    """How many there are before each line, of how many there are up to the end of each."""
    found: Positions = np.concatenate(([0], upto[:-1]))
    return found


def _among(count: Positions, widths: Sequence[int]) -> Marks:
    found: Marks = count == widths[0] if len(widths) == 1 else np.isin(count, widths)
    return found


def _is_utf8(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
