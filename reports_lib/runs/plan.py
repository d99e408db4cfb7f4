"""A request to what can be run: its notebook, its parameters, the data version it reads."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reports_lib.errors import ParameterError
from reports_lib.families import heading
from reports_lib.parameters.options import Option
from reports_lib.parameters.schema import Resolved, Schema
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.warehouse.connection import Warehouse, connect
from reports_lib.warehouse.versions import latest


@dataclass(frozen=True)
class Plan:
    """A request that can be run. `data_version` None reads a Postgres at its present state."""

    notebook: Path
    title: str
    resolved: Resolved
    data_version: str | None


def plan(request: Request, installation: Installation) -> Plan:
    """What the request comes to; raises `ParameterError`, `UnknownNameError`, `SettingError` or `WarehouseError`.

    The warehouse is opened only if something has to be looked up in it, or an old version was asked for.
    """
    if request.recipients and set(request.formats) <= {Format.HTML}:
        raise ParameterError("a report is mailed with its files: add pdf, csv, xlsx or xls to the formats")  # JD-30
    notebook = installation.workspace.notebook(request.family)
    schema, title = _read(notebook)
    with ExitStack() as stack:
        lookups = _Lookups(request, installation, stack)
        version = lookups.warehouse.version if request.data_version else latest(installation.warehouse)
        zone = installation.workspace.time_zone
        resolved = schema.resolve(request.given, request.as_of, lookups, zone)
    return Plan(notebook, title, resolved, version)


class _Lookups:
    """The options that the warehouse has; it is opened when first asked, and closed with `stack`."""

    def __init__(self, request: Request, installation: Installation, stack: ExitStack) -> None:
        self._request = request
        self._installation = installation
        self._stack = stack
        self._opened: Warehouse | None = None

    @property
    def warehouse(self) -> Warehouse:
        if self._opened is None:
            asked = self._request
            opened = connect(self._installation.warehouse, version=asked.data_version, as_of=asked.as_of)
            self._opened = self._stack.enter_context(opened)
        return self._opened

    def __call__(self, lookup: str) -> list[Option]:
        return self.warehouse.options(lookup)


def _read(notebook: Path) -> tuple[Schema, str]:
    stat = notebook.stat()
    return _parsed(notebook, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _parsed(notebook: Path, _changed: int, _size: int) -> tuple[Schema, str]:
    return Schema.read(notebook), heading(notebook).title
