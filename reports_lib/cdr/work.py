"""Loading files: one is taken in, one is claimed, and brought to its end."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from reports_lib.cdr import files, formats
from reports_lib.cdr.files import Claim, Given
from reports_lib.cdr.load import sources_of
from reports_lib.cdr.originals import Originals
from reports_lib.cdr.recovery import finished
from reports_lib.database.schema import CdrFile
from reports_lib.errors import DatabaseError, DaybookError, IngestError
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ingest.load import Order, Progress, load
from reports_lib.warehouse.ingest.report import Report
from reports_lib.warehouse.ingest.sources import Source


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of an attempt: a report, or an error; `claim` says at what."""

    claim: Claim
    report: Report | None = None
    error: DaybookError | None = None


def originals(installation: Installation) -> Originals:
    """Where an installation keeps files as they came."""
    return Originals(installation.workspace.outputs / "cdr")


def take_in(installation: Installation, source: Path, given: Given, name: str = "") -> int:
    """Keep a copy of a file and have it wait; returns its id. Raises `IngestError`, `UnknownNameError`.

    First the bytes, then the row: there is no row without its file. `name` is what to call it, if not by its own.
    """
    formats.find(installation.workspace, given.format)
    kept = originals(installation)
    with kept.arriving(source, name) as arrived, Session(installation.database) as session, session.begin():
        made = files.register(session, arrived, given)
        kept.keep(arrived)
        return made


def load_next(
    installation: Installation, only: Iterable[int] | None = None, progress: Progress | None = None
) -> Ended | None:
    """Claim a file, one of `only` if that is given, and load it; None if there is none to claim.

    Raises `DatabaseError`, and `WarehouseError` where the warehouse is at fault and not the file, which then waits.
    """
    with Session(installation.database) as session, session.begin():
        held = files.claim(session, installation.workspace.lease, only)
    return _attempt(installation, held, progress) if held else None


def delete(installation: Installation, file_id: int) -> CdrFile:
    """Mark a file deleted and take its original away; its rows stay. Raises `UnknownNameError`, `StateError`.

    First the row, then the bytes: no row is ever without its file.
    """
    with Session(installation.database, expire_on_commit=False) as session, session.begin():
        found = files.delete(session, file_id)
    with Session(installation.database) as session, session.begin():
        files.only_one(session, found.sha256)
        if files.of_content(session, found.sha256) is None:  # it may have come again meanwhile
            originals(installation).remove(found.sha256)
    return found


def _attempt(installation: Installation, held: Claim, progress: Progress | None) -> Ended:
    database = installation.database
    try:
        with Heart(database, held, installation.workspace.lease):
            report = _loaded(installation, held, progress)
    except DaybookError as error:
        if isinstance(error, DatabaseError) or error.can_heal:
            _release(database, held)
            raise
        return _failed(installation, held, error)
    except (KeyboardInterrupt, SystemExit):
        _release(database, held)
        raise
    except Exception as error:  # told as the file's, or it would be tried for ever
        return _failed(installation, held, IngestError(f"unexpected {type(error).__name__}: {error}"))
    rejects = _below(report.rejects_path, installation.workspace.outputs)
    with Session(database) as session, session.begin():
        files.succeed(session, held, report, rejects)
    return Ended(held, report=report)


def _loaded(installation: Installation, held: Claim, progress: Progress | None) -> Report:
    workspace = installation.workspace
    if held.attempt > workspace.attempts:
        raise IngestError(f"{held.name} was given up: whoever loaded it died, {workspace.attempts} times")
    path = originals(installation).path(held.sha256)
    if not path.is_file():
        raise IngestError(f"{held.name} is gone from {path.parent}")
    made = formats.find(workspace, held.format)
    address = Address.of(workspace, reader=False)
    message, rejects = f"Call records: {held.name} (file {held.id})", workspace.outputs / "rejects"

    def found() -> list[Source]:
        return sources_of(path, made, address, company=held.company, name=held.name)

    if held.attempt > 1 and (report := finished(address, message, found(), _rejects(rejects, held))):
        return report
    order = Order(
        "daybook",
        message,
        datetime.now(UTC),
        rejects,
        skip_bad=True,
        progress=progress,
        name=f"cdr-{held.id}",
        way="",
    )
    return load(address, made.table, found, order)


def _failed(installation: Installation, held: Claim, error: DaybookError) -> Ended:
    outputs = installation.workspace.outputs
    with Session(installation.database) as session, session.begin():
        files.fail(session, held, str(error), _below(_rejects(outputs / "rejects", held), outputs))
    return Ended(held, error=error)


def _rejects(folder: Path, held: Claim) -> Path | None:
    """The lines that the last attempt kept aside, if any."""
    found = sorted(folder.glob(f"cdr-{held.id}-*.csv"))
    return found[-1] if found else None


def _release(database: Engine, held: Claim) -> None:
    """Give the file back, if the database can be told; else its silence tells."""
    try:
        with Session(database) as session, session.begin():
            files.release(session, held)
    except DatabaseError:
        return


def _below(path: Path | None, folder: Path) -> str | None:
    if path is None:
        return None
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


class Heart:
    """Says every quarter of a lease that an attempt is still made, in a `with` statement."""

    def __init__(self, database: Engine, held: Claim, lease: float) -> None:
        self._database, self._held, self._pause = database, held, lease / 4
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"cdr-{held.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._left.wait(self._pause):
            try:
                with Session(self._database) as session, session.begin():
                    if not files.beat(session, self._held):
                        return  # somebody else's: the ledger lets only one of us load it
            except DatabaseError:
                continue  # away for a moment, or for good; the load itself will tell
