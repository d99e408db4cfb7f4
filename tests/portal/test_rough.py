"""What nobody sends by accident, and what two send at once: an answer with its reason, and nothing half-written."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.accounts import sign_in
from reports_lib.database.schema import Account, Run, SignIn, State
from reports_lib.errors import DatabaseError
from reports_lib.parameters.query import version
from reports_lib.portal import gate
from reports_lib.portal.users.guesses import Guesses
from reports_lib.snapshots import links
from tests.portal.place import FAMILY, MADE, place

__all__ = ["place"]

MANY = "9" * 5_000  # digits, more than Python reads as a number
ASK = {"interval": "last month", "currency": "USD"}


@pytest.fixture(scope="module")
def filled(place):
    client = {"client_id": 1, "company_id": 2}
    place.warehouse(
        {"company": [{"company_id": 1}, {"company_id": 2}], "currency": [{"code": "USD"}], "client": [client]}
    )
    return place


@pytest.fixture
def boss(place):
    return place.client("admin", "", "boss")


def at_once(place, do):
    """The statuses of what four browsers of one user are answered that `do` the same at the same moment."""
    clients, bar = [place.client("admin", "", "boss") for _ in range(4)], Barrier(4)

    def one(client):
        bar.wait()
        return do(client)

    with ThreadPoolExecutor(4) as pool:
        return sorted((answer.status_code, answer.headers.get("location")) for answer in pool.map(one, clients))


@pytest.mark.parametrize("address", [f"/runs/{MANY}", f"/runs/{MANY}/notebook", f"/ask/{FAMILY}?from_run={MANY}"])
def test_a_number_of_very_many_digits_is_none_that_there_is(boss, address):
    assert boss.get(address).status_code == 404


@pytest.mark.parametrize("origin", ["http://[", "http://a:b", "null", "//"])
def test_an_origin_that_is_no_address_is_not_ours(boss, origin):
    del boss.headers["Sec-Fetch-Site"]
    assert boss.post("/language", data={"code": "ru"}, headers={"Origin": origin}).status_code == 403


def test_readers_of_a_link_whose_names_no_database_takes(place, boss):
    report = place.report("2", "ann", "Title", [["a", 1]])
    with Session(place.installation.database) as session, session.begin():
        token = links.make(session, report.id, by="ann", at=MADE)
    answer = boss.post(f"/view/share?id={token}", data={"audience": "named", "readers": "boss, a\0b"})
    assert answer.status_code == 422
    assert "There is no user named" in answer.text


def test_at_an_address_that_is_none_too_many_tokens_that_are_none_have_to_wait(place, monkeypatch):
    monkeypatch.setattr("reports_lib.portal.users.guesses.FREE_OF_ADDRESS", 1)
    monkeypatch.setattr(place.web.state, "strays", Guesses())
    nobody = place.client()
    answers = [nobody.get("/nowhere", headers={"Authorization": "Bearer x"}).status_code for _ in range(3)]
    assert answers == [404, 429, 429]


def test_at_an_address_that_is_none_a_database_that_is_away_is_told(place, boss, monkeypatch):
    def away(request):
        raise DatabaseError("the database is away")

    monkeypatch.setattr(gate, "_visitor", away)
    assert boss.get("/nowhere").status_code == 503


# a run goes by a query only if whoever asks may see it
@pytest.mark.parametrize("name", ["a\0b", "x" * 90_000, "No query at all", "{private}"])
def test_a_run_is_of_no_query_that_is_not_there_for_who_asks(filled, boss, name):
    private = filled.query("Plans of somebody", "somebody", "", "private")
    answer = boss.post(f"/ask/{FAMILY}", data={**ASK, "set-name": name.format(private=private), "run-key": name[:9]})
    assert answer.status_code == 303
    assert _run(filled, answer).set_name is None
    own = filled.query("Plans of mine", "boss", "", "private")
    assert _run(filled, boss.post(f"/ask/{FAMILY}", data={**ASK, "set-name": own})).set_name == own


#
def test_why_a_query_is_not_run_does_not_name_its_owner_to_another_company(place):
    place.account("ann-of-two", "viewer", "2")
    place.query("Every morning", "ann-of-two", "2", cron="0 6 * * *")
    own, other = (place.client("analyst", company).get("/queries").text for company in ("2", "3"))
    assert "Not run: " in own
    assert "Not run: " in other
    assert "ann-of-two" in own
    assert "ann-of-two" not in other


#
def test_who_made_a_link_is_named_to_his_own_company_and_those_above_it(place):
    for name, company in (("of-group", ""), ("of-two", "2")):
        place.account(name, "analyst", company)
    report = place.report("2", "of-two", "Title", [["a", 1]])
    run = place.runs.add(State.GENERATED, snapshot_id=report.id, company="2", resolved={}, data_version="17")
    with Session(place.installation.database) as session, session.begin():
        tokens = [links.make(session, report.id, by=name, at=MADE) for name in ("of-two", "of-group")]
    for company, is_named in (("", True), ("2", False)):
        client = place.client("analyst", company)
        for page in (f"/view/share?id={tokens[0]}", f"/api/v1/runs/{run}/links"):
            text = client.get(page).text
            assert "of-two" in text
            assert ("of-group" in text) is is_named, page


def test_a_query_that_two_change_at_once_keeps_what_the_first_wrote(place, boss):
    name = place.query("Raced", "boss", "", "private")
    path = place.installation.workspace.parameters / FAMILY / f"{name}.yaml"
    said = {
        "query-name": "Raced",
        "query-version": version(path),
        "query-visibility": "private",
        "query-formats": "csv",
    }
    answers = at_once(place, lambda client: client.post(f"/queries/{FAMILY}/{name}", data=said | {"query-note": "n"}))
    assert [status for status, _ in answers] == [303, 422, 422, 422]


def test_one_user_who_asks_twice_for_the_same_report_again_gets_one_run(place, boss):
    old = place.runs.add(State.ERROR)
    answers = at_once(place, lambda client: client.post(f"/runs/{old}/regenerate"))
    assert len(set(answers)) == 1
    (first,) = {location for _, location in answers}
    assert boss.post(f"{first}/cancel").status_code == 303
    assert boss.post(f"/runs/{old}/regenerate").headers["location"] != first


def test_sign_ins_that_are_over_are_cleared_away_when_he_signs_in(place, boss):
    now = datetime.now(UTC)
    with Session(place.installation.database) as session, session.begin():
        account = session.scalars(select(Account).where(Account.name == "boss")).one()
        his = select(func.count()).select_from(SignIn).where(SignIn.account_id == account.id)
        there = session.scalar(his)
        sign_in.begin(session, account, now - timedelta(days=30))
        sign_in.begin(session, account, now - timedelta(hours=13))
        sign_in.begin(session, account, now)
        assert session.scalar(his) == there + 1


def _run(place, answer):
    with Session(place.installation.database) as session:
        return session.get_one(Run, int(answer.headers["location"].rpartition("/")[2]))
