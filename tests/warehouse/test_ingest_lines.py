"""Bytes into lines, lines into records: every line is loaded, rejected or blank, whatever the bytes."""

import csv
import gzip
import hashlib
import random
import resource
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest import Limits, records
from reports_lib.warehouse.ingest.content import Content
from reports_lib.warehouse.ingest.report import FileReport
from reports_lib.warehouse.ingest.sources import sources
from reports_lib.warehouse.tables import TABLES

SMALL = Limits(line=40, block=64)
HEAD = b"operator_id,name,user_id\n"
PIECES = [
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"1",
    b"77",
    b"ann",
    b"\xff",
    b"\xc3\xa9",
    b"x" * 30,
]
soup = st.lists(st.sampled_from(PIECES), max_size=80).map(b"".join)
# few pieces a field, about three fields a line: near enough to a record for every mark to matter
field = st.lists(st.sampled_from([b'"', b'"', b'""', b",", b"a", b"1", b" "]), max_size=4).map(b"".join)
line = st.lists(field, min_size=2, max_size=4).map(b",".join)
quiet = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, table="operator", limits=SMALL):
    """Rows with their line numbers, rejects and the report of one file."""
    (source,) = sources([path], TABLES[table], limits)
    rows, bad = [], []
    for good, rejects in source.batches():
        rows += good.to_pylist()
        bad += rejects
    return rows, bad, source.report()


def refusal(path: Path, limits=SMALL) -> str:
    with pytest.raises(IngestError) as told:
        read(path, limits=limits)
    assert "\n" not in str(told.value)
    return str(told.value)


# T-20: fuzzed files
@quiet
@given(
    body=soup | st.lists(line, max_size=20).map(b"\n1,".join), is_gzip=st.booleans(), tail=st.sampled_from([b"", b"\n"])
)
def test_identity_holds_for_any_bytes(tmp_path, body, is_gzip, tail):
    content = HEAD + body + tail
    (tmp_path / "f.csv").write_bytes(gzip.compress(content) if is_gzip else content)
    rows, bad, report = read(tmp_path / "f.csv")
    lines = content.split(b"\n")[1:]
    lines = lines[:-1] if lines[-1] == b"" else lines
    blank = [n for n, line in enumerate(lines, 2) if not line.strip(b" \t\r")]
    assert (report.lines, report.blank) == (len(lines), len(blank))
    numbers = [row["__line"] for row in rows] + [reject.line for reject in bad] + blank
    assert sorted(numbers) == list(range(2, len(lines) + 2))  # each line once, none lost
    assert report.sha256 == hashlib.sha256(content).hexdigest()
    for row in rows:  # and a loaded line means what RFC 4180 says
        (cells,) = csv.reader([lines[row["__line"] - 2].decode().removesuffix("\r")], strict=True)
        assert [str(row["operator_id"]), row["name"], str(row["user_id"] or "")] == [str(int(cells[0])), *cells[1:]]


@quiet
@given(
    lines=st.lists(line | soup.map(lambda text: text.replace(b"\n", b"")), min_size=1),
    delimiter=st.sampled_from(",;\t"),
    is_quoted=st.booleans(),
)
def test_a_block_is_surveyed_as_each_line_would_be(lines, delimiter, is_quoted):
    lines = [line.replace(b",", delimiter.encode()) for line in lines]
    dialect = records.Dialect(delimiter, (3,), 40, is_quoted)
    survey = records.survey(b"\n".join(lines) + b"\n", dialect)
    for at, line in enumerate(lines):
        assert survey.line(at) == line
        is_bad = records.is_blank(line) or records.fault(line, dialect) is not None
        # these two are looked at more closely, no more
        is_odd = line[:1] in (b" ", b"\t") or not line.isascii()
        assert survey.is_suspect[at] >= is_bad
        assert survey.is_suspect[at] <= (is_bad or is_odd)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", [""]),
        ("a,b", ["a", "b"]),
        (",", ["", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"","x ""y"" z"', ["", 'x "y" z']),
        ('"""",1', ['"', "1"]),
        ('"a', "a quote is not closed on its line"),
        ('1,"', "a quote is not closed on its line"),
        ('"a"b,c', "text after a closing quote"),
        ('5" pipe', 'a quote inside a field that does not begin with one; write "" within quotes'),
    ],
)
def test_fields_of_a_record(line, found):
    if isinstance(found, list):
        assert records.fields(line, ",") == found
    else:
        with pytest.raises(ValueError, match=found):
            records.fields(line, ",")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,a\0,2", "a NUL byte"),
        (b"1,a\rb,2", "a carriage return in the middle of the line"),
        (b"1,a\xff,2", "not UTF-8 at byte 4"),
        (b"1," + b"a" * 60 + b",2", "longer than 40 bytes"),
        (b"1,a", "2 fields instead of 3"),
        (b"1,a,2,3", "4 fields instead of 3"),
    ],
)
def test_reasons_for_whole_lines(tmp_path, line, reason):
    (tmp_path / "f.csv").write_bytes(HEAD + line + b"\n2,b,\n")
    rows, (bad,), _ = read(tmp_path / "f.csv")
    assert (bad.line, bad.column, bad.reason) == (2, "", reason)
    assert [row["name"] for row in rows] == ["b"]
    assert "\0" not in bad.record


def test_crlf_bom_and_a_last_line_without_its_end(tmp_path):
    (tmp_path / "f.csv").write_bytes(b"\xef\xbb\xbf" + b'operator_id,name\r\n1,"a"\r\n\r\n2,b')
    rows, bad, report = read(tmp_path / "f.csv")
    assert ([row["name"] for row in rows], bad, report.lines, report.blank) == (["a", "b"], [], 3, 1)


@pytest.mark.parametrize("delimiter", [b",", b";", b"\t", b"|"])
def test_the_header_tells_the_delimiter(tmp_path, delimiter):
    (tmp_path / "f.csv").write_bytes(b'Name , "OPERATOR_ID"\n"a,;|",1\n'.replace(b" ", b"").replace(b",", delimiter))
    (row,), _, _ = read(tmp_path / "f.csv")
    assert (row["operator_id"], row["name"]) == (1, b"a,;|".replace(b",", delimiter).decode())


NO_NAMES = "f.csv: its first line must name the columns, but it is "


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "f.csv is empty: its first line must name the columns"),
        (gzip.compress(b""), "f.csv is empty: its first line must name the columns"),
        (
            b"operator_id,Nane,user_id,USER_ID,extra\n",
            "f.csv does not fit table operator: unknown column 'Nane' (did you mean 'name'?); unknown column 'extra';"
            " 'user_id' stands there 2 times; name is missing; nothing was loaded",
        ),
        (b"a\xe9,b\n", NO_NAMES + "not UTF-8 at byte 2"),
        (b"operator_id,name\r1,a\r2,b\n", NO_NAMES + "a carriage return in the middle of the line"),
        (
            "operator_id,name\n".encode("utf-16"),
            "f.csv is UTF-16; convert it to UTF-8, for instance with iconv -f UTF-16 -t UTF-8",
        ),
        (b"PK\x03\x04....", "f.csv ends in the middle of its zip data; get it again"),
        (gzip.compress(HEAD)[:-3], "f.csv ends in the middle of its gzip data; get it again"),
        (gzip.compress(gzip.compress(HEAD)), "f.csv is gzip inside gzip; unpack it once"),
    ],
    ids=["empty", "empty gzip", "names", "latin", "old mac", "utf-16", "zip", "cut", "twice"],
)
def test_files_that_are_refused_whole(tmp_path, content, told):
    (tmp_path / "f.csv").write_bytes(content)
    assert refusal(tmp_path / "f.csv", Limits()) == told


def test_damaged_gzip_and_what_is_no_file(tmp_path):
    damaged = bytearray(gzip.compress(HEAD + b"1,a,\n" * 99))
    damaged[-6] ^= 1
    (tmp_path / "f.csv").write_bytes(damaged)
    assert refusal(tmp_path / "f.csv").startswith("f.csv is damaged gzip data")
    assert refusal(tmp_path / "no\nne.csv") == f"no file {tmp_path}/no\\nne.csv"
    assert refusal(tmp_path) == f"{tmp_path} is not a file"


def test_members_of_a_gzip_are_one_content(tmp_path):
    (tmp_path / "f.gz").write_bytes(gzip.compress(HEAD + b"1,a") + gzip.compress(b"nn,\n2,bob,\n") + b"\0" * 512)
    rows, _, _ = read(tmp_path / "f.gz")
    assert [row["name"] for row in rows] == ["ann", "bob"]


# T-19: 10 MB that grow to 10 GB
def test_a_gzip_bomb_is_refused_soon_and_in_little_memory(tmp_path):
    pump = zlib.compressobj(9, wbits=31)
    one = b"1,a,\n" * 200_000
    with (tmp_path / "bomb.gz").open("wb") as file:
        file.write(pump.compress(HEAD))
        for _ in range(200):  # 200 MB, enough to tell
            file.write(pump.compress(one))
        file.write(pump.flush())
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(IngestError, match=r"^bomb\.gz grows more than 200 times: a gzip bomb$"):
        for _ in Content(tmp_path / "bomb.gz", Limits()).blocks():
            pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
    assert time.monotonic() - start < 30
    with pytest.raises(IngestError, match="holds more than 1,000,000 bytes; split it"):
        for _ in Content(tmp_path / "bomb.gz", Limits(content=1_000_000)).blocks():
            pass


def test_an_endless_line_is_not_kept(tmp_path):
    (tmp_path / "f.csv").write_bytes(HEAD + b"1," + b"a" * 20 * 1024 * 1024 + b",\n2,b,\n")
    blocks = list(Content(tmp_path / "f.csv", Limits()).blocks())
    assert sum(map(len, blocks)) < 7 * 1024 * 1024
    rows, (bad,), _ = read(tmp_path / "f.csv", limits=Limits())
    assert (bad.line, bad.reason, len(bad.record)) == (2, "longer than 1,048,576 bytes", 1024 * 1024)
    assert [row["__line"] for row in rows] == [3]


def test_original_lines_are_found_again_across_blocks(tmp_path):
    lines = [b"%d,%s," % (n, b"x" * random.Random(n).randrange(1, 30)) for n in range(200)]
    (tmp_path / "f.csv").write_bytes(HEAD + b"\r\n".join(lines))
    (source,) = sources([tmp_path / "f.csv"], TABLES["operator"], SMALL)
    wanted = [2, 3, 50, 51, 120, 201]
    assert list(source.reader.originals(iter(wanted))) == [lines[n - 2].decode() for n in wanted]


def test_a_count_that_does_not_add_up_is_an_error():
    FileReport("f.csv", "", 3, 1, 1, 1)
    with pytest.raises(IngestError, match="3 lines are not 1 loaded \\+ 1 rejected \\+ 0 blank; nothing was loaded"):
        FileReport("f.csv", "", 3, 1, 1, 0)
