"""Charts that are drawn beside the run: the notebook is the one that a kernel makes which draws for itself."""

import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from reports_lib.errors import LimitError, NotebookError
from reports_lib.parameters.schema import Resolved
from reports_lib.rendering import media
from reports_lib.rendering.pictures import Pictures
from reports_lib.rendering.press import Press
from reports_lib.runs.execute import Sandbox, execute

pytestmark = pytest.mark.kernel

CHARTS = """
from decimal import Decimal
from reports_lib.notebook import *
rows = [{"month": f"2026-{n:02}", "qty": n, "total": Decimal("1.25") * n} for n in range(1, 13)]
bars(rows, "month", "qty", "Clients <active> & 'more'", "They grow, \\u2028 all of them \\x00")
"""
MORE = [
    'display(lines(rows, "month", Column("total", "Total", "money"), "Totals"), bars(rows, "month", "qty", "Again"))',
    'handle = display(bars(rows[:3], "month", "qty", "Before"), display_id="one"); print("said")',
    'handle.update(bars(rows[:6], "month", "qty", "After"))',
    'bars([{"month": "2026-01", "qty": None}], "month", "qty", "Nothing")',
    'display({"text/plain": "a chart without its data", "application/vnd.daybook.chart+json": {}}, raw=True)',
]
FETCHED = {"lookup": "x", "from": {"data": {"url": "http://127.0.0.1:9/x.json"}, "key": "x", "fields": ["z"]}}
AXES = {"x": {"scale": {"domain": []}, "axis": {}}, "y": {"axis": {}}}


@pytest.fixture(scope="module")
def press():
    with Press(2) as press:
        yield press


@pytest.fixture
def run(tmp_path):
    """`run(press, *sources)`: the executed notebook, also of a run that failed."""

    def make(press, *sources):
        path = tmp_path / "sales.ipynb"
        cells = [new_markdown_cell("# Sales"), *map(new_code_cell, sources)]
        nbformat.write(new_notebook(cells=cells), path)
        sandbox = Sandbox(tmp_path / f"run-{press is None}", {}, 60, press=press)
        try:
            return execute(path, Resolved({}, {}, {}, {}), sandbox, lambda *_: None)
        finally:
            make.left = nbformat.read(sandbox.executed, as_version=4)

    return make


def shown(notebook):
    return [[dict(output) for output in cell.get("outputs", ())] for cell in notebook.cells]


def pictures(notebook):
    data = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ())]
    return [each[media.SVG] for each in data if media.SVG in each]


def test_it_is_the_same_notebook(run, press):
    drawn_here = run(None, CHARTS, *MORE)
    assert len(pictures(drawn_here)) == 5
    assert shown(run(press, CHARTS, *MORE)) == shown(drawn_here)
    assert shown(run.left) == shown(drawn_here)


def test_the_kernel_draws_nothing(run, press):
    seen = run(
        press,
        CHARTS,
        'import os; print(os.environ["DAYBOOK_PICTURES"], *bars(rows, "month", "qty", "T")._repr_mimebundle_())',
    )
    assert "later" in seen.cells[-1].outputs[0].text
    assert media.SVG not in seen.cells[-1].outputs[0].text


def test_what_was_shown_before_an_error_is_drawn_for_whoever_looks_for_it(run, press):
    with pytest.raises(NotebookError, match="ZeroDivisionError"):
        run(press, CHARTS, "1 / 0", MORE[0])
    assert len(pictures(run.left)) == 1


def test_the_cells_own_error_is_the_one_that_is_told(run, press):
    with pytest.raises(NotebookError, match="ZeroDivisionError"):
        run(press, forged({"mark": 7}), "1 / 0")


def test_what_only_looks_like_a_chart_is_left_alone(run, press):
    assert run(press, "display({'application/vnd.daybook.chart+json': {'spec': {'mark': 'bar'}}}, raw=True)")
    assert run(press, "display({'application/vnd.daybook.chart+json': 'a text'}, raw=True)")


def forged(spec):
    chart = {"title": "Forged", "description": "", "spec": spec}
    return f"display({{{media.CHART!r}: {chart!r}}}, raw=True)"


@pytest.mark.parametrize(
    "spec",
    [
        {"mark": 7},
        {"data": {"values": []}, "transform": [FETCHED], "mark": "bar", "encoding": AXES},
    ],
)
def test_a_chart_that_cannot_be_drawn_is_named(run, press, spec):
    with pytest.raises(NotebookError, match="the chart 'Forged' cannot be drawn"):
        run(press, forged(spec))


def test_past_the_time_nothing_is_drawn(press):
    chart = {"title": "T", "description": "", "spec": {"mark": "bar"}}
    output = nbformat.v4.new_output("display_data", {media.CHART: chart})
    notebook = new_notebook(cells=[new_code_cell("", outputs=[output])])
    with Pictures(press, lambda: 0.0) as late, pytest.raises(LimitError):
        late.finish(notebook)
    assert os.getpid() not in press.pids()
    assert len(press.pids()) <= 2
