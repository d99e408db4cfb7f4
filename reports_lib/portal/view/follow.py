"""A link followed by whoever asks: the report it shows him, or one answer for all that it may not.

Who is signed in learns nothing from a link that is not for him: unknown, expired, revoked and for
others are one answer. Who is not is asked to sign in, whether the link is one or not.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from fastapi import Request
from sqlalchemy.orm import Session

from reports_lib.errors import GoneError, SignInError, UnknownNameError
from reports_lib.portal.language import N_, _, day
from reports_lib.portal.page import visitor_of
from reports_lib.portal.users.guesses import Guesses
from reports_lib.runs.installation import Installation
from reports_lib.snapshots import links
from reports_lib.snapshots.links import Grant
from reports_lib.snapshots.manifest import Manifest
from reports_lib.snapshots.seal import open_snapshot
from reports_lib.snapshots.store import Store
from reports_lib.snapshots.tombstone import tombstone

NO_REASON = N_("no reason given")


class Followed(NamedTuple):
    """A link that is open to whoever asks, and what it shows."""

    grant: Grant
    manifest: Manifest


def follow(request: Request, token: str) -> Followed:
    """The report of a link, for the visitor of the request; counts no view.

    Raises `UnknownNameError` or, where nobody is signed in, `SignInError`; `ThrottleError` after many
    of these; `GoneError` if the report was deleted, to those who could see it.
    """
    installation: Installation = request.app.state.installation
    with Session(installation.database) as session:
        try:
            grant = links.opened(session, token, datetime.now(UTC), visitor_of(request))
        except UnknownNameError:
            raise _refusal(request) from None
    return Followed(grant, opened(installation.store, grant.snapshot_id))


def opened(store: Store, snapshot_id: str) -> Manifest:
    """The manifest of a snapshot; raises `GoneError` if it was deleted."""
    if stone := tombstone(store, snapshot_id):
        said = _("This report was deleted on {day}: {reason}")
        reason = _(NO_REASON) if stone.reason == NO_REASON else stone.reason
        raise GoneError(said.format(day=day(stone.at.date()), reason=reason))
    return open_snapshot(store, snapshot_id)


def _refusal(request: Request) -> SignInError | UnknownNameError:
    guesses: Guesses = request.app.state.guesses
    guesses.failed(request)
    if visitor_of(request).is_signed_in:
        return UnknownNameError(_("This link is unknown or no longer valid."))
    return SignInError(_("Sign in to see this."))
