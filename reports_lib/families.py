"""Families as their notebooks tell them: title, question, the rules a notebook keeps, a first draft.

A family is a name: `notebooks/<family>.ipynb`. Nothing registers it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from reports_lib.errors import DaybookError, SettingError
from reports_lib.parameters.schema import Schema
from reports_lib.warehouse.tables import TABLES
from reports_lib.workspace import FAMILY, Workspace

ABOUT = "daybook"  # what of a notebook's metadata is ours
ABSOLUTE = re.compile(r"""["'](/(home|root|Users|tmp|work|var)/|[A-Za-z]:\\)""")


@dataclass(frozen=True)
class Heading:
    """How a notebook opens: what the report is called and which question it answers.

    `service` is the channel that the report is about and `type` the kind of service it serves
    (TW-18, TW-19), as the notebook's metadata tell them: `{"daybook": {"service": …, "type": …}}`.
    Where the tables of the warehouse that it `needs` have no rows there is nothing to report on (MS-01).
    What a `personal` one tells is of people: its reports are for the company of who asks, and are deleted in time
    (Q-11, Q-12).
    """

    title: str
    question: str
    service: str = ""
    type: str = ""
    needs: tuple[str, ...] = ()
    personal: bool = False


def heading(notebook: Path) -> Heading:
    """The notebook's first cell and what its metadata add; one that does not open with a heading goes by its name."""
    read = _read(notebook)
    first, about = _opening(notebook, read), _about(read)
    service, kind = about["service"], about["type"]
    return replace(first, service=service, type=kind, needs=_needs(read), personal=_is_personal(read))


def _opening(notebook: Path, read: NotebookNode) -> Heading:
    cells = read.cells
    lines = cells[0].source.strip().splitlines() if cells and cells[0].cell_type == "markdown" else []
    if not lines or not lines[0].startswith("# "):
        return Heading(notebook.stem.replace("_", " ").capitalize(), "")
    paragraph = "\n".join(lines[1:]).strip().split("\n\n")[0]
    return Heading(lines[0].removeprefix("# ").strip(), " ".join(paragraph.split()))


def faults(notebook: Path) -> Iterator[str]:
    """What the notebook breaks of the rules for families, one sentence each; nothing if all is well."""
    try:
        read = _read(notebook)
    except SettingError as error:
        yield str(error)
        return
    cells = read.cells
    if not cells or cells[0].cell_type != "markdown" or not cells[0].source.startswith("# "):
        yield "the first cell is not a heading: begin it with '# Title' and the question the report answers"
    if not all(_about(read).values()):
        yield (
            "its metadata do not say which service and type its reports are listed under: "
            'add "daybook": {"service": "Calls", "type": "Customers"} (Property Inspector, Advanced Tools)'
        )
    yield from (f"it needs {name!r}, which is no table of the warehouse" for name in _needs(read) if name not in TABLES)
    try:
        Schema.read(notebook)
    except DaybookError as error:
        yield str(error)
    for number, cell in enumerate(cells, 1):
        yield from (f"cell {number} {fault}" for fault in _cell_faults(cell))
    code = "\n".join(c.source for c in cells if c.cell_type == "code")
    if "begin(globals())" not in code:
        yield "no cell calls begin(globals()), which hands the parameters and the warehouse over"
    if not re.search(r"\b(facts|Info)\(", code):
        yield "no cell shows facts(…), which says which interval the data really covers"


def draft(workspace: Workspace, family: str) -> list[Path]:
    """Write a first notebook and saved set of a new family; returns the files made.

    Raises `SettingError` if the name is not one or is taken.
    """
    if not FAMILY.fullmatch(family):
        raise SettingError(f"{family!r} cannot name a family: take small letters, digits and _, a letter first")
    notebook = workspace.notebooks / f"{family}.ipynb"
    saved = workspace.parameters / family / "last-month.yaml"
    if taken := [path for path in (notebook, saved) if path.exists()]:
        raise SettingError(f"{taken[0].relative_to(workspace.root)} is there already")
    saved.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(_first_notebook(family), notebook)
    saved.write_text("interval: last month\n", encoding="utf-8")
    return [notebook, saved]


def _about(read: NotebookNode) -> dict[str, str]:
    """Service and type, each empty where the metadata do not give it as a text."""
    told = read.metadata.get(ABOUT)
    found = told if isinstance(told, dict) else {}
    return {name: _line(found.get(name)) for name in ("service", "type")}


def _needs(read: NotebookNode) -> tuple[str, ...]:
    """The tables it needs rows of, as far as the metadata name some."""
    told = read.metadata.get(ABOUT)
    found = told.get("needs") if isinstance(told, dict) else None
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list) else ()


def _is_personal(read: NotebookNode) -> bool:
    told = read.metadata.get(ABOUT)
    return isinstance(told, dict) and told.get("personal") is True


def _line(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _cell_faults(cell: NotebookNode) -> Iterator[str]:
    if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
        yield "is stored with outputs: clear them (Edit, Clear Outputs of All Cells)"
    if cell.cell_type == "code" and ABSOLUTE.search(cell.source):
        yield "names a path of one machine"


def _read(notebook: Path) -> NotebookNode:
    try:
        return nbformat.read(notebook, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise SettingError(f"{notebook.name} cannot be read as a notebook: {str(error).splitlines()[0]}") from None


def _first_notebook(family: str) -> NotebookNode:
    title = family.replace("_", " ").capitalize()
    cells = [
        new_markdown_cell(f"# {title}\n\nHow many clients were there, and when did they come? For whoever asks first."),
        new_code_cell("from reports_lib.notebook import *", metadata={"tags": ["setup"]}),
        new_code_cell(
            'interval: Interval = "last 12 months"    # Filters | Period of the report\n'
            'time_zone: TimeZone = "UTC"              # Filters | Buckets are local to it',
            metadata={"tags": ["parameters"]},
        ),
        new_code_cell("asked, warehouse = begin(globals())"),
        new_markdown_cell("## Clients by type\n\nClients that were created in the period, by type."),
        new_code_cell(
            "from datetime import UTC\n\n"
            'client = warehouse.table("client")  # its times are UTC, and do not say so\n'
            "start, end = asked.interval.start.replace(tzinfo=None), asked.interval.end.replace(tzinfo=None)\n"
            "created = client.filter(client.created_at >= start, client.created_at < end)\n"
            "moments = created.created_at\n"
            "summary = created.agg(clients=created.count(), first=moments.min(), last=moments.max())\n"
            "total = summary.to_pyarrow().to_pylist()[0]"
        ),
        new_code_cell(
            "Grid(\n"
            '    "Clients by type",\n'
            '    created.group_by("client_type").agg(clients=created.count()).order_by("client_type"),\n'
            '    [Column("client_type", "Type"), Column("clients", "Clients", "quantity")],\n'
            "    total=total,\n"
            "    is_main=True,\n"
            ")"
        ),
        new_markdown_cell("## About these data"),
        new_code_cell(
            "first_last = None  # where no client was created\n"
            'if total["clients"]:\n'
            '    first_last = (total["first"].replace(tzinfo=UTC), total["last"].replace(tzinfo=UTC))\n'
            "facts(asked, warehouse, first_last)"
        ),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"{family.replace('_', '-')[:40]}-{number}"
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    about = {"service": "All channels", "type": "Customers"}
    return new_notebook(cells=cells, metadata={ABOUT: about, "kernelspec": kernel, "language_info": {"name": "python"}})
