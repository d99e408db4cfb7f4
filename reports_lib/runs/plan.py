"""A request to what can be run: its notebook, its parameters, the data version it reads."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from reports_lib.delivery.addresses import check_sendable
from reports_lib.families import heading
from reports_lib.parameters.options import Option
from reports_lib.parameters.schema import Resolved, Schema
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.versions import Version, find, latest

if TYPE_CHECKING:  # half a second, for requests that nothing need be looked up for
    from reports_lib.warehouse.connection import Warehouse

REMEMBERED = 256  # lists of options

_known: dict[tuple[Address, str | None, str, datetime | None], list[Option]] = {}


@dataclass(frozen=True)
class Plan:
    """A request that can be run. `version` None reads a Postgres at its present state."""

    notebook: Path
    title: str
    resolved: Resolved
    version: Version | None

    @property
    def data_version(self) -> str | None:
        """Name of the version."""
        return self.version.name if self.version else None


def plan(request: Request, installation: Installation) -> Plan:
    """What the request comes to; raises `ParameterError`, `UnknownNameError`, `SettingError` or `WarehouseError`.

    The warehouse is opened only to look up what this process does not know yet.
    """
    check_sendable(request.formats, request.recipients)
    notebook = installation.workspace.notebook(request.family)
    schema, title = _read(notebook)
    with ExitStack() as stack:
        address = installation.warehouse
        version = find(address, request.data_version) if request.data_version else latest(address)
        lookups = _Lookups(request, address, version.name if version else None, stack)
        zone = installation.workspace.time_zone
        resolved = schema.resolve(request.given, request.as_of, lookups, zone)
    return Plan(notebook, title, resolved, version)


class _Lookups:
    """The options that the warehouse has; it is opened when first asked, and closed with `stack`.

    What one data version of a lake holds is looked up once: it never changes.
    """

    def __init__(self, request: Request, address: Address, version: str | None, stack: ExitStack) -> None:
        self._request = request
        self._address = address
        self._version = version
        self._stack = stack
        self._opened: Warehouse | None = None

    def open(self) -> "Warehouse":
        if self._opened is None:
            from reports_lib.warehouse.connection import connect

            opened = connect(self._address, version=self._version, as_of=self._request.as_of)
            self._opened = self._stack.enter_context(opened)
        return self._opened

    def __call__(self, lookup: str) -> list[Option]:
        key = self._key(lookup)
        if key in _known:
            return _known[key]
        options = self.open().options(lookup)
        if self._version is not None:
            if len(_known) >= REMEMBERED:
                _known.clear()
            _known[key] = options
        return options

    def _key(self, lookup: str) -> tuple[Address, str | None, str, datetime | None]:
        from reports_lib.warehouse.connection import LOOKUPS
        from reports_lib.warehouse.tables import TABLES

        table = TABLES[LOOKUPS[lookup][0]] if lookup in LOOKUPS else None
        depends_on_moment = table is None or table.happened_at is not None
        return self._address, self._version, lookup, self._request.as_of if depends_on_moment else None


def _read(notebook: Path) -> tuple[Schema, str]:
    stat = notebook.stat()
    return _parsed(notebook, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _parsed(notebook: Path, _changed: int, _size: int) -> tuple[Schema, str]:
    return Schema.read(notebook), heading(notebook).title
