"""Files of call records in the portal: the list, one of them, its bad lines, loading and deleting (CD-04 … CD-10)."""

import re

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from reports_lib.cdr import files, work
from reports_lib.cdr.files import Given
from reports_lib.cdr.work import load_next, originals, take_in
from reports_lib.database.schema import CdrFile
from reports_lib.portal.cdr import arriving
from tests.cdr.lines import asterisk
from tests.portal.place import place
from tests.portal.test_invoices import words
from tests.portal.test_reports import counts

__all__ = ["place"]


@pytest.fixture(scope="module")
def came(place, tmp_path_factory):
    """A file that was loaded in part, one that failed, one that waits: of companies 2, 3 and of the group."""
    folder = tmp_path_factory.mktemp("drop")
    place.warehouse({"company": [{"company_id": int(number)} for number in "23"]})

    def taken(name: str, content: str, company: str) -> int:
        path = folder / name
        path.write_text(content)
        return take_in(place.installation, path, Given("asterisk", company, "drop folder"))

    loaded = taken("Master.csv", asterisk(1) + '"broken <b>\n\n', "2")
    assert load_next(place.installation).error is None
    failed = taken("empty.csv", "\n", "3")
    with Session(place.installation.database) as session, session.begin():
        files.fail(session, files.claim(session, 60), "no line of it is a record")
    return {"loaded": loaded, "failed": failed, "waiting": taken("night.csv", asterisk(2), "")}


@pytest.fixture(scope="module")
def desk(place, came):
    """Staff of the whole group."""
    with place.client("billing", "", "bob") as client:
        yield client


def names(page: str) -> list[str]:
    return re.findall(r'<a class="to" href="/cdr/\d+"><bdi>(.*?)</bdi>', page)


def test_the_list_says_what_became_of_each(desk, came):  # CD-07 … CD-09, T-57: what the dashboard counts
    page = desk.get("/cdr").text
    assert names(page) == ["night.csv", "empty.csv", "Master.csv"]
    assert counts(page) == {"all": 3, "waiting": 1, "success": 1, "error": 1}
    row = words(page[page.index(f'id="file-{came["loaded"]}"') :])
    assert re.search(r"Master.csv \d+ · asterisk · company 2 Success \d+ B 3 1 1 1 ", row)  # lines = the sum of them
    assert names(desk.get("/cdr?state=waiting").text) == ["night.csv"]
    assert names(desk.get("/cdr?q=MASTER&state=success").text) == ["Master.csv"]
    assert names(desk.get("/cdr?until=2020-01-01T00:00").text) == []
    assert names(desk.get(f"/cdr?before={came['failed']}").text) == ["Master.csv"]
    answer = desk.get("/cdr?since=tomorrow")
    assert (answer.status_code, "is not a day and a time" in answer.text) == (422, True)
    assert 'id="clear" data-renew href="/cdr"' in answer.text  # TW-03


def test_bad_lines_are_told_with_number_and_reason(desk, came):
    page = words(desk.get(f"/cdr/{came['loaded']}").text)
    assert 'Rejected lines Line Column Reason As it came 2 – a quote is not closed on its line "broken <b>' in page
    rejects = desk.get(f"/cdr/{came['loaded']}/rejects")
    assert rejects.text.splitlines()[1] == 'Master.csv,2,,a quote is not closed on its line,"""broken <b>"'
    assert rejects.headers["content-disposition"].startswith(f'attachment; filename="cdr-{came["loaded"]}-')
    assert "no line of it is a record" in words(desk.get(f"/cdr/{came['failed']}").text)
    assert desk.get(f"/cdr/{came['failed']}/rejects").status_code == 404


def test_of_others_nothing_is_there_and_lines_are_for_billing_staff(place, came):
    with place.client("billing", "2") as own, place.client("viewer", "2") as viewer:
        assert names(own.get("/cdr").text) == ["Master.csv"]
        assert [own.get(f"/cdr/{came[name]}").status_code for name in came] == [200, 404, 404]
        assert own.post(f"/cdr/{came['waiting']}/delete").status_code == 404
        assert own.post("/cdr?name=a.csv", content=b"x").status_code == 403  # a format may say whose calls are
        assert "broken" not in viewer.get(f"/cdr/{came['loaded']}").text
        assert viewer.get(f"/cdr/{came['loaded']}/rejects").status_code == 403


def test_a_file_that_is_sent_waits_and_is_refused_the_second_time(desk, place, came, monkeypatch):  # T-20
    body = (asterisk(3) + asterisk(4)).encode()
    sent = desk.post("/cdr", params={"name": "C:\\drop\\..\\new.csv", "company": "2"}, content=body)
    at = sent.headers["location"]
    assert (sent.status_code, names(desk.get("/cdr?q=new").text)) == (201, ["new.csv"])
    with Session(place.installation.database) as session:
        found = session.get_one(CdrFile, int(at.rpartition("/")[2]))
        assert (found.state, found.format, found.company, found.uploaded_by) == ("waiting", "asterisk", "2", "bob")
        assert originals(place.installation).path(found.sha256).read_bytes() == body
    again = desk.post("/cdr?name=new.csv&format=asterisk", content=body)
    assert (again.status_code, again.text) == (422, f"new.csv is waiting as new.csv (file {found.id})")
    for query, content, told in (
        ("name=a.csv", b"a;b\n1;2\n", "a.csv is of none of the formats"),
        ("name=a.csv&format=asterix", b"x", "did you mean 'asterisk'?"),
        ("name=%20", b"x", "Say what the file is called"),
        ("name=a.csv&company=x", b"x", "is not the number of a company"),
        ("name=a.csv", b"", "a.csv is empty"),
    ):
        answer = desk.post(f"/cdr?{query}", content=content)
        assert answer.status_code in (404, 422)
        assert told in answer.text
    monkeypatch.setattr(arriving, "MOST", 10)
    assert "is for the drop folder" in desk.post("/cdr?name=a.csv", content=body).text
    assert not list(place.installation.workspace.outputs.glob("tmp*"))  # nothing stays of what was refused


def test_a_deleted_file_leaves_the_list_and_the_disk(desk, place, came):  # CD-04, M-65
    sent = desk.post("/cdr?name=gone.csv&format=asterisk", content=asterisk(5).encode())
    number = int(sent.headers["location"].rpartition("/")[2])
    with Session(place.installation.database) as session, session.begin():
        found = session.get_one(CdrFile, number)
        kept = originals(place.installation).path(found.sha256)
        found.state, found.attempt, found.heartbeat_at = "processing", 1, found.uploaded_at
    answer = desk.post(f"/cdr/{number}/delete")
    assert (answer.status_code, "is being loaded" in answer.text, kept.exists()) == (409, True, True)
    with Session(place.installation.database) as session, session.begin():
        session.get_one(CdrFile, number).state = "waiting"
    assert desk.post(f"/cdr/{number}/delete").headers["location"] == "/cdr?done=deleted"
    assert (kept.exists(), desk.get(f"/cdr/{number}").status_code) == (False, 404)


def test_bytes_go_only_once_the_row_is_gone(place, came, tmp_path):
    path = tmp_path / "late.csv"
    path.write_text(asterisk(6))
    number = take_in(place.installation, path, Given("asterisk", "", "ann"))
    engine = place.installation.database
    with Session(engine) as session:
        kept = originals(place.installation).path(session.get_one(CdrFile, number).sha256)

    def lost(_connection) -> None:
        raise ConnectionError("the database is gone")

    event.listen(engine, "commit", lost)
    try:
        with pytest.raises(ConnectionError):
            work.delete(place.installation, number)
    finally:
        event.remove(engine, "commit", lost)
    assert kept.exists()
    work.delete(place.installation, number)
    assert not kept.exists()
