"""The files of a snapshot, made side by side in other processes or one after another in this one."""

import io
from datetime import UTC, datetime

import nbformat.v4 as nb
import pikepdf
import pytest

from reports_lib.display import Column, Grid
from reports_lib.errors import LimitError, RowLimitError
from reports_lib.rendering.formats import Format
from reports_lib.rendering.notebook_file import parsed
from reports_lib.rendering.press import Press
from reports_lib.runs import render
from reports_lib.runs.render import contents
from reports_lib.snapshots.manifest import Author, Manifest
from tests.rendering.sample import cell, sample

pytestmark = pytest.mark.kernel

MADE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def press():
    with Press() as press:
        yield press


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    return tmp_path


@pytest.fixture
def draft():
    return Manifest(
        family="customer_dynamics",
        title="Customer <dynamics>",
        set_name="last-12-months",
        asked={},
        resolved={},
        labels={"currency": "USD"},
        requested_interval="2025-11-01/2026-10-31",
        data_interval=None,
        as_of=MADE,
        time_zone="Europe/Kyiv",
        data_version="17",
        notebook_sha256="0" * 64,
        code_version="0",
        generated_by=Author("analyst", "ann"),
        generated_at=MADE,
        duration_ms=0,
    )


def wide(rows):
    """One column more than XLS holds; as a PDF it takes WeasyPrint minutes."""
    columns = [Column(f"c{place}", f"No. {place}") for place in range(257)]
    return Grid("Wide", [{column.name: "x" for column in columns} for _ in range(rows)], columns, is_main=True)


@pytest.mark.parametrize("small", [0, render.SMALL], ids=["page made there", "page made here"])
def test_side_by_side_gives_the_same_bytes(press, folder, draft, monkeypatch, small):
    monkeypatch.setattr(render, "SMALL", small)
    executed = sample()
    alone, its_tables = contents(executed, folder, draft, list(Format))
    beside, their_tables = contents(executed, folder, draft, list(Format), press)
    assert beside == alone  # PDF, XLSX and XLS to the byte
    assert list(beside) == list(alone)
    assert their_tables == its_tables
    assert {"html", "pdf", "csv", "xlsx", "xls", "ipynb", "table:customer_dynamics"} <= set(beside)
    assert (beside["pdf"].mime, beside["pdf"].filename) == (
        "application/pdf",
        "customer_dynamics_2025-11-01_2026-10-31.pdf",
    )
    with pikepdf.open(io.BytesIO(beside["pdf"].data)) as document:
        assert str(document.docinfo["/CreationDate"]).startswith("D:20261102093000")


def test_only_what_was_asked_for_is_made(press, folder, draft):
    files, _ = contents(sample(), folder, draft, [Format.CSV], press)
    assert set(files) == {"html", "csv", "ipynb", "table:customer_dynamics"}


def test_the_page_is_that_of_the_notebook_that_is_kept(folder, draft):
    files, _ = contents(sample(), folder, draft, [])
    again, _ = contents(parsed(files["ipynb"].data), folder, draft, [])
    assert again == files


def test_rendering_leaves_the_notebook_as_it_was(folder, draft):
    executed, same = sample(), sample()
    contents(executed, folder, draft, [])
    assert [c.source for c in executed.cells] == [c.source for c in same.cells]
    assert [c.get("outputs") for c in executed.cells] == [c.get("outputs") for c in same.cells]


def test_a_sheet_that_refuses_ends_the_page(press, folder, draft):  # T-71
    executed = nb.new_notebook(cells=[cell(wide(50))])
    contents(sample(), folder, draft, [Format.CSV], press)  # warm
    with pytest.raises(RowLimitError, match="XLS holds"):
        contents(executed, folder, draft, [Format.PDF, Format.CSV, Format.XLS], press, 120)
    # whoever had begun to lay out its pages is gone, and the next report need not wait for it
    contents(sample(), folder, draft, list(Format), press)


def test_rendering_ends_with_the_time_of_the_run(press, folder, draft):  # T15
    executed = nb.new_notebook(cells=[cell(wide(50))])
    with pytest.raises(LimitError, match="DAYBOOK_RUN_TIMEOUT"):
        contents(executed, folder, draft, [Format.PDF], press, 1.5)
    contents(sample(), folder, draft, list(Format), press)
