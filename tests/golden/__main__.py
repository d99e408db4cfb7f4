"""Writes the golden copies anew, or adds one: `python -m tests.golden [FAMILY SET]`."""

import shutil
import tempfile
import warnings
from pathlib import Path

import click

from reports_lib.database import server
from reports_lib.warehouse.address import Address
from reports_lib.workspace import Workspace
from tests.golden import COPIES, copies, fill, renew


@click.command()
@click.argument("family", required=False)
@click.argument("set_name", metavar="SET", required=False)
def main(family: str | None, set_name: str | None) -> None:
    """Renew the golden copies, or add that of one saved SET of FAMILY."""
    warnings.simplefilter("ignore")
    wanted = [(family, set_name)] if family and set_name else [(path.parent.name, path.stem) for path in copies()]
    root = Path(tempfile.mkdtemp(prefix="daybook-golden-"))
    root.chmod(0o755)  # the embedded server is another user where we are root
    workspace = Workspace(root, root / "outputs")
    try:
        fill(Address.of(workspace, reader=False))
        for each in wanted:
            click.echo(renew(*each, Address.of(workspace)).relative_to(COPIES.parent.parent))
    finally:
        server.stop(workspace)
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
