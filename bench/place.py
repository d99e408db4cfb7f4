"""A workspace for a benchmark: this checkout's notebooks, outputs of its own, demo data."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reports_lib.database.server import stop
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.demo.build import build
from reports_lib.workspace import Workspace

HOME = Path(__file__).parent.parent


@contextmanager
def place(scale: int = 1) -> Iterator[Installation]:
    """An installation with demo data of that scale, none if 0; its folder is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        Path(folder).chmod(0o755)  # the embedded server runs as another user
        workspace = Workspace.find(HOME, {"DAYBOOK_HOME": str(HOME), "DAYBOOK_OUTPUTS": f"{folder}/outputs"})
        installation = Installation(workspace)
        try:
            if scale:
                build(Address.of(workspace, reader=False), scale=scale, progress=lambda *_: None)
            yield installation
        finally:
            if "database" in installation.__dict__:
                installation.database.dispose()
            stop(workspace)
