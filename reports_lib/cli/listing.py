"""Lists: a table on a terminal, a line a row with tabs between for everything else."""

from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

COLORS = {"error": "red", "generated": "green", "generating": "yellow", "queued": "yellow"}


def listing(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print the rows under their heads; a cell that is a run's state has the state's colour."""
    console = Console()
    if not console.is_terminal:
        for row in (heads, *rows):
            click.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    table = Table(*heads, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, style=COLORS.get(cell, "")) for cell in row))
    console.print(table)
