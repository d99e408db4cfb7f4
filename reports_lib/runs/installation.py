"""A workspace with its database, snapshot store and warehouse at hand."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from reports_lib.database.engine import engine
from reports_lib.database.migrations import upgrade
from reports_lib.snapshots.store import Store
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.versions import Version
from reports_lib.workspace import Workspace


@dataclass(frozen=True)
class Installation:
    """What machinery needs to do anything; each part is opened when it is first asked for."""

    workspace: Workspace

    @cached_property
    def database(self) -> Engine:
        """Runs, links and the index of snapshots. Raises `DatabaseError`."""
        opened = engine(self.workspace)
        upgrade(opened)
        return opened

    @cached_property
    def store(self) -> Store:
        """The snapshots' files."""
        return Store(self.workspace.snapshots)

    @cached_property
    def warehouse(self) -> Address:
        """Where reports read from, as somebody who may only read. Raises `DatabaseError`."""
        return Address.of(self.workspace)

    def reading(self, version: Version | None) -> Address:
        """Where a report reads `version` of the warehouse, None being a Postgres at its present state."""
        if version is None:
            return self.warehouse
        # a run that is only asked for needs no DuckDB
        from reports_lib.warehouse.catalogue import frozen

        return frozen(self.warehouse, version, self.workspace.catalogues)

    @property
    def url(self) -> str:
        """What links begin with."""
        return self.workspace.address

    def link(self, token: str) -> str:
        """The address of a link."""
        return f"{self.url}/view?id={token}"
