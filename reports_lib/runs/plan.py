"""A request to what can be run: its notebook, its parameters, the data version it reads."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from reports_lib.delivery.addresses import check_sendable
from reports_lib.errors import StateError, WarehouseError
from reports_lib.families import Heading, heading
from reports_lib.parameters.options import Option
from reports_lib.parameters.schema import Resolved, Schema
from reports_lib.runs.installation import Installation
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.companies import of_version, subtree
from reports_lib.warehouse.versions import Version, find, latest

if TYPE_CHECKING:  # half a second, for requests that nothing need be looked up for
    from reports_lib.warehouse.connection import Warehouse

REMEMBERED = 400_000  # options of all lists together; a company may have 50,000 tags

Key = tuple[Address, str | None, str, str, datetime | None]

_known: dict[Key, list[Option]] = {}
_filled: set[Key] = set()  # tables that have rows: what one version holds it holds for ever


@dataclass(frozen=True)
class Plan:
    """A request that can be run. `version` None reads a Postgres at its present state."""

    notebook: Path
    title: str
    is_personal: bool
    resolved: Resolved
    version: Version | None

    @property
    def data_version(self) -> str | None:
        """Name of the version."""
        return self.version.name if self.version else None


def plan(request: Request, installation: Installation) -> Plan:
    """What the request comes to; raises `ParameterError`, `UnknownNameError`, `SettingError` or `WarehouseError`.

    What there is to choose is of the author's company and those below it. The warehouse is opened only to
    look up what this process does not know yet. Raises `StateError` naming the tables that the family needs and
    that have no row for the author (MS-01).
    """
    check_sendable(request.formats, request.recipients)
    notebook = installation.workspace.notebook(request.family)
    schema, opening = _read(notebook)
    with ExitStack() as stack:
        address = installation.warehouse
        version = find(address, request.data_version) if request.data_version else latest(address)
        lookups = _Lookups(address, version, request.as_of, request.author.company, stack)
        lookups.check_company()
        refuse_lacking([name for name in opening.needs if lookups.is_empty(name)])
        zone = installation.workspace.time_zone
        resolved = schema.resolve(request.given, request.as_of, lookups, zone)
    return Plan(notebook, opening.title, opening.personal, resolved, version)


def refuse_lacking(tables: Sequence[str]) -> None:
    """Raise `StateError` if there are tables that a family needs and of which there is no row (MS-01)."""
    if tables:
        raise StateError(f"there is nothing to report on yet: no data in {', '.join(tables)}")


def options(lookup: str, author: Author, as_of: datetime, installation: Installation) -> list[Option]:
    """What `author` can choose from in the newest data; `lookup` is one of the warehouse's `LOOKUPS`.

    Raises what `plan` does of a company that is gone and a warehouse that cannot be read.
    """
    with ExitStack() as stack:
        address = installation.warehouse
        return _Lookups(address, latest(address), as_of, author.company, stack)(lookup)


def lacking(needs: Iterable[str], author: Author, as_of: datetime, installation: Installation) -> list[str]:
    """Those of the tables that a family needs that are not there, or have no row for `author` in the newest data."""
    with ExitStack() as stack:
        address = installation.warehouse
        looked = _Lookups(address, latest(address), as_of, author.company, stack)
        return [name for name in needs if looked.is_empty(name)]


class _Lookups:
    """The options that one company may read; the warehouse is opened when first asked, and closed with `stack`.

    What one data version of a lake holds for a company is looked up once: it never changes.
    """

    def __init__(
        self, address: Address, version: Version | None, as_of: datetime, company: str, stack: ExitStack
    ) -> None:
        self._address = address
        self._version = version
        self._as_of = as_of
        self._company = company
        self._stack = stack
        self._opened: Warehouse | None = None

    def check_company(self) -> None:
        """Raise `WarehouseError` now, and not in the midst of the run, if the company is none that there is."""
        if self._company == "":
            return
        if self._version is None:
            self._open()
        else:
            subtree([(each.id, each.parent) for each in of_version(self._address, self._version)], self._company)

    def __call__(self, lookup: str) -> list[Option]:
        key = self._key(lookup)
        if key in _known:
            return _known[key]
        found = self._open().options(lookup)
        if self._version is not None:
            if sum(map(len, list(_known.values()))) + len(found) > REMEMBERED:
                _known.clear()
            _known[key] = found
        return found

    def is_empty(self, table: str) -> bool:
        key = (self._address, self._version.name if self._version else None, self._company, table, None)
        if key in _filled:
            return False
        try:
            found = not self._open().has(table) or self._open().is_empty(table)
        except WarehouseError:  # a table that is not as declared: the report names all that is wrong
            return False
        if not found:
            _filled.add(key)
        return found

    def _open(self) -> "Warehouse":
        if self._opened is None:
            from reports_lib.warehouse.connection import connect

            version = self._version.name if self._version else None
            opened = connect(self._address, version=version, as_of=self._as_of, company=self._company)
            self._opened = self._stack.enter_context(opened)
        return self._opened

    def _key(self, lookup: str) -> Key:
        from reports_lib.warehouse.connection import LOOKUPS

        version = self._version.name if self._version else None
        is_timeless = lookup in LOOKUPS and _is_timeless(LOOKUPS[lookup][0], self._company)
        return self._address, version, self._company, lookup, None if is_timeless else self._as_of


def _is_timeless(table: str, company: str) -> bool:
    """Whether a company is shown the same rows at every moment: what tells it whose they are counts too."""
    from reports_lib.warehouse.scope import with_owners
    from reports_lib.warehouse.tables import TABLES

    return all(TABLES[name].happened_at is None for name in (with_owners([table]) if company else [table]))


def _read(notebook: Path) -> tuple[Schema, Heading]:
    stat = notebook.stat()
    return _parsed(notebook, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _parsed(notebook: Path, _changed: int, _size: int) -> tuple[Schema, Heading]:
    return Schema.read(notebook), heading(notebook)
