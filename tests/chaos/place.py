"""A workspace of its own, with its own Postgres, a lake that holds next to nothing, and one slow family."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from reports_lib.database import server
from reports_lib.database.cluster import Cluster
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.workspace import Workspace
from tests.conftest import to_arrow

FAMILY = "steady"
CELLS = [
    new_markdown_cell("# Steady\n\nA number and its square, after a while."),
    new_code_cell("import time\nfrom reports_lib.notebook import *"),
    new_code_cell(
        'interval: Interval = "last month"\nnumber: Whole = 0\nwait: Whole = 0  # milliseconds',
        metadata={"tags": ["parameters"]},
    ),
    new_code_cell(
        "asked, warehouse = begin(globals())\nclients = warehouse.table('client').count().to_pyarrow().as_py()"
    ),
    new_markdown_cell("## The wait"),
    new_code_cell("time.sleep(asked.wait / 1000)"),
    new_markdown_cell("## The figures"),
    new_code_cell(
        'rows = [{"number": asked.number, "square": asked.number**2, "clients": clients}]\n'
        'Grid("Steady", rows, [Column(name, name.title(), "quantity") for name in rows[0]], is_main=True)'
    ),
]
SCHEDULE = """
- {name: every-minute, family: steady, parameters: {wait: "500"}, cron: "* * * * *", formats: [html, csv],
   recipients: [every@example.com], catch_up: all}
"""
CLIENTS = 3


@dataclass(frozen=True)
class Place:
    """The workspace, and what a process needs to work in it."""

    installation: Installation
    environment: Mapping[str, str]

    @property
    def workspace(self) -> Workspace:
        return self.installation.workspace

    def restart_database(self) -> None:
        """Stop Postgres as a power cut would, and start it again."""
        cluster = Cluster.of(self.workspace.outputs)
        with server._exclusive(cluster):
            cluster._run("pg_ctl", "-D", cluster.data, "-m", "immediate", "-w", "-t", 60, "restart")


@contextmanager
def place(**settings: str) -> Iterator[Place]:
    """Made now, gone afterwards; `settings` are environment variables."""
    root = Path(tempfile.mkdtemp(prefix="daybook-chaos-"))
    root.chmod(0o755)
    for name in ("notebooks", "parameters", "tmp"):
        (root / name).mkdir()
    nbformat.write(new_notebook(cells=CELLS), root / f"notebooks/{FAMILY}.ipynb")
    (root / "parameters/schedule.yaml").write_text(SCHEDULE)
    environment = {"DAYBOOK_HOME": str(root), "TMPDIR": str(root / "tmp"), **settings}
    workspace = Workspace.find(environ=environment)
    try:
        owner = Address.of(workspace, reader=False)
        writer.create(owner)
        clients = [{"client_id": number} for number in range(1, CLIENTS + 1)]
        writer.write(owner, {"client": to_arrow("client", clients)}, author="tests", message="a few clients")
        installation = Installation(workspace)
        try:
            yield Place(installation, environment)
        finally:
            installation.database.dispose()
    finally:
        server.stop(workspace)
        shutil.rmtree(root, ignore_errors=True)
