"""What is due, sent.

What is promised: a mail is never sent before its report is published, for its row is written in the same
transaction. It reaches each recipient at least once, always with the same Message-ID, and exactly once
but for one case: a process killed after the server took the mail and before the row says so. Then the
mail is sent again once the claim ends, and mail programs see by its Message-ID that it is the same. In
a folder it is exactly once.
"""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep

from sqlalchemy import Engine, func, or_, select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Link, Mail, MailKind, MailState, Run
from reports_lib.delivery import claims
from reports_lib.delivery.addresses import address, allowed
from reports_lib.delivery.failure import Refusal, failure, undelivered
from reports_lib.delivery.letter import Letter
from reports_lib.delivery.message import message
from reports_lib.delivery.report import report
from reports_lib.delivery.sender import Sender
from reports_lib.delivery.words import one_line
from reports_lib.errors import DatabaseError, DaybookError, DeliveryError
from reports_lib.snapshots.seal import open_snapshot
from reports_lib.snapshots.store import Store
from reports_lib.workspace import Workspace

WRITING = 30.0  # seconds that a letter may take to write before its claim is let go


def never() -> bool:
    """A process that is not about to end."""
    return False


def deliver(
    database: Engine, store: Store, sender: Sender, workspace: Workspace, is_ending: Callable[[], bool] = never
) -> int:
    """Send every mail that is due, each tried once; returns how many were sent.

    Any number of processes may do so at a time. It stops between two mails when `is_ending`. Raises
    `DatabaseError`; whatever else goes wrong stands in the mail's row.
    """
    lease = timedelta(seconds=WRITING + sender.patience)
    desk, count = _Desk(database, store, workspace), 0
    try:
        while not is_ending() and (mail := claims.claim(database, lease)):
            count += _send(desk, sender, mail)
    finally:
        sender.close()
    return count


class _Desk:
    """Where letters are written; recipients of one report get copies of one letter."""

    def __init__(self, database: Engine, store: Store, workspace: Workspace) -> None:
        self.database, self.store, self.workspace = database, store, workspace
        self._last: tuple[int, Letter] | None = None

    def letter(self, mail: Mail) -> Letter:
        """What the mail says; raises the `DaybookError` that keeps it from being written."""
        run = mail.run
        if mail.kind == MailKind.REPORT:
            if not self._last or self._last[0] != run.id:
                self._last = run.id, self._report(run)
            return self._last[1]
        if run.snapshot_id and run.attempt == mail.run_attempt:
            return undelivered(run, self._refusals(run), self.workspace.address)
        return failure(run, mail.run_attempt, self.workspace.address)

    def _report(self, run: Run) -> Letter:
        if run.snapshot_id is None:
            raise DeliveryError(f"run {run.id} has no snapshot")
        link = f"{self.workspace.address}/view?id={self._token(run.snapshot_id)}"
        manifest = open_snapshot(self.store, run.snapshot_id)
        return report(self.store, manifest, run.formats, link, self.workspace.mail_limit)

    def _token(self, snapshot_id: str) -> str:
        """Of the oldest link that lives: the one made with the snapshot."""
        is_alive = Link.revoked_at.is_(None), or_(Link.expires_at.is_(None), Link.expires_at > func.now())
        oldest = select(Link.token).where(Link.snapshot_id == snapshot_id, *is_alive).order_by(Link.made_at, Link.token)
        with Session(self.database) as session:
            if token := session.scalars(oldest.limit(1)).one_or_none():
                return token
        raise DeliveryError("every link to the report has expired or was revoked")

    def _refusals(self, run: Run) -> list[Refusal]:
        refused = select(Mail.recipient, Mail.error).where(
            Mail.run_id == run.id, Mail.kind == MailKind.REPORT, Mail.state == MailState.FAILED
        )
        with Session(self.database) as session:
            return [Refusal(recipient, error or "") for recipient, error in session.execute(refused.order_by(Mail.id))]


def _send(desk: _Desk, sender: Sender, mail: Mail) -> bool:
    """One try of one mail; whether it was sent."""
    begun = monotonic()
    try:
        if mail.attempt > claims.TRIES:
            raise DeliveryError(f"given up: each of {claims.TRIES} tries ended without a word")
        recipient, workspace = address(mail.recipient), desk.workspace
        if mail.kind == MailKind.REPORT and not allowed(recipient, workspace.mail_domains):
            raise DeliveryError(f"mail may not go to {recipient} (DAYBOOK_MAIL_DOMAINS)")
        ready = message(
            desk.letter(mail),
            sender=address(workspace.mail_from),
            recipient=recipient,
            message_id=mail.message_id,
            written_at=mail.written_at,
        )
        if monotonic() - begun > WRITING:  # or this process slept: by now somebody else may be sending it
            return False
        sender.send(ready, address(workspace.mail_from), recipient)
    except DatabaseError:
        raise
    except DaybookError as error:
        _refused(desk, mail, error)
        return False
    except Exception as error:
        _refused(desk, mail, DeliveryError(f"unexpected {type(error).__name__}: {error}"))
        return False
    _insist(lambda: claims.sent(desk.database, mail), sender.patience)
    return True


def _refused(desk: _Desk, mail: Mail, error: DaybookError) -> None:
    if error.can_heal and mail.attempt < claims.TRIES:
        claims.again(desk.database, mail, one_line(str(error), claims.ERROR_LETTERS))
    else:
        claims.give_up(desk.database, mail, one_line(str(error), claims.ERROR_LETTERS), desk.workspace)


def _insist(change: Callable[[], None], seconds: float) -> None:
    """Make a change that must not be lost though the database may be away for a moment; raises `DatabaseError`."""
    deadline = monotonic() + seconds
    while True:
        try:
            return change()
        except DatabaseError:
            if monotonic() > deadline:
                raise
            sleep(0.2)
