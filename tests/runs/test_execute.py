"""Execution: what a kernel sees, and how each way to fail is told."""

import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from reports_lib.errors import LimitError, NotebookError, RateError, SettingError
from reports_lib.parameters.schema import Resolved
from reports_lib.runs.execute import Sandbox, execute

pytestmark = pytest.mark.kernel


def quiet(step, done, total):
    pass


@pytest.fixture
def run(tmp_path):
    """`run(source, …)`: the outputs of a notebook whose last cell is `source`, under the heading "The sums"."""

    def make(source, literals=None, environment=None, cell_timeout=60, progress=quiet):
        cells = [
            new_markdown_cell("# Sales\n\nHow much was sold?"),
            new_code_cell("currency = 'USD'", metadata={"tags": ["parameters"]}),
            new_markdown_cell("## The sums"),
            new_code_cell(source),
        ]
        path = tmp_path / "sales.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        sandbox = Sandbox(tmp_path / "run", environment or {}, cell_timeout)
        executed = execute(path, Resolved({}, {}, literals or {}, {}), sandbox, progress)
        return "".join(output.get("text", "") for output in executed.cells[-1].outputs)

    return make


def test_the_kernel_gets_the_parameters_as_they_were_resolved(run):
    assert run("print(currency, note)", {"currency": "EUR", "note": 'NO "\n\\'}) == 'EUR NO "\n\\\n'


def test_the_kernel_sees_no_variable_of_ours_but_those_it_is_given(run, monkeypatch):  # T16 of threats
    monkeypatch.setenv("DAYBOOK_DATABASE_URL", "postgresql://canary:secret@db/x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    seen = json.loads(run("import os, json; print(json.dumps(dict(os.environ)))", environment={"DAYBOOK_AS_OF": "T"}))
    assert seen["DAYBOOK_AS_OF"] == "T"
    assert "canary" not in json.dumps(seen)
    assert seen["HOME"] != os.environ["HOME"]


def test_it_works_in_the_folder_of_its_run(run, tmp_path):
    assert run("import os; print(os.getcwd())").strip() == str(tmp_path / "run")


def test_a_cell_that_raises_is_named_by_its_heading(run, tmp_path):  # T-73
    with pytest.raises(NotebookError, match=r"^sales: 'The sums' raised ZeroDivisionError: division by zero$"):
        run("1 / 0")
    kept = nbformat.read(tmp_path / "run/executed.ipynb", 4)
    assert "ZeroDivisionError" in json.dumps(kept)


def test_an_error_of_our_own_keeps_its_class(run):  # T-14
    with pytest.raises(RateError, match=r"^no rate of UAH in USD on 2024-01-05$"):
        run("from reports_lib.errors import RateError\nraise RateError('no rate of UAH in USD on 2024-01-05')")


def test_a_cell_that_takes_too_long_is_stopped_and_shows_where_it_was(run, tmp_path):  # T-15
    with pytest.raises(LimitError, match=r"^sales: 'The sums' took longer than 2 seconds \(DAYBOOK_CELL_TIMEOUT\)$"):
        run("import time\ntime.sleep(60)", cell_timeout=2)
    assert "KeyboardInterrupt" in (tmp_path / "run/executed.ipynb").read_text()


def test_no_password_is_kept_of_a_run_that_was_ended(run, tmp_path):  # T16
    address = "postgresql://reader:s3cret@db/crm"
    tried = f"try:\n    raise OSError({address!r})\nexcept OSError as error:\n    print(error, flush=True)\n"
    with pytest.raises(LimitError):
        run(tried + f"import time\ntry:\n    time.sleep(60)\nfinally:\n    raise OSError({address!r})", cell_timeout=2)
    cells = nbformat.read(tmp_path / "run/executed.ipynb", 4).cells
    shown = json.dumps([cell.get("outputs") for cell in cells])
    assert "postgresql://reader:…@db/crm" in json.loads(json.dumps(cells[-1].outputs[0].text))
    assert "OSError" in shown
    told = [output.get("text", output.get("evalue")) for output in cells[-1].outputs]
    assert not any("s3cret" in text for text in told)


def test_a_kernel_that_dies_is_told(run):
    with pytest.raises(NotebookError, match="the kernel died in 'The sums'"):
        run("import os; os.kill(os.getpid(), 9)")


def test_progress_names_headings(run):
    seen = []
    run("pass", {"currency": "EUR"}, progress=lambda step, done, total: seen.append((step, done, total)))
    assert seen[-1] == ("The sums", 4, 5)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_no_kernel_stays_behind(run):
    pid = int(run("import os; print(os.getpid())"))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_file_that_is_no_notebook_is_told(tmp_path):
    path = tmp_path / "sales.ipynb"
    path.write_text("{")
    with pytest.raises(SettingError, match=r"sales\.ipynb cannot be read as a notebook"):
        execute(path, Resolved({}, {}, {}, {}), Sandbox(tmp_path / "run", {}, 60), quiet)
