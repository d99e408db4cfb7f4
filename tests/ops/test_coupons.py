"""Groups and coupons: made once, under codes that nobody else has, and switched; the warehouse gets to know."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib import mirror
from reports_lib.database.schema import Coupon, CouponGroup, MirrorNote, Operation
from reports_lib.errors import ParameterError, StateError, UnknownNameError, WarehouseError
from reports_lib.ops import codes, coupon_undo, coupons
from reports_lib.ops.draft import Draft
from reports_lib.ops.spans import ids_of, spans
from reports_lib.warehouse import writer
from tests.ops.mint import GROUP, LIVE, NORTH, NOW, PLAIN, PLAN, SOUTH, SUBJECTS, VOD, mint, on_both

__all__ = ["mint"]


def counted(mint, model):
    with Session(mint.installation.database) as session:
        return session.scalar(select(func.count()).select_from(model))


def everything(mint):
    return [counted(mint, each) for each in (Coupon, CouponGroup, Operation, MirrorNote)]


# Groups


def test_a_group_has_a_name_that_is_one_in_its_company(mint):  # MS-25, MS-26, MS-27
    made = mint.group(NORTH, "  Різдво   2026 ")
    assert (made.name, made.company, made.created_by, made.id >= 1_000_000_000) == ("Різдво 2026", "2", "admin", True)
    with pytest.raises(ParameterError, match="name: there is a coupon group 'різдво 2026' already"):
        mint.group(NORTH, "різдво 2026")
    assert mint.group(SOUTH, "різдво 2026").company == "3"
    assert mint.copied("coupon_group", group_id=-made.id)[0]["name"] == "Різдво 2026"
    assert [each.action for each in mint.audit(f"coupon group {made.id}")] == ["add coupon group"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "a\u202eb"])
def test_a_group_without_a_name_is_none(mint, name):  # MS-25
    with pytest.raises(ParameterError, match="name: a coupon group's name has 1 to 100 letters"):
        coupons.add_group(mint.installation, GROUP, mint.wish(), name)


def test_a_group_asked_for_twice_with_one_key_is_one(mint):
    asked = mint.wish("the same")
    first, again = (coupons.add_group(mint.installation, GROUP, asked, "Once only") for _ in range(2))
    assert first.id == again.id
    with pytest.raises(StateError, match="the key 'the same' was used for another change"):
        coupons.add_group(mint.installation, NORTH, asked, "Once only")  # what another company asked is not shown


def test_a_group_is_found_by_its_name_or_id_by_those_who_own_it(mint):
    north, south = mint.group(NORTH, "Found"), mint.group(SOUTH, "Found")
    with Session(mint.installation.database) as session:
        assert coupons.find_group(session, NORTH, " found ").id == north.id
        assert coupons.find_group(session, GROUP, str(south.id)).id == south.id
        mint.group(NORTH, str(south.id))  # who calls a group so keeps nobody from another
        assert coupons.find_group(session, GROUP, str(south.id)).id == south.id
        with pytest.raises(ParameterError, match="2 groups are called 'Found'; give the id"):
            coupons.find_group(session, GROUP, "Found")
        told = []
        for called in (str(north.id), "1", "9" * 30):
            with pytest.raises(UnknownNameError) as refused:
                coupons.find_group(session, SOUTH, called)
            told.append(str(refused.value).replace(called, "N"))
        assert set(told) == {"there is no coupon group 'N'"}


# Making


@on_both
def test_coupons_are_enabled_and_ready_for_use(mint):  # MS-24, MS-30, MS-35, MS-38, MS-39, MS-42, T-63
    group = mint.group()
    texts = {"valid_from": "2026-11-01", "valid_to": "2027-09-04", "detail": "Fair", "package_id": str(PLAN)}
    made = mint.generate(group, quantity="3", **texts)
    rows = mint.made(group)
    assert ids_of(made.after["coupons"]) == [each.id for each in rows]
    assert len({each.code for each in rows}) == 3
    assert mint.copied("coupon", group_id=-group.id) == [
        {
            "coupon_id": -each.id, "group_id": -group.id, "code": each.code, "reusable": False, "max_redemptions": 1,
            # in Santiago, where 5 September 2027 begins at 01:00: the last microsecond of the day before
            "valid_from": datetime(2026, 11, 1, 3), "valid_to": datetime(2027, 9, 5, 3, 59, 59, 999999),
            "detail": "Fair", "coupon_type": "plan", "content_id": None, "package_id": PLAN,
            "discount_type": "percent", "discount_percent": Decimal("12.5"), "trial_days": None, "trial_until": None,
            "enabled": True, "created_at": made.at.replace(tzinfo=None),
        }
        for each in rows
    ]  # fmt: skip


def test_one_code_for_many(mint):  # MS-33, MS-37
    group = mint.group()
    vod = {"coupon_type": "ppv_vod", "content_id": str(VOD)}
    mint.generate(group, name="película-1", max_redemptions="500", **vod)
    mint.generate(group, name="PELÍCULA-2", **vod)
    first, second = mint.made(group)
    assert (first.code, first.reusable, first.max_redemptions, first.content_id) == ("PELÍCULA-1", True, 500, VOD)
    assert (second.code, second.reusable, second.max_redemptions) == ("PELÍCULA-2", True, None)


def test_a_trial_until_a_day_lasts_to_its_end(mint):  # MS-40, MS-41
    group = mint.group()
    mint.generate(group, discount_type="trial_until", discount_percent="", trial_until="2026-12-31")
    mint.generate(group, discount_type="trial_days", discount_percent="", trial_days="30")
    until, days = mint.made(group)
    assert until.trial_until == datetime(2027, 1, 1, 2, 59, 59, 999999, tzinfo=UTC)
    assert days.trial_days == 30


@on_both
def test_what_cannot_be_made_is_refused_in_the_dry_run_too(mint):  # MS-33, MS-37
    group = mint.group()
    mint.generate(group, name=f"ours-{group.id}")
    wrong = {
        "content_id: media 1 is live, not VOD": {"coupon_type": "ppv_vod", "content_id": str(LIVE)},
        "content_id: media 99 is not there": {"coupon_type": "ppv_vod", "content_id": "99"},
        "package_id: plan 99 is not there": {"package_id": "99"},
        "valid_to: 2026-10-31 has passed": {"valid_to": "2026-10-31"},
        "name: there is a coupon THEIRS-1 already; think of another name": {"name": "theirs-1"},
        f"name: there is a coupon OURS-{group.id} already; think of another name": {"name": f"Ours-{group.id}"},
    }
    before, told = everything(mint), []
    for texts in wrong.values():
        many = {} if "name" in texts else {"quantity": "2"}
        given = Draft.parse({"group": str(group.id), **PLAIN, **many, **texts})
        with pytest.raises(ParameterError) as refused:
            coupons.generate(mint.installation, GROUP, mint.wish(), given)
        with pytest.raises(ParameterError) as tried:
            coupons.plan(mint.installation, GROUP, given, NOW)
        told.append((str(refused.value), str(tried.value)))
    assert told == [(problem, problem) for problem in wrong]
    assert everything(mint) == before


def test_a_dry_run_says_what_would_be_made_and_writes_nothing(mint):
    group = mint.group()
    before = everything(mint)
    given = Draft.parse({"group": str(group.id), **PLAIN, "quantity": "5"})
    change = coupons.plan(mint.installation, GROUP, given, NOW)
    assert change.after == {
        "coupons": 5, "code": "12 letters and digits", "enabled": True, "coupon_type": "plan",
        "discount_type": "percent", "discount_percent": "12.5",
    }  # fmt: skip
    assert everything(mint) == before


def test_a_group_of_others_is_none(mint):
    north = mint.group(NORTH)
    before = everything(mint)
    with pytest.raises(UnknownNameError, match="there is no coupon group"):
        mint.generate(north, visitor=SOUTH)
    assert everything(mint) == before
    assert mint.generate(north, visitor=GROUP).company == "2"  # so that they see it who own the group


def test_coupons_asked_for_twice_with_one_key_are_made_once(mint):
    group = mint.group()
    first, again = (mint.generate(group, key="k1", quantity="4") for _ in range(2))
    assert first.id == again.id
    assert len(mint.made(group)) == 4
    with pytest.raises(StateError, match="the key 'k1' was used for another change"):
        mint.generate(group, key="k1", quantity="5")
    assert len(mint.made(group)) == 4
    (entry,) = [each for each in mint.audit(f"coupon group {group.id}") if each.action == "generate coupons"]
    assert entry.after["operation"] == first.id
    assert not {each.code for each in mint.made(group)} & set(str(entry.after))


def test_codes_that_somebody_has_are_drawn_again(mint, monkeypatch):  # T-64
    group = mint.group()
    monkeypatch.setattr(codes, "LENGTH", 1)
    monkeypatch.setattr(codes, "LETTERS", "QXYZ")
    monkeypatch.setattr(codes, "_OF_BYTE", b"QXYZ" * 64)
    mint.load("coupon", [{"coupon_id": 2, "group_id": 1, "code": "q"}])
    mint.generate(group, quantity="1")
    mint.generate(group, quantity="2")
    assert {each.code for each in mint.made(group)} == set("XYZ")


# At once


def test_of_sixteen_processes_that_ask_for_the_same_code_one_has_it(mint):  # MS-33
    group = mint.group()
    name, place = f"rush-{group.id}", mint.installation.workspace
    given = [str(place.root), place.database_url, place.warehouse_url, str(group.id), name]
    words = [sys.executable, "-m", "tests.ops.crowd", *given]
    told = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout
    assert sorted(told.splitlines()) == sorted(
        ["done"] + [f"name: there is a coupon {name.upper()} already; think of another name"] * 15
    )
    assert len(mint.made(group)) == 1


def test_eight_ask_with_the_same_key_at_once_and_it_is_made_once(mint):
    group = mint.group()
    draft = Draft.parse({"group": str(group.id), **PLAIN, "quantity": "3"})
    asked = mint.wish(f"at once {group.id}")
    barrier = threading.Barrier(8)

    def generate(_):
        barrier.wait()
        return coupons.generate(mint.installation, GROUP, asked, draft).id

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(generate, range(8)))
    assert len(set(made)) == 1
    assert len(mint.made(group)) == 3


# The copy


@on_both
def test_who_replaces_the_table_of_coupons_leaves_ours_in_it(mint):
    group = mint.group()
    mint.generate(group, quantity="2")
    before = mint.copied("coupon", group_id=-group.id)
    theirs = [{"coupon_id": 1, "group_id": 1, "code": "Theirs-1"}, {"coupon_id": 9, "group_id": 1, "code": "New"}]
    mint.load("coupon", theirs, replace=True)
    assert mint.copied("coupon", group_id=-group.id) == before
    assert [row["code"] for row in mint.copied("coupon", group_id=1)] == ["New", "Theirs-1"]
    with pytest.raises(WarehouseError, match="coupon_id=-5 is below 0, where Daybook's own rows are"):
        mint.load("coupon", [{"coupon_id": -5, "group_id": 1, "code": "Wrong"}])
    mint.load("coupon", theirs[:1], replace=True)


def test_who_empties_the_table_otherwise_finds_ours_in_it_again(mint):
    group = mint.group()
    mint.generate(group)
    before = mint.copied("coupon", group_id=-group.id)
    name = "coupon" if mint.address.is_lake else f"{mint.address.schema}.coupon"
    writer.execute(mint.address, f"delete from {name} where group_id = {-group.id}", author="x", message="lost")
    assert mint.copied("coupon", group_id=-group.id) == []
    mirror.heal(mint.installation.database, mint.address, SUBJECTS)
    assert mint.copied("coupon", group_id=-group.id) == before


# Switching


def states(mint, group):
    return [each.enabled for each in mint.made(group)]


@on_both
def test_some_and_all_are_switched_and_the_warehouse_knows(mint):
    group = mint.group()
    mint.generate(group, quantity="3")
    first, second, third = (each.id for each in mint.made(group))
    some = coupons.disable(mint.installation, GROUP, mint.wish(), [third, first])
    assert states(mint, group) == [False, True, False]
    assert (some.before, some.after) == (
        {"enabled": True, "coupons": [[first, first], [third, third]]},
        {"enabled": False, "coupons": [[first, first], [third, third]]},
    )
    assert [row["enabled"] for row in mint.copied("coupon", group_id=-group.id)] == [False, True, False]
    rest = coupons.disable(mint.installation, GROUP, mint.wish(), group=group.name)
    assert rest.after["coupons"] == [[second, second]]  # the others are already
    coupons.enable(mint.installation, GROUP, mint.wish(), group=str(group.id))
    assert [row["enabled"] for row in mint.copied("coupon", group_id=-group.id)] == [True] * 3


def test_switching_can_be_tried_first(mint):
    group = mint.group()
    mint.generate(group, quantity="3")
    before = everything(mint)
    change = coupons.plan_switch(mint.installation, GROUP, False, group=group.name)
    assert (change.kind, change.after) == ("disable coupons", {"coupons": 3, "enabled": False})
    assert coupons.plan_switch(mint.installation, GROUP, True, group=group.name).after["coupons"] == 0
    assert everything(mint) == before


def test_switching_twice_with_one_key_is_once(mint):
    group = mint.group()
    mint.generate(group)
    first = coupons.disable(mint.installation, GROUP, mint.wish("off"), group=group.name)
    coupons.enable(mint.installation, GROUP, mint.wish(), group=group.name)
    again = coupons.disable(mint.installation, GROUP, mint.wish("off"), group=group.name)
    assert first.id == again.id
    assert states(mint, group) == [True]
    coupons.disable(mint.installation, GROUP, mint.wish("off, again"), group=group.name)
    with Session(mint.installation.database) as session:
        session.query(Operation).filter(Operation.key.in_(["off"])).update({"key": f"off {first.id}"})
        session.commit()


def test_coupons_of_others_are_none(mint):
    group = mint.group(NORTH)
    mint.generate(group, visitor=NORTH, quantity="2")
    ids = [each.id for each in mint.made(group)]
    other = mint.group(SOUTH)
    mint.generate(other, visitor=SOUTH)
    for asked in (ids, [*ids, 1], [mint.made(other)[0].id, ids[0]], [10**18]):
        with pytest.raises(UnknownNameError, match="there is no coupon "):
            coupons.disable(mint.installation, SOUTH, mint.wish(), asked)
    with pytest.raises(ParameterError, match="of several groups"):
        coupons.disable(mint.installation, GROUP, mint.wish(), [mint.made(other)[0].id, *ids])
    with pytest.raises(ParameterError, match="say which coupons, or which group"):
        coupons.disable(mint.installation, GROUP, mint.wish())
    assert states(mint, group) == [True, True]


# Undoing


def undo(mint, operation, visitor=GROUP, key=""):
    return coupon_undo.undo(mint.installation, visitor, mint.wish(key), operation.id)


def test_what_was_switched_is_switched_back_and_nothing_else(mint):
    group = mint.group()
    mint.generate(group, quantity="4")
    ids = [each.id for each in mint.made(group)]
    coupons.disable(mint.installation, GROUP, mint.wish(), ids[:1])
    off = coupons.disable(mint.installation, GROUP, mint.wish(), group=group.name)  # the other three
    coupons.enable(mint.installation, GROUP, mint.wish(), ids[3:])  # by somebody, since
    plan = coupon_undo.plan_undo(mint.installation, GROUP, mint.wish(), off.id)
    assert (plan.kind, plan.after) == ("undo disable coupons", {"coupons": 2, "enabled": True})
    done = undo(mint, off, key=f"undo {off.id}")
    assert done.undoes == off.id
    assert states(mint, group) == [False, True, True, True]
    assert undo(mint, off, key=f"undo {off.id}").id == done.id
    with pytest.raises(StateError, match=f"operation {off.id} was undone already"):
        undo(mint, off)


def test_what_was_generated_is_switched_off_unless_it_was_redeemed(mint):
    group = mint.group(NORTH)
    used, unused = (mint.generate(group, visitor=NORTH, quantity="2") for _ in range(2))
    coupon = mint.made(group)[0]
    mint.redeem(coupon, 17, datetime(2026, 11, 1, 12), coupon.id)
    with pytest.raises(StateError, match=f"1 of the coupons of operation {used.id} were redeemed; disable the others"):
        undo(mint, used)
    with pytest.raises(UnknownNameError, match="there is no operation"):
        undo(mint, unused, visitor=SOUTH)
    undo(mint, unused, visitor=NORTH)
    assert states(mint, group) == [True, True, False, False]
    assert len(mint.copied("coupon", group_id=-group.id, enabled=False)) == 2


# Ten thousand; last, for whoever copies everything copies them


@on_both
def test_ten_thousand_codes_are_unique_and_all_in_the_warehouse(mint):  # T-64, MS-34
    group = mint.group()
    made = mint.generate(group, quantity="10000")
    (span,) = made.after["coupons"]
    assert span[1] - span[0] == 9_999
    copied = mint.copied("coupon", group_id=-group.id)
    assert len({row["code"].upper() for row in copied}) == 10_000
    assert [row["coupon_id"] for row in copied] == list(range(-span[0], -span[1] - 1, -1))


# Small things


def test_ids_that_follow_each_other_are_kept_in_few_words():
    assert spans([9, 7, 12, 8, 7]) == [[7, 9], [12, 12]]
    assert ids_of([[7, 9], [12, 12]]) == [7, 8, 9, 12]
    assert (spans([]), ids_of([])) == ([], [])
