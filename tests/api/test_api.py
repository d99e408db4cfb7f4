"""Each address of the API once, as a program uses it (JD-24 … JD-30, JD-55 … JD-57, JD-60, JD-72, TW-15 … TW-33)."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema import AuditEntry, Link, Run, State
from reports_lib.rendering.tables import TOTAL
from tests.api.conftest import NORTH, SOUTH, program
from tests.portal.people import signed_in

ASK = {"family": "customer_dynamics", "parameters": {"interval": "2024-01-01/2024-03-31", "client_type": ["client"]}}
CHOICE = {"table": "customer_dynamics", "kind": "line", "x": "bucket", "y": ["refill_total"]}


def row(installation, number):
    with Session(installation.database) as session:
        return session.get_one(Run, number)


def test_who_asks(installation):
    told = program(installation, "billing", NORTH, "bill").get("/me").json()
    assert told == {
        "name": "bill",
        "full_name": "",
        "role": "billing",
        "rights": ["read", "ask", "share", "invoice", "operate"],
        "company": {"id": NORTH, "name": "Northern Voice"},
        "companies": [{"id": NORTH, "name": "Northern Voice"}],
        "time_zone": "UTC",
    }


def test_the_group_stands_above_all_companies(client):
    told = client.get("/me").json()
    assert told["company"] is None
    assert [each["name"] for each in told["companies"]] == ["Holding", "Northern Voice", "Southern Voice"]


def test_families_and_their_parameters(client):
    names = [each["name"] for each in client.get("/families").json()["families"]]
    assert names == ["arrivals", "customer_dynamics"]
    told = client.get("/families/customer_dynamics").json()
    by_name = {each["name"]: each for each in told["parameters"]}
    assert told["title"] == "Customer Dynamics"
    assert by_name["interval"]["kind"] == "interval"
    assert by_name["interval"]["is_required"]
    assert [o["value"] for o in by_name["client_type"]["options"]] == [
        "client",
        "reseller",
        "calling_card",
        "call_shop",
    ]
    assert by_name["client_tags"] | {"is_looked_up": True, "is_many": True, "options": None} == by_name["client_tags"]
    assert by_name["active_duration"] | {"kind": "whole", "low": 1, "high": 120} == by_name["active_duration"]


def test_options_are_searched(client):
    here = "/families/customer_dynamics/options/client_tags"
    few, all_ = (client.get(here, params={"q": "vip", "limit": limit}).json() for limit in (2, 9))
    assert ({each["value"] for each in all_["options"]}, all_["more"]) == ({"vip", "VIP gold", "not a vip"}, False)
    assert (few["options"], few["more"]) == (all_["options"][:2], True)
    assert client.get("/families/customer_dynamics/options/interval").status_code == 404


def test_a_report_is_asked_for(client, installation, rows):  # JD-24 … JD-30
    more = {"name": "Q1", "formats": ["xlsx", "pdf"], "send_to": ["ann@example.com"], "as_of": "2026-11-01T12:00Z"}
    answer = client.post("/runs", json=ASK | more)
    told = answer.json()
    assert (answer.status_code, told["state"], answer.headers["location"]) == (
        202,
        "queued",
        f"/api/v1/runs/{told['run']}",
    )
    found = row(installation, told["run"])
    assert (found.name, found.formats, found.recipients) == ("Q1", ["xlsx", "pdf"], ["ann@example.com"])
    assert (found.asked, found.user_name, found.company) == (ASK["parameters"], client.user, "")
    assert found.as_of.isoformat() == "2026-11-01T12:00:00+00:00"
    looked = client.get(answer.headers["location"].removeprefix("/api/v1")).json()
    assert looked | {"name": "Q1", "state": "queued", "parameters": ASK["parameters"], "report": None} == looked
    assert looked["may"] == {"cancel": True, "regenerate": False, "delete": False}


def test_sent_twice_with_one_key_it_is_one_run(client, rows):  # T24
    first, second, other = (client.post("/runs", json=ASK | {"run_key": key}).json()["run"] for key in "aab")
    assert first == second != other
    changed = client.post("/runs", json=ASK | {"run_key": "a", "name": "another"}).json()["run"]
    assert changed not in (first, other)


def test_one_users_key_is_not_anothers(client, installation, rows):
    asked = ASK | {"run_key": "k"}
    other = program(installation, "admin")
    assert client.post("/runs", json=asked).json()["run"] != other.post("/runs", json=asked).json()["run"]


def test_everything_wrong_is_told_at_once(client):
    wrong = {
        "family": "customer_dynamics",
        "parameters": {"interval": "someday", "currncy": "USD", "active_duration": 500, "client_type": ["dog"]},
        "formats": ["docx"],
        "send_to": ["nobody"],
        "as_of": "tomorrow",
        "name": "x" * 200,
    }
    answer = client.post("/runs", json=wrong)
    told = answer.json()
    assert (answer.status_code, told["kind"]) == (422, "ParameterError")
    fields = {"interval", "currncy", "active_duration", "client_type"}
    assert set(told["faults"]) == {f"parameters.{name}" for name in fields} | {"formats", "send_to", "as_of", "name"}
    assert "did you mean 'currency'" in told["faults"]["parameters.currncy"]
    assert "\n" not in told["error"]


def test_a_saved_query_is_where_one_begins(client, installation, rows):
    body = {"family": "customer_dynamics", "query": "last-12-months", "parameters": {"currency": "EUR"}}
    found = row(installation, client.post("/runs", json=body).json()["run"])
    assert found.set_name == "last-12-months"
    assert found.asked | {"currency": "EUR"} == found.asked
    assert "interval" in found.asked


def test_runs_are_listed_by_key(client, rows):  # TW-15 … TW-30
    made = [rows.add(State.ERROR, name=f"weekly {number}") for number in range(5)]
    rows.add(State.QUEUED, name="other")
    found, before = [], ""
    while before is not None:
        answer = client.get("/runs", params={"q": "weekly", "state": "error", "limit": 2, "before": before}).json()
        found += [each["run"] for each in answer["runs"]]
        before = answer["next"]
    assert found == made[::-1]
    assert client.get("/runs", params={"since": "2100-01-01"}).json() == {"runs": [], "next": None}


def test_a_run_is_cancelled_made_again_and_deleted(client, installation, rows):  # TW-31, TW-33, JD-28
    run = rows.add(State.QUEUED)
    assert client.post(f"/runs/{run}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/runs/{run}/cancel").status_code == 409
    again = client.post(f"/runs/{run}/regenerate")
    assert again.status_code == 202
    assert row(installation, again.json()["run"]).asked == row(installation, run).asked
    assert client.delete(f"/runs/{again.json()['run']}").status_code == 409
    answer = client.delete(f"/runs/{run}", params={"reason": "a slip"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(f"/runs/{run}").status_code == 404
    with Session(installation.database) as session:
        said = session.scalars(select(AuditEntry).where(AuditEntry.object == f"run {run}")).all()
    assert said[-1].before["reason"] == "a slip"


def test_a_failed_run_says_why(client, rows):
    told = client.get(f"/runs/{rows.add(State.ERROR, error='no rate of EUR')}").json()
    assert (told["state"], told["error"], told["files"]) == ("error", "no rate of EUR", {})


def test_files_are_taken_away(client, done, reports):  # JD-24 … JD-27, TW-32
    run = done(NORTH)
    files = client.get(f"/runs/{run}").json()["files"]
    assert set(files) == {"html", "pdf", "csv", "xlsx", "xls"}
    for form, start in {"html": b"<!DOCTYPE html>", "pdf": b"%PDF", "csv": b"\xef\xbb\xbf", "xls": b"\xd0\xcf"}.items():
        answer = client.get(files[form].removeprefix("/api/v1"))
        assert (answer.status_code, answer.content[: len(start)].lower()) == (200, start.lower())
        assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "sandbox" in client.get(f"/runs/{run}/files/html").headers["content-security-policy"]
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/runs/{run}/files/xlsx").content))
    assert book.active.max_row > 10


def test_tables_are_exact_and_paged(client, done, reports):  # JD-60
    run = done(NORTH)
    told = client.get(f"/runs/{run}/tables").json()["tables"]
    assert told[0]["name"] == "customer_dynamics"
    found, start = [], 0
    while start is not None:
        page = client.get(f"/runs/{run}/tables/customer_dynamics", params={"start": start, "limit": 5}).json()
        found, start = found + page["rows"], page["next"]
    whole = client.get(f"/runs/{run}/tables/customer_dynamics").json()
    assert (found, len(found), whole["next"]) == (whole["rows"], told[0]["rows"], None)
    assert TOTAL not in [column["name"] for column in whole["columns"]]
    place = [column["name"] for column in whole["columns"]].index("refill_total")
    exact = sum(Decimal(line[place]) for line in whole["rows"])
    assert exact == sum(Decimal(each) for each in exported(client, run, "Balance Refill: Total"))
    assert whole["total"][0] == "Total"


def exported(client, run, heading):
    lines = client.get(f"/runs/{run}/files/csv").content.decode("utf-8-sig").splitlines()
    table = list(csv.reader(lines))
    place = next(line for line in table if heading in line).index(heading)
    return [line[place] for line in table if len(line) > place and line[0][:2] == "20"]


def test_links_are_made_listed_and_revoked(client, installation, done):  # JD-72, Q-11
    run = done(NORTH)
    asked = {"audience": "company", "company": SOUTH, "until": "2030-12-31"}
    made = client.post(f"/runs/{run}/links", json=asked)
    assert made.status_code == 201
    told = made.json()
    assert (told["audience"], told["company"], told["is_open"], told["made_by"]) == (
        "company",
        SOUTH,
        True,
        client.user,
    )
    assert told["expires_at"] == "2030-12-31T22:00:00Z"  # the end of the day in Kyiv
    reader = signed_in(installation, "viewer", SOUTH)
    page = told["url"].removeprefix(installation.url)
    assert reader.get(page).status_code == 200
    assert told["token"] in [each["token"] for each in client.get(f"/runs/{run}/links").json()["links"]]
    assert client.post("/links/revoke", json={"token": told["token"]}).status_code == 204
    assert reader.get(page).status_code == 404
    assert client.post("/links/revoke", json={"token": "x" * 22}).status_code == 404


def test_what_is_wrong_with_a_link(client, done):
    run = done(NORTH)
    for body, fields in [
        ({"audience": "named", "readers": ["nobody-there"]}, {"readers"}),
        ({"audience": "company", "company": "99", "until": "2001-01-01"}, {"company", "until"}),
        ({"audience": "public"}, {"sure"}),
        ({"audience": "everyone"}, {"audience"}),
    ]:
        answer = client.post(f"/runs/{run}/links", json=body)
        assert (answer.status_code, set(answer.json()["faults"])) == (422, fields)


def test_queries_are_kept(client, installation, rows):  # JD-55 … JD-57, Q-14
    body = {
        "family": "customer_dynamics",
        "name": "The board's figures",
        "note": "For the 3rd",
        "visibility": "company",
        "parameters": {"interval": "last month", "currency": "EUR"},
        "formats": ["html", "xlsx"],
        "recipients": ["board@example.com"],
        "cron": "0 6 1 * *",
        "time_zone": "Europe/Kyiv",
    }
    made = client.post("/queries", json=body)
    told, here = made.json(), "/queries/customer_dynamics/the-board-s-figures"
    assert (made.status_code, made.headers["location"]) == (201, f"/api/v1{here}")
    assert {name: told[name] for name in body} == body
    assert client.get(here).json() == told
    assert client.post("/queries", json=body).status_code == 409
    changed = {name: text for name, text in body.items() if name != "family"} | {"note": "For the 4th"}
    after = client.put(here, json=changed | {"version": told["version"]}).json()
    assert (after["note"], after["cron"], after["query"]) == ("For the 4th", "0 6 1 * *", "the-board-s-figures")
    assert client.put(here, json=changed | {"version": told["version"]}).status_code == 409
    run = client.post(f"{here}/run", json={"send": True})
    found = row(installation, run.json()["run"])
    assert (run.status_code, found.set_name, found.recipients) == (202, "the-board-s-figures", ["board@example.com"])
    listed = client.get("/queries", params={"q": "board"}).json()["queries"]
    assert [each["query"] for each in listed] == ["the-board-s-figures"]
    assert client.delete(here).status_code == 204
    assert client.get(here).status_code == 404


def test_a_fixed_period_is_kept_as_its_days(client):
    body = {"family": "customer_dynamics", "name": "fixed", "interval": "fixed", "parameters": {"interval": "today"}}
    made = client.post("/queries", json=body).json()
    client.delete("/queries/customer_dynamics/fixed")
    assert made["parameters"]["interval"][:2] == "20"


def test_what_is_wrong_with_a_query(client):
    body = {
        "family": "customer_dynamics",
        "name": " ",
        "parameters": {"interval": "someday", "dog": 1},
        "formats": ["docx"],
        "recipients": ["nobody"],
        "cron": "often",
        "time_zone": "Mars",
    }
    told = client.post("/queries", json=body).json()["faults"]
    fields = {"name", "parameters.interval", "parameters.dog", "formats", "recipients", "cron", "time_zone"}
    assert set(told) == fields


def test_charts_are_kept(client):  # JD-67
    made = client.post("/charts/customer_dynamics", json={"name": "Refills", "choice": CHOICE})
    told = made.json()
    here = f"/charts/customer_dynamics/{told['id']}"
    assert made.status_code == 201
    assert told["choice"] == CHOICE | {"by": "", "sort": "table", "palette": "daybook", "colours": {}, "title": ""}
    assert client.get(here).json() == told
    assert client.post("/charts/customer_dynamics", json={"name": "Refills", "choice": CHOICE}).status_code == 409
    assert client.put(here, json={"name": "All refills"}).json()["name"] == "All refills"
    assert [each["name"] for each in client.get("/charts/customer_dynamics").json()["charts"]] == ["All refills"]
    assert client.delete(here).status_code == 204
    assert client.get(here).status_code == 404


@pytest.mark.parametrize("company", ["", NORTH])
def test_a_browser_that_is_signed_in_may_too(installation, reports, rows, company):
    page = signed_in(installation, "analyst", company)
    assert page.get("/api/v1/me").status_code == 200
    assert page.post("/api/v1/runs", json=ASK).status_code == 202
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert page.post("/api/v1/runs", json=ASK, headers=foreign).status_code == 403  # T5


def test_views_of_links_are_counted(client, installation, done):
    run = done(NORTH)
    told = client.post(f"/runs/{run}/links", json={}).json()
    signed_in(installation, "viewer", NORTH).get(told["url"].removeprefix(installation.url))
    with Session(installation.database) as session:
        assert session.get_one(Link, told["token"]).views == 1
