"""Users of the tests, signed in: by a client of Python's, or in a browser."""

from datetime import UTC, datetime
from functools import cache
from itertools import count

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from reports_lib.accounts import account, sign_in
from reports_lib.accounts.role import Role
from reports_lib.portal.app import app
from reports_lib.runs.installation import Installation

PASSWORD = "four plain words here"
_number = count(1)


def token_of(installation: Installation, role: str = "analyst", company: str = "", name: str | None = None) -> str:
    """The cookie of a browser in which a new user is signed in, or the one of that name if there is one."""
    now = datetime.now(UTC)
    with Session(installation.database) as session, session.begin():
        try:
            found = account.find(session, name or "")
        except Exception:
            name = name or f"{role}{next(_number)}"
            found = account.Account(
                name=name, role=Role(role), company=company, password_hash=_hashed(), password_at=now, made_at=now
            )
            session.add(found)
            session.flush()
        return sign_in.begin(session, found, now)


def signed_in(
    installation: Installation, role: str = "analyst", company: str = "", name: str | None = None
) -> TestClient:
    """A client of the web of an installation, signed in. Its writes say that they come from a page of ours."""
    client = TestClient(_app(installation), headers={"Sec-Fetch-Site": "same-origin"})
    # where an answer's own cookie replaces it
    client.cookies.set("sid", token_of(installation, role, company, name), domain="testserver.local")
    return client


def let_in(context, installation: Installation, address: str, role: str = "analyst", company: str = "") -> None:
    """Sign a new user in to a context of a browser."""
    context.add_cookies([{"name": "sid", "value": token_of(installation, role, company), "url": address}])


_laid_out: list[tuple[Installation, FastAPI]] = []  # of the latest installation


def _app(installation: Installation) -> FastAPI:
    """The web of this very installation; its hundred addresses take a fifth of a second to lay out."""
    if not _laid_out or _laid_out[0][0] is not installation:
        _laid_out[:] = [(installation, app(installation))]
    return _laid_out[0][1]


@cache
def _hashed() -> str:
    from reports_lib.accounts.password import hashed

    return hashed(PASSWORD)
