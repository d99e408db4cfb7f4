"""Files into tables, on both engines: all rows or none, every line accounted for."""

import csv
import gzip
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from reports_lib.errors import IngestError, UnknownNameError, WarehouseError
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import connect
from reports_lib.warehouse.ingest import Report, ingest
from reports_lib.warehouse.versions import versions

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HEAD = b"operator_id,name,user_id\n"


@pytest.fixture
def load(address: Address, tmp_path: Path) -> Callable[..., Report]:
    """`load(b"...", b"...")`: these contents as files into table `operator`."""

    def run(*contents: bytes, table="operator", name="calls.csv", **options) -> Report:
        paths = []
        for number, content in enumerate(contents):
            path = tmp_path / (name if not number else f"{number}-{name}")
            path.write_bytes(content)
            paths.append(path)
        options = {"author": "ann", "message": "March", "now": NOW, "rejects": tmp_path / "rejects"} | options
        return ingest(address, table, paths, **options)

    return run


@pytest.fixture
def held(address: Address) -> Callable[..., list[tuple]]:
    """All rows of a table, by its key."""

    def read(table="operator"):
        with connect(address, as_of=datetime(2030, 1, 1, tzinfo=UTC)) as warehouse:
            return sorted(tuple(row.values()) for row in warehouse.table(table).to_pyarrow().to_pylist())

    return read


def rejects(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_good_lines_are_rows_of_one_version_with_author_and_message(load, held, address):
    report = load(HEAD + b'1,"Smith, ""Al""",\n2,Bob,7\n', HEAD + b"3,Eve,\n")
    assert (report.lines, report.loaded, report.rejected, report.blank) == (3, 3, 0, 0)
    assert [(f.name, f.loaded) for f in report.files] == [("calls.csv", 2), ("1-calls.csv", 1)]
    assert report.rejects_path is None
    assert held() == [(1, None, 'Smith, "Al"'), (2, 7, "Bob"), (3, None, "Eve")]
    if address.is_lake:
        *_, before, last = versions(address)
        assert (last.name, last.author, last.message) == (report.version, "ann", "March")
        assert int(last.name) == int(before.name) + 1  # rows and ledger are one version


# T-20: DuckDB's reader loaded 1 of 8 such rows and wrote rejects for 4
def test_an_unterminated_quote_rejects_one_record(load, held):
    lines = [b"%d,name %d,\n" % (n, n) for n in range(1, 9)]
    lines[2] = b'3,"name 3,\n'
    report = load(HEAD + b"".join(lines), skip_bad=True)
    assert (report.lines, report.loaded, report.rejected, report.blank) == (8, 7, 1, 0)
    assert [row[0] for row in held()] == [1, 2, 4, 5, 6, 7, 8]
    assert rejects(report.rejects_path) == [
        {
            "file": "calls.csv",
            "line": "4",
            "column": "",
            "reason": "a quote is not closed on its line",
            "record": '3,"name 3,',
        }
    ]


def test_one_bad_line_keeps_all_others_out(load, held, tmp_path):
    with pytest.raises(IngestError) as told:
        load(HEAD + b"1,Ann,\nx,Bob,\n3,,\n\n4,Dan\n5,Eve,1.5\n")
    (path,) = (tmp_path / "rejects").iterdir()
    assert str(told.value) == (
        "4 of 6 lines do not fit table operator: calls.csv:3: operator_id: 'x' is not a whole number;"
        " calls.csv:4: name: is empty, but every row needs it; calls.csv:6: 2 fields instead of 3; and 1 more;"
        f" all are in {path}; nothing was loaded (--skip-bad loads the others)"
    )
    assert [row["line"] for row in rejects(path)] == ["3", "4", "6", "7"]
    assert held() == []


def test_keys_are_compared_within_the_files_and_with_the_table(load, held):
    load(HEAD + b"1,Ann,\n")
    report = load(HEAD + b"1,Bob,\n2,Bob,\n2,Cat,\n3,Dan,\n", HEAD + b"3,Eve,\n1,Fay,\n", skip_bad=True)
    assert [(r["file"], r["line"], r["column"], r["reason"], r["record"]) for r in rejects(report.rejects_path)] == [
        ("calls.csv", "2", "operator_id", "operator_id=1 is in the table already", "1,Bob,"),
        ("calls.csv", "4", "operator_id", "operator_id=2 is in line 3", "2,Cat,"),
        ("1-calls.csv", "2", "operator_id", "operator_id=3 is in line 5 of an earlier file", "3,Eve,"),
        ("1-calls.csv", "3", "operator_id", "operator_id=1 is in line 2 of an earlier file", "1,Fay,"),
    ]
    assert [(f.lines, f.loaded, f.rejected) for f in report.files] == [(4, 2, 2), (2, 0, 2)]
    assert [row[2] for row in held()] == ["Ann", "Bob", "Dan"]


def test_ids_below_0_are_those_of_our_own_rows(load, held):
    head, row = b"file_id,name,size_bytes,uploaded_at,status\n", b",a,1,2026-01-01 00:00:00,waiting\n"
    with pytest.raises(
        IngestError, match=r"1 of 2 lines do not fit .* file_id=-7 is below 0, where Daybook's own rows"
    ):
        load(head + b"3" + row + b"-7" + row, table="cdr_file")
    assert load(head + b"3" + row + b"-7" + row, table="cdr_file", skip_bad=True).rejected == 1
    assert [row[0] for row in held("cdr_file")] == [3]


def test_the_same_content_twice_is_refused_unless_again(load, held):
    load(HEAD + b"1,Ann,\n")
    with pytest.raises(
        IngestError, match=r"^calls.csv was loaded into operator on 2026-03-01 12:00 UTC as calls.csv; --again"
    ):
        load(gzip.compress(HEAD + b"1,Ann,\n"))  # its gzip is the same file
    with pytest.raises(IngestError, match="operator_id=1 is in the table already"):  # again does not double rows
        load(HEAD + b"1,Ann,\n", again=True)
    with pytest.raises(IngestError, match=r"1-calls\.csv has the same content as calls\.csv"):
        load(HEAD + b"2,Bob,\n", HEAD + b"2,Bob,\n")
    assert len(held()) == 1


def test_a_file_may_come_again_after_its_rows_were_taken_out(load, held, address):
    from reports_lib.warehouse.writer import execute

    load(HEAD + b"1,Ann,\n")
    execute(address, f"delete from {'' if address.is_lake else 'books.'}operator", author="ann", message="wrong file")
    load(HEAD + b"1,Ann,\n", again=True)
    assert len(held()) == 1


def test_a_file_that_failed_is_not_in_the_ledger(load, held):
    with pytest.raises(IngestError):
        load(HEAD + b"1,Ann,\n2,,\n")
    load(HEAD + b"1,Ann,\n2,,\n", skip_bad=True)
    assert len(held()) == 1


def test_nothing_to_load_makes_no_version_and_may_come_every_day(load, address):
    for content in (HEAD, HEAD, HEAD + b"\n  \n"):
        report = load(content)
        assert (report.loaded, report.version, report.blank) == (0, None, report.lines)
    if address.is_lake:
        assert all(version.message != "March" for version in versions(address))


def test_all_lines_bad_is_an_error_even_with_skip_bad(load):
    with pytest.raises(IngestError, match=r"1 of 1 lines do not fit .* nothing was loaded$"):
        load(HEAD + b"x,Ann,\n", skip_bad=True)


def test_every_type_is_exact(load, held):
    head = b"usage_id,client_id,origin,service_id,started_at,volume,amount,currency,is_paid\n"
    report = load(
        head
        + b"1,7,orig,1,2026-01-01T00:30:00+02:00,.5,123456789012.123456,EUR,TRUE\n"
        + b"2,7,term,1,2026-01-01 00:30,1,-0.000001,EUR,f\n"
        + b"3,7,orig,1,2026-01-01 00:30:00.123456Z,1.50000000,1,EUR,1\n"
        + b"4,7,orig,1,2026-01-01 00:30:00,1,0.0000001,EUR,1\n"
        + b"5,7,orig,1,2026-02-30 00:30:00,1,1,EUR,1\n"
        + b"6,7,Orig,1,2026-01-01 00:30:00,1,1,EUR,1\n"
        + b"7,7,orig,1,2026-01-01 00:30:00,1,1234567890123,EUR,1\n"
        + b"99999999999999999999,7,orig,1,2026-01-01,1,1,EUR,yes\n",
        table="usage_event",
        skip_bad=True,
    )
    assert [(row[5], row[10], row[12], row[17]) for row in held("usage_event")] == [
        (datetime(2025, 12, 31, 22, 30), Decimal("0.5"), Decimal("123456789012.123456"), True),
        (datetime(2026, 1, 1, 0, 30), Decimal(1), Decimal("-0.000001"), False),
        (datetime(2026, 1, 1, 0, 30, 0, 123456), Decimal("1.5"), Decimal(1), True),
    ]
    assert [(r["line"], r["column"], r["reason"]) for r in rejects(report.rejects_path)] == [
        ("5", "amount", "'0.0000001' has more than 6 decimals"),
        ("6", "started_at", "'2026-02-30 00:30:00' is no time of the calendar"),
        ("7", "origin", "'Orig' is not one of orig, term; did you mean 'orig'?"),
        ("8", "amount", "'1234567890123' has more than 12 digits before the point"),
        ("9", "usage_id", "'99999999999999999999' is beyond 64 bits"),
    ]


def test_a_table_that_is_absent_is_made(load, held, address):
    from reports_lib.warehouse.writer import execute

    execute(address, f"drop table {'' if address.is_lake else 'books.'}operator", author="ann", message="gone")
    load(HEAD + b"1,Ann,\n")
    assert len(held()) == 1


def test_a_reader_cannot_load(address, as_reader, tmp_path):
    (tmp_path / "calls.csv").write_bytes(HEAD + b"1,Ann,\n")
    with pytest.raises(WarehouseError, match="nothing is written"):
        ingest(as_reader(address), "operator", [tmp_path / "calls.csv"], author="a", message="m", now=NOW)


def test_an_unknown_table_and_no_file(load):
    with pytest.raises(UnknownNameError, match="did you mean 'operator'"):
        load(HEAD, table="operater")
    with pytest.raises(IngestError, match="no file to load"):
        load()


def test_of_two_loads_of_one_file_at_once_one_finds_the_other(address, held, tmp_path):
    path = tmp_path / "calls.csv"
    path.write_bytes(HEAD + b"1,Ann,\n")

    def once(_):
        try:
            return ingest(address, "operator", [path], author="a", message="m", now=NOW).loaded
        except IngestError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(once, range(2)), key=str)
    assert first == 1
    assert second.startswith("calls.csv was loaded into operator")
    assert len(held()) == 1


def test_rejects_that_cannot_be_written_keep_everything_out(load, held, tmp_path):
    (tmp_path / "rejects").write_text("a file, not a folder")
    with pytest.raises(IngestError, match=r"^the rejects cannot be written to .*; nothing was loaded$"):
        load(HEAD + b"1,Ann,\nx,Bob,\n", skip_bad=True)
    assert held() == []


def test_two_rejects_files_of_one_second_have_two_names(load, tmp_path):
    for _ in range(2):
        with pytest.raises(IngestError):
            load(HEAD + b"x,Ann,\n")
    first, second = sorted((path.name for path in (tmp_path / "rejects").iterdir()), key=len)
    assert second == first.replace(".csv", "-2.csv")


def test_progress_is_told(load):
    told = []
    load(HEAD + b"1,Ann,\n2,Bob,\n", progress=lambda *seen: told.append(seen))
    assert told == [("calls.csv", 2)]


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ingest import ingest, targets

point, address, file = sys.argv[1:]
target = targets.LakeTarget if "data_path" in address else targets.PostgresTarget
whole = getattr(target, point)

def killed(*given):
    if point == "fill":
        whole(*given)  # the lake has committed by then, Postgres has not
    os.kill(os.getpid(), signal.SIGKILL)

setattr(target, point, killed)
ingest(Address.parse(address), "operator", [Path(file)], author="a", message="m", now=datetime.now(UTC))
"""


# F1, T-20: rows and ledger agree wherever the process is killed
@pytest.mark.parametrize("point", ["present", "fill"])
def test_killed_half_way_all_or_nothing(address, held, tmp_path, point):
    path = tmp_path / "calls.csv"
    path.write_bytes(HEAD + b"".join(b"%d,name,\n" % n for n in range(1, 2001)))
    done = subprocess.run([sys.executable, "-c", KILLED, point, str(address), str(path)], check=False)
    assert done.returncode == -9
    is_loaded = point == "fill" and address.is_lake
    assert len(held()) == (2000 if is_loaded else 0)
    if is_loaded:
        with pytest.raises(IngestError, match="was loaded into operator"):
            ingest(address, "operator", [path], author="a", message="m", now=NOW)
    else:
        ingest(address, "operator", [path], author="a", message="m", now=NOW)
    assert len(held()) == 2000
