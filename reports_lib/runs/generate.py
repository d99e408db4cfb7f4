"""A request to a sealed snapshot: resolve, execute, render, seal, record.

outputs/runs/<run>/executed.ipynb    the notebook as far as it came; kept when a run fails
outputs/runs/<run>/tables/           rows of the tables it showed
"""

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nbformat import NotebookNode
from sqlalchemy.orm import Session

from reports_lib import __version__
from reports_lib.database.schema import Run, State
from reports_lib.errors import DaybookError, StoreError
from reports_lib.families import heading
from reports_lib.parameters.schema import Resolved, Schema
from reports_lib.runs import record
from reports_lib.runs.execute import Progress, Sandbox, execute
from reports_lib.runs.installation import Installation
from reports_lib.runs.outcome import Outcome, outcome_of
from reports_lib.runs.render import Told, contents, told
from reports_lib.runs.request import Request
from reports_lib.snapshots import index, links
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import seal
from reports_lib.warehouse.connection import connect
from reports_lib.warehouse.versions import latest


def utc_now() -> datetime:
    """The clock of the outermost places."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Plan:
    """A request that can be run: its notebook, its parameters, the data version it reads."""

    notebook: Path
    resolved: Resolved
    data_version: str | None


def generate(
    request: Request, installation: Installation, progress: Progress, clock: Callable[[], datetime] = utc_now
) -> Outcome:
    """Make the report and seal it; asked again with the same key, return what came of it the first time.

    Raises `ParameterError`, `UnknownNameError` or `WarehouseError` before a run is recorded, and any
    `DaybookError` after: then the run's row says why, and there is no snapshot.
    """
    plan = _plan(request, installation)
    with Session(installation.database) as session, session.begin():
        row = record.record(session, request, clock())
        run_id, is_done = row.id, row.state == State.GENERATED
    if is_done:
        return outcome_of(installation, run_id)
    with Session(installation.database) as session, session.begin():
        attempt = record.start(session, run_id, clock())
    if attempt is None:
        raise StoreError(f"run {run_id} is being made by somebody else; see `daybook show {run_id}`")
    folder = installation.workspace.outputs / "runs" / str(run_id)
    try:
        manifest = _make(plan, request, installation, _fresh(folder), progress, clock)
        with Session(installation.database) as session, session.begin():
            index.insert(session, manifest)
            session.flush()
            links.make(session, manifest.id, by=request.author.user, at=clock())
            is_ours = record.succeed(session, run_id, attempt, manifest.id, clock())
            _keep_versions(session, run_id, plan.resolved, manifest.data_version)
            if not is_ours:
                raise StoreError(f"run {run_id} was taken over by another attempt; this one is thrown away")
    except BaseException as error:
        # Interrupts count too: a run that nobody makes any more must not look as if somebody did.
        with Session(installation.database) as session, session.begin():
            record.fail(session, run_id, attempt, _reason(error), clock())
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return outcome_of(installation, run_id)


def _plan(request: Request, installation: Installation) -> _Plan:
    notebook = installation.workspace.notebook(request.family)
    schema = Schema.read(notebook)
    version = request.data_version or latest(installation.warehouse)
    with connect(installation.warehouse, version=version, as_of=request.as_of) as warehouse:
        resolved = schema.resolve(request.given, request.as_of, warehouse.options, installation.workspace.time_zone)
    return _Plan(notebook, resolved, version)


def _make(
    plan: _Plan,
    request: Request,
    installation: Installation,
    folder: Path,
    progress: Progress,
    clock: Callable[[], datetime],
) -> Manifest:
    started = time.monotonic()
    notebook = _copied(plan.notebook, folder)
    sandbox = Sandbox(folder, _environment(plan, request, installation), installation.workspace.cell_timeout)
    executed = execute(notebook, plan.resolved, sandbox, progress)
    draft = _draft(plan, request, executed, hashlib.sha256(notebook.read_bytes()).hexdigest(), clock())
    progress("rendering", len(executed.cells), len(executed.cells) + 1)
    files, tables = contents(executed, sandbox.tables, draft, request.formats)
    progress("sealing", len(executed.cells), len(executed.cells) + 1)
    elapsed = round((time.monotonic() - started) * 1000)
    return seal(installation.store, replace(draft, tables=tables, duration_ms=elapsed), files)


def _copied(notebook: Path, folder: Path) -> Path:
    """The notebook as this run takes it, whatever an analyst saves meanwhile: its hash is that of what ran."""
    try:
        return Path(shutil.copy(notebook, folder))
    except OSError as error:
        raise StoreError(f"cannot copy {notebook.name} to {folder}: {error.strerror}") from None


def _draft(
    plan: _Plan, request: Request, executed: NotebookNode, notebook_sha256: str, generated_at: datetime
) -> Manifest:
    said: Told = told(executed)
    return Manifest(
        family=request.family,
        title=heading(plan.notebook).title,
        set_name=request.set_name,
        asked=plan.resolved.asked,
        resolved=plan.resolved.literals,
        labels=plan.resolved.labels,
        requested_interval=said.requested_interval,
        data_interval=said.data_interval,
        as_of=request.as_of,
        time_zone=said.time_zone or "UTC",
        data_version=said.data_version or plan.data_version or "",
        notebook_sha256=notebook_sha256,
        code_version=__version__,
        generated_by=request.author,
        generated_at=generated_at,
        duration_ms=0,
        supersedes=request.supersedes,
    )


def _environment(plan: _Plan, request: Request, installation: Installation) -> dict[str, str]:
    return {
        "DAYBOOK_WAREHOUSE": str(installation.warehouse),
        "DAYBOOK_DATA_VERSION": plan.data_version or "",
        "DAYBOOK_AS_OF": request.as_of.isoformat(),
        "DAYBOOK_MEMORY_LIMIT": installation.workspace.memory_limit,
        "DAYBOOK_TIME_ZONE": installation.workspace.time_zone,
    }


def _keep_versions(session: Session, run_id: int, resolved: Resolved, data_version: str) -> None:
    row = session.get_one(Run, run_id)
    row.resolved, row.data_version = dict(resolved.literals), data_version


def _reason(error: BaseException) -> DaybookError:
    """What the run's row says of `error`."""
    if isinstance(error, DaybookError):
        return error
    if isinstance(error, Exception):
        return DaybookError(f"unexpected {type(error).__name__}: {' '.join(str(error).split())}")
    return DaybookError(f"interrupted by {type(error).__name__}")


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"cannot write {folder.parent}: {error.strerror}") from None
    return folder
