"""A portal with two families, three companies, and a sealed report of each of two of them; and its programs."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from reports_lib.accounts import token as tokens
from reports_lib.accounts.account import find
from reports_lib.database.schema import Run, State
from reports_lib.portal.app import app
from tests.portal import ask_site
from tests.portal.conftest import sealed
from tests.portal.people import token_of
from tests.portal.rows import Rows
from tests.portal.shared import another

__all__ = ["sealed"]

NORTH, SOUTH = "2", "3"  # companies, both below 1
_number = count(1)

ROWS = ask_site.ROWS | {
    "client_tag": [{"client_id": 1, "tag": tag} for tag in ("vip", "VIP gold", "not a vip", "southern lights")],
    "app_user": [{"user_id": 7, "full_name": "Southern Owner", "company_id": 3}],
}


@pytest.fixture(scope="session")
def installation(workspace, fresh, as_reader):
    """It shares the tests' database, not their folders."""
    with ask_site.site(workspace, fresh, as_reader, ROWS) as made:
        yield made


@pytest.fixture(scope="session")
def reports(installation, sealed):
    """The manifests of a report of each company, with the title `<company>'s secret`."""
    manifest = sealed[0]
    titles = {NORTH: "northern secret", SOUTH: "southern secret"}
    return {company: another(installation, manifest, company=company, title=title) for company, title in titles.items()}


@pytest.fixture
def rows(installation):
    """Rows of runs, gone after the test."""
    rows = Rows(installation)
    yield rows
    rows.clear()


@pytest.fixture
def done(rows, reports, installation):
    """`done(company)`: the number of a run that has made the company's report."""

    def make(company, **values):
        run = rows.add(State.QUEUED, company=company, name=f"{reports[company].title} run", **values)
        with Session(installation.database) as session, session.begin():
            made = {"state": State.GENERATED, "snapshot_id": reports[company].id, "formed_at": func.now()}
            session.execute(update(Run).where(Run.id == run).values(**made))
        return run

    return make


def name_of(role, company):
    return f"api-{role}-{company or 'group'}-{next(_number)}"


web = cache(app)  # an application of an installation, which remembers who guessed wrong


def program(installation, role="analyst", company="", name=None, by=web, **settings):
    """A client that shows a token of a new user; `client.token` is that, `client.user` his name."""
    name = name or name_of(role, company)
    token_of(installation, role, company, name)
    now = datetime.now(UTC)
    with Session(installation.database) as session, session.begin():
        token = tokens.make(session, find(session, name), "tests", timedelta(days=1), now)
    client = TestClient(by(installation), "http://testserver/api/v1", **settings)
    client.headers["Authorization"] = f"Bearer {token}"
    client.token, client.user = token, name
    return client


@pytest.fixture(scope="module")
def client(installation, reports):
    """An administrator's program, of the whole group."""
    return program(installation, "admin")
