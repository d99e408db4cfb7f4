"""Saved queries in the web: saved from a form, listed, loaded, run, changed, deleted; and for whom they are there."""

import re
import threading
from datetime import UTC, datetime
from html import unescape
from itertools import count

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from reports_lib.database.schema import Account, AuditEntry, Run
from reports_lib.parameters.query import Query, read_query, write_query
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from tests.conftest import to_arrow
from tests.portal.people import signed_in
from tests.runs.conftest import office

__all__ = ["office"]

PARAMETERS = """
interval: Interval = "last 12 months"     # Filters | Period of the report
time_zone: TimeZone = "UTC"               # Filters | Buckets are local to it
company: Choices[Company] = []            # Filters | Company
country: Text = ""                        # Filters | Country
group_by: Choices["month", "date"] = []   # Group by
"""
COMPANIES = [
    {"company_id": 1, "parent_company_id": None, "name": "Holding"},
    {"company_id": 2, "parent_company_id": 1, "name": "Aurora"},
    {"company_id": 3, "parent_company_id": 1, "name": "Dnipro"},
    {"company_id": 4, "parent_company_id": 2, "name": "Aurora South"},
]
ASKED = {"interval": "last month", "time_zone": "Europe/Kyiv", "country": "NO", "output-type": "html"}
SAVE = {"query-name": "The board's figures", "query-visibility": "private", "query-interval": "relative"}

_number = count(1)


@pytest.fixture(scope="module")
def bureau(office):
    """The office with a family `sales` and four companies: 4 below 2, 2 and 3 below 1."""
    office.write_notebook("sales", "print(interval)", PARAMETERS.strip())
    owner = Address.of(office.workspace, reader=False)
    rows = {"company": to_arrow("company", COMPANIES)}
    writer.write(owner, rows, author="tests", message="companies", replace=True)
    return office


@pytest.fixture
def sets(bureau):
    """The folder of the family's queries; empty before and after each test."""
    folder = bureau.workspace.parameters / "sales"
    folder.mkdir(exist_ok=True)
    yield folder
    for path in folder.iterdir():
        path.unlink()


def user(bureau, role="analyst", company=""):
    """A new user's client, and the user's name."""
    name = f"{role}-of-{company or 'all'}-{next(_number)}"
    return signed_in(bureau.installation, role, company, name), name


def save(client, **more):
    """What is answered to a form that is saved with these fields besides."""
    fields = {**ASKED, "query-formats": ["html"], **SAVE, **more}
    return client.post("/ask/sales/save", data=fields, follow_redirects=False)


def text_of(answer):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def field(answer, name):
    """What stands in the field of that name, be it an input or a textarea."""
    if found := re.search(rf'<textarea[^>]* name="{name}"[^>]*>(.*?)</textarea>', answer.text, re.DOTALL):
        return unescape(found[1]).strip("\n")
    return unescape(re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', answer.text)[1])


def audit(bureau, name):
    with Session(bureau.installation.database) as session:
        query = select(AuditEntry).where(AuditEntry.object == f"query sales/{name}").order_by(AuditEntry.id)
        return [(each.who, each.action, each.before, each.after) for each in session.scalars(query)]


# Saved, listed, loaded, run


def test_a_query_is_saved_listed_loaded_and_run_as_it_was_asked(bureau, sets):  # JD-55, JD-56, JD-57, T-72
    client, name = user(bureau)
    answer = save(client, **{"query-note": "For the 3rd.\r\nAsk Ann."})
    assert (answer.status_code, answer.headers["location"]) == (303, "/queries/sales/the-board-s-figures?done=saved")
    query = read_query(sets / "the-board-s-figures.yaml")
    assert query.values == {"interval": "last month", "time_zone": "Europe/Kyiv", "country": "NO"}
    assert (query.name, query.note, query.owner) == ("The board's figures", "For the 3rd.\nAsk Ann.", name)

    listed = client.get("/queries")
    assert "The board's figures" in text_of(listed)
    assert "Last month" in text_of(listed)

    form = client.get("/ask/sales?set=the-board-s-figures")
    assert re.search(r'<option value="last month" selected>', form.text)
    assert field(form, "country") == "NO"
    assert field(form, "time_zone") == "Europe/Kyiv"

    ran = client.post("/queries/sales/the-board-s-figures/run", follow_redirects=False)
    assert ran.status_code == 303
    with Session(bureau.installation.database) as session:
        run = session.get_one(Run, int(ran.headers["location"].rpartition("/")[2]))
        assert run.asked == dict(query.values)
        assert (run.user_name, run.set_name, run.name, run.recipients) == (
            name,
            "the-board-s-figures",
            "The board's figures",
            [],
        )
    assert [(who, action) for who, action, _, _ in audit(bureau, "the-board-s-figures")] == [(name, "save query")]


def test_a_fixed_interval_is_kept_as_the_days_it_means_now(bureau, sets):
    client, _ = user(bureau)
    assert save(client, **{"query-interval": "fixed", "interval": "last year"}).status_code == 303
    kept = read_query(sets / "the-board-s-figures.yaml").values["interval"]
    year = datetime.now(UTC).year - 1
    assert kept == f"{year}-01-01/{year}-12-31"


def test_all_that_is_said_of_a_query_is_kept(bureau, sets):
    client, name = user(bureau)
    more = {
        "query-visibility": "company",
        "query-formats": ["pdf", "xlsx"],
        "query-recipients": "a@example.com, b@example.com",
        "query-chart": "Clients by month",
        "query-often": "quarterly",
        "query-day": "L",
        "query-time": "07:30",
        "query-time-zone": "Europe/Kyiv",
    }
    assert save(client, **more).status_code == 303
    query = read_query(sets / "the-board-s-figures.yaml")
    assert (query.visibility, query.formats, query.chart) == ("company", ("pdf", "xlsx"), "Clients by month")
    assert query.recipients == ("a@example.com", "b@example.com")
    assert (query.cron, query.time_zone, query.owner) == ("30 7 L 1,4,7,10 *", "Europe/Kyiv", name)
    shown = text_of(client.get("/queries"))
    assert "On the last day of the first month of every quarter at 07:30" in shown
    assert "next 31 " in shown  # the end of January, April, July or October


@pytest.mark.parametrize(
    ("fields", "cron", "words"),
    [
        ({"query-often": "daily", "query-time": "06:05"}, "5 6 * * *", "Every day at 06:05"),
        ({"query-often": "weekly", "query-time": "00:00", "query-weekday": "0"}, "0 0 * * 0", "Every Sunday at"),
        (
            {"query-often": "monthly", "query-time": "23:59", "query-day": "L"},
            "59 23 L * *",
            "On the last day of every",
        ),
        ({"query-often": "monthly", "query-time": "06:00", "query-day": "3"}, "0 6 3 * *", "On day 3 of every month"),
        ({"query-often": "line", "query-cron": "15  7 * * 1-5"}, "15 7 * * 1-5", "15 7 * * 1-5"),
    ],
)
def test_a_schedule_is_said_in_words(bureau, sets, fields, cron, words):
    client, _ = user(bureau)
    assert save(client, **fields).status_code == 303
    assert read_query(sets / "the-board-s-figures.yaml").cron == cron
    page = client.get("/queries/sales/the-board-s-figures")
    assert words in text_of(page)
    assert re.search(rf'<option value="{fields["query-often"]}" selected>', page.text)


# What is refused


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"query-name": " "}, "Give the query a name"),
        ({"query-name": "x" * 121}, "longer than 120 letters"),
        ({"query-name": "a\0b"}, "control character"),
        ({"query-note": "x" * 2_001}, "longer than 2,000 letters|longer than 2000 letters"),
        ({"query-visibility": "secret"}, "Choose who sees"),
        ({"query-formats": ["doc"]}, "no format named"),
        ({"query-recipients": "ann@example.com"}, "web page is not sent by mail"),
        ({"query-formats": ["pdf"], "query-recipients": "ann at home"}, "is not one e-mail address"),
        ({"query-often": "daily", "query-time": "25:00"}, "Write a time"),
        ({"query-often": "sometimes", "query-time": "06:00"}, "Choose how often"),
        ({"query-often": "line", "query-cron": "a b"}, "cannot be read"),
        ({"query-often": "line", "query-cron": "* * * * *"}, "once an hour at most"),
        ({"query-often": "daily", "query-time": "06:00", "query-time-zone": "Mars/Base"}, "Mars/Base"),
    ],
)
def test_what_is_wrong_stands_in_the_dialog_and_nothing_is_lost(bureau, sets, fields, said):
    client, _ = user(bureau)
    answer = save(client, **{"query-note": "A note with “quotes” & <b>", **fields})
    assert answer.status_code == 422
    assert re.search(said, text_of(answer))
    assert '<dialog id="save-query" class="save-query" aria-labelledby="save-query-title" open>' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert field(answer, "country") == "NO"
    assert field(answer, "query-note") == fields.get("query-note", "A note with “quotes” & <b>")
    assert not list(sets.iterdir())  # nothing half-written


def test_a_parameter_that_is_wrong_is_told_in_the_form(bureau, sets):
    client, _ = user(bureau)
    answer = save(client, interval="last blue moon")
    assert answer.status_code == 422
    assert "The query was not saved. Mend this" in text_of(answer)
    assert field(answer, "query-name") == "The board's figures"
    assert not list(sets.iterdir())


def test_a_name_that_is_taken_is_refused_whoever_has_it(bureau, sets):
    (one, _), (other, _) = user(bureau), user(bureau)
    assert save(one).status_code == 303
    kept = (sets / "the-board-s-figures.yaml").read_bytes()
    answer = save(other, **{"query-name": "The Board's Figures!", "country": "SE"})
    assert answer.status_code == 422
    assert "There is a query of that name; choose another" in text_of(answer)
    assert field(answer, "country") == "SE"
    assert (sets / "the-board-s-figures.yaml").read_bytes() == kept


def test_of_two_who_save_at_a_time_under_one_name_one_does(bureau, sets):
    clients, gate, statuses = [user(bureau)[0] for _ in range(4)], threading.Barrier(4), []

    def go(client):
        gate.wait()
        statuses.append(save(client).status_code)

    threads = [threading.Thread(target=go, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 422, 422, 422]
    assert [path.name for path in sets.iterdir()] == ["the-board-s-figures.yaml"]
    assert len(audit(bureau, "the-board-s-figures")) >= 1


def test_without_a_script_the_dialog_is_opened_by_the_form(bureau, sets):
    client, _ = user(bureau)
    answer = client.post("/ask/sales/save", data={**ASKED, "query-open": "1"})
    assert answer.status_code == 200
    assert 'aria-labelledby="save-query-title" open>' in answer.text
    assert 'aria-invalid="true"' not in answer.text
    assert field(answer, "country") == "NO"


# For whom they are there

WHO = [("admin", ""), ("analyst", ""), ("analyst", "1"), ("analyst", "2"), ("billing", "2"), ("admin", "2")]
WHO += [("viewer", "2"), ("analyst", "3"), ("admin", "3"), ("analyst", "4"), ("admin", "4")]


@pytest.mark.parametrize(("role", "company"), WHO)
def test_who_finds_a_query_and_who_may_change_it(bureau, sets, role, company):
    owners = {}
    for name, visibility in (("Aalborg", "private"), ("Bergen", "company"), ("Nordic", "public")):
        _, owners[name] = user(bureau, "analyst", "2")
        query = Query({"country": "NO"}, name=name, visibility=visibility, owner=owners[name], company="2")
        write_query(sets / f"{name.lower()}.yaml", query)
    client, _ = user(bureau, role, company)
    is_above, may_ask = company in ("", "1", "2"), role != "viewer"
    seen = {"Aalborg": False, "Bergen": is_above, "Nordic": True}

    listed = text_of(client.get("/queries"))
    form, families = client.get("/ask/sales"), client.get("/ask")
    assert {form.status_code, families.status_code} == {200 if may_ask else 403}
    for name, sees in seen.items():
        owner, at, path = owners[name], f"/queries/sales/{name.lower()}", sets / f"{name.lower()}.yaml"
        assert (name in listed) == sees
        assert (owner in listed) == (sees and is_above)
        assert (name in form.text) == (name in families.text) == (sees and may_ask)
        page = client.get(at)
        assert page.status_code == (200 if sees else 404)
        assert (owner in page.text) == (sees and is_above)
        loaded = client.get(f"/ask/sales?set={name.lower()}")
        assert loaded.status_code == (403 if not may_ask else 200 if sees else 404)
        refused = 403 if not may_ask or sees else 404
        run = client.post(f"{at}/run", follow_redirects=False)
        assert run.status_code == (303 if sees and may_ask else refused)
        kept = read_query(path)
        fields = {"query-name": f"{name} South", "query-visibility": kept.visibility, "query-version": kept.version}
        may_change = sees and role == "admin" and is_above
        edited = client.post(at, data=fields | {"query-formats": "pdf"}, follow_redirects=False)
        assert edited.status_code == (303 if may_change else refused)
        deleted = client.post(f"{at}/delete", follow_redirects=False)
        assert deleted.status_code == (303 if may_change else refused)
        assert path.exists() != may_change


def test_nobody_who_is_not_signed_in_sees_any(bureau, sets):
    write_query(sets / "nordic.yaml", Query({}, name="Nordic"))
    client, _ = user(bureau)
    client.cookies.clear()
    assert client.get("/queries", follow_redirects=False).status_code == 303
    assert client.post("/queries/sales/nordic/delete", follow_redirects=False).status_code == 401
    assert (sets / "nordic.yaml").exists()


@pytest.mark.parametrize(
    ("role", "fields", "status"),
    [
        ("billing", {}, 303),
        ("billing", {"query-visibility": "company"}, 422),
        ("billing", {"query-visibility": "public"}, 422),
        ("billing", {"query-often": "daily", "query-time": "06:00"}, 422),
        ("analyst", {"query-visibility": "public", "query-often": "daily", "query-time": "06:00"}, 303),
        ("viewer", {}, 403),
    ],
)
def test_what_a_role_may_save(bureau, sets, role, fields, status):
    client, _ = user(bureau, role, "2")
    assert save(client, **fields).status_code == status
    assert bool(list(sets.iterdir())) == (status == 303)


def test_a_file_of_nobody_is_for_everyone_and_changed_by_the_groups_admins_only(bureau, sets):
    (sets / "monthly.yaml").write_text("interval: last month\n")
    for role, company, status in (("analyst", "", 403), ("admin", "2", 403), ("admin", "", 303)):
        client, _ = user(bureau, role, company)
        page = client.get("/queries/sales/monthly")
        assert ("comes with the workspace's files" in text_of(page)) == (status == 403)
        deleted = client.post("/queries/sales/monthly/delete", follow_redirects=False)
        assert deleted.status_code == status
    assert not list(sets.iterdir())


def test_whoever_has_moved_up_is_out_of_reach_of_his_former_admin(bureau, sets):
    """Else an admin could have reports of the whole group sent to himself, in the other's name."""
    _, owner = user(bureau, "analyst", "2")
    query = Query({}, name="Nordic", visibility="company", owner=owner, company="2", cron="0 6 * * *")
    write_query(sets / "nordic.yaml", query)
    with Session(bureau.installation.database) as session, session.begin():
        session.execute(update(Account).where(Account.name == owner).values(company=""))
    client, _ = user(bureau, "admin", "2")
    fields = {"query-name": "Nordic", "query-version": read_query(sets / "nordic.yaml").version, "query-formats": "pdf"}
    fields |= {"query-visibility": "company", "query-recipients": "thief@example.com"}
    assert client.post("/queries/sales/nordic", data=fields).status_code == 403
    assert read_query(sets / "nordic.yaml") == query


def test_addresses_are_told_to_the_own_company_only(bureau, sets):
    query = Query({}, name="Nordic", owner="ann", company="2", formats=("pdf",), recipients=("secret@example.com",))
    write_query(sets / "nordic.yaml", query)
    for company, knows in (("2", True), ("1", True), ("", True), ("3", False), ("4", False)):
        client, _ = user(bureau, "analyst", company)
        pages = [client.get(at).text for at in ("/queries", "/queries/sales/nordic", "/ask/sales?set=nordic")]
        assert ("secret@example.com" in "".join(pages)) == knows
        ran = client.post("/queries/sales/nordic/run", data={"send": "1"}, follow_redirects=False)
        with Session(bureau.installation.database) as session:
            run = session.get_one(Run, int(ran.headers["location"].rpartition("/")[2]))
            assert (run.recipients, run.company) == (["secret@example.com"] if knows else [], company)


def test_values_that_are_not_there_for_a_company_are_faults(bureau, sets):
    write_query(sets / "near.yaml", Query({"company": ["3"]}, name="Near", owner="ann", company="1"))
    client, _ = user(bureau, "analyst", "4")
    ran = client.post("/queries/sales/near/run", follow_redirects=False)
    assert ran.status_code == 422
    for answer in (ran, client.get("/queries/sales/near"), client.get("/ask/sales?set=near")):
        assert "'3' is not" in text_of(answer)
        assert "Dnipro" not in answer.text  # what it is called is told within its company


# Changed and deleted


def test_a_loaded_query_is_replaced_or_saved_anew(bureau, sets):
    client, _ = user(bureau)
    save(client)
    version = read_query(sets / "the-board-s-figures.yaml").version
    again = {"set-name": "the-board-s-figures", "query-version": version, "country": "SE"}
    assert save(client, **again, **{"query-instead": "the-board-s-figures"}).status_code == 303
    assert read_query(sets / "the-board-s-figures.yaml").values["country"] == "SE"
    assert save(client, **again, **{"query-instead": "", "query-name": "Another"}).status_code == 303
    assert sorted(path.stem for path in sets.iterdir()) == ["another", "the-board-s-figures"]
    assert [action for _, action, _, _ in audit(bureau, "the-board-s-figures")][-2:] == ["save query", "change query"]


def test_what_somebody_changed_meanwhile_is_not_overwritten(bureau, sets):
    client, _ = user(bureau)
    save(client)
    old = read_query(sets / "the-board-s-figures.yaml").version
    fields = {"query-name": "First", "query-version": old, "query-visibility": "private", "query-formats": "html"}
    assert client.post("/queries/sales/the-board-s-figures", data=fields, follow_redirects=False).status_code == 303
    answer = client.post("/queries/sales/the-board-s-figures", data={**fields, "query-name": "Second"})
    assert answer.status_code == 422
    assert "Somebody changed this query meanwhile" in text_of(answer)
    assert read_query(sets / "the-board-s-figures.yaml").name == "First"


def test_an_edited_query_keeps_its_parameters_file_and_owner(bureau, sets):
    client, name = user(bureau)
    save(client, **{"query-often": "daily", "query-time": "06:00"})
    before = read_query(sets / "the-board-s-figures.yaml")
    fields = {"query-name": "Otherwise", "query-version": before.version, "query-visibility": "private"}
    fields |= {"query-formats": "pdf", "query-often": "never"}
    answer = client.post("/queries/sales/the-board-s-figures", data=fields, follow_redirects=False)
    assert answer.headers["location"] == "/queries/sales/the-board-s-figures?done=saved"
    after = read_query(sets / "the-board-s-figures.yaml")
    assert (after.name, after.owner, after.cron, after.values) == ("Otherwise", name, "", before.values)
    save(client, **{"query-name": "Taken"})
    fields |= {"query-name": "taken", "query-version": after.version}
    answer = client.post("/queries/sales/the-board-s-figures", data=fields)
    assert answer.status_code == 422
    assert "There is a query of that name" in text_of(answer)


def test_a_deleted_query_is_gone_and_who_did_it_is_kept(bureau, sets):
    client, name = user(bureau)
    save(client)
    answer = client.post("/queries/sales/the-board-s-figures/delete")
    assert "The query is deleted" in text_of(answer)
    assert "The board's figures" not in text_of(answer)
    assert client.get("/queries/sales/the-board-s-figures").status_code == 404
    who, action, before, after = audit(bureau, "the-board-s-figures")[-1]
    assert (who, action, after) == (name, "delete query", None)
    assert before["values"]["country"] == "NO"


# The list


def test_the_list_is_searched_by_all_words(bureau, sets):
    for name, note in (("Nordic", "For the board"), ("Southern", "For sales"), ("Отчёт", "")):
        write_query(sets / f"{name.lower() if name.isascii() else 'otchet'}.yaml", Query({}, name=name, note=note))
    client, _ = user(bureau)

    def names(words):
        shown = client.get("/queries", params={"q": words})
        return [name for name in ("Nordic", "Southern", "Отчёт") if f"<bdi>{name}</bdi>" in shown.text]

    assert names("") == ["Nordic", "Southern", "Отчёт"]
    assert names("BOARD") == ["Nordic"]
    assert names("for south") == ["Southern"]
    assert names("отч") == ["Отчёт"]
    assert names("<b>") == []


def test_a_broken_file_spares_the_others_and_is_told_to_the_groups_admins(bureau, sets):
    write_query(sets / "nordic.yaml", Query({}, name="Nordic"))
    (sets / "broken.yaml").write_text("query: {nam: x}\n")
    for role, company, told in (("admin", "", True), ("analyst", "", False), ("admin", "2", False)):
        client, _ = user(bureau, role, company)
        shown = text_of(client.get("/queries"))
        assert "Nordic" in shown
        assert ("sales/broken.yaml, line 1: query has no 'nam'" in shown) == told


def test_an_owner_who_may_not_schedule_any_more_is_told_of_on_the_list(bureau, sets):
    _, owner = user(bureau, "viewer", "2")
    query = Query({}, name="Nordic", visibility="public", owner=owner, company="2", cron="0 6 * * *")
    write_query(sets / "nordic.yaml", query)
    client, _ = user(bureau)
    assert f"Not run: its owner '{owner}' may not schedule reports any more" in text_of(client.get("/queries"))


@pytest.mark.parametrize("place", ["name", "note", "chart"])
def test_no_text_of_a_query_becomes_markup(bureau, sets, place):
    attack = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'{{7*7}}"
    client, _ = user(bureau)
    assert save(client, **{f"query-{place}": attack, "country": attack}).status_code == 303
    (path,) = sets.iterdir()
    for at in ("/queries", f"/queries/sales/{path.stem}", f"/ask/sales?set={path.stem}", f"/queries?q={attack}"):
        text = client.get(at).text
        assert "<img" not in text.replace('<img src="/static', "")
        assert "<script>" not in text
        assert "49" not in re.sub(r"[0-9a-f]{12,}", "", text) or attack[-7:] in unescape(text)


@pytest.mark.parametrize(
    "at", ["/queries/../schedule", "/queries/%2e%2e/schedule", "/queries/sales/..%2f..%2fx", "/queries/x/y"]
)
def test_an_address_leads_to_no_file_but_a_query(bureau, sets, at):
    (bureau.workspace.root / "schedule.yaml").write_text("a: b\n")
    client, _ = user(bureau, "admin")
    assert client.get(at).status_code == 404


def test_a_foreign_page_cannot_change_anything(bureau, sets):  # T22
    write_query(sets / "nordic.yaml", Query({}, name="Nordic"))
    client, _ = user(bureau, "admin")
    for at in ("/queries/sales/nordic", "/queries/sales/nordic/delete", "/queries/sales/nordic/run", "/ask/sales/save"):
        assert client.post(at, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert (sets / "nordic.yaml").exists()
