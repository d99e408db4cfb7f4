"""The PDF: what WeasyPrint may fetch, the size of the sheet, and the same bytes twice."""

import re
import subprocess
import sys
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import nbformat.v4 as nb
import pikepdf
import pytest

from reports_lib.display import Column, Grid
from reports_lib.errors import DaybookError
from reports_lib.rendering.html import html
from reports_lib.rendering.paper import paper
from reports_lib.rendering.pdf import pdf

from .sample import CREATED, cell, main_grid, sample


@pytest.fixture(scope="module")
def printed(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    path.write_bytes(pdf(page, created=CREATED))
    return path


def text_of(path):
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout.decode()


def test_page_numbers_title_and_link_are_in_the_margin(printed):
    text = text_of(printed)
    assert "Page 1 of 2" in text
    assert "Page 2 of 2" in text
    assert text.count("/view?id=abc") >= 2


def test_wide_table_lies_across_a3_and_nothing_is_cut(printed):
    with pikepdf.open(printed) as document:
        width, height = (float(x) * 0.3528 for x in document.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (420, 297)
    assert "565,536.60" in text_of(printed)  # the last figure of the total


def test_heads_repeat_on_every_page():
    page = html(sample(120), title="t", facts={})
    path = Path(subprocess.run(["mktemp"], capture_output=True, check=True, text=True).stdout.strip())
    path.write_bytes(pdf(page, created=CREATED))
    pages = [p for p in text_of(path).split("\f") if "2025-12-" in p or "2026-0" in p]
    path.unlink()
    assert len(pages) > 1
    assert all("Clients – Overall Active" in p for p in pages)


def test_dates_of_the_file_are_those_of_the_report(printed):
    with pikepdf.open(printed) as document:
        assert str(document.docinfo["/CreationDate"]).startswith("D:20261101093000")
        assert str(document.docinfo["/Title"]) == "Customer dynamics"


def test_typeface_travels_with_the_file(printed):
    fonts = subprocess.run(["pdffonts", printed], capture_output=True, check=True, text=True).stdout
    assert "Inter" in fonts
    assert " no " not in "".join(line[60:71] for line in fonts.splitlines()[2:])  # all embedded


def test_same_page_same_bytes_in_another_process_too(page, printed, tmp_path):
    (tmp_path / "page.html").write_bytes(page)
    code = (
        "import sys; from datetime import *; from pathlib import Path; from reports_lib.rendering.pdf import pdf; "
        f"sys.stdout.buffer.write(pdf(Path({str(tmp_path / 'page.html')!r}).read_bytes(), "
        "created=datetime(2026, 11, 1, 9, 30, tzinfo=UTC)))"
    )
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert printed.read_bytes() == pdf(page, created=CREATED) == again


def grid_of(*letters):
    return Grid(
        "t", [{f"c{i}": "x" * n for i, n in enumerate(letters)}], [Column(f"c{i}", "c") for i in range(len(letters))]
    )


@pytest.mark.parametrize(
    ("letters", "sheet"),
    [([10] * 5, "A4"), ([10] * 11, "A4 landscape"), ([10] * 18, "A3 landscape"), ([10] * 40, "633mm 297mm")],
)
def test_sheet_is_as_large_as_the_widest_table_needs(letters, sheet):
    assert paper(nb.new_notebook(cells=[cell(grid_of(*letters))])).sheet == sheet


def test_columns_of_files_alone_take_no_paper():
    columns = [Column("name", "Name"), *(Column(f"c{n}", "c", only="files") for n in range(40))]
    assert (
        paper(
            nb.new_notebook(cells=[cell(Grid("t", [dict.fromkeys((c.name for c in columns), "x" * 30)], columns))])
        ).sheet
        == "A4"
    )


def test_main_table_fits_a3_with_three_keys():
    assert paper(nb.new_notebook(cells=[cell(main_grid(36, 3))])).sheet == "A3 landscape"


class Listener(BaseHTTPRequestHandler):
    hits: ClassVar[list[str]] = []

    def do_GET(self):
        self.hits.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    with HTTPServer(("127.0.0.1", 0), Listener) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def _svg(inside):
    markup = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{inside}</svg>'
    return f'<img src="data:image/svg+xml;base64,{b64encode(markup.encode()).decode()}">'


VECTORS = {
    "link attachment": "<link rel=attachment href='file:///etc/passwd'>",
    "a attachment": "<a rel=attachment href='file:///etc/passwd'>x</a>",
    "img http": "<img src='{server}/img'>",
    "img file": "<img src='file:///etc/passwd'>",
    "img relative": "<img src='../../etc/passwd'>",
    "stylesheet": "<link rel=stylesheet href='{server}/css'>",
    "import": "<style>@import '{server}/import';</style>",
    "background": "<div style='background:url({server}/background)'>x</div>",
    "list image": "<ul style='list-style-image:url({server}/list)'><li>x</ul>",
    "content": "<style>p::before{{content:url({server}/content)}}</style><p>x",
    "font face": "<style>@font-face{{font-family:x;src:url({server}/font)}}p{{font-family:x}}</style><p>x",
    "object": "<object data='{server}/object'></object>",
    "embed": "<embed src='{server}/embed'>",
    "other asset": "<img src='asset:../errors.py'>",
    "svg image": _svg("<image href='file:///etc/passwd' width='9' height='9'/>"),
    "svg xlink": _svg("<image xlink:href='file:///etc/passwd' width='9' height='9'/>"),
    "svg use": _svg("<use href='file:///etc/passwd#x'/>"),
    "svg style": _svg("<style>@import 'file:///etc/passwd';</style><rect width='9' height='9'/>"),
}


NEVER_ASKED = {"svg use", "svg style"}  # WeasyPrint looks for these within the picture only


@pytest.mark.parametrize("name", VECTORS)
def test_no_pdf_holds_or_asks_for_what_is_outside(name, server):  # T6
    Listener.hits.clear()
    inside = VECTORS[name].replace("{server}", server).replace("{{", "{").replace("}}", "}")
    made, refusal = b"", ""
    try:
        made = pdf(f"<html><head></head><body>{inside}".encode(), created=CREATED)
    except DaybookError as refused:
        refusal = str(refused)
    assert (
        re.fullmatch("the report refers to '.*'; only what it holds itself can be printed", refusal)
        or name in NEVER_ASKED
    )
    assert b"EmbeddedFile" not in made
    assert Listener.hits == []
