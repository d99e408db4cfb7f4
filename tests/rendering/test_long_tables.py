"""Long tables on paper: every figure, under its head, at the same place as in a table of cells."""

import re
import subprocess
from decimal import Decimal
from itertools import pairwise

import nbformat.v4 as nb
import pytest
from fontTools.ttLib import TTFont

from reports_lib import fonts
from reports_lib.display import Column, Grid
from reports_lib.rendering import long_tables
from reports_lib.rendering.html import html
from reports_lib.rendering.long_tables import EM, GLYPHS, LONG, SPACES, for_paper
from reports_lib.rendering.pdf import pdf

from .sample import CREATED, cell, main_grid

WORD = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>')


def page_of(*grids):
    return html(nb.new_notebook(cells=[cell(grid) for grid in grids]), title="t", facts={})


def tables_of(page):
    return re.findall("<table.*?</table>", page, re.DOTALL)


def words(tmp_path, page):
    """The words of each page of the PDF: right edge and baseline, rounded to tenths of a point, and text."""
    path = tmp_path / "t.pdf"
    path.write_bytes(pdf(page, created=CREATED))
    told = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, check=True, text=True).stdout
    for leaf in told.split("<page ")[1:]:
        yield [(float(right), float(low), text) for _, _, right, low, text in WORD.findall(leaf)]


def small(rows, **more):
    columns = [
        Column("name", "Name"),
        Column("n", "Number", "quantity", "Group"),
        Column("m", "Money", "money", "Group"),
    ]
    return Grid("Small", rows, columns, **more)


def counted(count, name="Cleo & Co"):
    return [{"name": name, "n": place * 997, "m": Decimal(place * 12345 - 90000) / 100} for place in range(count)]


def test_widths_are_those_of_the_typeface():
    with TTFont(fonts.FOLDER / "Inter-Regular.ttf") as font:
        glyphs, metrics = font.getBestCmap(), font["hmtx"]
        assert font["head"].unitsPerEm == EM
        tabular = {}
        for record in font["GSUB"].table.FeatureList.FeatureRecord:
            if record.FeatureTag == "tnum":
                for index in record.Feature.LookupListIndex:
                    for table in font["GSUB"].table.LookupList.Lookup[index].SubTable:
                        tabular |= getattr(table, "ExtSubTable", table).mapping
        widths = {c: metrics[tabular.get(glyphs[ord(c)], glyphs[ord(c)])][0] for c in (*GLYPHS, *SPACES)}
    assert widths == {**GLYPHS, **SPACES}


def test_spaces_fill_every_width_but_for_what_nobody_sees():
    lacking = {width: width - sum(SPACES[s] for s in long_tables._blank(width)) for width in range(0, 60_000, 4)}
    assert min(lacking.values()) == 0
    assert max(less for width, less in lacking.items() if width > EM) <= 8  # of 2,816 units


def test_a_short_table_stays_a_table_of_cells():
    page = page_of(main_grid(LONG)).decode()
    assert tables_of(for_paper(page)) == tables_of(page)


def test_five_rows_become_one_and_no_figure_is_lost():
    page = page_of(main_grid(LONG + 3, 3)).decode()
    (before,), (after,) = tables_of(page), tables_of(for_paper(page))
    assert before.count("<tr>") == LONG + 3 + 3
    assert after.count('<tr class="lines">') == 13  # 12 of five, one of three
    cells = re.findall(r'<td class="figures" colspan="21">(.*?)</td>', after, re.DOTALL)
    printed = [line.split() for text in cells for line in text.split("\n")]
    shown = [re.findall(r'<td class="n[^>]*>(.*?)</td>', row) for row in re.findall("<tr>.*?</tr>", before)]
    assert printed == [row for row in shown if row][:-1]  # without the total, which is a row as before


def test_figures_end_where_the_figures_of_the_total_do(tmp_path):
    ends = []
    for page in words(tmp_path, page_of(main_grid(100))):
        lines = {}
        for right, low, text in page:
            if re.fullmatch(r"−?[\d,]+(\.\d\d)?|—", text):
                lines.setdefault(round(low), []).append(right)
        ends += [sorted(found) for found in lines.values() if len(found) == 21]
    assert len(ends) == 101
    for column in zip(*ends, strict=True):
        assert max(column) - min(column) < 0.7  # points: a PDF keeps widths in thousandths, rounded


def test_heads_and_page_numbers_are_on_every_page(tmp_path):
    pages = list(words(tmp_path, page_of(main_grid(400, 3))))
    assert len(pages) > 4
    for number, page in enumerate(pages, 1):
        text = " ".join(word for _, _, word in page)
        assert "Clients – Overall Active" in text
        assert f"Page {number} of {len(pages)}" in text


def test_lines_of_a_block_stand_at_one_height_in_every_script(tmp_path):
    for page in words(tmp_path, page_of(main_grid(80, 2))):
        dates = [low for right, low, text in page if re.fullmatch(r"20\d\d-\d\d-\d\d", text)]
        figures = sorted({low for right, low, text in page if re.fullmatch(r"−[\d,.]+", text)})
        for low in dates:
            assert min(abs(low - other) for other in figures) < 0.8


@pytest.mark.parametrize("text", ["x" * 60, "漢" * 30, "two\nlines", "a\ttab", "W" * 40])
def test_a_text_that_may_need_two_lines_keeps_its_own_row(text):
    rows = counted(LONG + 10)
    rows[30]["name"] = text
    (table,) = tables_of(for_paper(page_of(small(rows)).decode()))
    assert table.count('<tr class="lines">') == 6 + 8  # 30 rows, itself, 39 rows
    assert table.count('<td class="n">') + table.count('<td class="n minus">') == 1


def test_markup_in_data_stays_text():
    rows = counted(LONG + 5, name='<b onclick="x">&amp;</b>')
    (table,) = tables_of(for_paper(page_of(small(rows)).decode()))
    assert table.count('&lt;b onclick="x"&gt;&amp;amp;&lt;/b&gt;') == LONG + 5
    assert "<b" not in table.replace("<bdi>", "").replace("<br>", "").split("<tbody>")[1]


def test_tables_of_another_form_are_left_alone():
    inside = "".join(f'<tr><th scope="row">{n}</th><td class="n">{n}<br>{n}</td></tr>\n' for n in range(99))
    forged = f'<table class="grid">\n<caption>c</caption>\n<thead>\n</thead>\n<tbody>\n{inside}</tbody>\n</table>'
    uneven = forged.replace("<br>5", "").replace('<td class="n">7', "<td>7").replace("<br>", "")
    for markup in (forged, uneven, forged.replace("</tbody>", ""), '<table class="grid">\n<caption>'):
        output = nb.new_output("display_data", {"text/html": markup, "text/plain": "t"})
        page = html(nb.new_notebook(cells=[nb.new_code_cell("", outputs=[output])]), title="t", facts={}).decode()
        assert tables_of(for_paper(page)) == tables_of(page)


def test_nothing_where_there_is_nothing_and_per_cents(tmp_path):  # G-9
    columns = [Column("day", "Day"), Column("a", "A", "money"), Column("b", "B", "percent")]
    rows = [{"day": f"d{n}", "a": None if n % 2 else Decimal(n), "b": Decimal(n) / 7} for n in range(99)]
    page = page_of(Grid("T", rows, columns))
    assert '<tr class="lines">' in for_paper(page.decode())
    text = " ".join(word for leaf in words(tmp_path, page) for _, _, word in leaf)
    assert "d7 — 1.00 %" in text


def test_figures_behind_charts_are_for_screens(page):
    printed = for_paper(page.decode())
    assert "<details>" in page.decode()
    assert "<details>" not in printed
    assert printed.count("</figure>") == page.decode().count("</figure>")


def test_same_table_same_bytes():
    page = page_of(main_grid(99, 3))
    assert pdf(page, created=CREATED) == pdf(page, created=CREATED)


def test_columns_of_a_page_never_overlap(tmp_path):
    for page in words(tmp_path, page_of(main_grid(100, 3))):
        lines = {}
        for right, low, text in page:
            lines.setdefault(round(low), []).append((right, text))
        for found in lines.values():
            for (one, _), (other, _) in pairwise(sorted(found)):
                assert other > one
