"""An installation of a warehouse, a database and nothing else, for files of call records."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from reports_lib.cdr.files import Given
from reports_lib.database.schema import CdrFile
from reports_lib.warehouse.connection import connect
from tests.conftest import AS_OF

ANN = Given("asterisk", "", "ann")


def calls(shop):
    """All calls of the warehouse."""
    with connect(shop.warehouse, as_of=AS_OF) as warehouse:
        return warehouse.table("call").to_pyarrow().to_pylist()


def row(shop, number):
    """The row of a file."""
    with Session(shop.database) as session:
        return session.get_one(CdrFile, number)


def silence(shop, number):
    """Its process says nothing for ten seconds."""
    with Session(shop.database) as session, session.begin():
        past = CdrFile.heartbeat_at - timedelta(seconds=10)
        session.execute(update(CdrFile).where(CdrFile.id == number).values(heartbeat_at=past))
