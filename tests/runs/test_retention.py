"""Reports with personal data: for the company of who asked, deleted in time, never edited (Q-11, Q-12)."""

import json
from datetime import datetime, timedelta

import nbformat
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Audience, AuditEntry, Link, Snapshot
from reports_lib.errors import GoneError
from reports_lib.runs import retention
from reports_lib.runs.retention import Kept
from reports_lib.snapshots import index, links
from reports_lib.snapshots.seal import open_file, open_snapshot
from tests.runs.conftest import AS_OF

pytestmark = pytest.mark.kernel

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def personal(office):
    """The manifest of a report that tells of people."""
    path = office.write_notebook("people", "print('Ann')")
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["daybook"] = {"service": "All", "type": "Customers", "personal": True}
    nbformat.write(notebook, path)
    return open_snapshot(office.store, office.generate("people").id)


def test_it_is_for_the_company_of_who_asked_and_says_until_when_it_is_kept(office, personal):
    assert personal.retained_until == personal.generated_at + 30 * DAY
    with Session(office.installation.database) as session:
        row = session.get_one(Snapshot, personal.id)
        assert row.retained_until == personal.retained_until
        (link,) = links.links_of(session, personal.id)
        assert (link.audience, link.company) == (Audience.COMPANY, "")  # of the whole group
        others = Visitor("olena", Role.ANALYST, "2", frozenset({"2"}))
        assert links.open_to(session, [personal.id], AS_OF, others) == {}
        assert links.open_to(session, [personal.id], AS_OF, Visitor("ann", Role.VIEWER)) == {personal.id: link.token}
    assert f"kept until {personal.retained_until:%Y-%m-%d}" in open_file(office.store, personal, "html").decode()
    index_made_anew = json.loads(personal.json())["retained_until"]
    assert datetime.fromisoformat(index_made_anew) == personal.retained_until


def test_a_report_that_names_nobody_is_for_all_and_kept_for_good(office, personal):
    office.write_notebook("nobody", "print(1)")
    found = open_snapshot(office.store, office.generate("nobody").id)
    assert found.retained_until is None
    assert b"retained_until" not in found.json()  # as manifests were that older versions have sealed
    with Session(office.installation.database) as session:
        assert [link.audience for link in links.links_of(session, found.id)] == [Audience.ANY_USER]
    assert retention.expire(office.installation, AS_OF + 10_000 * DAY) == 1  # the other one
    assert open_snapshot(office.store, found.id) == found


def test_it_leaves_a_tombstone_when_its_time_is_over_and_not_before(office):
    made = open_snapshot(office.store, office.generate("people").id)
    until = made.retained_until
    with Session(office.installation.database) as session:
        assert retention.kept(session, [""], until - DAY) == Kept(1, until)
        assert retention.kept(session, ["2"], until - DAY) == Kept(0, None)  # of another company
    assert retention.expire(office.installation, until - timedelta(microseconds=1)) == 0
    assert open_snapshot(office.store, made.id) == made
    assert retention.expire(office.installation, until) == 1
    with pytest.raises(GoneError, match=f"personal data, which was kept until {until:%Y-%m-%d}"):
        open_snapshot(office.store, made.id)
    assert retention.expire(office.installation, until) == 0
    assert [run.deleted_at for run in office.runs(snapshot_id=made.id)] == [until]
    with Session(office.installation.database) as session:
        assert retention.kept(session, [""], until - DAY) == Kept(0, None)
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "delete report")).all()
        assert {each.who for each in told} == {"daybook"}


def test_an_index_made_anew_still_knows_when(office):
    made = open_snapshot(office.store, office.generate("people").id)
    with Session(office.installation.database) as session, session.begin():
        run = office.runs(snapshot_id=made.id)[0]
        session.delete(session.merge(run))  # as if the database was lost
        session.query(Link).filter_by(snapshot_id=made.id).delete()
        session.delete(session.get_one(Snapshot, made.id))
        session.flush()
        index.rebuild(session, office.store)
    assert retention.expire(office.installation, made.retained_until) == 1
    with pytest.raises(GoneError):
        open_snapshot(office.store, made.id)
