"""The sources of a file of call records, for a load of the warehouse."""

from pathlib import Path

from reports_lib.cdr.format import Format
from reports_lib.cdr.lookups import known
from reports_lib.cdr.reader import CdrFile
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ingest import Limits
from reports_lib.warehouse.ingest.archive import Member
from reports_lib.warehouse.ingest.sources import Reader, Source, opened


def sources_of(
    path: Path, made: Format, address: Address, *, company: str = "", name: str = "", limits: Limits | None = None
) -> list[Source]:
    """The file, or each file of a zip archive, as rows of the format's table; `name` is what to call it.

    Clients are looked for in a company and those below it, "" being all. Raises `IngestError`,
    `WarehouseError` and `DatabaseError`.
    """
    limits = limits or Limits()
    found = known(address, made.terms.places, company)

    def reader(member: Member | None) -> Reader:
        return CdrFile(path, made.table, limits, member, format=made, known=found, called=name)

    return [Source(each) for each in opened(path, limits, reader, name)]
