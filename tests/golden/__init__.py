"""Golden copies: notebooks with what they showed of the demo data, kept to be compared with what they show now.

    tests/golden/<family>/<set>.ipynb     its set's report, every output as plain text

    python -m tests.golden                writes them all anew
    python -m tests.golden FAMILY SET     adds one

A copy is made at a fixed moment of data that are always the same, so whatever differs is a change of
the notebook or of a figure: look at it (`git diff`), and renew the copy if it was meant.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from reports_lib.parameters.schema import Resolved, Schema
from reports_lib.parameters.sets import read_set
from reports_lib.runs.execute import Sandbox, execute
from reports_lib.warehouse import demo, writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.connection import connect
from reports_lib.workspace import Workspace

ROOT = Path(__file__).parents[2]
COPIES = Path(__file__).parent
WORKSPACE = Workspace(ROOT, ROOT / "outputs")
AS_OF = demo.end()


def copies() -> list[Path]:
    """Every golden copy."""
    return sorted(COPIES.glob("*/*.ipynb"))


def fill(owner: Address) -> None:
    """Write the demo data into an empty lake."""
    writer.write(owner, demo.tables(), author="demo", message="Demo data, scale 1")


def environment(reader: Address) -> dict[str, str]:
    """What a kernel is told of the warehouse."""
    moment = {"DAYBOOK_AS_OF": AS_OF.isoformat(), "DAYBOOK_TIME_ZONE": "UTC"}
    return {"DAYBOOK_WAREHOUSE": str(reader), "DAYBOOK_COMPANY": "", **moment}


def resolved(family: str, set_name: str, reader: Address) -> Resolved:
    """The parameters of a saved set, as of the golden moment."""
    schema = Schema.read(WORKSPACE.notebook(family))
    with connect(reader, as_of=AS_OF) as warehouse:
        return schema.resolve(read_set(WORKSPACE.set_path(family, set_name)), AS_OF, warehouse.options)


def renew(family: str, set_name: str, reader: Address) -> Path:
    """Run the notebook and keep what it shows."""
    with tempfile.TemporaryDirectory() as name:
        sandbox = Sandbox(Path(name), environment(reader), cell_timeout=600)
        found = resolved(family, set_name, reader)
        executed = execute(WORKSPACE.notebook(family), found, sandbox, lambda step, done, total: None)
    path = COPIES / family / f"{set_name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(_plain(executed), path)
    return path


def _plain(executed: NotebookNode) -> NotebookNode:
    """The notebook without the times of its run, its outputs as plain text."""
    executed.metadata.pop("papermill")
    for cell in executed.cells:
        cell.metadata.pop("papermill")
        cell.metadata.pop("execution", None)
        if is_injected(cell):
            cell.id = "injected"
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data = {kind: text for kind, text in output.data.items() if kind == "text/plain"}
    return executed


def is_injected(cell: Mapping) -> bool:
    """Whether Papermill put the cell there: the parameters of the run."""
    return "injected-parameters" in cell["metadata"].get("tags", [])
