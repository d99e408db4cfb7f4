"""A portal with two families, three companies, and a sealed report of each of two of them; and its programs."""

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from reports_lib.accounts import token as tokens
from reports_lib.accounts.account import find
from reports_lib.database.schema import Run, State
from reports_lib.families import draft
from reports_lib.portal.app import app
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from tests.conftest import to_arrow
from tests.portal.conftest import sealed
from tests.portal.people import token_of
from tests.portal.rows import Rows
from tests.portal.shared import another

__all__ = ["sealed"]

NORTH, SOUTH = "2", "3"  # companies, both below 1
_number = count(1)


REPOSITORY = Path(__file__).parents[2]
TAGS = ["vip", "VIP gold", "not a vip", "southern lights"]
ROWS = {
    "company": [
        {"company_id": 1, "parent_company_id": None, "name": "Holding"},
        {"company_id": 2, "parent_company_id": 1, "name": "Northern Voice"},
        {"company_id": 3, "parent_company_id": 1, "name": "Southern Voice"},
    ],
    "currency": [{"code": "EUR"}, {"code": "USD"}],
    "client": [{"client_id": 1, "company_id": 3}, {"client_id": 2, "company_id": 2}],
    "client_tag": [{"client_id": 1, "tag": tag} for tag in TAGS],
    "app_user": [{"user_id": 7, "full_name": "Southern Owner", "company_id": 3}],
    "package": [{"package_id": 1, "name": "Flat 100"}],
}


@pytest.fixture(scope="session")
def installation(workspace, fresh, as_reader):
    """It shares the tests' database, not their folders."""
    root = Path(tempfile.mkdtemp(prefix="daybook-api-"))
    for name in ("notebooks", "parameters"):
        (root / name).mkdir()
    shutil.copy(REPOSITORY / "notebooks" / "customer_dynamics.ipynb", root / "notebooks")
    shutil.copytree(REPOSITORY / "parameters" / "customer_dynamics", root / "parameters" / "customer_dynamics")
    own = replace(workspace, root=root, mail_domains=("example.com", "example.org"))
    draft(own, "arrivals")
    with fresh("lake") as address:
        writer.write(address, {n: to_arrow(n, r) for n, r in ROWS.items()}, author="tests", message="-", replace=True)
        made = Installation(own)
        made.__dict__["warehouse"] = as_reader(address)
        yield made
        made.database.dispose()
    shutil.rmtree(root)


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
