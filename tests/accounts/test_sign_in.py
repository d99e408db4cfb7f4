"""Signed-in browsers and tokens: how long they last, and what ends them at once (T5)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from reports_lib.accounts import account as accounts
from reports_lib.accounts import sign_in, token
from reports_lib.accounts.role import RIGHTS, Right, Role
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Account, ApiToken, SignIn
from reports_lib.errors import ForbiddenError, ParameterError, StateError, UnknownNameError
from tests.accounts.conftest import NOW
from tests.portal.people import _hashed as hashed

HOUR = timedelta(hours=1)


@pytest.fixture
def ann(session):
    return added(session, "ann", Role.ANALYST)


def added(session, name, role):
    made = Account(name=name, role=role, password_hash=hashed(), password_at=NOW, made_at=NOW)
    session.add(made)
    session.flush()
    session.refresh(made)
    return made


def is_in(session, shown, now):
    return sign_in.who(session, shown, now) is not None


def test_only_the_hash_of_a_token_is_kept(session, ann):
    shown = sign_in.begin(session, ann, NOW)
    assert session.scalar(select(SignIn.id).where(SignIn.account_id == ann.id)) == sign_in.kept(shown) != shown
    assert len(shown) >= 43  # 256 bits


def test_it_ends_after_twelve_hours_without_a_page(session, ann):
    shown = sign_in.begin(session, ann, NOW)
    assert is_in(session, shown, NOW + 12 * HOUR - timedelta(seconds=1))
    assert not is_in(session, sign_in.begin(session, ann, NOW), NOW + 12 * HOUR)


def test_it_ends_after_fourteen_days_however_busy(session, ann):
    shown, now = sign_in.begin(session, ann, NOW), NOW
    while now < NOW + timedelta(days=14) - 6 * HOUR:
        now += 6 * HOUR
        assert is_in(session, shown, now)
    assert not is_in(session, shown, now + 6 * HOUR)


def test_that_it_was_seen_is_written_once_a_minute(session, ann):
    shown = sign_in.begin(session, ann, NOW)
    seen = []
    for seconds in (10, 50, 61, 90, 125):
        is_in(session, shown, NOW + timedelta(seconds=seconds))
        seen.append((session.scalar(select(SignIn.seen_at).where(SignIn.account_id == ann.id)) - NOW).seconds)
    assert seen == [0, 0, 61, 61, 125]


@given(st.text(max_size=60))
def test_no_other_token_opens(text):
    assert sign_in.kept(text) != sign_in.kept(text + "x")


def test_browsers_are_listed_and_ended_one_by_one(session, ann):
    old = sign_in.begin(session, ann, NOW - 13 * HOUR)
    one, two = sign_in.begin(session, ann, NOW), sign_in.begin(session, ann, NOW + HOUR)
    found = sign_in.browsers(session, ann, NOW + HOUR)
    assert [each.id for each in found] == [sign_in.kept(two), sign_in.kept(one)]
    assert session.get(SignIn, sign_in.kept(old)) is None  # cleared away
    sign_in.end_one(session, ann, found[1].id[: sign_in.SHORT])
    assert (is_in(session, one, NOW), is_in(session, two, NOW)) == (False, True)
    with pytest.raises(UnknownNameError):
        sign_in.end_one(session, ann, found[1].id[: sign_in.SHORT])


def test_nobody_ends_the_browser_or_token_of_another(session, ann):
    bob = added(session, "bob", Role.ADMIN)
    shown, made = sign_in.begin(session, ann, NOW), token.make(session, ann, "hers", None, NOW)
    with pytest.raises(UnknownNameError):
        sign_in.end_one(session, bob, sign_in.kept(shown)[: sign_in.SHORT])
    with pytest.raises(UnknownNameError):
        token.revoke(session, bob, sign_in.kept(made)[: token.SHORT], NOW)


def test_a_disabled_user_is_out_at_once_and_his_tokens_stop(session, ann):
    shown, made = sign_in.begin(session, ann, NOW), token.make(session, ann, "x", None, NOW)
    accounts.disable(session, ann, NOW, "tests")
    assert not is_in(session, shown, NOW)
    assert token.who(session, made, NOW) is None
    accounts.enable(session, ann, NOW, "tests")
    assert not is_in(session, shown, NOW)  # ended for good
    assert token.who(session, made, NOW) is ann


def test_a_new_password_signs_out_and_leaves_tokens(session, ann):
    here, there = sign_in.begin(session, ann, NOW), sign_in.begin(session, ann, NOW)
    made = token.make(session, ann, "x", None, NOW)
    accounts.change_password(session, ann, "quite another one", NOW, "tests", but=here)
    assert (is_in(session, here, NOW), is_in(session, there, NOW)) == (True, False)
    assert token.who(session, made, NOW) is ann


# Tokens for programs


def test_a_token_can_be_found_by_those_who_look_for_lost_secrets(session, ann):
    made = token.make(session, ann, "  nightly \n export ", timedelta(days=30), NOW)
    assert made.startswith("daybook_")
    assert len(made) >= len("daybook_") + 43
    kept = session.scalars(select(ApiToken).where(ApiToken.account_id == ann.id)).one()
    assert (kept.label, kept.expires_at) == ("nightly export", NOW + timedelta(days=30))
    assert made not in str(vars(kept))


def test_a_token_expires_and_is_revoked(session, ann):
    short, ever = (token.make(session, ann, "x", lasting, NOW) for lasting in (timedelta(days=30), None))
    assert token.who(session, short, NOW + timedelta(days=30) - HOUR) is ann
    assert token.who(session, short, NOW + timedelta(days=30)) is None
    assert token.who(session, ever, NOW + timedelta(days=3000)) is ann
    token.revoke(session, ann, sign_in.kept(ever)[: token.SHORT], NOW)
    assert token.who(session, ever, NOW) is None
    with pytest.raises(UnknownNameError):
        token.revoke(session, ann, sign_in.kept(ever)[: token.SHORT], NOW)


def test_that_it_was_used_is_written_once_a_minute(session, ann):
    made, used = token.make(session, ann, "x", None, NOW), []
    for seconds in (1, 30, 62, 100):
        token.who(session, made, NOW + timedelta(seconds=seconds))
        used.append((session.scalar(select(ApiToken.used_at).where(ApiToken.account_id == ann.id)) - NOW).seconds)
    assert used == [1, 1, 62, 62]


def test_who_may_not_ask_has_no_tokens(session, ann):
    made = token.make(session, ann, "x", None, NOW)
    accounts.change_role(session, ann, Role.VIEWER, NOW, "tests")
    assert token.who(session, made, NOW) is None
    with pytest.raises(ForbiddenError):
        token.make(session, ann, "y", None, NOW)


@pytest.mark.parametrize("label", ["", "   ", "x" * 81, "a\x00b", "a\u202eb"])
def test_a_token_has_a_name(session, ann, label):
    with pytest.raises(ParameterError):
        token.make(session, ann, label, None, NOW)


def test_there_is_an_end_to_tokens(session, ann):
    for number in range(token.MOST):
        token.make(session, ann, f"t{number}", None, NOW)
    with pytest.raises(StateError):
        token.make(session, ann, "one more", None, NOW)
    assert len(token.working(session, ann, NOW)) == token.MOST


# Roles


def test_each_role_may_what_the_table_says():
    may = {role: {right for right in Right if Visitor("x", role).may(right)} for role in Role}
    assert may == RIGHTS
    assert may[Role.VIEWER] == {Right.READ}
    assert may[Role.ADMIN] == set(Right)
    assert not Visitor().may(Right.READ)


@given(st.sampled_from(list(Role)), st.text(max_size=3), st.frozensets(st.text(max_size=3), max_size=3))
def test_whose_a_row_is(role, company, companies):
    visitor = Visitor("x", role, company, companies)
    for row in (*companies, "", "other"):
        assert visitor.owns(row) == (company == "" or row in companies)
        assert not Visitor().owns(row)


@pytest.mark.parametrize("change", ["role", "disable"])
def test_one_admin_stays(session, change):
    for each in session.scalars(select(Account).where(Account.role == Role.ADMIN)):
        each.role = Role.VIEWER  # of other tests
    one = added(session, "one", Role.ADMIN)

    def go(account):
        if change == "role":
            accounts.change_role(session, account, Role.VIEWER, NOW, "tests")
        else:
            accounts.disable(session, account, NOW, "tests")

    with pytest.raises(StateError, match="only admin"):
        go(one)
    two = added(session, "two", Role.ADMIN)
    go(one)
    with pytest.raises(StateError, match="only admin"):
        go(two)
    assert accounts.are_there_any(session)
