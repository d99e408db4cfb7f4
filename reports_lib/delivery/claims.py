"""Who sends which mail, and what came of it: each step one short transaction, none open while a mail is sent.

A claim moves a mail's `due_at` into the future. Whoever dies with one in hand does no more than let
that time pass; then somebody else takes the mail. All times are the database's.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, select, update
from sqlalchemy.orm import Session

from reports_lib.database.schema import Mail, MailKind, MailState
from reports_lib.delivery import outbox
from reports_lib.workspace import Workspace

_MINUTES = (1, 5, 15, 30, 60, 120, 240, 240, 240, 240, 240)  # after the first try, the second …: a day in all
WAITS = tuple(timedelta(minutes=minutes) for minutes in _MINUTES)
TRIES = len(WAITS) + 1
ERROR_LETTERS = 500


def claim(database: Engine, lease: timedelta) -> Mail | None:
    """Take the mail that is due longest, with its run, for as long as `lease`; None if none is due."""
    due = (
        select(Mail.id)
        .where(Mail.state == MailState.WAITING, Mail.due_at <= func.now())
        .order_by(Mail.due_at, Mail.run_id, Mail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    take = update(Mail).where(Mail.id == due).values(attempt=Mail.attempt + 1, due_at=func.now() + lease)
    with Session(database, expire_on_commit=False) as session, session.begin():
        mail = session.scalars(take.returning(Mail).execution_options(synchronize_session=False)).one_or_none()
        return mail if mail is None or mail.run else None


def sent(database: Engine, mail: Mail) -> None:
    """Record that the mail is with its recipient's server: true whoever claims it by now."""
    with Session(database) as session, session.begin():
        _change(session, mail, state=MailState.SENT, sent_at=func.now(), error=None)


def again(database: Engine, mail: Mail, error: str) -> None:
    """Let the mail be tried again after the wait that follows this try; nothing if the claim was lost."""
    with Session(database) as session, session.begin():
        wait = WAITS[min(mail.attempt, len(WAITS)) - 1]
        _change(session, mail, _is_ours(mail), due_at=func.now() + wait, error=error[:ERROR_LETTERS])


def give_up(database: Engine, mail: Mail, error: str, workspace: Workspace) -> None:
    """Record that the mail will not be sent, and have the owner told; nothing if the claim was lost.

    Of a mail to the owner himself nobody is told: that is where it would go round.
    """
    with Session(database) as session, session.begin():
        is_done = _change(session, mail, _is_ours(mail), state=MailState.FAILED, error=error[:ERROR_LETTERS])
        if is_done and mail.kind == MailKind.REPORT:
            outbox.write_undelivered(session, mail.run, workspace)


def _is_ours(mail: Mail) -> ColumnElement[bool]:
    return Mail.attempt == mail.attempt


def _change(session: Session, mail: Mail, *guard: ColumnElement[bool], **values: Any) -> bool:  # noqa: ANN401
    """Change the mail's row unless it ended; a row that was written anew meanwhile has another message id."""
    same = (Mail.id == mail.id, Mail.message_id == mail.message_id, Mail.state == MailState.WAITING)
    changed = update(Mail).where(*same, *guard).values(**values).returning(Mail.id)
    return session.scalars(changed.execution_options(synchronize_session=False)).one_or_none() is not None
