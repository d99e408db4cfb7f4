"""Where a warehouse is, as one line of text that can be handed to another process.

    lake       postgresql://daybook_reader@/daybook_lake?data_path=/srv/outputs/lake&host=/srv/socket
    Postgres   postgresql://reader@db.example.com/crm?schema=daybook
    version    ducklake:/srv/outputs/catalogues/7.ducklake?data_path=/srv/outputs/lake&version=7

The address of a lake is that of its catalogue and the folder (or object store) of its files; that
of one of its data versions, of a copy of the catalogue instead: no server, no password.
"""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from reports_lib.database.url import name, place
from reports_lib.errors import WarehouseError
from reports_lib.workspace import Workspace

FILE = "ducklake"  # the scheme of a copied catalogue


@dataclass(frozen=True)
class Address:
    """A lake, if it has a `data_path`, else a `schema` of a Postgres database; `database` is a URL.

    With a `catalogue`, the file of a copy, it is one `version` of a lake, and there is no `database`.
    """

    database: str = field(repr=False)  # holds a password, perhaps
    data_path: str = ""
    schema: str = "public"
    catalogue: str = ""
    version: str = ""

    @classmethod
    def of(cls, workspace: Workspace, reader: bool = True) -> Self:
        """The workspace's warehouse: `DAYBOOK_WAREHOUSE_URL` if set, else its lake.

        As the role that may only read, unless `reader` is false. A warehouse of your own is entered as the user
        that its address names: to be written as that of `DAYBOOK_WAREHOUSE_WRITER`, if set, which no notebook gets
        to know. Raises `DatabaseError` if the lake's catalogue is down.
        """
        if workspace.warehouse_url:
            address = cls._own("DAYBOOK_WAREHOUSE_URL", workspace.warehouse_url)
            if reader or not workspace.warehouse_writer:
                return address
            writer = cls._own("DAYBOOK_WAREHOUSE_WRITER", workspace.warehouse_writer)
            places = {(each.data_path, each.schema, name(each.database)) for each in (address, writer)}
            if len(places) > 1:
                raise WarehouseError(
                    "DAYBOOK_WAREHOUSE_WRITER must name what DAYBOOK_WAREHOUSE_URL does, as another role"
                )
            return writer
        # the embedded server is started only when its lake is asked for
        from reports_lib.database.server import lake_url, reader_url

        database = reader_url(workspace) if reader else lake_url(workspace)
        return cls(database, data_path=str(workspace.lake))

    @classmethod
    def _own(cls, setting: str, url: str) -> Self:
        address = cls.parse(url)
        if address.catalogue:
            raise WarehouseError(f"{setting} names a copy of a catalogue; name the lake or a Postgres")
        return address

    @classmethod
    def parse(cls, text: str) -> Self:
        """The way back from `str()`; raises `WarehouseError`."""
        parts = urlsplit(text)
        if parts.scheme == FILE:
            path, _, query = text.removeprefix(f"{FILE}:").rpartition("?")
            words = dict(parse_qsl(query))
            if not path or words.keys() != {"data_path", "version"} or not words["version"].isdecimal():
                raise WarehouseError(f"{text!r} is not the address of a copied catalogue")
            return cls("", words["data_path"], catalogue=unquote(path), version=words["version"])
        if parts.scheme not in ("postgresql", "postgres"):
            raise WarehouseError("a warehouse's address must be like postgresql://user@host/name?schema=name")
        words = dict(parse_qsl(parts.query, keep_blank_values=True))
        data_path, schema = words.pop("data_path", ""), words.pop("schema", "") or "public"
        return cls(urlunsplit(parts._replace(query=_query(words))), data_path, schema)

    @property
    def is_lake(self) -> bool:
        """Whether it is a lake, which keeps old data versions."""
        return bool(self.data_path)

    @property
    def place(self) -> str:
        """What to call it in messages; no password."""
        return self.catalogue or place(self.database)

    def __str__(self) -> str:
        if self.catalogue:
            return f"{FILE}:{quote(self.catalogue)}?{_query({'data_path': self.data_path, 'version': self.version})}"
        parts = urlsplit(self.database)
        own = {"data_path": self.data_path} if self.is_lake else {"schema": self.schema}
        words = dict(parse_qsl(parts.query, keep_blank_values=True)) | own
        # urlunsplit would drop the slashes of an address without a host
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{_query(words)}"


def _query(words: dict[str, str]) -> str:
    return urlencode(sorted(words.items()), quote_via=quote, safe="/:")
