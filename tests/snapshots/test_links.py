"""Links: who may look, until when, and what everyone else learns (JD-71, JD-72, Q-11)."""

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from reports_lib.accounts.role import Role
from reports_lib.accounts.visitor import NOBODY, Visitor
from reports_lib.database.notices import ACCESS
from reports_lib.database.schema import Account, Audience, Link, SignIn
from reports_lib.database.url import connect
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.snapshots import index, links
from reports_lib.snapshots.links import Access, Views, count, make, open_link, open_to, revoke

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OLENA = Visitor("olena", Role.ANALYST, "holding", frozenset({"holding", "north"}))
PETRO = Visitor("petro", Role.VIEWER, "south", frozenset({"south"}))
HEAD = Visitor("head", Role.VIEWER)  # of the whole group
REFUSAL = "this link is unknown or no longer valid"


@pytest.fixture
def snapshot_id(session, sealed) -> str:
    index.insert(session, sealed)
    return sealed.id


@pytest.fixture
def link(session, snapshot_id):
    """`link(…)`: token of a link with that access."""
    return lambda **access: make(session, snapshot_id, by="olena", at=NOON, access=Access(**access))


def is_let_in(session, token, viewer=OLENA, now=NOON) -> bool:
    try:
        return bool(open_link(session, token, now, viewer))
    except UnknownNameError as error:
        assert str(error) == REFUSAL  # noqa: PT017
        return False


def test_a_token_is_128_random_bits(link):  # T-68
    tokens = {link() for _ in range(200)}
    assert len(tokens) == 200
    assert {len(base64.urlsafe_b64decode(token + "==")) for token in tokens} == {16}


def test_a_token_says_nothing_of_the_snapshot(session, snapshot_id, link):  # T3
    token = link()
    assert open_link(session, token, NOON, OLENA) == snapshot_id
    assert token not in snapshot_id


@pytest.mark.parametrize(
    ("access", "let_in"),
    [
        ({}, {OLENA, PETRO, HEAD}),  # JD-72: any signed-in user, of any company
        ({"audience": Audience.PUBLIC}, {OLENA, PETRO, HEAD, NOBODY}),
        ({"audience": Audience.COMPANY, "company": "north"}, {OLENA, HEAD}),
        ({"audience": Audience.COMPANY, "company": "nort"}, {HEAD}),
        ({"audience": Audience.NAMED, "readers": ["petro", "ann"]}, {PETRO}),
        ({"audience": Audience.NAMED, "readers": ["Petro", "pet%"]}, set()),
    ],
)
def test_an_audience_lets_in_whom_it_names(session, snapshot_id, link, access, let_in):
    token = link(**access)
    everybody = (OLENA, PETRO, HEAD, NOBODY)
    assert {viewer for viewer in everybody if is_let_in(session, token, viewer)} == let_in
    # lists ask the database the same
    assert {viewer for viewer in everybody if open_to(session, [snapshot_id], NOON, viewer)} == let_in


@pytest.mark.parametrize(
    "access",
    [
        {"audience": Audience.COMPANY},
        {"audience": Audience.NAMED},
        {"company": "north"},
        {"audience": Audience.PUBLIC, "readers": ["petro"]},
    ],
)
def test_an_audience_that_names_nobody_or_too_many_is_refused(access):
    with pytest.raises(ParameterError):
        Access(**access)


def test_it_ends_at_its_expiry(session, snapshot_id, link):
    token = link(expires_at=NOON + timedelta(days=30))
    moments = [NOON, NOON + timedelta(days=30, microseconds=-1), NOON + timedelta(days=30), NOON + timedelta(days=31)]
    assert [is_let_in(session, token, now=now) for now in moments] == [True, True, False, False]
    assert [bool(open_to(session, [snapshot_id], now, OLENA)) for now in moments] == [True, True, False, False]


def test_it_ends_when_it_is_revoked(session, snapshot_id, link):
    token = link()
    assert is_let_in(session, token)
    revoke(session, token, NOON)
    assert not is_let_in(session, token)
    assert open_to(session, [snapshot_id], NOON, HEAD) == {}
    revoke(session, token, NOON + timedelta(days=1))
    session.expire_all()
    assert session.get(Link, token).revoked_at == NOON


def test_unknown_expired_revoked_and_not_for_you_are_refused_alike(session, link):  # T-68, T3
    # the very same statement and the very same words: neither text nor time tells them apart
    revoked = link()
    revoke(session, revoked, NOON)
    tokens = [
        "A" * 22,
        revoked,
        link(expires_at=NOON),
        link(audience=Audience.NAMED, readers=["petro"]),
        link(audience=Audience.COMPANY, company="south"),
    ]
    session.flush()
    seen = []

    @event.listens_for(session.get_bind(), "before_cursor_execute")
    def remember(_con, _cursor, statement, *_):
        seen.append(statement)

    try:
        for token in tokens:
            with pytest.raises(UnknownNameError) as refused:
                open_link(session, token, NOON, OLENA)
            assert str(refused.value) == REFUSAL
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", remember)
    assert len(seen) == len(tokens)
    assert len(set(seen)) == 1


@pytest.mark.parametrize(
    "token",
    ["", "..", "../../etc/passwd", "A" * 21, "A" * 23, "A" * 22 + "\n", "%" * 22, "\0" * 22, "Ж" * 22, "x" * 9_999],
)
def test_what_is_no_token_is_refused_alike(session, token):  # T10
    assert not is_let_in(session, token)
    with pytest.raises(UnknownNameError):
        revoke(session, token, NOON)


def test_views_of_many_links_are_added_in_one_statement(session, snapshot_id, link):
    one, other, unseen = link(), link(), link()
    count(session, {one: Views(3, NOON), other: Views(1, NOON), "A" * 22: Views(7, NOON)})
    count(session, {one: Views(2, NOON - timedelta(hours=1))})  # another process, which is late
    session.expire_all()
    counted = {found.token: (found.views, found.viewed_at) for found in links.links_of(session, snapshot_id)}
    assert counted == {one: (5, NOON), other: (1, NOON), unseen: (0, None)}


def test_a_list_shows_every_link_in_the_order_they_were_made(session, snapshot_id):
    tokens = [
        make(session, snapshot_id, by="olena", at=NOON + timedelta(hours=hours), access=Access(Audience.PUBLIC))
        for hours in (2, 1)
    ]
    revoke(session, tokens[0], NOON)
    assert [found.token for found in links.links_of(session, snapshot_id)] == tokens[::-1]


def test_processes_that_count_at_once_neither_lose_a_view_nor_wait_for_each_other(database, session, sealed):
    index.insert(session, sealed)
    tokens = [make(session, sealed.id, by="olena", at=NOON) for _ in range(20)]
    session.commit()

    def write(number):
        order = tokens if number % 2 else tokens[::-1]
        for _ in range(10):
            with Session(database) as own, own.begin():
                count(own, {token: Views(1, NOON) for token in order})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    session.expire_all()
    assert {found.views for found in links.links_of(session, sealed.id)} == {80}


@pytest.mark.parametrize(
    ("changes", "is_news"),
    [
        ("update link set revoked_at = now()", True),
        ("update link set audience = 'public'", True),
        ("update link set expires_at = now()", True),
        ("delete from link", True),
        ("update snapshot set deleted_at = now(), deleted_by = 'x'", True),
        ("update account set disabled_at = now()", True),
        ("update account set company = '7'", True),
        ("delete from sign_in", True),
        ("update link set views = 7, viewed_at = now()", False),
        ("update sign_in set seen_at = now()", False),
        ("delete from link where token = 'none'", False),
    ],
)
def test_a_change_of_who_may_see_what_is_told(database, session, sealed, changes, is_news):
    index.insert(session, sealed)
    make(session, sealed.id, by="olena", at=NOON)
    session.execute(text("delete from account"))
    user = Account(name="ann", role="viewer", password_hash="", password_at=NOON, made_at=NOON)
    session.add(user)
    session.flush()
    session.add(SignIn(id="x", account_id=user.id, made_at=NOON, seen_at=NOON, expires_at=NOON))
    session.commit()
    with connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False)) as ear:
        ear.execute(f"listen {ACCESS}")
        session.execute(text(changes))
        session.commit()
        assert bool(list(ear.notifies(timeout=0.05))) == is_news
    session.execute(text("delete from sign_in"))
    session.execute(text("delete from account"))
    session.commit()


def test_access_is_for_any_user_and_for_ever_by_default():
    assert Access() == replace(Access(), audience=Audience.ANY_USER, expires_at=None)
