"""Mails to be sent, as rows: written in the transaction that makes their cause true, so never too early.

Each address gets a report once: a second row of the same run and recipient cannot be. Failures go
to the owner and to nobody else.
"""

from datetime import timedelta
from secrets import token_hex
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reports_lib.database.notices import MAIL, notify
from reports_lib.database.schema import Mail, MailKind, MailState, Run
from reports_lib.delivery.addresses import address
from reports_lib.errors import ParameterError
from reports_lib.workspace import Workspace

GATHERING = timedelta(minutes=1)  # refusals of one run come close together, and the owner is told of them in one mail


def write_report(session: Session, run: Run, workspace: Workspace) -> int:
    """A mail of the run's report to each of its recipients, in the caller's transaction; returns how many are new."""
    rows = [_row(run, MailKind.REPORT, each, workspace) for each in dict.fromkeys(map(_canonical, run.recipients))]
    return _write(session, run, rows)


def write_failure(session: Session, run: Run, workspace: Workspace) -> int:
    """A mail to the run's owner that this attempt failed, in the caller's transaction; returns 1 if it is new, else 0.

    The workspace's owner stands in where a scheduled or mailed run names none. Of any other run
    whoever asked sees for himself.
    """
    owner = owner_of(run, workspace)
    return _write(session, run, [_row(run, MailKind.FAILURE, owner, workspace)] if owner else [])


def write_undelivered(session: Session, run: Run, workspace: Workspace) -> None:
    """A mail to the run's owner that not every recipient got the report, in the caller's transaction.

    There is one such mail a run. If it was sent already it is sent anew, for it lists all refusals.
    """
    if owner := owner_of(run, workspace):
        due = func.now() + GATHERING
        row = _row(run, MailKind.FAILURE, owner, workspace) | {"due_at": due}
        anew = {
            "message_id": row["message_id"],
            "state": MailState.WAITING,
            "attempt": 0,
            "due_at": due,
            "sent_at": None,
            "error": None,
        }
        session.execute(
            insert(Mail)
            .values(row)
            .on_conflict_do_update(
                index_elements=["run_id", "run_attempt", "recipient"],
                index_where=Mail.kind == MailKind.FAILURE,
                set_=anew,
            )
        )


def owner_of(run: Run, workspace: Workspace) -> str:
    """Who is told that the run failed; empty if nobody is."""
    is_watched = run.entry is None and not run.recipients
    return _canonical(run.owner or ("" if is_watched else workspace.owner))


def _write(session: Session, run: Run, rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    written = session.scalars(insert(Mail).values(rows).on_conflict_do_nothing().returning(Mail.id)).all()
    if written:
        notify(session, MAIL, run.id)
    return len(written)


def _row(run: Run, kind: MailKind, recipient: str, workspace: Workspace) -> dict[str, Any]:
    domain = _canonical(workspace.mail_from).rpartition("@")[2] or "localhost"
    return {
        "run_id": run.id,
        "run_attempt": run.attempt,
        "kind": str(kind),
        "recipient": recipient,
        "message_id": f"{token_hex(16)}@{domain}",
    }


def _canonical(text: str) -> str:
    """The address, or what is none as it is: it fails when it is sent, and does not take the report with it."""
    try:
        return address(text)
    except ParameterError:
        return text
