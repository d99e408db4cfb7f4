"""A workspace for a benchmark: this checkout's notebooks and a trivial one, outputs of its own, demo data."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from reports_lib.database.server import stop
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.demo.build import build
from reports_lib.workspace import Workspace

HOME = Path(__file__).parent.parent
TRIVIAL = [
    new_markdown_cell("# Trivial\n\nWhat any report costs."),
    new_code_cell("from reports_lib.notebook import *", metadata={"tags": ["setup"]}),
    new_code_cell('interval: Interval = "last month"', metadata={"tags": ["parameters"]}),
    new_code_cell("asked, warehouse = begin(globals())"),
    new_code_cell("clients = warehouse.table('client').count().to_pyarrow().as_py()"),
    new_code_cell('Grid("Clients", [{"clients": clients}], [Column("clients", "Clients", "quantity")], is_main=True)'),
]


@contextmanager
def place(scale: int = 1) -> Iterator[Installation]:
    """An installation with demo data of that scale, none if 0; its folder is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the embedded server runs as another user
        for name in ("notebooks", "parameters"):
            shutil.copytree(HOME / name, root / name, ignore=shutil.ignore_patterns(".*"))
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(new_notebook(cells=TRIVIAL, metadata={"kernelspec": spec}), root / "notebooks/trivial.ipynb")
        installation = Installation(Workspace.find(environ={"DAYBOOK_HOME": folder}))
        try:
            if scale:
                build(Address.of(installation.workspace, reader=False), scale=scale, progress=lambda *_: None)
            yield installation
        finally:
            if "database" in installation.__dict__:
                installation.database.dispose()
            stop(installation.workspace)
