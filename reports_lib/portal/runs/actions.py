"""What can be done with a run: cancel it, make its report again, delete it. Each by POST, and each only once."""

from datetime import UTC, datetime

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Run, State
from reports_lib.errors import ForbiddenError, StateError
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, page, visitor_of
from reports_lib.portal.posted import posted
from reports_lib.portal.reports.rows import families_of
from reports_lib.portal.route import WRITES, Route
from reports_lib.portal.runs.rights import owns, shown
from reports_lib.portal.view.follow import NO_REASON
from reports_lib.runs import record
from reports_lib.runs.discard import LONGEST, discard
from reports_lib.runs.installation import Installation
from reports_lib.runs.listing import name_of
from reports_lib.runs.progress import ENDED
from reports_lib.runs.regenerate import regenerate


def cancel(request: Request, run_id: int) -> Response:
    """`POST /runs/{id}/cancel`: whoever makes it is stopped. 409 if it has ended meanwhile."""
    back = _back(request)
    stop(installation_of(request), visitor_of(request), run_id)
    return RedirectResponse(_with(back, "cancelled") if back else f"/runs/{run_id}", 303)


def make_again(request: Request, run_id: int) -> Response:
    """`POST /runs/{id}/regenerate`: a new run with the same parameters (TW-31); the old report stays as it is."""
    back = _back(request)
    made = repeat(installation_of(request), visitor_of(request), run_id)
    return RedirectResponse(_with(back, "regenerated") if back else f"/runs/{made}", 303)


def confirm(request: Request, run_id: int) -> Response:
    """`GET /runs/{id}/delete`: what deleting it does, and the button that does it."""
    installation, visitor = installation_of(request), visitor_of(request)
    families = families_of(installation.workspace)
    with Session(installation.database) as session:
        run = _deletable(session, run_id, visitor)
        return page(
            request,
            "delete.html.j2",
            run_id=run_id,
            name=name_of(run, {name: about.title for name, about in families.items()}),
            has_report=run.state == State.GENERATED,
            back=_local(request.query_params.get("back", "")) or f"/runs/{run_id}",
            longest=LONGEST,
        )


def delete(request: Request, run_id: int) -> Response:
    """`POST /runs/{id}/delete`: off the lists, its files removed, its links answering 410 (TW-33)."""
    installation, visitor = installation_of(request), visitor_of(request)
    sent = posted(request)
    remove(installation, visitor, run_id, str(sent.get("reason", "")))
    back = _local(str(sent.get("back", "")))
    return RedirectResponse(_with(back if back.startswith("/?") else "/", "deleted"), 303)


def stop(installation: Installation, visitor: Visitor, run_id: int) -> None:
    """Cancel a run of the visitor's lists; raises `StateError` if it has ended, `UnknownNameError`."""
    with Session(installation.database) as session, session.begin():
        shown(session, run_id, visitor)
        record.cancel(session, run_id, visitor.name)


def repeat(installation: Installation, visitor: Visitor, run_id: int) -> int:
    """The number of a new run that makes the report of one of the visitor's lists again.

    Raises `StateError` if that has not ended, `UnknownNameError`.
    """
    with Session(installation.database) as session, session.begin():
        return regenerate(session, shown(session, run_id, visitor), visitor, datetime.now(UTC)).id


def remove(installation: Installation, visitor: Visitor, run_id: int, reason: str) -> None:
    """Delete a run that has ended, and its report; raises `ForbiddenError`, `StateError`, `UnknownNameError`."""
    with Session(installation.database) as session:
        _deletable(session, run_id, visitor)
    reason = reason.strip() or NO_REASON
    discard(installation, run_id, by=visitor.name, reason=reason, at=datetime.now(UTC))


def _deletable(session: Session, run_id: int, visitor: Visitor) -> Run:
    run = shown(session, run_id, visitor)
    if not owns(run, visitor):
        raise ForbiddenError(_("Only who asked for a report, or an administrator, can delete it."))
    if run.state not in ENDED:
        raise StateError(_("This report is being made: cancel it first, then delete it."))
    return run


def _back(request: Request) -> str:
    """The address of the list that the form was sent from; empty if it was another page."""
    back = _local(str(posted(request).get("back", "")))
    return back if back == "/" or back.startswith("/?") else ""


def _local(address: str) -> str:
    """The address if it is one of ours, the list's or a run's, else none."""
    is_ours = address == "/" or address.startswith(("/?", "/runs/"))
    return address if is_ours and address.isprintable() and "\\" not in address else ""


def _with(back: str, done: str) -> str:
    """The list with word of what was done."""
    path, _question, query = back.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("done=")]
    return f"{path}?{'&'.join([*kept, f'done={done}'])}"


ROUTES = (
    Route("/runs/{run_id:int}/cancel", cancel, Right.ASK, WRITES),
    Route("/runs/{run_id:int}/regenerate", make_again, Right.ASK, WRITES),
    Route("/runs/{run_id:int}/delete", confirm, Right.ASK),
    Route("/runs/{run_id:int}/delete", delete, Right.ASK, WRITES),
)
