"""The itemised annex: all rows, in the attached file and on pages whose sums go on from page to page."""

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from reports_lib.errors import CorruptSnapshotError, ParameterError
from reports_lib.invoicing import annex
from reports_lib.invoicing.words import Words
from tests.invoicing.papers import attached, opened, paper, printed, read, text
from tests.invoicing.samples import ANNEXES, SAMPLES, charges, with_calls

ENGLISH = Words("en", 2, "EUR")


def lines(name: str, start: str) -> list[str]:
    return [line for line in text(name).splitlines() if line.startswith(start)]


def test_the_facts_say_how_many_and_how_much():
    calls = SAMPLES["pages"].calls
    assert calls.count == 150
    assert calls.amount == sum(Decimal(number) * Decimal("0.000125") for number in range(150))


def test_sums_are_carried_from_page_to_page():
    forward = [line.split()[-1] for line in lines("pages", "Carried forward")]
    brought = [line.split()[-1] for line in lines("pages", "Brought forward")]
    upto = [sum(Decimal(number) * Decimal("0.000125") for number in range(end)) for end in (annex.ROWS, 2 * annex.ROWS)]
    assert [Decimal(sum) for sum in forward] == upto
    assert brought == forward
    (total,) = lines("pages", "Total of 150 charges")
    assert Decimal(total.split()[-1]) == SAMPLES["pages"].calls.amount


def test_every_row_is_on_the_pages_and_in_the_file():
    assert len(lines("pages", "2026-10-")) == 150
    (file,) = (body for name, body in attached(paper("pages")).items() if name.endswith(".csv"))
    rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))
    assert len(rows) == 150
    assert sum(Decimal(row["amount"]) for row in rows) == SAMPLES["pages"].calls.amount
    assert rows[1] == {
        "at": "2026-10-01 00:04:17",
        "service": "Messages",
        "number": "'+493010000001",
        "destination": "Ukraine Kyivstar",
        "quantity": "1",
        "unit": "s",
        "amount": "0.000125",
    }


def test_no_text_of_the_file_is_a_formula():  # T11
    (file,) = (body for name, body in attached(paper("csv")).items() if name.endswith(".csv"))
    for row in csv.DictReader(io.StringIO(file.decode("utf-8-sig"))):
        assert not row["destination"].startswith("=")


def test_an_attached_annex_is_named_and_not_printed():
    assert "20 itemised charges, €0.02375 in all, are in the attached file DB-202610-0042-calls.csv." in text("csv")
    assert "Carried forward" not in text("csv")
    assert not lines("csv", "2026-10-")


def test_figures_stand_in_their_columns_whatever_is_beside_them():  # T22
    found = [line for line in lines("pages", "2026-10-") if "Voice" in line or "Data" in line]
    ends = {line.index(line.split()[4]) + len(line.split()[4]) for line in found}
    assert len(ends) == 1


def test_a_long_text_is_cut_to_its_column():
    table = ANNEXES["csv"].slice(0, 1)
    place = table.schema.get_field_index("destination")
    table = table.set_column(place, annex.COLUMNS.field("destination"), [["x" * 200]])
    (row,) = annex.read(table)
    page = annex.pages([row], ENGLISH)
    (shown,) = re.findall("<pre>(.*x…)</pre>", page)
    assert len(shown) == annex.ROOM


def test_a_column_is_as_wide_as_what_stands_in_it_and_the_last_has_what_is_left():
    short, long = annex.read(charges(2))
    rows = [replace(short, service="A", destination="y" * 40), replace(long, service="A service", number="1")]
    page = annex.pages(rows, ENGLISH)
    assert f"  A          {short.number}  {'y' * 40}\n" in page
    assert f"  A service  1{' ' * (len(short.number) - 1)}  Ukraine Kyivstar</pre>" in page


def test_a_sum_that_is_longer_than_every_amount_has_its_column():
    (row,) = annex.read(charges(1))
    page = annex.pages([replace(row, amount=Decimal("999.25"))] * 4_000, ENGLISH)
    charge, total = re.findall(r"(?m)^.*999\.25(?=  Voice)|(?<=sum\">)Total.*(?=</pre>)", page)[-2:]
    assert total.endswith("  3,997,000.00")
    assert len(total) == len(charge)


def test_letters_of_the_grid_need_not_be_set_one_by_one():  # which takes a fifth of the time of a long annex
    with opened(paper("pages")) as document:
        drawn = document.pages[1].Contents.read_bytes()
    rows = [line for line in drawn.splitlines() if b"0003" * 8 in line]  # the blanks before a quantity
    assert len(rows) >= annex.ROWS


def test_other_rows_than_those_of_the_facts_are_not_printed():
    made = with_calls(charges(5), "csv")
    with pytest.raises(CorruptSnapshotError, match="DB-202610-0042 are not its own"):
        printed(made, charges(6))


def test_rows_that_are_gone_are_named():
    with pytest.raises(CorruptSnapshotError, match="are missing"):
        printed(with_calls(charges(5), "csv"))


def test_rows_that_have_rotted_are_named(tmp_path):
    rotten = tmp_path / "calls.parquet"
    rotten.write_bytes(b"PAR1 and nothing else PAR1")
    with pytest.raises(CorruptSnapshotError, match="DB-202610-0042 cannot be read"):
        annex.kept(with_calls(charges(5), "csv"), rotten)


def test_other_columns_are_refused():
    with pytest.raises(ParameterError, match="an annex has the columns at, service"):
        annex.calls(charges(1).drop_columns(["unit"]), "csv")


def test_an_annex_without_rows_is_none():
    made = with_calls(charges(0), "pages")
    assert made.calls.count == 0
    assert "0 itemised charges" in read(printed(made, charges(0)))


def test_amounts_have_as_many_decimals_as_the_longest():
    rows = [
        replace(row, amount=Decimal(amount)) for row, amount in zip(annex.read(charges(2)), ("1", "0.25"), strict=True)
    ]
    assert "1.00" in annex.pages(rows, ENGLISH)
    assert "1,25" in annex.pages(rows, Words("de", 2, "EUR"))
