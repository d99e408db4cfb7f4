"""The page: what is on it, and that nothing else can be."""

import re
import subprocess

import nbformat.v4 as nb
import pytest
from lxml import html as parser

from reports_lib.display import Column, Grid, Info, Tile, Tiles, bars
from reports_lib.rendering.clean import clean
from reports_lib.rendering.html import html

from .corpus import PAYLOADS
from .sample import CREATED, cell, main_grid

ADDRESS = re.compile(r"(?<![\w.])(?:https?:)?//[a-z0-9]", re.IGNORECASE)
LOADING = ("src", "srcset", "href", "action", "formaction", "background", "data", "poster", "xlink:href")
LIVE = {"script", "iframe", "object", "embed", "base", "form", "input", "button", "svg", "math", "template", "video"}


def poisoned(text):
    """A report with `text` wherever a report shows text."""
    rows = [{"name": text, "n": 1}]
    columns = [Column("name", text), Column("n", text, "quantity", text)]
    return nb.new_notebook(
        cells=[
            nb.new_markdown_cell(f"# {text}\n\n{text}\n\n* {text}"),
            cell(Info({text: text}, text, None, CREATED, "UTC", text, [text])),
            cell(Tiles([Tile(text, text, text)])),
            cell(Grid(text, rows, columns, note=text, name="poisoned")),
            cell(bars(rows, columns[0], columns[1], text, text)),
            nb.new_code_cell("", outputs=[nb.new_output("display_data", {"text/html": text, "text/plain": text})]),
            nb.new_code_cell("", outputs=[nb.new_output("display_data", {"text/markdown": text})]),
            nb.new_code_cell("", outputs=[nb.new_output("display_data", {"text/plain": text})]),
            nb.new_code_cell("", outputs=[nb.new_output("display_data", {"application/javascript": text})]),
            nb.new_code_cell("", outputs=[nb.new_output("display_data", {"image/svg+xml": text})]),
            nb.new_code_cell("", outputs=[nb.new_output("display_data", {"image/png": text})]),
            nb.new_raw_cell(text, metadata={"raw_mimetype": "text/html"}),
        ]
    )


def poison(texts):
    return html(
        nb.new_notebook(cells=[c for t in texts for c in poisoned(t).cells]), title=texts[0], facts={texts[0]: texts[0]}
    )


def faults(page):
    """What in a page could run, load or lead away."""
    for element in parser.fromstring(page.decode()).iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in LIVE:
            yield element.tag
        for name, value in element.attrib.items():
            if name.startswith("on") or (name == "style" and not re.fullmatch(r"text-align: ?\w+;", value)):
                yield f"{element.tag} {name}={value}"
            if name in LOADING and not value.startswith(("#", "data:image/", "mailto:", "data:,")):
                yield f"{element.tag} {name}={value}"
        if element.tag in ("style", "link", "meta") and element.getparent().tag != "head":
            yield f"{element.tag} in the body"


@pytest.mark.parametrize("text", PAYLOADS)
def test_no_payload_is_live_anywhere(text):  # T1
    assert list(faults(poison([text]))) == []


def test_the_corpus_is_large_and_the_scan_sees():
    assert len(set(PAYLOADS)) >= 60
    assert list(faults(b"<html><body><img src=http://x onerror=y><script>z</script></body></html>"))


def test_payload_is_shown_as_the_text_it_is():
    page = parser.fromstring(html(poisoned(PAYLOADS[0]), title="t", facts={}).decode())
    assert page.xpath("string(//table[@class='grid']/tbody/tr/th/bdi)") == PAYLOADS[0]


def test_no_address_of_another_place(page):
    assert ADDRESS.findall(page.decode()) == []


def test_no_code_and_no_script(page):
    assert b"secret_code" not in page
    assert b"<script" not in page


def test_page_reads_well_by_ear_and_keyboard(page):
    tree = parser.fromstring(page.decode())
    assert tree.get("lang") == "en"
    assert tree.xpath("string(//title)") == "Customer dynamics"
    assert [h.tag for h in tree.xpath("//h1|//h2")] == ["h1", "h2", "h2", "h2"]
    assert tree.xpath("count(//main[@id='report'])") == 1
    assert tree.xpath("string(//a[1]/@href)") == "#report"
    assert tree.xpath("count(//img[@alt and string-length(@alt) > 20])") == 2
    (region,) = tree.xpath("//div[@role='region'][.//caption]")
    assert (region.get("tabindex"), region.get("aria-label")) == ("0", "Customer dynamics: table, scrolls both ways")


def test_columns_stand_under_six_group_headings(page):  # JD-54
    head = parser.fromstring(page.decode()).xpath("//div[@role='region'][.//caption]//thead")[0]
    groups = [(th.text, int(th.get("colspan"))) for th in head.xpath(".//th[@scope='colgroup']")]
    assert groups == [
        ("Clients – Active", 4),
        ("Clients – Overall Active", 4),
        ("Clients – All", 4),
        ("Balance Refill", 3),
        ("Pay As You Go", 2),
        ("Packages", 4),
    ]
    assert head.xpath("string(.//th[@rowspan='2'])") == "Month"


def test_chart_is_a_picture_with_its_figures_behind_it(page):  # JD-61
    chart = parser.fromstring(page.decode()).xpath("//figure[@class='chart']")[0]
    assert chart.xpath("string(.//img/@src)").startswith("data:image/svg+xml;base64,")
    assert len(chart.xpath(".//details//tbody/tr")) == 12


def test_title_heads_the_page_only_if_the_notebook_does_not():
    bare = nb.new_notebook(cells=[nb.new_markdown_cell("Words")])
    assert b"<h1><bdi>Given</bdi></h1>" in html(bare, title="Given", facts={})
    own = nb.new_notebook(cells=[nb.new_markdown_cell("# Own")])
    assert html(own, title="Given", facts={}).count(b"<h1") == 1


def pasted(name="9a6f-e2.png", attachments=None):
    """A notebook with a picture that somebody pasted into its words."""
    words = nb.new_markdown_cell(f"# Sales\n\n![the sign](attachment:{name})", attachments=attachments or {})
    return nb.new_notebook(cells=[words, nb.new_markdown_cell("More words.")])


def test_a_pasted_picture_is_in_the_page():
    page = html(pasted(attachments={"9a6f-e2.png": {"image/png": "iVBORw0KGgo="}}), title="x", facts={}).decode()
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="the sign">' in page


def test_a_pasted_picture_that_is_lost_does_not_cost_the_page():
    page = html(pasted(), title="x", facts={}).decode()
    assert "More words." in page
    assert "attachment:" not in page
    shown = nb.new_output("display_data", {"text/markdown": "![x](attachment:of-the-data.png)"})  # T1
    assert html(nb.new_notebook(cells=[nb.new_code_cell("", outputs=[shown])]), title="x", facts={})


def test_same_notebook_same_bytes(notebook, page):
    facts = {"Generated by": "analyst", "Link": "/view?id=abc"}
    assert html(notebook, title="Customer dynamics", facts=facts) == page


def test_clean_keeps_what_a_grid_needs():
    markup = main_grid(2, 3)._repr_mimebundle_()["text/html"]
    assert clean(markup) == markup.replace("&#34;", '"').replace("&#39;", "'")


def test_a_name_from_right_to_left_leaves_the_figures_in_place():  # T22
    page = html(poisoned("\u202egnp.exe"), title="t", facts={}).decode()
    assert "<bdi>\u202egnp.exe</bdi>" in page


@pytest.mark.browser
def test_chromium_runs_nothing_and_asks_for_nothing(tmp_path):  # T1
    path = tmp_path / "page.html"
    canary = b"<script>document.title='ran'</script></body>"
    page = poison(PAYLOADS).replace(b"default-src 'none'", b"default-src 'none'; script-src 'unsafe-inline'")
    path.write_bytes(page.replace(b"</body>", canary))
    log = tmp_path / "net.json"
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync --virtual-time-budget=3000 --dump-dom"
    done = subprocess.run(
        ["chromium", *flags.split(), f"--user-data-dir={tmp_path}/profile", f"--log-net-log={log}", path.as_uri()],
        capture_output=True,
        timeout=60,
        check=True,
    )
    dom = done.stdout.decode()
    assert "<title>ran</title>" in dom  # scripts could have run
    assert list(faults(dom.replace(canary.decode().removesuffix("</body>"), "").encode())) == []
    assert "evil.example" not in "".join(re.findall(r'"url":"[^"]*"', log.read_text()))
