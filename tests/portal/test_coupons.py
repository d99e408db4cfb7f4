"""Coupons in the portal: groups, making coupons, searching them, who redeemed them, switching, undoing, refusals."""

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from html import unescape
from itertools import count
from threading import Barrier
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.cli.chores import copy_now
from reports_lib.database.schema import Coupon, CouponGroup
from reports_lib.portal.coupons.form import Form
from tests.portal.place import place
from tests.portal.test_invoices import words

__all__ = ["place"]

PERCENT = {"coupon_type": "plan", "discount_type": "percent", "discount_percent": "12.5"}
MANY = {"way": "many", "quantity": "3", **PERCENT}
USED_AT = datetime(2026, 11, 20, 21, 30)

_number = count(1)


@pytest.fixture(scope="module")
def shop(place):
    """Media, plans, customers of two companies, and a group of another system."""
    place.warehouse(
        {
            "company": [{"company_id": n, "parent_company_id": None} for n in (2, 3)],
            "client": [{"client_id": 17, "company_id": 2}, {"client_id": 18, "company_id": 3}],
            "client_profile": [{"client_id": n, "email": f"c{n}@example.com"} for n in (17, 18)],
            "content": [
                {"content_id": 7, "title": "Night & Day", "kind": "vod"},
                {"content_id": 8, "title": "Night & Day", "kind": "vod"},
                {"content_id": 9, "title": "Daylight", "kind": "vod"},
                {"content_id": 10, "title": "Derby", "kind": "live"},
            ],
            "package": [
                {"package_id": 1, "name": "Basic", "status": "active"},
                {"package_id": 2, "name": "Basic of old", "status": "archived"},
            ],
            "coupon_group": [{"group_id": 1, "name": "Theirs"}],
            "coupon": [{"coupon_id": 1, "group_id": 1, "code": "THEIRS-1", "coupon_type": "plan"}],
        }
    )
    return place


@pytest.fixture(scope="module")
def desk(shop):
    """Somebody of the billing staff of the whole group."""
    with shop.client("billing", "", "bob") as client:
        yield client


@pytest.fixture
def group(desk):
    """The address of a group of its own."""
    answer = desk.post("/coupons", data={"name": f"Group {next(_number)}", "key": f"group {next(_number)}"})
    assert answer.status_code == 303, words(answer.text)
    return answer.headers["location"].partition("?")[0]


def generated(desk, group: str, **more: str) -> str:
    """The address of the operation that made coupons."""
    answer = desk.post(f"{group}/generate", data={"key": f"key {next(_number)}", **MANY, **more})
    assert answer.status_code == 303, words(answer.text)
    return answer.headers["location"]


def table(page: str) -> list[dict[str, str]]:
    """The rows of coupons: the words of each cell by its label or class."""
    found = []
    for number, inside in re.findall(r'<tr role="row" class="\w+" id="coupon-(\d+)">(.*?)</tr>', page, re.S):
        row = {"id": number, "html": inside}
        for head, text in re.findall(r"<t[dh]([^>]*)>(.*?)</t[dh]>", inside, re.S):
            name = re.search(r'data-label="([^"]+)"', head) or re.search(r'class="([\w-]+)', head)
            row[name[1]] = words(text)
        found.append(row)
    return found


def groups(page: str) -> dict[str, str]:
    rows = re.findall(r'<tr role="row" class="\w+" id="group-\d+">(.*?)</tr>', page, re.S)
    return {words(row).partition(" | ")[0]: words(row) for row in rows}


def fault(page: str, name: str) -> str:
    found = re.search(rf'class="fault" id="e-{name}"[^>]*>(?:<bdi>)?(.*?)(?:</bdi>)?</strong>', page)
    return unescape(found[1]) if found else ""


def test_a_group_is_made_once_and_its_name_is_one(shop, desk):  # MS-25 to MS-29
    sent = {"name": "  Black   Friday ", "key": "once"}
    first, second = desk.post("/coupons", data=sent), desk.post("/coupons", data=sent)
    assert first.headers["location"] == second.headers["location"]
    page = desk.get("/coupons?q=black").text
    assert re.search(r"Black Friday \d+ \w+ 2026, \d\d:\d\d UTC 0 0 Not used", words(page))
    refused = desk.post("/coupons", data={"name": "BLACK friday", "key": "another"})
    assert refused.status_code == 422
    assert fault(refused.text, "name") == "there is a coupon group 'BLACK friday' already"
    assert 'value="BLACK friday"' in refused.text
    assert 'value="another"' in refused.text
    assert "1 group of another system is not shown here" in words(page)


def test_a_preview_makes_nothing_and_says_what_would_be(shop, desk, group):  # MS-31 to MS-41
    sent = {
        "way": "one", "name": "welcome+1", "max_redemptions": "250", "quantity": "9", "valid_from": "2026-11-01",
        "valid_to": "2030-12-31", "detail": "Fair", "coupon_type": "ppv_vod", "content_id": "daylight",
        "package_id": "no such plan", "discount_type": "percent", "discount_percent": "12.50",
    }  # fmt: skip
    page = desk.post(f"{group}/new", data=sent)
    assert page.status_code == 200
    said = words(page.text)
    for text in (
        "Preview: WELCOME+1", "250 times at most", "1 Nov 2026 to 31 Dec 2030", "PPV VOD", "12.5 % off",
        "Enabled, ready for use", "Generate WELCOME+1", "days of the time zone UTC",
    ):  # fmt: skip
        assert text in said, text
    with Session(shop.installation.database) as session:
        assert session.scalar(select(func.count()).select_from(Coupon).where(Coupon.code == "WELCOME+1")) == 0
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    made = desk.post(f"{group}/generate", data={name: unescape(value) for name, value in hidden.items()})
    again = desk.post(f"{group}/generate", data={name: unescape(value) for name, value in hidden.items()})
    assert made.headers["location"] == again.headers["location"]
    assert "1 coupon generated" in desk.get(made.headers["location"]).text
    (row,) = table(desk.get(group).text)
    assert (row["name"], row["Coupon type"], row["It gives"]) == ("WELCOME+1 Fair", "PPV VOD Daylight", "12.5 % off")
    assert (row["status"], row["Redeemed"], row["Last by whom"]) == ("Available", "0 of 250", "–")


TRIAL = {"discount_type": "trial_days", "trial_days": "3"}
VOD = {"coupon_type": "ppv_vod"}
WRONG = [
    ({"quantity": "0"}, "quantity", "'0' is not a whole number from 1 to 100,000"),
    ({"quantity": " "}, "quantity", "Say how many."),
    ({"way": "one"}, "name", "Say what the code is."),
    ({"way": "one", "name": "a b"}, "name", "'a b' has other signs than letters, digits and - _ + ="),
    ({"way": "one", "name": "theirs-1"}, "name", "there is a coupon THEIRS-1 already; think of another name"),
    ({"valid_to": "2020-01-01"}, "valid_to", "2020-01-01 has passed"),
    (
        {"valid_from": "2031-01-02", "valid_to": "2031-01-01"},
        "valid_to",
        "2031-01-01 is before 2031-01-02, the first day",
    ),
    (VOD, "content_id", "Say which media it is for."),
    ({**VOD, "content_id": "night & day"}, "content_id", "Several are called “night & day”; pick one."),
    ({**VOD, "content_id": "Derby (10)"}, "content_id", "There is no “Derby (10)”; pick one of the list."),
    ({"package_id": "Basic of old (2)"}, "package_id", "There is no “Basic of old (2)”; pick one of the list."),
    ({"coupon_type": "ppv_live", **TRIAL}, "discount_type", "only a plan can be tried, not what is bought once"),
    (
        {"discount_percent": "120"},
        "discount_percent",
        "'120' is not a percentage such as 20 or 12.5, above 0 and at most 100",
    ),
    ({"discount_type": "trial_until"}, "trial_until", "Say until which day."),
]


@pytest.mark.parametrize(("changes", "name", "told"), WRONG)
def test_what_cannot_be_made_is_told_beside_its_field_with_all_that_was_typed(desk, group, changes, name, told):
    typed = {**MANY, "detail": "kept <b>", "max_redemptions": "", **changes}
    page = desk.post(f"{group}/new", data=typed)
    assert page.status_code == 422
    assert fault(page.text, name) == told
    assert f'href="#f-{name}"' in page.text
    assert 'value="kept &lt;b&gt;"' in page.text
    assert desk.post(f"{group}/generate", data=typed).status_code == 422
    assert table(desk.get(group).text) == []


def test_several_faults_are_told_at_once(desk, group):
    page = desk.post(f"{group}/new", data={**MANY, "quantity": "x", "discount_percent": "y", "valid_to": "z"}).text
    assert [bool(fault(page, name)) for name in ("quantity", "discount_percent", "valid_to")] == [True] * 3


def test_only_the_fields_that_a_choice_needs_count():
    counting = {"name": "A", "coupon_type": "plan", "discount_type": "percent", "discount_percent": "5"}
    form = Form({"way": "one", "quantity": "5", "content_id": "7", "trial_days": "3", **counting})
    assert form.counting == counting


def test_sixteen_who_ask_for_one_code_at_once_make_one(shop, desk, group):
    bar = Barrier(16)
    clients = [shop.client("billing", "", "bob") for _ in range(16)]

    def ask(client):
        bar.wait()
        return client.post(f"{group}/generate", data={**PERCENT, "way": "one", "name": "RUSH"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, clients))
    assert sorted(answer.status_code for answer in answers) == [303] + [422] * 15
    told = {fault(answer.text, "name") for answer in answers if answer.status_code == 422}
    assert told == {"there is a coupon RUSH already; think of another name"}


def test_a_search_tells_whether_a_code_was_used_and_by_whom(shop, desk, group):  # MS-43, MS-44, T-62
    generated(desk, group, way="one", name="FOUND", max_redemptions="9")
    generated(desk, group)
    with Session(shop.installation.database) as session:
        ids = {coupon.code: coupon.id for coupon in session.scalars(select(Coupon))}
    uses = [(17, USED_AT - timedelta(days=1)), (17, USED_AT), (18, USED_AT - timedelta(days=2))]
    shop.warehouse(
        {
            "coupon_redemption": [
                {"redemption_id": n, "coupon_id": -ids["FOUND"], "client_id": client, "redeemed_at": at}
                for n, (client, at) in enumerate(uses, 1)
            ]
        }
    )
    assert copy_now(shop.installation) == ""
    page = desk.get("/coupons?q=found").text
    (row,) = table(page)
    assert (row["name"], row["Redeemed"]) == ("FOUND", "3 of 9")
    assert row["Last by whom"] == "c17@example.com 20 Nov 2026, 21:30 UTC"
    assert 'href="/customers/17"' in row["html"]
    number = group.rpartition("/")[2]
    used = desk.get("/coupons?used=yes").text
    assert re.findall(r'id="group-(\d+)"', used) == [number]
    assert re.search(r"UTC 4 1 Used", words(used))
    assert number not in re.findall(r'id="group-(\d+)"', desk.get("/coupons?used=no").text)
    with shop.client("billing", "3") as other:  # of whom neither the group nor the coupon is
        assert other.get(group).status_code == 404
        assert "FOUND" not in other.get("/coupons?q=found&of=coupons").text.replace('value="found"', "")


def test_a_group_is_searched_and_narrowed_by_its_address(desk, group):  # MS-43
    generated(desk, group, detail="Spring fair")
    generated(desk, group, way="one", name=f"NAMED{next(_number)}", discount_type="trial_days", trial_days="14")
    assert len(table(desk.get(group).text)) == 4
    assert len(table(desk.get(f"{group}?q=spring").text)) == 3
    assert [row["It gives"] for row in table(desk.get(f"{group}?discount=trial_days").text)] == ["14 days of trial"]
    assert table(desk.get(f"{group}?state=disabled").text) == []
    assert table(desk.get(f"{group}?type=ppv_live").text) == []
    answer = desk.get(f"{group}?state=lost&since=soon")
    assert answer.status_code == 422
    assert "“lost” cannot be chosen here; all are shown." in words(answer.text)
    assert "“soon” is not a day and a time" in words(answer.text)


def test_ticked_coupons_are_disabled_after_a_look_and_put_back(desk, group):
    generated(desk, group)
    ids = [row["id"] for row in table(desk.get(group).text)][:2]
    look = desk.get(f"{group}/switch?{urlencode([('to', 'off'), *(('id', each) for each in ids)])}")
    assert "Disable 2 coupons?" in words(look.text)
    key = re.search(r'name="key" value="(\w+)"', look.text)[1]
    first, second = (
        desk.post(f"{group}/switch", data={"to": "off", "id": ids, "key": key}).headers["location"] for _ in "ab"
    )
    assert first == second
    assert len(table(desk.get(f"{group}?state=disabled").text)) == 2
    page = desk.get(first).text
    assert "2 coupons disabled" in page
    undone = desk.post(f"{first}/undo", data={"key": "undo it"}).headers["location"]
    assert table(desk.get(f"{group}?state=disabled").text) == []
    assert "2 coupons enabled" in desk.get(undone).text
    again = desk.post(f"{first}/undo", data={"key": "undo it twice"})
    assert again.status_code == 409
    assert "was undone already" in words(again.text)
    assert f'action="{first}/undo"' not in again.text


def test_all_of_a_group_are_switched_and_nothing_ticked_is_told(desk, group):
    generated(desk, group)
    assert "Disable 3 coupons?" in desk.get(f"{group}/switch?to=off&all=yes").text
    done = desk.post(f"{group}/switch", data={"to": "off", "all": "yes", "key": "all off"})
    assert "3 coupons disabled" in desk.get(done.headers["location"]).text
    assert "They are all disabled already." in desk.get(f"{group}/switch?to=off&all=yes").text
    empty = desk.get(f"{group}/switch?to=off")
    assert (empty.status_code, "Tick the coupons first." in empty.text) == (422, True)


def test_what_was_generated_is_switched_off_by_undoing(desk, group):
    made = generated(desk, group)
    desk.post(f"{made}/undo", data={"key": f"undo {made}"})
    assert {row["status"] for row in table(desk.get(group).text)} == {"Disabled"}
    assert "This was undone." in desk.get(made).text


def test_codes_are_taken_away_as_a_file(desk, group):  # MS-34, T-70
    generated(desk, group, way="one", name=f"=SUM{next(_number)}")
    made = generated(desk, group, valid_to="2030-12-31")
    answer = desk.get(f"{group}/codes")
    assert re.fullmatch(r'attachment; filename="coupons-group-\d+\.csv"', answer.headers["content-disposition"])
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(lines) == 4
    assert len({line["Code"] for line in lines}) == 4
    assert lines[-1]["Code"].startswith("'=SUM")
    assert {line["Percentage"] for line in lines} == {"12.5"}
    number = made.rpartition("/")[2]
    assert desk.get(f"{group}/codes?operation={number}").text.count("2030-12-31") == 3
    assert "@" not in answer.text


def test_media_and_plans_are_looked_for_here(desk):
    def offered(kind, words):
        return desk.get(f"/coupons/offered/{kind}", params={"q": words}).json()["options"]

    assert offered("vod", "DAY") == ["Daylight (9)", "Night & Day (7)", "Night & Day (8)"]  # begun with it first
    assert offered("vod", "8") == ["Night & Day (8)"]
    assert offered("vod", "derby") == []
    assert offered("plan", "bas") == ["Basic (1)"]
    assert desk.get("/coupons/offered/cars").status_code == 404


def test_a_group_of_a_company_is_its_own(shop, desk):
    with shop.client("billing", "2") as own, shop.client("viewer", "2") as viewer:
        at = own.post("/coupons", data={"name": "Theirs too", "key": "k"}).headers["location"].partition("?")[0]
        made = generated(own, at)
        assert own.get(at).status_code == 200
        assert viewer.get(at).status_code == 403
        with shop.client("billing", "3") as other:
            assert [
                other.get(f"{at}{rest}").status_code for rest in ("", "/new", "/codes", "/switch?to=off&all=yes")
            ] == [404] * 4
            assert other.post(f"{at}/generate", data=MANY).status_code == 404
            assert other.post(f"{at}/switch", data={"to": "off", "all": "yes"}).status_code == 404
            assert [other.get(made).status_code, other.post(f"{made}/undo").status_code] == [404, 404]
    with Session(shop.installation.database) as session:
        assert session.scalar(select(CouponGroup.company).where(CouponGroup.name == "Theirs too")) == "2"


def test_where_nothing_is_kept_of_coupons_the_page_says_so(place, monkeypatch):  # MS-01
    from reports_lib.errors import WarehouseError
    from reports_lib.portal.coupons import groups as module

    def missing(request):
        raise WarehouseError("the warehouse is not as reports need it: no table coupon")

    monkeypatch.setattr(module, "reading", missing)
    page = place.client("billing").get("/coupons")
    assert page.status_code == 200
    assert "There are no coupons to show." in page.text
    assert "no table coupon" in page.text
