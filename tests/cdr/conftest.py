"""`read("asterisk", text)`: rows, rejects and the report of a file, with no warehouse behind it."""

import pyarrow as pa
import pytest
from sqlalchemy import text

from reports_lib.cdr import formats
from reports_lib.cdr.batch import Known, Place
from reports_lib.cdr.reader import CdrFile
from reports_lib.database.engine import engine_of
from reports_lib.database.migrations import upgrade
from reports_lib.database.roles import make_database
from reports_lib.database.server import database_url
from reports_lib.database.url import replaced
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.sources import Source
from reports_lib.workspace import Workspace
from tests.cdr.lines import asterisk
from tests.conftest import to_arrow

CLIENTS, PHONES = Place("client", "external_id"), Place("client_profile", "phone")
TRUNKS, SERVICES = Place("trunk", "name"), Place("service", "name")
COMPANIES = [{"company_id": 1}, {"company_id": 2, "parent_company_id": 1}, {"company_id": 3, "parent_company_id": 1}]


def known(names, twice=()):
    return Known(pa.array(names, pa.string()), pa.array(names.values(), pa.int64()), pa.array(twice, pa.string()))


KNOWN = {
    CLIENTS: known({"acc1": 100001, "acc2": 100002}, twice=["both"]),
    PHONES: known({"380501000077": 100077}),
    TRUNKS: known({"carrier": 7}),
    SERVICES: known({"Voice": 1}),
}


@pytest.fixture
def place(tmp_path):
    """A workspace without anything but formats of its own."""
    (tmp_path / "place/parameters/cdr").mkdir(parents=True)
    return Workspace(tmp_path / "place", tmp_path / "place/outputs")


@pytest.fixture
def declare(place):
    """`declare(name, yaml)`: the format, as a workspace's own file says it."""

    def write(name, text):
        (place.parameters / "cdr" / f"{name}.yaml").write_text(text)
        return formats.find(place, name)

    return write


@pytest.fixture
def read(tmp_path, place):
    """Rows with their lines, rejects and report of a file of that content."""

    def read_(made, content, limits=None, found=KNOWN):
        path = tmp_path / "file.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        made = formats.find(place, made) if isinstance(made, str) else made
        source = Source(CdrFile(path, made.table, limits or Limits(), format=made, known=found))
        rows, bad = [], []
        for good, rejects in source.batches():
            rows += good.to_pylist()
            bad += rejects
        return rows, bad, source.report()

    return read_


@pytest.fixture(scope="session")
def database(workspace):
    """A database of these tests' own."""
    main = database_url(workspace)
    made = engine_of(make_database(replaced(main, dbname="cdr_files"), beside=main))
    upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def shop(database, address, tmp_path):
    """An installation with a warehouse of each engine in turn."""
    for name in ("notebooks", "parameters"):
        (tmp_path / "home" / name).mkdir(parents=True)
    writer.write(
        address,
        {
            "company": to_arrow("company", COMPANIES),
            "client": to_arrow(
                "client",
                [
                    {"client_id": 10, "company_id": 2, "external_id": "acc1", "client_type": "client"},
                    {"client_id": 11, "company_id": 2, "external_id": "both", "client_type": "client"},
                    {"client_id": 13, "company_id": 3, "external_id": "both", "client_type": "client"},
                    {"client_id": 12, "company_id": 3, "external_id": "acc2", "client_type": "client"},
                ],
            ),
            "client_profile": to_arrow(
                "client_profile", [{"client_id": 12, "phone": "+38 050 1000099", "registration_status": "confirmed"}]
            ),
        },
        author="tests",
        message="clients",
    )
    made = Installation(Workspace(tmp_path / "home", tmp_path / "outputs", warehouse_url=str(address), lease=2))
    made.__dict__.update(database=database)  # one pool of connections for all
    yield made
    with database.begin() as con:
        con.execute(text("truncate cdr_file, mirror_note"))


@pytest.fixture
def drop(tmp_path):
    """`drop("a.csv", 1, 2)`: a file with the calls of these numbers."""

    def write(name, *numbers, more="", **given):
        (tmp_path / name).write_text("".join(asterisk(number, **given) for number in numbers) + more)
        return tmp_path / name

    return write
