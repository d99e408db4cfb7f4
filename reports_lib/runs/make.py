"""One attempt at a run: resolve, execute, render, seal, publish; or what became of it instead.

outputs/runs/<run>/<attempt>/executed.ipynb    the notebook as far as it came; kept of the last that failed
outputs/runs/<run>/<attempt>/tables/           rows of the tables it showed

Each attempt has a folder of its own, so one that was given up for dead touches nothing of its
successor's. Files are sealed first, under names that nobody knows; then one transaction makes the
snapshot, its link, the run's end and the mails, or none of them.
"""

import hashlib
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from nbformat import NotebookNode
from sqlalchemy.orm import Session

from reports_lib import __version__
from reports_lib.database.outage import without_passwords
from reports_lib.database.schema import Audience, Run, State
from reports_lib.delivery import outbox
from reports_lib.errors import CancelledError, DatabaseError, DaybookError, StoreError
from reports_lib.kernels.guard import Guard
from reports_lib.kernels.limits import Limits
from reports_lib.kernels.pool import Pool
from reports_lib.rendering.press import Press
from reports_lib.runs import record, recovery
from reports_lib.runs.execute import Sandbox, execute
from reports_lib.runs.faults import where
from reports_lib.runs.installation import Installation
from reports_lib.runs.lease import Lease, lost
from reports_lib.runs.plan import Plan, plan
from reports_lib.runs.progress import Progress
from reports_lib.runs.record import Attempt, Place
from reports_lib.runs.render import Told, contents, told
from reports_lib.snapshots import index, links
from reports_lib.snapshots.links import Access
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import seal

PATIENCE = 60.0  # seconds that a database may be away when a run is to be told failed

T = TypeVar("T")


def utc_now() -> datetime:
    """The clock of the outermost places."""
    return datetime.now(UTC)


def nobody(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Tools:
    """What one process keeps from run to run; without them each run starts its own."""

    pool: Pool | None = None
    press: Press | None = None


@dataclass(frozen=True)
class Ended:
    """How an attempt ended: the run's state then, None if it was no longer the attempt's, and why if not well."""

    state: State | None
    error: DaybookError | None = None
    snapshot: str | None = None


@dataclass(frozen=True)
class Manner:
    """Who watches an attempt, by which clock its report is dated, and whether somebody waits for it.

    Where nobody waits a run that failed of something that may heal goes back to the queue.
    `planned` is what its request comes to, if that is known already.
    """

    progress: Progress = nobody
    clock: Callable[[], datetime] = utc_now
    planned: Plan | None = None
    is_awaited: bool = False


class Making:
    """An attempt that this process makes. From other threads: `guard.end` and `lease.look`."""

    def __init__(self, attempt: Attempt, installation: Installation, tools: Tools, manner: Manner) -> None:
        self.attempt = attempt
        self._installation = installation
        self._workspace = installation.workspace
        self._tools = tools
        self._manner = manner
        self._folder = self._workspace.outputs / "runs" / str(attempt.run) / str(attempt.number)
        self._deadline = time.monotonic() + self._workspace.run_timeout
        self.guard = Guard(Limits.of(self._workspace))
        self.lease = Lease(installation.database, attempt, self.guard, self._workspace.lease)

    def run(self) -> Ended:
        """Make the report and publish it; whatever goes wrong, the run's row says what becomes of it.

        An interrupt cancels the run, and is raised again.
        """
        try:
            with self.lease:
                try:
                    manifest = self._make()
                    self._publish(manifest)
                except BaseException:
                    self.lease.flush()  # where it failed
                    raise
        except Exception as error:
            return self._failed(self._reason(error))
        except BaseException as interrupt:
            self._interrupted(interrupt)
            raise
        shutil.rmtree(self._folder.parent, ignore_errors=True)
        return Ended(State.GENERATED, snapshot=manifest.id)

    def _make(self) -> Manifest:
        planned = self._manner.planned or plan(self.attempt.request, self._installation)
        started = time.monotonic()
        notebook = _copied(planned.notebook, _fresh(self._folder))
        self._at("executing", "", 0, 0)
        sandbox = Sandbox(
            self._folder,
            self._environment(planned),
            self._workspace.cell_timeout,
            pool=self._tools.pool,
            guard=self.guard,
            press=self._tools.press,
        )
        executed = execute(notebook, planned.resolved, sandbox, self._cell)
        self.guard.check()
        draft = self._draft(planned, executed, hashlib.sha256(notebook.read_bytes()).hexdigest())
        cells = len(executed.cells)
        self.guard.at = f"{notebook.stem}: making the files"
        self._at("rendering", "", cells, cells)
        self._manner.progress("rendering", cells, cells + 1)
        files, tables = contents(
            executed,
            sandbox.tables,
            draft,
            self.attempt.request.formats,
            press=self._tools.press,
            seconds=lambda: self.guard.remaining,
        )
        self.guard.check()
        self._at("sealing", "", cells, cells)
        self._manner.progress("sealing", cells, cells + 1)
        elapsed = round((time.monotonic() - started) * 1000)
        return seal(self._installation.store, replace(draft, tables=tables, duration_ms=elapsed), files)

    def _publish(self, manifest: Manifest) -> None:
        """Make the sealed snapshot visible, once the database is there, while the run is ours and has time left."""
        patiently(lambda: self._published(manifest), self._deadline - time.monotonic())

    def _published(self, manifest: Manifest) -> None:
        run_id, attempt = self.attempt.run, self.attempt.number
        with Session(self._installation.database) as session, session.begin():
            # asked first: an answer to the commit before may have been lost with the connection
            run = session.get_one(Run, run_id, with_for_update=True)
            if run.snapshot_id == manifest.id:
                return
            index.insert(session, manifest)
            session.flush()
            by, at = self.attempt.request.author.user, self._manner.clock()
            links.make(session, manifest.id, by=by, at=at, access=_access(manifest))
            if not record.succeed(session, run_id, attempt, manifest):
                raise lost(run_id)
            session.refresh(run)
            outbox.write_report(session, run, self._workspace)

    def _failed(self, error: DaybookError) -> Ended:
        run_id, attempt = self.attempt.run, self.attempt.number

        def told() -> State | None:
            with Session(self._installation.database) as session, session.begin():
                if not self._manner.is_awaited:
                    return recovery.settle(session, run_id, attempt, error, self._workspace)
                given_up = recovery.give_up(session, run_id, attempt, error, self._workspace)
                return State.ERROR if given_up else None

        try:
            state = patiently(told, PATIENCE)
        except DatabaseError:  # whoever looks for lost runs finds it
            state = None
        _tidy(self._folder)
        if state is None and not isinstance(error, CancelledError):
            _leave_nothing(self._folder)
        return Ended(state, error)

    def _interrupted(self, interrupt: BaseException) -> None:
        def cancelled() -> None:
            with Session(self._installation.database) as session, session.begin():
                by = f"{self.attempt.request.author.user} ({type(interrupt).__name__})"
                record.cancel(session, self.attempt.run, by, self.attempt.number)

        _tidy(self._folder)
        patiently(cancelled, 2.0)

    def _reason(self, error: Exception) -> DaybookError:
        """What the run's row says of `error`: if the attempt was ended from outside, why that was."""
        try:
            self.guard.check()
        except DaybookError as reason:
            return reason
        if isinstance(error, DaybookError):
            return error
        return DaybookError(f"unexpected {type(error).__name__} in {where(error)}: {without_passwords(str(error))}")

    def _at(self, stage: str, step: str, done: int, total: int) -> None:
        self.lease.at(Place(stage, step, done, total))

    def _cell(self, heading: str, done: int, total: int) -> None:
        self._at("executing", heading, done, total)
        self._manner.progress(heading, done, total)

    def _draft(self, planned: Plan, executed: NotebookNode, notebook_sha256: str) -> Manifest:
        said: Told = told(executed)
        request, now = self.attempt.request, self._manner.clock()
        until = now + timedelta(days=self._workspace.retention) if planned.is_personal else None
        return Manifest(
            family=request.family,
            title=planned.title,
            set_name=request.set_name,
            asked=planned.resolved.asked,
            resolved=planned.resolved.literals,
            labels=planned.resolved.labels,
            requested_interval=said.requested_interval,
            data_interval=said.data_interval,
            as_of=request.as_of,
            time_zone=said.time_zone or "UTC",
            data_version=said.data_version or planned.data_version or "",
            notebook_sha256=notebook_sha256,
            code_version=__version__,
            generated_by=request.author,
            generated_at=now,
            duration_ms=0,
            retained_until=until,
            supersedes=request.supersedes,
        )

    def _environment(self, planned: Plan) -> dict[str, str]:
        return {
            "DAYBOOK_WAREHOUSE": str(self._installation.reading(planned.version)),
            "DAYBOOK_DATA_VERSION": planned.data_version or "",
            "DAYBOOK_COMPANY": self.attempt.request.author.company,
            "DAYBOOK_AS_OF": self.attempt.request.as_of.isoformat(),
            "DAYBOOK_MEMORY_LIMIT": self._workspace.memory_limit,
            "DAYBOOK_TIME_ZONE": self._workspace.time_zone,
        }


def _access(manifest: Manifest) -> Access:
    """Who may open the first link: what is personal is for the company of who asked, anything else for all (Q-11)."""
    if manifest.retained_until is None:
        return Access()
    return Access(Audience.COMPANY, manifest.generated_by.company)


def patiently(do: Callable[[], T], seconds: float) -> T:
    """What `do` returns, tried again while the database is away, for so long; then its `DatabaseError`."""
    deadline, wait = time.monotonic() + seconds, 0.1
    while True:
        try:
            return do()
        except DatabaseError:
            if time.monotonic() + wait > deadline:
                raise
        time.sleep(wait)
        wait = min(wait * 2, 2.0)


def _copied(notebook: Path, folder: Path) -> Path:
    """The notebook as this run takes it, whatever an analyst saves meanwhile: its hash is that of what ran."""
    try:
        return Path(shutil.copy(notebook, folder))
    except OSError as error:
        raise StoreError(f"cannot copy {notebook.name} to {folder}: {error.strerror}") from None


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"cannot write {folder.parent}: {error.strerror}") from None
    return folder


def _leave_nothing(folder: Path) -> None:
    """The run is somebody else's: so is what is left of it."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # another attempt's folder is there
        folder.parent.rmdir()


def _tidy(folder: Path) -> None:
    """Leave of the run's attempts up to this one the notebook that this one executed, and nothing else."""
    for earlier in folder.parent.glob("*"):
        if earlier.name.isdecimal() and int(earlier.name) < int(folder.name):
            shutil.rmtree(earlier, ignore_errors=True)
    for each in folder.glob("*"):
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        elif each.name != "executed.ipynb":
            each.unlink(missing_ok=True)
