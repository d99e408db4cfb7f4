"""The query form as a server gives and takes it: refusals with nothing lost, prefills, what can be picked by whom."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Link, Run, State
from reports_lib.errors import WarehouseError
from reports_lib.parameters.options import Option
from reports_lib.parameters.schema import Schema
from reports_lib.portal.ask import prefill
from reports_lib.portal.ask.options import Lists, Searchable
from reports_lib.portal.ask.span import Span, days
from reports_lib.runs import plan
from reports_lib.snapshots.seal import open_snapshot
from tests.portal import ask_site
from tests.portal.ask_site import NAMED, OF_A_COMPANY
from tests.portal.people import signed_in, token_of
from tests.portal.rows import Rows

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FORM = "/ask/customer_dynamics"
GOOD = {"interval": "last month", "run-key": "a" * 32}


def soup(answer):
    return BeautifulSoup(answer.text, "lxml")


def send(client, path=FORM, **fields):
    return client.post(path, data=GOOD | {k.replace("__", "-"): v for k, v in fields.items()}, follow_redirects=False)


def runs(installation):
    with Session(installation.database) as session:
        return list(session.scalars(select(Run).order_by(Run.id)))


def faults(answer):
    return {each["id"].removeprefix("e-"): each.text for each in soup(answer).select(".fault")}


def entry(page, name):
    """What stands in a field of a page."""
    field = page.find(id=f"f-{name}")
    if field.name == "select":
        return field.find("option", selected=True)["value"]
    return [box["value"] for box in field.select("input[checked]")] if field.name == "div" else field.get("value")


def test_families_can_be_chosen_and_their_saved_queries_loaded(asker):  # TW-01
    page = soup(asker.get("/ask"))
    links = {link["href"]: link.text for link in page.select("main a")}
    assert links["/ask/customer_dynamics"] == "Customer Dynamics"
    assert links["/ask/customer_dynamics?set=previous-month"] == "Previous month"
    assert links["/ask/arrivals"] == "Arrivals"


def test_the_form_has_three_blocks_and_computes_nothing(asker, asking):  # JD-02, JD-03
    page = soup(asker.get(FORM))
    assert [title.text for title in page.select("form#ask h2[id^=b-]")] == ["Filters", "Group by", "Output"]
    assert [group["data-group"] for group in page.select("[data-group]")] == ["By clients", "Extras"]  # JD-14
    assert [line["data-filter"] for line in page.select(".filter:not([data-idle])")] == []  # JD-04
    idle = [line["data-filter"] for line in page.select(".filter[data-idle]")]
    assert idle == ["client_type", "client_tags", "company", "include_sub_companies", "owner_user", "package"]
    assert entry(page, "interval") == "last 12 months"
    assert entry(page, "group_by") == ["month"]
    types = {box["value"]: box.parent.text for box in page.select("[name=output-type]")}  # JD-24 to JD-27
    assert types == {"html": "Web", "csv": "CSV", "xls": "Excel XLS", "xlsx": "Excel XLSx", "pdf": "PDF"}
    assert runs(asking) == []


@pytest.mark.parametrize("path", ["/ask", FORM, f"{FORM}/options/client_tags", f"{FORM}/days?interval=today"])
def test_who_may_not_ask_sees_no_form(asking, path):
    assert signed_in(asking, "viewer").get(path).status_code == 403
    stranger = signed_in(asking)
    stranger.cookies.clear()
    assert stranger.get(path, follow_redirects=False).headers["location"].startswith("/sign-in")


def test_a_viewer_cannot_ask(asking):
    assert send(signed_in(asking, "viewer")).status_code == 403
    assert runs(asking) == []


def test_a_family_that_is_not_there(asker):
    assert asker.get("/ask/customer_dynamic").status_code == 404
    assert send(asker, "/ask/nothing").status_code == 404


def test_a_query_is_asked_for(asker, asking):
    client = signed_in(asking, "billing", "2", name="bill")
    told = {"client_tags": ["vip", "northern lights"], "group_by": ["", "date", "year"], "currency": "EUR"}
    more = {"report__name": "The board’s figures", "output__type": "xlsx", "also__as": ["csv", "html"]}
    before = datetime.now(UTC)
    answer = send(client, **told, **more, send__to="ann@example.com, bob@example.org\nann@example.com")  # JD-28, JD-29
    (run,) = runs(asking)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{run.id}")
    assert run.asked == {"interval": "last month", **told, "group_by": ["date", "year"]}
    assert (run.role, run.user_name, run.company) == ("billing", "bill", "2")
    assert (run.name, run.formats) == ("The board’s figures", ["xlsx", "csv", "html"])
    assert run.recipients == ["ann@example.com", "bob@example.org"]
    assert before.replace(microsecond=0) <= run.as_of <= datetime.now(UTC)
    assert run.state == State.QUEUED


def test_what_the_notebook_says_by_itself_is_not_asked(asker, asking):
    send(asker, client_tags="", chargebacks="no", currency="USD", active_duration="1", group_by=["", "month"])
    send(asker, group_by="", chargebacks=["no", "yes"], run__key="b" * 32, company=["2"], client_type=["", "client"])
    first, second = runs(asking)
    assert first.asked == {"interval": "last month"}
    assert second.asked == {
        "interval": "last month", "group_by": [], "chargebacks": "yes", "company": ["2"], "client_type": ["client"],
    }  # fmt: skip


def test_sent_twice_it_is_one_run_and_changed_it_is_another(asker, asking):
    places = [send(asker, **fields).headers["location"] for fields in ({}, {}, {"currency": "EUR"})]
    assert places[0] == places[1] != places[2]
    assert len(runs(asking)) == 2
    other = signed_in(asking)  # with the same key
    assert send(other).headers["location"] not in places


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_lost(asker, asking):
    wrong = {
        "interval": "", "time_zone": "Mars/Olympus", "client_tags": ["vip", "vipp"], "currency": "XXX",
        "active_duration": "500", "compare_to": "never", "group_by": ["", "decade"],
        "output__type": "html", "send__to": "ann@example.com bob@", "report__name": "x" * 121,
        "as__of": "2199-01-01T00:00",
    }  # fmt: skip
    answer = send(asker, **wrong)
    assert answer.status_code == 422
    assert runs(asking) == []
    found = faults(answer)
    assert set(found) == {name.replace("__", "-") for name in wrong} - {"output-type"}
    assert found["interval"] == "Choose the period of the report; without one nothing can be asked."  # JD-08
    assert found["time_zone"] == "'Mars/Olympus' is not a time zone such as Europe/Kyiv"
    assert found["active_duration"] == "'500' is not a whole number from 1 to 120"
    assert found["currency"] == "'XXX' is not one of EUR, USD"
    assert found["as-of"] == "This moment has not come yet."
    page = soup(answer)
    assert {link["href"] for link in page.select("#faults a")} == {f"#f-{name}" for name in found}
    for name in found:
        field = page.find(id=f"f-{name}")
        assert field["aria-invalid"] == "true"
        assert f"e-{name}" in field["aria-describedby"].split()
    assert json.loads(page.select_one("[data-name=client_tags]")["data-picked"]) == [
        {"value": "vip", "label": "vip"}, {"value": "vipp", "label": "vipp"},
    ]  # fmt: skip
    assert (entry(page, "currency"), entry(page, "active_duration"), entry(page, "compare_to")) == (
        "XXX",
        "500",
        "never",
    )
    assert entry(page, "group_by") == ["decade"]
    assert page.find(id="f-send-to").text.split() == ["ann@example.com", "bob@"]
    assert page.select_one("[name=run-key]")["value"] == GOOD["run-key"]
    assert page.select_one("details.more").has_attr("open")


def test_the_web_is_not_sent_by_mail_and_files_are(asker, asking):  # JD-30, T-69
    answer = send(asker, send__to="ann@example.com", also__as="csv")
    assert answer.status_code == 422
    assert list(faults(answer)) == ["send-to"]
    assert "A web page is not sent by mail" in faults(answer)["send-to"]
    for form in ("csv", "xls", "xlsx", "pdf"):
        assert send(asker, send__to="ann@example.com", output__type=form).status_code == 303


def test_mail_goes_to_the_domains_it_may(asker):
    answer = send(asker, send__to="ann@example.com eve@evil.example", output__type="csv")
    assert "mail may not go to eve@evil.example" in faults(answer)["send-to"]


def test_a_wrong_output_is_refused(asker):
    assert list(faults(send(asker, output__type="docx"))) == ["output-type"]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"interval": "exact", "interval-start": "2026-03-01", "interval-end": "2026-03-31"}, "2026-03-01/2026-03-31"),
        (
            {"interval": "exact", "interval-start": "2026-03-01", "interval-start-time": "08:30",
             "interval-end": "2026-03-02", "interval-end-time": "17:59"},
            "2026-03-01T08:30/2026-03-02T17:59",
        ),  # TW-02
        ({"interval": "counted", "interval-count": "5", "interval-unit": "week"}, "last 5 weeks"),
        ({"interval": "written", "interval-written": "year to date"}, "year to date"),
        ({"interval": "last quarter", "interval-start": "2026-03-01"}, "last quarter"),
        ({"interval": "last 4 years"}, "last 4 years"),
    ],
)  # fmt: skip
def test_a_period_is_put_together_from_its_parts(asker, asking, fields, text):
    asker.post(FORM, data=GOOD | fields)
    assert [run.asked["interval"] for run in runs(asking)] == [text]
    assert Span.of(text).text == text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"interval": "exact", "interval-start": "2026-03-01"}, "Give both"),
        ({"interval": "counted", "interval-count": ""}, "Say how many"),
        ({"interval": "exact", "interval-start": "2026-03-02", "interval-end": "2026-03-01"}, "ends before it begins"),
        ({"interval": "written", "interval-written": " "}, "Choose the period"),
        ({"interval": "last monht"}, "is not like"),
    ],
)
def test_a_period_that_is_none_is_refused(asker, fields, told):
    answer = asker.post(FORM, data=GOOD | fields)
    assert answer.status_code == 422
    assert told in faults(answer)["interval"]
    page = soup(answer)
    for name, value in fields.items():
        stands = [e.get("value") for e in page.select(f"[name={name}]")] + [entry(page, "interval")]
        assert value.strip() in stands or value in page.find(id="f-interval-written")["value"]


def test_a_period_says_which_days_it_means_now(asker):
    kyiv, now = ZoneInfo("Europe/Kyiv"), datetime(2026, 11, 30, 23, 30, tzinfo=UTC)  # December has begun in Kyiv
    assert "31 Oct 2026" in days("last month", ZoneInfo("UTC"), now)
    assert "30 Nov 2026" in days("last month", kyiv, now)
    assert days("today", kyiv, now) == "1 Dec 2026"
    assert days("2026-03-01T08:00/2026-03-02T17:59", kyiv, now) == "1 Mar 2026, 08:00 – 2 Mar 2026, 17:59"
    answer = asker.get(
        f"{FORM}/days", params={"interval": "exact", "interval-start": "2026-03-01", "interval-end": "2026-03-01"}
    )
    assert answer.json() == {"days": "1 Mar 2026", "fault": ""}
    assert "ends before" in asker.get(f"{FORM}/days", params={"interval": "2026-03-02/2026-03-01"}).json()["fault"]


def test_a_form_begins_with_what_its_address_says(asker):
    page = soup(asker.get(f"{FORM}?interval=last+7+days&client_tags=vip&client_tags=gold,+silver&nonsense=1&company=2"))
    assert entry(page, "interval") == "last 7 days"
    tags, company = (
        json.loads(page.select_one(f"[data-name={name}]")["data-picked"]) for name in ("client_tags", "company")
    )
    assert [tag["value"] for tag in tags] == ["vip", "gold, silver"]
    assert company == [{"value": "2", "label": "Northern Voice"}]
    assert entry(page, "company") == "Northern Voice"
    shown = [line["data-filter"] for line in page.select(".filter:not([data-idle])")]
    assert shown == ["client_tags", "company"]
    assert "no such parameter: nonsense." in page.select_one(".notice.warn").text


def test_a_saved_query_is_loaded(asker):  # JD-56
    page = soup(asker.get(f"{FORM}?set=prepaid-cards-eur&currency=USD"))
    assert entry(page, "interval") == "last 6 months"
    assert entry(page, "client_type") == ["calling_card"]
    assert entry(page, "currency") == "USD"
    assert page.select_one("[name=set-name]")["value"] == "prepaid-cards-eur"
    assert asker.get(f"{FORM}?set=nothing").status_code == 404


def test_a_run_is_asked_for_again_by_those_who_may_see_it(asker, asking):
    rows = Rows(asking)
    asked = {"interval": "last quarter", "company": ["2"], "gone": "x"}
    run = rows.add(asked=asked, company="2", formats=["csv", "html"], name="Mine", recipients=["ann@example.com"])
    page = soup(asker.get(f"{FORM}?from_run={run}"))
    assert entry(page, "interval") == "last quarter"
    assert page.select_one("[name=output-type][checked]")["value"] == "csv"
    assert entry(page, "report-name") == "Mine"
    assert "gone" in page.select_one(".notice.warn").text
    assert signed_in(asking, company="2").get(f"{FORM}?from_run={run}").status_code == 200
    for refused in (signed_in(asking, company="3").get(f"{FORM}?from_run={run}"), asker.get(f"{FORM}?from_run=x")):
        assert refused.status_code == 404
        assert "There is no such run." in refused.text


def test_the_same_criteria_are_asked_of_another_family(asker, asking, sealed):  # JD-69, JD-70
    _, token = sealed
    page = soup(asker.get(f"/ask/arrivals?from_link={token}"))
    assert "currency" in page.select_one(".notice.warn").text
    assert page.find(id="f-time_zone") is not None
    with Session(asking.database) as session:
        views = session.get_one(Link, token).views
    assert asker.get(f"/ask/arrivals?from_link={token}").status_code == 200
    with Session(asking.database) as session:
        assert session.get_one(Link, token).views == views  # asking again is no view
        assert open_snapshot(asking.store, session.get_one(Link, token).snapshot_id)
    assert asker.get(f"/ask/arrivals?from_link={'A' * 22}").status_code == 404


def test_of_another_family_only_what_can_be_chosen_here_is_taken():  # JD-69
    traffic = Schema.read(NOTEBOOKS / "orig_term.ipynb")
    asked = {"group_by": ["month", "package"], "currency": "EUR", "compare_to": "none", "include_sub_companies": True}
    known, left_out = prefill._known(traffic, asked | {"gone": "x"}, is_own=False)
    assert known == {name: asked[name] for name in known} | {"group_by": ["month"]}
    assert {"currency", "group_by"} <= set(known)
    assert {"group_by", "gone"} <= set(left_out)
    assert "group_by" not in prefill._known(traffic, {"group_by": ["package"]}, is_own=False)[0]
    own, _ = prefill._known(traffic, {"group_by": ["package"]})
    assert own == {"group_by": ["package"]}  # the form says what is wrong


def found(client, parameter, **query):
    return client.get(f"{FORM}/options/{parameter}", params=query).json()


def test_options_are_searched_in_any_case_and_words_that_begin_so_come_first(asker):
    assert [o["value"] for o in found(asker, "client_tags", q="VIP")["options"]] == ["not a vip", "vip", "VIP gold"]
    assert [o["value"] for o in found(asker, "client_tags", q="lver")["options"]] == ["gold, silver"]
    assert [o["value"] for o in found(asker, "client_tags", q="überBRÜCK")["options"]] == [NAMED[4]]
    many = found(asker, "client_tags", q="campaign", limit=7)
    assert ([o["label"] for o in many["options"]][-1], many["more"]) == ("campaign 00006", True)
    assert len(found(asker, "client_tags", limit="99999")["options"]) == 200
    assert len(found(asker, "client_tags", limit="x")["options"]) == 50
    assert found(asker, "client_tags", q="(.*)") == {"options": [], "more": False}
    assert found(asker, "company", q="2")["options"] == [{"value": "2", "label": "Northern Voice"}]  # by value too
    assert {"value": "Europe/Kyiv", "label": "Europe/Kyiv"} in found(asker, "time_zone", q="kyiv")["options"]
    assert asker.get(f"{FORM}/options/interval").status_code == 404
    assert asker.get(f"{FORM}/options/nothing").status_code == 404


def test_options_are_those_of_the_own_companies(asking, asker):
    north, south = signed_in(asking, company="2"), signed_in(asking, company="3")
    assert sorted(o["value"] for o in found(north, "client_tags")["options"]) == [*OF_A_COMPANY, "vip"]
    assert found(south, "client_tags", q="northern")["options"] == []
    assert [o["label"] for o in found(north, "company")["options"]] == ["Northern Voice"]
    assert [o["label"] for o in found(south, "owner_user")["options"]] == []
    for company, tags in (("", 50), ("2", 2), ("3", 50)):  # in one process, which keeps lists at hand
        north.cookies.clear()
        north.cookies.set("sid", token_of(asking, company=company))
        assert len(found(north, "client_tags")["options"]) == tags
        assert bool(found(north, "client_tags", q="northern")["options"]) == (company != "3")
    answer = send(south, client_tags="northern lights")
    assert list(faults(answer)) == ["client_tags"]
    assert list(faults(send(south, company="2"))) == ["company"]


def test_without_the_warehouse_nothing_entered_is_lost(asker, asking, monkeypatch):
    def away(*_):
        raise WarehouseError("the warehouse is away")

    monkeypatch.setattr("reports_lib.runs.plan.options", away)
    answer = send(asker, client_tags="vip", report__name="Kept")
    assert answer.status_code == 503
    page = soup(answer)
    assert "the warehouse is away" in page.select_one("#faults").text
    assert (entry(page, "client_tags"), entry(page, "report-name")) == ("vip", "Kept")
    assert runs(asking) == []
    assert asker.get(FORM).status_code == 200  # a form needs no warehouse


def test_markup_that_is_entered_stays_text(asker):
    evil = "'\"><script>alert(1)</script>"
    answer = send(asker, interval=evil, client_tags=[evil, "x"], currency=evil, report__name=evil, group_by=evil,
                  send__to="<b>@x", active_duration=evil, compare_to=evil, set__name=evil)  # fmt: skip
    assert answer.status_code == 422
    assert soup(answer).find("script", src=False) is None
    assert "<script>alert" not in answer.text


def test_lists_that_can_be_searched_are_kept_within_bounds():
    lists, made = Lists(most=10), []

    def list_of(name, size):
        return lists.get(name, lambda: made.append(name) or [Option(f"{name}{n}", f"{name}{n}") for n in range(size)])

    list_of("a", 4), list_of("b", 4), list_of("a", 4), list_of("c", 4), list_of("a", 4), list_of("b", 4)
    assert made == ["a", "b", "c", "b"]  # what was asked for last is kept
    assert len(lists) <= 10
    list_of("large", 50)
    assert len(lists) == 50


def test_a_search_stops_at_what_is_wanted():
    searchable = Searchable([Option(str(n), f"client {n}") for n in range(50_000)])
    options, more = searchable.search("client", 3)
    assert ([o.value for o in options], more) == (["0", "1", "2"], True)
    assert [o.value for o in searchable.search("49999")[0]] == ["49999"]
    words = Searchable([Option(word, word) for word in ("advice", "vice versa", "my-vice", "voice")])
    assert [o.value for o in words.search("VICE")[0]] == ["vice versa", "my-vice", "advice"]


def test_what_is_looked_up_for_many_runs_is_kept_within_bounds(asking, asker, monkeypatch):
    monkeypatch.setattr(plan, "REMEMBERED", 3)
    monkeypatch.setattr(plan, "_known", {})
    client, kept = signed_in(asking, company="2"), []
    for number, picked in enumerate(({"client_tags": "vip"}, {"package": "1"}, {"company": "2"}, {"currency": "EUR"})):
        assert send(client, **picked, run__key=str(number)).status_code == 303
        kept.append({key[3]: len(found) for key, found in plan._known.items()})
    # the currency is looked up each time; a list that would make them four is kept alone
    assert kept[:2] == [{"currency": 2}, {"package": 1, "currency": 2}]
    assert kept[2:] == [{"company": 1, "currency": 2}] * 2


@pytest.fixture
def bookings(asking):
    """A family that needs invoices, of which the warehouse has none, and clients, of which it has some."""
    path = asking.workspace.notebooks / "customer_dynamics.ipynb"
    read = json.loads(path.read_text())
    read["metadata"]["daybook"]["needs"] = ["client", "invoice"]
    made = path.with_name("bookings.ipynb")
    made.write_text(json.dumps(read))
    yield "/ask/bookings"
    made.unlink()


def test_what_there_are_no_data_for_cannot_be_asked_for(asker, asking, bookings):  # MS-01
    chosen = {each.a["href"]: each for each in soup(asker.get("/ask")).select("main li.panel")}
    assert "There is nothing to report on yet: no data in invoice" in chosen[bookings].text
    assert "nothing to report on" not in chosen[FORM].text
    refused = send(asker, bookings)
    assert refused.status_code == 409
    assert "there is nothing to report on yet: no data in invoice" in refused.text
    assert entry(soup(refused), "interval") == "last month"  # nothing is lost
    assert runs(asking) == []
    assert send(asker, FORM, run__key="b" * 32).status_code == 303


@pytest.fixture
def grouped(asking):
    with ask_site.grouped(asking) as address:
        yield address


def test_a_filter_that_has_nothing_to_pick_is_disabled_and_says_why(asker, grouped):  # TW-84, T-49
    page = soup(asker.get(grouped))
    field, line = page.find(id="f-operator_group"), page.select_one("[data-filter=operator_group]")
    assert field.has_attr("disabled")
    assert page.find(id=field["aria-describedby"].split()[0]).text == "There is no operator group yet."
    assert (line["data-lack"], line.has_attr("data-idle")) == ("There is no operator group yet.", True)
    assert [each["data-filter"] for each in page.select("[data-lack]")] == ["operator_group"]
    assert len(page.select(".filter :disabled")) == 1


def test_what_cannot_be_picked_is_refused_and_can_be_taken_back(asker, asking, grouped):  # T-49
    refused = send(asker, grouped, operator_group="7")
    assert refused.status_code == 422
    assert faults(refused)["operator_group"] == "'7' cannot be chosen: there is nothing to choose from yet"
    field = soup(refused).find(id="f-operator_group")
    assert (field["value"], field.has_attr("disabled")) == ("7", False)
    assert send(asker, grouped, operator_group="").status_code == 303


def test_no_list_is_read_to_draw_a_form(asking, asker, monkeypatch):
    monkeypatch.setattr(plan, "_known", {})
    assert signed_in(asking, company="3").get(FORM).status_code == 200
    assert {key[3] for key in plan._known} <= {"currency"}  # what is picked already is told by its label
