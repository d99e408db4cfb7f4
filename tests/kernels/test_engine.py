"""The engine: what nbclient makes of a notebook, in a kernel of the pool, and nothing that nobody asked for."""

import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from papermill.engines import papermill_engines

from reports_lib.errors import SettingError
from reports_lib.kernels.pool import Pool
from reports_lib.parameters.schema import Resolved
from reports_lib.runs.execute import Sandbox, execute
from tests.kernels.test_same_outputs import NOTEBOOKS, told

pytestmark = pytest.mark.kernel

MORE = {
    "across cells": [
        "from IPython.display import display, clear_output\nfirst = display('one', display_id='one')",
        "first.update('two')\ndisplay('three', display_id=first.display_id)",
        "clear_output(wait=True)",
        "print('kept')",
    ],
    "nothing to run": ["   \n", "# only a remark", "1"],
    "leaves": ["import sys; sys.exit(0)", "print('goes on')"],
}


def cells(sources):
    """A notebook whose every cell may raise, with cells between them that are not run."""
    found = [new_markdown_cell("# Title"), new_raw_cell("raw")]
    return [
        *found,
        *(
            new_code_cell(source, id=f"c{i}", metadata={"tags": ["raises-exception"]})
            for i, source in enumerate(sources)
        ),
    ]


@pytest.fixture(scope="module")
def pool():
    with Pool(size=0, idle=0) as made:  # none kept: to warm one a run would cost a second each
        yield made


@pytest.mark.parametrize("name", [*MORE, "streams", "displays", "errors", "asynchronous", "processes"])
def test_a_notebook_becomes_what_nbclient_makes_of_it(name, pool, tmp_path):
    sources = (MORE | NOTEBOOKS)[name]
    with pool.take({}, tmp_path) as kernel:
        client = NotebookClient(new_notebook(cells=cells(sources)), km=kernel.manager, timeout=60)
        client.kc = kernel.client
        theirs = client.execute()
    ours = new_notebook(cells=cells(sources), metadata={"papermill": {}})
    ours = papermill_engines.get_engine("daybook").execute_notebook(
        ours, "python3", progress_bar=False, environment={}, folder=tmp_path, pool=pool
    )
    assert ours.metadata.language_info == theirs.metadata.language_info
    for mine, other in zip(ours.cells, theirs.cells, strict=True):
        assert told(mine.get("outputs", [])) == told(other.get("outputs", [])), mine.source
        assert mine.get("execution_count") == other.get("execution_count"), mine.source
        assert set(mine.metadata.get("execution", {})) == set(other.metadata.get("execution", {})), mine.source


def test_no_output_is_dropped_however_many_there_are(pool, tmp_path):
    engine = papermill_engines.get_engine("daybook")
    notebook = new_notebook(cells=cells(["for i in range(5000): display(i)"]), metadata={"papermill": {}})
    engine.execute_notebook(notebook, "python3", progress_bar=False, environment={}, folder=tmp_path, pool=pool)
    assert [int(output.data["text/plain"]) for output in notebook.cells[-1].outputs] == list(range(5000))


def test_a_stream_is_one_output_however_it_is_cut(pool, tmp_path):
    sources = [
        "import sys\nfor i in range(300): print(i, end=' ', flush=True)\ndisplay('between')\nprint('after')",
        "from IPython.display import clear_output\nfor i in 'abc':\n    print(i, flush=True)\n    print(i, flush=True)"
        "\n    clear_output(wait=i == 'a')\nprint('d', flush=1); print('e', file=sys.stderr, flush=1); print('f')",
    ]
    engine = papermill_engines.get_engine("daybook")
    notebook = new_notebook(cells=cells(sources), metadata={"papermill": {}})
    engine.execute_notebook(notebook, "python3", progress_bar=False, environment={}, folder=tmp_path, pool=pool)
    first, second = (cell.outputs for cell in notebook.cells[-2:])
    shown = [o.get("text") or o.data["text/plain"] for o in first]
    assert shown == ["".join(f"{i} " for i in range(300)), "'between'", "after\n"]
    assert [(o.name, o.text) for o in second] == [("stdout", "d\n"), ("stderr", "e\n"), ("stdout", "f\n")]


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """`shell(cells, *options)`: `papermill --engine daybook` as somebody types it, and what came of it."""
    monkeypatch.setenv("MINE", "seen")

    def papermill(sources, *options):
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
        written = new_notebook(cells=[new_code_cell(source) for source in sources], metadata=metadata)
        nbformat.write(written, tmp_path / "in.ipynb")
        command = [sys.executable, "-m", "papermill", "--engine", "daybook", "--no-progress-bar", *options]
        done = subprocess.run(
            [*command, "in.ipynb", "out.ipynb"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done, nbformat.read(tmp_path / "out.ipynb", 4)

    return papermill


def test_papermill_in_a_shell(shell, tmp_path):
    done, notebook = shell(["a = 1", "import os\nprint(os.environ['MINE'], os.getcwd(), a)"], "-p", "a", "2")
    assert done.returncode == 0, done.stderr
    assert notebook.cells[-1].outputs[0].text == f"seen {tmp_path} 1\n"  # no cell is tagged `parameters`
    assert not list(tmp_path.glob("kernel.log"))


def test_papermill_in_a_shell_tells_a_failure(shell):
    done, notebook = shell(["1 / 0", "2"])
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "ZeroDivisionError" in json.dumps(notebook)


def test_a_kernel_of_somebody_else_is_left_to_papermill(shell, tmp_path, monkeypatch):
    spec = tmp_path / "share/kernels/other"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Other", "language": "python", "env": {"OTHER": "yes"}})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    done, notebook = shell(["import os; print(os.environ['OTHER'])"], "-k", "other")
    assert done.returncode == 0, done.stderr
    assert notebook.cells[0].outputs[0].text == "yes\n"


@pytest.fixture
def web():
    """A web server, and what it was asked for."""
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("address", ["{}/sales.ipynb", "s3://bucket/sales.ipynb", "github://a/b/c/sales.ipynb", "-"])
def test_only_files_are_read(web, pool, tmp_path, address):  # T8
    url, asked = web
    with pytest.raises(SettingError, match="cannot be read as a notebook"):
        execute(Path(address.format(url)), Resolved({}, {}, {}, {}), Sandbox(tmp_path, {}, 60, pool), lambda *_: None)
    assert asked == []


def test_what_is_asked_for_is_text_and_no_address_or_code(web, pool, tmp_path):  # T7, T8
    url, asked = web
    written = [new_code_cell("note = ''", metadata={"tags": ["parameters"]}), new_code_cell("print(note)")]
    nbformat.write(new_notebook(cells=written), tmp_path / "sales.ipynb")
    note = f"{url}/x.yaml {{pm.run_uuid}} \"'''\n\\N{{BULLET}}#"
    folder = tmp_path / "{note}"  # nor are paths filled in
    executed = execute(
        tmp_path / "sales.ipynb",
        Resolved({}, {}, {"note": note}, {}),
        Sandbox(folder, {}, 60, pool),
        lambda *_: None,
    )
    assert executed.cells[-1].outputs[0].text == note + "\n"
    assert (folder / "executed.ipynb").is_file()
    assert asked == []
