"""A database with accounts, and a moment that tests count from."""

from datetime import UTC, datetime
from itertools import count

import pytest
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.database.schema import Account, Throttle
from reports_lib.runs.installation import Installation
from tests.portal.people import _hashed as hashed

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
_number = count(1)


@pytest.fixture(scope="session")
def database(workspace):
    """The database of runs, accounts and the audit trail."""
    engine = Installation(workspace).database
    yield engine
    engine.dispose()


@pytest.fixture
def session(database):
    """A transaction that is taken back."""
    with Session(database) as session:
        yield session
        session.rollback()


@pytest.fixture
def person(database):
    """`person("viewer")`: the name of a new user, for good."""

    def make(role="analyst", company=""):
        name = f"person{next(_number)}"
        with Session(database) as session, session.begin():
            kept = hashed()
            session.add(
                Account(name=name, role=Role(role), company=company, password_hash=kept, password_at=NOW, made_at=NOW)
            )
        return name

    yield make
    with Session(database) as session, session.begin():
        session.query(Throttle).delete()
