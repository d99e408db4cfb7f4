"""Sharing: links for others are made, counted, shown again and revoked, by those whose report it is (Q-11)."""

import logging
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from markupsafe import escape
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from reports_lib.database.schema import Audience, AuditEntry, Link, State
from reports_lib.portal.view import share
from reports_lib.snapshots import links
from reports_lib.snapshots.removal import delete
from tests.portal.conftest import served
from tests.portal.people import signed_in, token_of
from tests.portal.rows import Rows
from tests.portal.shared import another, link
from tests.portal.test_shelf import Reader
from tests.portal.test_viewer import group, said  # noqa: F401  # a fixture


@pytest.fixture
def report(installation, sealed):
    """A report of the tests' own."""
    return another(installation, sealed[0])


def of(installation, report) -> list[Link]:
    with Session(installation.database) as session:
        return links.links_of(session, report.id)


def trail(installation, report) -> list[AuditEntry]:
    with Session(installation.database) as session:
        query = select(AuditEntry).where(AuditEntry.object == f"snapshot {report.id}").order_by(AuditEntry.id)
        return list(session.scalars(query))


def send(client, token, **fields):
    return client.post(f"/view/share?id={token}", data=fields, follow_redirects=False)


def test_links_are_made_for_those_whom_the_form_names(installation, report):
    token, client = link(installation, report), signed_in(installation, name="maker")
    signed_in(installation, "viewer", name="petro")
    signed_in(installation, "viewer", "7", name="ann.b@example.com")
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    forms = [
        {"audience": "any_user"},
        {"audience": "named", "readers": " Petro, ann.b@example.com;petro "},
        {"audience": "public", "sure": "yes", "until": str(day)},
    ]
    for form in forms:
        answer = send(client, token, **form)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/view/share?id={token}&made=1"
    _, any_user, named, public = of(installation, report)
    assert (any_user.audience, any_user.expires_at) == (Audience.ANY_USER, None)
    assert (named.audience, named.readers) == (Audience.NAMED, ["petro", "ann.b@example.com"])
    assert public.audience == Audience.PUBLIC
    # to the end of that day, in the time zone of the report
    end = public.expires_at.astimezone(ZoneInfo("Europe/Kyiv"))
    assert end.isoformat()[:19] == f"{day + timedelta(days=1)}T00:00:00"
    made = trail(installation, report)
    assert [(each.who, each.action, each.after["audience"]) for each in made] == [
        ("maker", "make link", audience) for audience in ("any_user", "named", "public")
    ]
    assert named.token not in str([each.after for each in made])
    page = said(client.get(f"/view/share?id={token}").text)
    assert "petro, ann.b@example.com made by maker" in page
    assert "Whoever has the link made by maker" in page
    stranger = signed_in(installation)
    stranger.cookies.clear()
    assert stranger.get("/view", params={"id": public.token}).status_code == 200


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"audience": "named", "readers": "nobody-here, ghost"}, "There is no user named nobody-here, ghost."),
        ({"audience": "named", "readers": " , "}, "Name the users, with commas between them; 200 at most."),
        ({"audience": "named", "readers": ",".join(f"u{n}" for n in range(201))}, "200 at most"),
        ({"audience": "public"}, "Confirm that whoever has the link may see the report"),
        ({"audience": "company", "company": "4"}, "Choose one of your companies."),
        ({"audience": "company"}, "Choose one of your companies."),
        ({"audience": "everybody"}, "Choose who may open the link."),
        ({}, "Choose who may open the link."),
        ({"audience": "any_user", "until": "2020-01-01"}, "That day is over."),
        ({"audience": "any_user", "until": "9999-12-31"}, "more than ten years ahead"),
        ({"audience": "any_user", "until": "<b>soon"}, "Write the day like 20"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_lost(group, sealed, form, told):  # noqa: F811
    report = another(group, sealed[0], company="2")
    token = link(group, report)
    client = signed_in(group, "analyst", "2")
    answer = send(client, token, **form)
    assert answer.status_code == 422
    assert told in said(answer.text)
    assert 'class="fault"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    for value in (form.get("readers", "").strip(), form.get("until", "")):
        assert f'value="{escape(value)}"' in answer.text
    assert len(of(group, report)) == 1


@pytest.mark.parametrize(("companies", "usual"), [({"2": "North"}, "company"), ({}, "named")])
def test_a_personal_report_is_not_offered_to_all_and_says_when_it_goes(
    installation, sealed, monkeypatch, companies, usual
):
    monkeypatch.setattr(share, "companies_of", lambda *_: companies)
    until = datetime(2026, 12, 23, tzinfo=UTC)
    kept, plain = (another(installation, sealed[0], retained_until=end) for end in (until, None))
    with signed_in(installation) as client:
        pages = [client.get(f"/view/share?id={link(installation, each)}").text for each in (kept, plain)]
    chosen = [re.findall(r'name="audience" value="(\w+)" checked', page) for page in pages]
    assert chosen == [[usual], ["any_user"]]
    assert ["It is deleted on 23 Dec 2026" in page for page in pages] == [True, False]


def test_a_company_is_one_of_ones_own(group, sealed):  # noqa: F811
    report = another(group, sealed[0], company="2")
    token, client = link(group, report), signed_in(group, "billing", "2")
    page = client.get(f"/view/share?id={token}").text
    assert re.findall(r'<option value="(\d)"', page) == ["2", "3"]
    assert "Northern tip" in page
    assert send(client, token, audience="company", company="3").status_code == 303
    assert 'value="public"' not in page  # billing makes none
    refused = send(client, token, audience="public", sure="yes")
    assert refused.status_code == 422
    assert "Your role does not make public links." in refused.text
    assert [each.audience for each in of(group, report)] == ["any_user", "company"]
    assert re.findall(r'<option value="(\d)"', signed_in(group).get(f"/view/share?id={token}").text) == list("1234")


@pytest.mark.parametrize(("role", "company"), [("admin", "4"), ("analyst", "3"), ("viewer", "2"), ("viewer", "")])
def test_only_those_whose_report_it_is_share_it(group, sealed, role, company):  # noqa: F811  # G-13
    report = another(group, sealed[0], company="2")
    token, client = link(group, report), signed_in(group, role, company)
    assert client.get(f"/view?id={token}").status_code == 200
    assert client.get(f"/view/share?id={token}").status_code == 403
    assert send(client, token, audience="any_user").status_code == 403
    assert client.post(f"/view/revoke?id={token}", data={"link": token}).status_code == 403
    assert len(of(group, report)) == 1
    assert client.get(f"/view?id={token}").status_code == 200


def test_a_link_is_revoked_and_the_trail_says_by_whom(installation, report, sealed):
    kept, ended = link(installation, report), link(installation, report, audience=Audience.PUBLIC)
    client = signed_in(installation, name="ender")
    page = client.get(f"/view/share?id={kept}").text
    assert page.count(">Revoke</button>") == 2
    answer = client.post(f"/view/revoke?id={kept}", data={"link": ended})
    assert answer.status_code == 200
    assert "The link is revoked" in answer.text
    assert answer.text.count(">Revoke</button>") == 1
    assert "revoked " in said(answer.text)
    assert client.get(f"/view?id={ended}").status_code == 404
    assert client.post(f"/view/revoke?id={kept}", data={"link": ended}).status_code == 200  # again is no change
    (entry,) = trail(installation, report)
    assert (entry.who, entry.action, entry.before["audience"]) == ("ender", "revoke link", "public")
    # a link of another report is none of this one's
    for foreign in (sealed[1], "A" * 22, "", "%"):
        assert client.post(f"/view/revoke?id={kept}", data={"link": foreign}).status_code == 404
    assert client.get(f"/view?id={sealed[1]}").status_code == 200
    # the link by which one looks: on to another that is open, or to the list
    other = link(installation, report)
    answer = client.post(f"/view/revoke?id={kept}", data={"link": kept}, follow_redirects=False)
    assert answer.headers["location"] == f"/view/share?id={other}&revoked=1"
    answer = client.post(f"/view/revoke?id={other}", data={"link": other}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_a_report_whose_links_are_all_revoked_is_opened_by_those_whose_it_is(group, sealed):  # noqa: F811
    report = another(group, sealed[0], company="2")
    run = Rows(group).add(State.GENERATED, company="2", snapshot_id=report.id)
    owner, above, viewer, other = (
        signed_in(group, *who) for who in (("billing", "2"), ("admin", ""), ("viewer", "2"), ("analyst", "3"))
    )
    here = f"/runs/{run}/link"
    assert here in owner.get(f"/runs/{run}").text
    assert here in above.get(f"/runs/{run}").text
    assert here not in viewer.get(f"/runs/{run}").text
    assert (viewer.post(here).status_code, other.post(here).status_code) == (403, 404)
    assert of(group, report) == []
    answer = owner.post(here)
    assert (answer.status_code, answer.url.path) == (200, "/view")
    assert owner.post(here).url == answer.url  # the link that is there
    (made,) = of(group, report)
    assert (made.audience, made.readers, made.company) == ("named", [made.made_by], None)
    assert above.get(f"/view?id={made.token}").status_code == 404  # for one alone
    assert [each.action for each in trail(group, report)] == ["make link"]
    assert here not in owner.get(f"/runs/{run}").text
    delete(group.store, report.id, by="x", reason="wrong", at=datetime.now(UTC))
    assert above.post(here).status_code == 410
    assert here not in above.get(f"/runs/{run}").text


def test_views_on_the_list_are_those_until_now(installation, report):
    token, client = link(installation, report), signed_in(installation)
    assert "0 views" in client.get(f"/view/share?id={token}").text
    for _ in range(3):
        client.get(f"/view?id={token}")
    page = said(client.get(f"/view/share?id={token}").text)
    assert "3 views · last" in page


def test_no_log_holds_the_token_of_a_link(installation, sealed, caplog, capfd):  # T3
    caplog.set_level(logging.DEBUG)
    manifest, token = sealed
    path = installation.store.path(manifest.files["html"].name)
    whole = path.read_bytes()
    with served(installation) as (_, address):
        browser = Reader(address, token_of(installation))
        seen = {browser.get(f"/view?id={token}&as={form}").status for form in ("", "html", "docx", "csv")}
        assert seen == {200, 404}
        assert browser.get(f"/view?id={token}", "PUT").status == 404
        assert browser.get(f"/view/share?id={token}", "POST", "audience=x").status == 403
        assert browser.get(f"/view/nowhere?id={token}").status == 404
        path.chmod(0o644)
        path.write_bytes(b"!")
        with Session(installation.database) as session, session.begin():
            session.execute(text("alter table link rename to away"))
        try:
            assert browser.get(f"/view?id={token}&as=csv").status == 500  # nothing foresaw that
        finally:
            with Session(installation.database) as session, session.begin():
                session.execute(text("alter table away rename to link"))
            path.write_bytes(whole)
            path.chmod(0o444)
    out, err = capfd.readouterr()
    assert "UndefinedTable" in caplog.text + err  # what went wrong is told
    assert token not in caplog.text + out + err
