"""Links: who may look, until when, and what everyone else learns (JD-71, JD-72, Q-11)."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from reports_lib.database.schema import Audience, Link
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.snapshots import index, links
from reports_lib.snapshots.links import Access, Viewer, make, open_link, revoke

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OLENA = Viewer("olena", frozenset({"holding", "north"}))
PETRO = Viewer("petro", frozenset({"south"}))
NOBODY = Viewer()
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
        ({}, {OLENA, PETRO}),  # JD-72: any signed-in user, of any company
        ({"audience": Audience.PUBLIC}, {OLENA, PETRO, NOBODY}),
        ({"audience": Audience.COMPANY, "company": "north"}, {OLENA}),
        ({"audience": Audience.COMPANY, "company": "nort"}, set()),
        ({"audience": Audience.NAMED, "readers": ["petro", "ann"]}, {PETRO}),
        ({"audience": Audience.NAMED, "readers": ["Petro", "pet%"]}, set()),
    ],
)
def test_an_audience_lets_in_whom_it_names(session, link, access, let_in):
    token = link(**access)
    assert {viewer for viewer in (OLENA, PETRO, NOBODY) if is_let_in(session, token, viewer)} == let_in


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


def test_it_ends_at_its_expiry(session, link):
    token = link(expires_at=NOON + timedelta(days=30))
    moments = [NOON, NOON + timedelta(days=30, microseconds=-1), NOON + timedelta(days=30), NOON + timedelta(days=31)]
    assert [is_let_in(session, token, now=now) for now in moments] == [True, True, False, False]


def test_it_ends_when_it_is_revoked(session, link):
    token = link()
    assert is_let_in(session, token)
    revoke(session, token, NOON)
    assert not is_let_in(session, token)
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


def test_views_are_counted_and_refusals_are_not(session, snapshot_id, link):
    token = link(expires_at=NOON + timedelta(days=1))
    for hours in (1, 2, 3, 24, 25):
        is_let_in(session, token, now=NOON + timedelta(hours=hours))
    is_let_in(session, token, NOBODY)
    (found,) = links.links_of(session, snapshot_id)
    session.refresh(found)
    assert (found.views, found.viewed_at) == (3, NOON + timedelta(hours=3))


def test_a_list_shows_every_link_in_the_order_they_were_made(session, snapshot_id):
    tokens = [
        make(session, snapshot_id, by="olena", at=NOON + timedelta(hours=hours), access=Access(Audience.PUBLIC))
        for hours in (2, 1)
    ]
    revoke(session, tokens[0], NOON)
    assert [found.token for found in links.links_of(session, snapshot_id)] == tokens[::-1]


def test_two_viewers_at_once_are_two_views(database, session, sealed):
    from threading import Thread

    from sqlalchemy.orm import Session

    index.insert(session, sealed)
    token = make(session, sealed.id, by="olena", at=NOON)
    session.commit()

    def look():
        with Session(database) as own, own.begin():
            open_link(own, token, NOON, OLENA)

    threads = [Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.get(Link, token, populate_existing=True).views == 8


def test_access_is_for_any_user_and_for_ever_by_default():
    assert Access() == replace(Access(), audience=Audience.ANY_USER, expires_at=None)
