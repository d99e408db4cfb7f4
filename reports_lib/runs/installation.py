"""A workspace with its database, snapshot store and warehouse at hand."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from reports_lib.database.engine import engine
from reports_lib.database.migrations import upgrade
from reports_lib.snapshots.store import Store
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.versions import Version, latest
from reports_lib.workspace import Workspace

if TYPE_CHECKING:
    from reports_lib.warehouse.connection import Warehouse


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

    def opened(self, as_of: datetime, company: str = "") -> "Warehouse":
        """The newest data as of a moment, of one company or of the whole group; to be closed.

        Raises what `connect` does.
        """
        # half a second, for whoever asks the warehouse nothing
        from reports_lib.warehouse.connection import connect

        return connect(self.reading(latest(self.warehouse)), as_of=as_of, company=company)

    @property
    def url(self) -> str:
        """What links begin with."""
        return self.workspace.address

    def link(self, token: str) -> str:
        """The address of a link."""
        return f"{self.url}/view?id={token}"
