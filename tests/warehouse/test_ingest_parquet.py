"""Parquet into tables: types compared first, values cast only where nothing is lost."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest import Limits, ingest
from reports_lib.warehouse.ingest.sources import sources
from reports_lib.warehouse.tables import TABLES

BAD = b"caf\xe9"  # Latin-1, in a column that says UTF-8


def read(tmp_path, table, columns, limits=None):
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    (source,) = sources([tmp_path / "f.parquet"], TABLES[table], limits or Limits())
    rows, bad = [], []
    for good, rejects in source.batches():
        rows += good.to_pylist()
        bad += rejects
    return rows, bad, source


def test_types_that_hold_the_same_values(tmp_path):
    kyiv = timezone(timedelta(hours=2))
    (row,), bad, _ = read(
        tmp_path,
        "invoice_revision",
        {
            "Invoice_Id": pa.array([7], pa.uint64()),
            "revision_no": pa.array([1], pa.int8()),
            "paid_amount": pa.array([5], pa.int32()),
            "total": pa.array([Decimal("5.50")], pa.decimal128(30, 2)),
            "revised_at": pa.array([datetime(2026, 1, 1, tzinfo=kyiv)], pa.timestamp("ns", "Europe/Kyiv")),
            "revised_by_name": pa.array(["Ann"]).dictionary_encode(),
            "revised_by_email": pa.array(["a@b.c"], pa.large_string()),
            "comment": pa.array(["two\nlines"], pa.string()),
            "document_sha256": pa.array(["0"]),
        },
    )
    assert bad == []
    assert (row["invoice_id"], row["paid_amount"], row["total"]) == (7, Decimal(5), Decimal("5.5"))
    assert row["revised_at"] == datetime(2025, 12, 31, 22)
    assert (row["revised_by_name"], row["comment"]) == ("Ann", "two\nlines")


def test_all_differences_in_one_message(tmp_path):
    with pytest.raises(IngestError) as told:
        read(
            tmp_path,
            "coupon_group",
            {"group_id": pa.array(["7"]), "nam": pa.array(["x"]), "created_at": pa.array([1.5])},
        )
    assert str(told.value) == (
        "f.parquet does not fit table coupon_group: unknown column 'nam' (did you mean 'name'?); name is missing;"
        " group_id is string, not int64; created_at is double, not timestamp[us]; nothing was loaded"
    )


def test_floats_are_no_money(tmp_path):
    with pytest.raises(IngestError, match=r"rate is double, not decimal128\(18, 9\)"):
        read(
            tmp_path,
            "fx_rate",
            {"from_currency": ["EUR"], "to_currency": ["USD"], "effective_from": [datetime(2026, 1, 1)], "rate": [1.1]},
        )


def test_values_that_would_lose_something_are_rejected_row_by_row(tmp_path):
    rows, bad, source = read(
        tmp_path,
        "fx_rate",
        {
            "from_currency": ["EUR", "EUR", "E\0R", None, "EUR"],
            "to_currency": ["USD"] * 5,
            "effective_from": pa.array([1000, 1, 3000, 4000, 2**62], pa.timestamp("ns")),
            "rate": [Decimal("1.1234567891"), Decimal("1.5"), Decimal(1), Decimal(1), Decimal("1e9")],
        },
    )
    assert rows == []
    assert [(r.line, r.column, r.reason) for r in bad] == [
        (1, "rate", "cannot be stored as decimal128(18, 9) without loss"),
        (2, "effective_from", "cannot be stored as timestamp[us] without loss"),
        (3, "from_currency", "a NUL character"),
        (4, "from_currency", "is empty, but every row needs it"),
        (5, "effective_from", "cannot be stored as timestamp[us] without loss"),
    ]
    assert json.loads(bad[3].record)["from_currency"] is None
    report = source.report()
    assert (report.lines, report.loaded, report.rejected, report.blank) == (5, 0, 5, 0)


def test_text_that_is_not_utf8_and_words_that_are_not_listed(tmp_path):
    text = pa.array([b"ok", BAD, b"ok"], pa.binary()).cast(pa.string(), safe=False)
    rows, bad, _ = read(tmp_path, "content", {"content_id": [1, 2, 3], "title": text, "kind": ["live", "vod", "film"]})
    assert [row["content_id"] for row in rows] == [1]
    assert [(r.line, r.column) for r in bad] == [(2, "title"), (3, "kind")]
    assert bad[1].reason == "'film' is not one of live, vod"


def test_days_and_times_beyond_the_calendar(tmp_path):
    rows, bad, _ = read(
        tmp_path,
        "coupon_group",
        {
            "group_id": [1, 2],
            "name": ["a", "b"],
            "created_at": pa.array([0, 2**61], pa.timestamp("us")),
        },
    )
    assert [row["group_id"] for row in rows] == [1]
    assert (bad[0].column, bad[0].reason) == ("created_at", "is beyond what can be stored")


def test_damaged_and_too_large(tmp_path):
    with pytest.raises(IngestError, match="holds more than 1,000 bytes"):
        read(
            tmp_path,
            "content",
            {"content_id": range(999), "title": ["x"] * 999, "kind": ["vod"] * 999},
            Limits(content=1000),
        )
    whole = (tmp_path / "f.parquet").read_bytes()
    (tmp_path / "f.parquet").write_bytes(whole[:100] + b"\xff" * 40 + whole[140:])
    (source,) = sources([tmp_path / "f.parquet"], TABLES["content"], Limits())
    with pytest.raises(IngestError, match=r"^f\.parquet is a damaged Parquet file"):
        list(source.batches())
    (tmp_path / "f.parquet").write_bytes(whole[: len(whole) // 2])
    (source,) = sources([tmp_path / "f.parquet"], TABLES["content"], Limits())
    with pytest.raises(IngestError, match=r"^f\.parquet is a damaged Parquet file"):
        list(source.batches())


def test_csv_and_parquet_in_one_load(address, tmp_path):
    from reports_lib.warehouse.connection import connect

    pq.write_table(
        pa.table({"content_id": [1, 2, 2], "title": ["a", "b\nc", "again"], "kind": ["live", "vod", "vod"]}),
        tmp_path / "a.parquet",
    )
    (tmp_path / "b.csv").write_text("content_id,title,kind\n3,d,vod\n1,e,vod\n")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    options = {"author": "ann", "message": "both", "now": now, "rejects": tmp_path / "rejects"}
    report = ingest(address, "content", [tmp_path / "a.parquet", tmp_path / "b.csv"], skip_bad=True, **options)
    assert (report.lines, report.loaded, report.rejected) == (5, 3, 2)
    with connect(address, as_of=now) as warehouse:
        found = warehouse.table("content").order_by("content_id").to_pyarrow().to_pylist()
    assert [(row["content_id"], row["title"]) for row in found] == [(1, "a"), (2, "b\nc"), (3, "d")]
    kept = report.rejects_path.read_text()
    assert "a.parquet,3,content_id,content_id=2 is in line 2," in kept
    assert 'b.csv,3,content_id,content_id=1 is in line 1 of an earlier file,"1,e,vod"' in kept
    assert report.rejects_path.name.startswith("content-20260301T000000Z-")
