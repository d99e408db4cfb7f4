"""What is done with a run: cancelled, made again, deleted; by whom, what is left (TW-31, TW-33, Q-26, Q-27, T-73)."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import AuditEntry, Run, Snapshot, State
from reports_lib.errors import GoneError, StateError
from reports_lib.runs import discard as discarding
from reports_lib.runs.discard import discard
from reports_lib.runs.listing import Category, Listing, Wanted
from reports_lib.runs.regenerate import NAMELESS, again
from reports_lib.snapshots.removal import living
from reports_lib.snapshots.seal import open_snapshot
from tests.portal.people import signed_in
from tests.portal.shared import another, link

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_other_rows(rows):
    rows.clear()


@pytest.fixture
def made(rows, installation, sealed):
    """A run with a report of its own, and the token of its link."""
    manifest = another(installation, sealed[0])
    token = link(installation, manifest)
    run = rows.add(
        State.GENERATED, snapshot_id=manifest.id, name="Weekly", resolved={"interval": "2026-01-01/2026-01-31"}
    )
    return run, manifest, token


@pytest.fixture
def admin(installation, sealed):
    with signed_in(installation, "admin") as client:
        client.follow_redirects = False
        yield client


@pytest.fixture
def ann(installation, sealed):
    with signed_in(installation, "analyst", name="ann") as client:
        client.follow_redirects = False
        yield client


def get(installation, run: int) -> Run:
    with Session(installation.database) as session:
        return session.get_one(Run, run)


def audit(installation, run: int) -> list[AuditEntry]:
    with Session(installation.database) as session:
        return list(
            session.scalars(select(AuditEntry).where(AuditEntry.object == f"run {run}").order_by(AuditEntry.id))
        )


def jobs(installation, run: int) -> int:
    with Session(installation.database) as session:
        query = text("select count(*) from procrastinate_jobs where queueing_lock = :lock")
        return session.scalar(query, {"lock": f"run {run}"})


@pytest.mark.parametrize("state", [State.ERROR, State.CANCELLED, State.GENERATED])
def test_a_report_is_made_again_as_it_was_asked_for(ann, rows, installation, made, state):  # TW-31, T-73
    old, manifest, token = made
    if state != State.GENERATED:
        asked = {"interval": "last month", "client_type": ["client"]}
        more = {"formats": ["xlsx"], "recipients": ["eve@example.com"], "supersedes": "f" * 64, "as_of": AT}
        old = rows.add(state, asked=asked, set_name="weekly", name="Mine", **more)
    began = datetime.now(UTC)
    answer = ann.post(f"/runs/{old}/regenerate")
    assert answer.status_code == 303
    new = get(installation, int(answer.headers["location"].removeprefix("/runs/")))
    was = get(installation, old)
    assert (new.state, new.id > old) == (State.QUEUED, True)
    for column in ("family", "set_name", "name", "asked", "formats", "company"):
        assert getattr(new, column) == getattr(was, column), column
    assert new.as_of >= began  # relative intervals count anew
    assert new.data_version is None
    assert new.recipients == []
    assert (new.role, new.user_name) == ("analyst", "ann")
    assert new.supersedes == (manifest.id if state == State.GENERATED else "f" * 64)
    assert jobs(installation, new.id) == 1
    assert was.state == state  # the old one, its report and its link stay
    assert ann.get(f"/view?id={token}").status_code == 200


def test_from_the_list_one_goes_back_to_the_list(ann, rows):
    run = rows.add(State.ERROR)
    page = ann.get("/?state=error&q=customer").text
    form = re.search(rf'action="/runs/{run}/regenerate"><input type="hidden" name="back" value="([^"]+)"', page)
    answer = ann.post(f"/runs/{run}/regenerate", data={"back": unescape(form[1])})
    assert answer.headers["location"] == "/?state=error&q=customer&done=regenerated"
    assert "The report is being made again." in ann.get(answer.headers["location"]).text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil", "/?\r\nX: y", "/sign-out", "x"])
def test_one_is_sent_nowhere_else(ann, rows, back):
    for action in ("cancel", "delete"):
        run = rows.add(State.QUEUED if action == "cancel" else State.ERROR, user_name="ann")
        answer = ann.post(f"/runs/{run}/{action}", data={"back": back})
        assert answer.status_code == 303
        assert answer.headers["location"] in (f"/runs/{run}", "/?done=deleted")
        page = ann.get(f"/runs/{rows.add(State.ERROR, user_name='ann')}/delete", params={"back": back})
        assert "evil" not in page.text


def test_what_is_being_made_is_cancelled_and_not_made_again_or_deleted(admin, rows, installation):
    run = rows.add(State.GENERATING)
    assert admin.post(f"/runs/{run}/regenerate").status_code == 409
    assert admin.post(f"/runs/{run}/delete").status_code == 409
    assert admin.get(f"/runs/{run}/delete").status_code == 409
    assert get(installation, run).deleted_at is None
    assert admin.post(f"/runs/{run}/cancel").headers["location"] == f"/runs/{run}"
    assert get(installation, run).state == State.CANCELLED
    assert [entry.action for entry in audit(installation, run)] == ["cancel run"]
    assert admin.post(f"/runs/{run}/cancel").status_code == 409
    assert "cannot be cancelled" in admin.post(f"/runs/{run}/cancel").text


def test_a_deleted_report_leaves_the_list_and_its_link_says_so(admin, installation, made):  # TW-33, Q-27
    run, manifest, token = made
    assert admin.get(f"/view?id={token}").status_code == 200  # and what was read a moment ago is forgotten
    page = admin.get(f"/runs/{run}/delete", params={"back": "/?q=weekly"}).text
    assert "Delete Weekly?" in page
    assert "removed for good" in page
    assert 'value="/?q=weekly"' in page
    answer = admin.post(f"/runs/{run}/delete", data={"reason": "made by\0 mistake ", "back": "/?q=weekly"})
    assert answer.headers["location"] == "/?q=weekly&done=deleted"
    page = admin.get(answer.headers["location"]).text
    assert "The report was deleted." in page
    assert f"/runs/{run}" not in page
    gone = admin.get(f"/view?id={token}")
    assert gone.status_code == 410
    assert "made by mistake" in gone.text
    for form in ("html", "xlsx", "pdf"):
        assert admin.get(f"/view?id={token}&as={form}").status_code == 410
    with pytest.raises(GoneError):
        open_snapshot(installation.store, manifest.id)
    assert manifest.id not in dict(living(installation.store))
    with Session(installation.database) as session:
        row = session.get_one(Snapshot, manifest.id)
        assert (row.delete_reason, row.deleted_at is not None, row.labels) == ("made by mistake", True, {})
    (entry,) = audit(installation, run)
    assert (entry.action, entry.before["reason"]) == ("delete report", "made by mistake")
    for path in ("", "/events", "/notebook", "/delete"):
        assert admin.get(f"/runs/{run}{path}").status_code == 404
    assert admin.post(f"/runs/{run}/delete").status_code == 404


def test_a_run_without_a_report_is_only_taken_off(admin, rows, installation):
    run = rows.add(State.ERROR)
    folder = installation.workspace.outputs / f"runs/{run}/1"
    folder.mkdir(parents=True)
    (folder / "executed.ipynb").write_text("{}")
    assert "It made no report" in admin.get(f"/runs/{run}/delete").text
    assert admin.post(f"/runs/{run}/delete").status_code == 303
    assert not folder.parent.exists()
    assert get(installation, run).deleted_at is not None
    assert audit(installation, run)[0].before["reason"] == "no reason given"


def test_what_a_link_in_place_of_the_folder_leads_to_stays(rows, installation, tmp_path):
    run = rows.add(State.ERROR)
    (tmp_path / "kept").write_text("of somebody else")
    (installation.workspace.outputs / "runs").mkdir(exist_ok=True)
    (installation.workspace.outputs / f"runs/{run}").symlink_to(tmp_path)
    discard(installation, run, by="ann", reason="", at=AT)
    assert (tmp_path / "kept").exists()


def test_a_deletion_that_broke_off_is_finished_when_it_is_repeated(admin, installation, made, monkeypatch):
    run, manifest, token = made

    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(discarding, "_take_off", dies)
        with pytest.raises(KeyboardInterrupt):
            discard(installation, run, by="ann", reason="first", at=AT)
    assert admin.get(f"/view?id={token}").status_code == 410  # from the tombstone on
    assert get(installation, run).deleted_at is None  # and it is still there to be deleted
    assert admin.get("/").text.count(f'id="run-{run}"') == 1
    discard(installation, run, by="bob", reason="second", at=AT)
    discard(installation, run, by="bob", reason="third", at=AT)
    assert get(installation, run).deleted_at == AT
    with Session(installation.database) as session:
        assert session.get_one(Snapshot, manifest.id).delete_reason == "first"
    assert len(audit(installation, run)) == 1


def test_a_report_that_the_store_has_lost_can_be_taken_off(installation, made):
    run, manifest, _ = made
    for path in installation.store.files():
        if manifest.id in path.name:
            installation.store.remove(path)
    discard(installation, run, by="ann", reason="lost", at=AT)
    assert get(installation, run).deleted_at == AT


def test_one_that_was_tried_again_meanwhile_stays(rows, installation, monkeypatch):
    run = rows.add(State.ERROR)
    plain = discarding._remove

    def meanwhile(folder):
        plain(folder)
        rows.change(run, state=State.QUEUED, error=None, error_class=None, exit_code=None, formed_at=None)

    monkeypatch.setattr(discarding, "_remove", meanwhile)
    with pytest.raises(StateError):
        discard(installation, run, by="ann", reason="", at=AT)
    assert get(installation, run).deleted_at is None


def test_others_reports_are_deleted_by_who_may(ann, admin, rows, installation):
    his, hers = rows.add(State.ERROR, user_name="bob"), rows.add(State.ERROR, user_name="ann")
    below = rows.add(State.ERROR, user_name="ann", company="7")  # another ann
    page = ann.get("/").text
    assert [f"/runs/{run}/delete" in page for run in (his, hers, below)] == [False, True, False]
    for run in (his, below):
        assert ann.get(f"/runs/{run}/delete").status_code == 403
        assert ann.post(f"/runs/{run}/delete").status_code == 403
        assert get(installation, run).deleted_at is None
    assert ann.post(f"/runs/{hers}/delete").status_code == 303
    assert admin.post(f"/runs/{his}/delete").status_code == 303


@pytest.mark.parametrize("action", ["cancel", "regenerate", "delete"])
def test_it_is_done_from_our_own_pages_only(admin, rows, action):
    run = rows.add(State.ERROR)
    assert admin.post(f"/runs/{run}/{action}", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert admin.get(f"/runs/{run}/{action}").status_code == (200 if action == "delete" else 404)


def test_a_report_of_a_company_stays_its_own_when_somebody_above_makes_it_again(rows, installation):
    run = get(installation, rows.add(State.ERROR, company="7", user_name="carl"))
    head = again(run, Visitor("boss", Role.ADMIN), AT)
    assert (head.author.company, head.author.user, head.author.role) == ("7", NAMELESS, "admin")
    own = again(run, Visitor("dora", Role.BILLING, "7", frozenset({"7"})), AT)
    assert (own.author.company, own.author.user) == ("7", "dora")


def test_everybody_sees_his_own_companies_and_those_below(rows, installation):  # T-28
    for company in ("parent", "own", "child", "sibling", ""):
        rows.add(State.ERROR, company=company, name=f"of {company}")
    tree = frozenset({"own", "child"})
    expected = {
        Visitor("ann", Role.ANALYST, "own", tree): {"own", "child"},
        Visitor("carl", Role.ADMIN, "child", frozenset({"child"})): {"child"},
        Visitor("boss", Role.VIEWER): {"parent", "own", "child", "sibling", ""},
        Visitor(): set(),
    }
    with Session(installation.database) as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 5
        for visitor, companies in expected.items():
            for wanted in (Wanted(), Wanted(Category.ERROR), Wanted(text="of")):
                listing = Listing(visitor, wanted, {})
                assert {run.company for run in listing.page(session).runs} == companies
                assert listing.counts(session)[Category.ALL] == len(companies)
            foreign = Listing(visitor, Wanted(text="sibling"), {})
            assert foreign.counts(session)[Category.ALL] == ("sibling" in companies)
