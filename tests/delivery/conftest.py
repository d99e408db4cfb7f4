"""A workspace with sealed sample reports, their runs and their mail: no kernel, no warehouse."""

import email
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.policy import default
from itertools import count
from secrets import token_hex

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from reports_lib.database.roles import make_database
from reports_lib.database.schema import Link, Mail, Run, State
from reports_lib.database.server import database_url
from reports_lib.database.url import replaced
from reports_lib.delivery import outbox
from reports_lib.delivery.post import deliver
from reports_lib.delivery.smtp import Smtp
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.runs.render import contents
from reports_lib.snapshots import index, links
from reports_lib.snapshots.manifest import Author, Manifest
from reports_lib.snapshots.seal import seal
from reports_lib.workspace import Workspace
from tests.delivery.peer import Peer, serve
from tests.rendering.sample import sample

MADE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
FORMS = [Format.PDF, Format.CSV, Format.XLSX, Format.XLS]

_number = count(1)


def draft(title="Customer dynamics", **more) -> Manifest:
    """What a report says of itself before it has files."""
    said = {
        "family": "customer_dynamics",
        "title": title,
        "set_name": "last-12-months",
        "asked": {},
        "resolved": {},
        "labels": {"currency": "USD"},
        "requested_interval": "2025-11-01/2026-10-31",
        "data_interval": None,
        "as_of": MADE,
        "time_zone": "Europe/Kyiv",
        "data_version": "17",
        "notebook_sha256": "0" * 64,
        "code_version": "0",
        "generated_by": Author("analyst", "Ann Secretname"),
        "generated_at": MADE,
        "duration_ms": 1234,
    }
    return Manifest(**(said | more))


@dataclass
class Bureau:
    """Reports that were made, and their mail."""

    installation: Installation
    files: Callable  # of an executed notebook, by which one
    workspace: Workspace = field(init=False)

    def __post_init__(self):
        self.workspace = replace(
            self.installation.workspace, owner="owner@example.com", mail_from="reports@example.com"
        )

    @property
    def database(self):
        return self.installation.database

    @property
    def store(self):
        return self.installation.store

    def sealed(self, which="total", **said) -> Manifest:
        """A snapshot of its own."""
        files, tables = self.files(which)
        return seal(self.store, replace(draft(**said), tables=tables), files)

    def published(self, *recipients, formats=("html", "pdf", "csv"), manifest=None, **more) -> int:
        """A run that made a report, with its mails; its number."""
        manifest = manifest or self.sealed()
        with Session(self.database) as session, session.begin():
            index.insert(session, manifest)
            session.flush()
            links.make(session, manifest.id, by="ann", at=MADE)
            run = _run(State.GENERATED, recipients, formats, snapshot_id=manifest.id, formed_at=MADE, **more)
            session.add(run)
            session.flush()
            outbox.write_report(session, run, self.workspace)
            return run.id

    def failed(self, *recipients, error="it broke", **more) -> int:
        """A run that made none, with the mail to its owner; its number."""
        with Session(self.database) as session, session.begin():
            why = {"error": error, "error_class": "NotebookError", "exit_code": 4, "formed_at": MADE}
            run = _run(State.ERROR, recipients, ["html", "pdf"], **(why | more))
            session.add(run)
            session.flush()
            outbox.write_failure(session, run, self.workspace)
            return run.id

    def mails(self, **where) -> list[Mail]:
        """Rows in the order they were written."""
        with Session(self.database) as session:
            return list(session.scalars(select(Mail).filter_by(**where).order_by(Mail.id)))

    def deliver(self, sender) -> int:
        return deliver(self.database, self.store, sender, self.workspace)

    def wait(self) -> None:
        """Let all time pass that waiting mail still has."""
        with Session(self.database) as session, session.begin():
            session.execute(update(Mail).where(Mail.state == "waiting").values(due_at=func.now()))

    def token(self, run_id) -> str:
        with Session(self.database) as session:
            run = session.get_one(Run, run_id)
            return session.scalars(select(Link.token).where(Link.snapshot_id == run.snapshot_id)).one()

    def empty(self) -> None:
        with Session(self.database) as session, session.begin():
            session.execute(delete(Mail))
            session.execute(delete(Run))


def _run(state, recipients, formats, **more) -> Run:
    usual = {
        "run_key": token_hex(8),
        "family": "customer_dynamics",
        "set_name": "last-12-months",
        "asked": {},
        "formats": list(formats),
        "as_of": MADE,
        "role": "system",
        "user_name": "schedule",
        "attempt": 1,
        "started_at": MADE,
        "heartbeat_at": MADE,
        "requested_at": MADE,
        "recipients": list(recipients),
        "owner": "ann@example.com",
    }
    return Run(state=state, **(usual | more))


@pytest.fixture(scope="session")
def offices(workspace, tmp_path_factory):
    """The installation and the files of its reports, made once."""
    name = f"delivery_{next(_number)}"
    root = tmp_path_factory.mktemp(name)
    main = database_url(workspace)
    own = Workspace(root, root / "outputs", database_url=make_database(replaced(main, dbname=name), beside=main))
    installation = Installation(replace(own, outbox=root / "outbox", url="https://reports.example.com"))
    made = {}

    def files(which):
        if which not in made:
            folder = tmp_path_factory.mktemp("tables")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DAYBOOK_TABLES", str(folder))
                executed = sample() if which == "total" else which()
                has_table = any("table+json" in str(cell) for cell in executed.cells)
                made[which] = contents(executed, folder, draft(), FORMS if has_table else FORMS[:1])
        return made[which]

    yield installation, files
    installation.database.dispose()


@pytest.fixture
def bureau(offices):
    bureau = Bureau(*offices)
    yield bureau
    bureau.empty()


@pytest.fixture
def peer():
    peer = Peer()
    controller = serve(peer)
    yield peer
    controller.stop()


@pytest.fixture
def smtp(peer):
    """A sender to the peer that waits a second for it."""
    sender = Smtp(peer.url(), silence=1.0)
    yield sender
    sender.close()


def read(data: bytes):
    """A mail as its reader's program understands it."""
    return email.message_from_bytes(data, policy=default)
