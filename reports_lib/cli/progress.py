"""Progress of long work on the terminal; silence where nobody watches."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from reports_lib.runs.progress import Progress as Report


@contextmanager
def running(name: str, quiet: bool = False, unit: str = "cell") -> Iterator[Report]:
    """A bar on standard error while the body runs: time, and which `unit` of how many is done, under which heading.

    What it yields is told what is done, how far, of how many.
    """
    console = Console(stderr=True)
    with Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[place]}{task.fields[step]}"),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    ) as bar:
        task = bar.add_task(escape(name), total=None, place="", step="")

        def report(step: str, done: int, total: int) -> None:
            place = f"{unit} {min(done + 1, total)} of {total}  " if total else ""
            bar.update(task, completed=done, total=total or None, place=place, step=escape(step))

        yield report
