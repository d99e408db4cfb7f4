"""What the addresses share: types of what stands in a path or a query, and the way to what they are about."""

from typing import Annotated

from fastapi import Path, Query, Request
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from sqlalchemy.orm import Session

from reports_lib.errors import StateError
from reports_lib.portal.language import _
from reports_lib.portal.page import installation_of, visitor_of
from reports_lib.portal.runs.rights import LARGEST, shown
from reports_lib.portal.view.follow import opened
from reports_lib.snapshots.manifest import Manifest

__all__ = ["BASE", "Name", "Number", "Words", "installation_of", "manifest_of"]

BASE = "/api/v1"


def _plain(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("zero", "holds a zero byte")
    return text


Number = Annotated[int, Path(ge=1, le=LARGEST)]
Name = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
Words = Annotated[str, Query(max_length=200), AfterValidator(_plain)]


def manifest_of(request: Request, run: int) -> Manifest:
    """The report of a run on the visitor's lists.

    Raises `UnknownNameError`, `StateError` if it has none, `GoneError` if it was deleted.
    """
    installation = installation_of(request)
    with Session(installation.database) as session:
        found = shown(session, run, visitor_of(request))
    if found.snapshot_id is None:
        raise StateError(_("Run {number} has no report: its state is {state}.").format(number=run, state=found.state))
    return opened(installation.store, found.snapshot_id)
