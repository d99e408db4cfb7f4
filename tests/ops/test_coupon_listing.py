"""Lists of groups and coupons: newest first by pages, searched, narrowed, with who redeemed what."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from reports_lib.errors import UnknownNameError
from reports_lib.ops import coupons
from reports_lib.ops.coupon_export import lines
from reports_lib.ops.coupon_listing import Coupons, Groups, WantedCoupons, WantedGroups, find
from tests.ops.mint import GROUP, NORTH, NOW, SOUTH, VOD, mint, on_both

__all__ = ["mint"]

LATER = datetime(2026, 12, 15, 12, tzinfo=UTC)
EVERY = WantedGroups()
VODS = {"coupon_type": "ppv_vod", "content_id": str(VOD)}


@pytest.fixture(scope="module")
def stock(mint):
    """Groups of North, the newest last: `Empty`, `Fair` whose coupons are in every state, `Mail` with many."""
    if not mint.stock:
        empty, fair, mail = (mint.group(NORTH, name) for name in ("Empty", "Fair 100%", "Mail"))
        generate = mint.generate
        generate(fair, visitor=NORTH, name="free-1", detail="Stand at the fair", **VODS)
        generate(fair, visitor=NORTH, name="gone-1", valid_to="2026-11-30")
        generate(fair, visitor=NORTH, name="soon-1", valid_from="2026-12-31")
        generate(fair, visitor=NORTH, name="off-1")
        generate(fair, visitor=NORTH, name="twice-1", max_redemptions="2", valid_to="2026-11-30")
        generate(fair, visitor=NORTH, discount_type="trial_days", discount_percent="", trial_days="7")
        generate(mail, visitor=NORTH, quantity="7")
        by_code = {each.code: each for each in mint.made(fair)}
        coupons.disable(mint.installation, NORTH, mint.wish(), [by_code["OFF-1"].id])
        single = mint.made(fair)[-1]
        for number, (coupon, client) in enumerate(
            [(by_code["TWICE-1"], 17), (by_code["TWICE-1"], 17), (by_code["FREE-1"], 17), (single, 18)], 1
        ):
            mint.redeem(coupon, client, datetime(2026, 11, 2, number), number)
        mint.copied("coupon")
        mint.stock.update(empty=empty, fair=fair, mail=mail, single=single)
    return mint.stock


def groups(mint, wanted=EVERY, visitor=NORTH, **more):
    with mint.reading(visitor) as warehouse, Session(mint.installation.database) as session:
        return Groups(visitor, wanted).page(session, warehouse, **more)


def listed(mint, visitor=NORTH, before=None, after=None, size=50, **wanted):
    with mint.reading(visitor) as warehouse, Session(mint.installation.database) as session:
        return Coupons(visitor, WantedCoupons(**wanted)).page(
            session, warehouse, LATER, before=before, after=after, size=size
        )


def codes(mint, **wanted):
    return [row.coupon.code for row in listed(mint, **wanted).rows]


@on_both
def test_groups_say_how_many_coupons_they_have_and_how_many_were_used(mint, stock):  # MS-26 … MS-29, M-77
    rows = groups(mint).rows
    assert [(row.name, row.total, row.used, row.is_used) for row in rows] == [
        ("Mail", 7, 0, False),
        ("Fair 100%", 6, 2, True),  # of the third only a client of another company knows
        ("Empty", 0, 0, False),
    ]
    assert {row.name: row.used for row in groups(mint, visitor=GROUP).rows}["Fair 100%"] == 3  # twice is one used
    assert rows[1].created_at == stock["fair"].created_at
    assert groups(mint, visitor=SOUTH).rows == []


@on_both
def test_a_coupon_is_shown_with_its_state_and_by_whom_it_was_used(mint, stock):  # MS-44, M-78, T-62
    rows = {row.coupon.code: row for row in listed(mint, visitor=GROUP, group_id=stock["fair"].id).rows}
    assert {code: row.state for code, row in rows.items()} == {
        "FREE-1": "available", "GONE-1": "expired", "SOON-1": "not_yet", "OFF-1": "disabled", "TWICE-1": "used_up",
        stock["single"].code: "used_up",
    }  # fmt: skip
    twice, single = rows["TWICE-1"], rows[stock["single"].code]
    assert (twice.use.redemptions, twice.use.last_at) == (2, datetime(2026, 11, 2, 2, tzinfo=UTC))
    assert (twice.use.client_id, twice.use.email, twice.group) == (17, "ann@mail.example", "Fair 100%")
    assert single.use.email == "bob@mail.example"
    assert rows["OFF-1"].use.email is None


@on_both
@pytest.mark.parametrize(
    ("states", "found"),
    [
        (["available"], ["FREE-1"]),
        (["used_up"], ["TWICE-1"]),
        (["expired", "not_yet"], ["SOON-1", "GONE-1"]),
        (["disabled"], ["OFF-1"]),
    ],
)
def test_coupons_of_some_states(mint, stock, states, found):  # MS-45
    shown = codes(mint, visitor=GROUP, group_id=stock["fair"].id, states=states)
    assert [each for each in shown if each != stock["single"].code] == found
    assert (stock["single"].code in shown) == ("used_up" in states)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"text": "free-"}, ["FREE-1"]),
        ({"text": "FAIR stand"}, ["FREE-1"]),
        ({"text": "100% -1"}, ["TWICE-1", "OFF-1", "SOON-1", "GONE-1", "FREE-1"]),
        ({"text": "free_1"}, []),  # a sign, not any letter
        ({"text": "' or 1=1 --"}, []),
        ({"coupon_types": ["ppv_vod"]}, ["FREE-1"]),
        ({"discount_types": ["trial_days"], "text": "fair"}, [...]),
        ({"enabled": False}, ["OFF-1"]),
        ({"since": LATER}, []),
        ({"until": NOW}, []),
    ],
)
def test_coupons_are_searched_and_narrowed(mint, stock, wanted, found):  # MS-43, MS-45
    shown = codes(mint, **wanted)
    assert shown == found if ... not in found else shown == [stock["single"].code]


def test_groups_are_searched_and_narrowed(mint, stock):  # MS-43, MS-45
    def found(**wanted):
        return [row.name for row in groups(mint, WantedGroups(**wanted)).rows]

    assert found(text="fair") == ["Fair 100%"]
    assert found(text="%") == ["Fair 100%"]
    assert found(is_used=True) == ["Fair 100%"]
    assert found(is_used=False) == ["Mail", "Empty"]
    assert found(since=stock["fair"].created_at, until=stock["mail"].created_at) == ["Fair 100%"]


def test_pages_lead_through_all_coupons_and_back(mint, stock):
    wanted = {"group_id": stock["mail"].id}
    every = [row.coupon.id for row in listed(mint, **wanted).rows]
    assert every == sorted(every, reverse=True)
    first = listed(mint, size=3, **wanted)
    second = listed(mint, size=3, before=first.older, **wanted)
    third = listed(mint, size=3, before=second.older, **wanted)
    pages = [[row.coupon.id for row in page.rows] for page in (first, second, third)]
    assert pages == [every[:3], every[3:6], every[6:]]
    assert (first.newer, third.older) == (None, None)
    back = listed(mint, size=3, after=third.newer, **wanted)
    assert [row.coupon.id for row in back.rows] == every[3:6]
    front = listed(mint, size=3, after=back.newer, **wanted)
    assert ([row.coupon.id for row in front.rows], front.newer) == (every[:3], None)
    assert listed(mint, size=3, before=1, **wanted).rows == []


def test_pages_lead_through_all_groups(mint, stock):
    first = groups(mint, size=2)
    rest = groups(mint, size=2, before=first.older)
    assert [row.name for row in (*first.rows, *rest.rows)] == ["Mail", "Fair 100%", "Empty"]
    assert groups(mint, size=2, after=rest.newer).rows == first.rows


def test_nobody_sees_coupons_of_others(mint, stock):
    assert listed(mint, visitor=SOUTH).rows == []
    assert listed(mint, visitor=SOUTH, group_id=stock["fair"].id).rows == []
    with Session(mint.installation.database) as session:
        assert find(session, NORTH, ["free-1", "FREE-1 "]) == find(session, GROUP, ["FREE-1"]) * 2
        with pytest.raises(UnknownNameError, match="there is no coupon 'FREE-1'"):
            find(session, SOUTH, ["FREE-1"])


def test_a_file_of_codes_has_their_local_days(mint, stock):  # T-63
    with Session(mint.installation.database) as session:
        text = "".join(lines(session, stock["fair"], ZoneInfo("America/Santiago")))
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[1] == ["FREE-1", "yes", "yes", "", "", "Stand at the fair"]
    assert rows[2] == ["GONE-1", "yes", "yes", "", "2026-11-30", ""]
    assert rows[3] == ["SOON-1", "yes", "yes", "2026-12-31", "", ""]
    assert rows[4][:2] == ["OFF-1", "no"]
    assert len(rows) == 7
