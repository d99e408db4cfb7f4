"""Operators in dialogues: who wrote, whose are open, which were passed by (M-36 … M-38)."""

import os
from datetime import datetime, timedelta

from bills import NOW, Held
from chatting import Asked, asked
from desks import Desks, assigned, desks, dialogue, of_group, said, utc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports_lib.metrics.operators import operators
from reports_lib.values.interval import Interval

EXAMPLES = int(os.environ.get("DAYBOOK_TEST_EXAMPLES", "8"))
NAMES = [{"operator_id": 1, "name": "Ann"}, {"operator_id": 2, "name": "Bob"}]


def figures(found):
    return {row["operator_id"]: (row["written"], row["active"], row["skipped"]) for row in found.rows}


def test_a_dialogue_of_two_operators_counts_for_both_and_once_in_all(held):  # TW-103, T-45, M-36
    words = [
        said(1, 1, "2026-10-05 10:00"),
        said(1, 1, "2026-10-05 10:01"),
        said(1, 2, "2026-10-05 10:02"),
        said(1, None, "2026-10-05 10:03", "bot"),
        said(1, 2, "2026-10-05 10:04", "system"),
        said(2, 2, "2026-10-05 10:05"),
        said(2, 3, "2026-10-05 10:06", "user"),
        said(3, None, "2026-10-05 10:07"),  # nobody knows who
    ]
    sessions = [dialogue(n, "2026-10-05") for n in (1, 2, 3)]
    found = operators(held(desks(chat_session=sessions, chat_message=words, operator=NAMES)), asked())
    assert [(row["operator"], row["written"]) for row in found.rows] == [("Bob", 2), ("Ann", 1)]
    assert found.total == {"written": 2, "active": 0, "skipped": 0}


def test_words_count_by_their_own_time(held):  # T-46, T-01, T-05
    sessions = [dialogue(1, "2026-10-04 20:00"), dialogue(2, "2026-10-05 20:00")]
    words = [said(1, 1, "2026-10-05 00:00"), said(2, 2, "2026-10-05 23:59:59.999999"), said(2, 3, "2026-10-06")]
    books = held(desks(chat_session=sessions, chat_message=words))
    assert set(figures(operators(books, asked("2026-10-05/2026-10-05")))) == {1, 2}
    assert set(figures(operators(books, asked("2026-10-05/2026-10-05", "Europe/Kyiv")))) == {1}


GIVEN = [
    assigned(1, 1, "2026-10-05 10:00"),  # still open
    assigned(2, 1, "2026-10-05 10:00", "2026-10-05 11:00"),  # nothing was said
    assigned(3, 1, "2026-10-05 10:00", "2026-10-05 11:00"),  # answered as it ended
    assigned(4, 1, "2026-10-05 10:00", "2026-10-05 11:00"),  # another one answered, he did before
    assigned(5, 1, "2026-10-05 10:00", "2026-11-03 12:00"),  # ends at as-of: open
    assigned(6, 1, "2026-10-05 10:00"),  # ended with its dialogue
    assigned(7, 1, "2026-10-05 10:00", "2026-10-31 23:00"),
    assigned(7, 1, "2026-10-31 23:30", "2026-11-01 00:00"),  # open where the period ends, and passed by since
]
SAID = [
    said(3, 1, "2026-10-05 11:00"),
    said(4, 2, "2026-10-05 10:30"),
    said(4, 1, "2026-10-05 09:59:59.999999"),
    said(5, 2, "2026-10-05 10:30"),
]
SESSIONS = [dialogue(n, "2026-10-01", "2026-10-20" if n == 6 else None) for n in range(1, 8)]


def test_what_ended_without_a_word_was_skipped_what_lasts_is_active(held):  # T-48, TW-104, TW-105, M-37, M-38
    books = held(desks(chat_session=SESSIONS, chat_assignment=GIVEN, chat_message=SAID))
    found = operators(books, asked())
    assert figures(found)[1] == (2, 3, 5)  # open: 1, 5, 7; passed by: 2, 4, 6 and 7 twice
    assert f"{found.at:%Y-%m-%d %H:%M}" == "2026-11-01 00:00"
    later = operators(books, asked("2026-11-01/2026-11-30"))
    assert figures(later) == {1: (0, 2, 0)}  # stocks are carried: 1 and 5
    assert later.at == NOW
    assert figures(operators(held(desks(chat_session=SESSIONS, chat_assignment=GIVEN), NOW), asked()))[1] == (0, 3, 6)


def test_only_what_the_chosen_did_and_in_a_group_only_its_members(held):  # M-32, TW-67, TW-84
    members = [of_group(7, 1, until="2026-10-05 10:30"), of_group(7, 2, "2026-10-05 10:30", "2026-10-05 10:31")]
    tables = desks(
        chat_session=SESSIONS, chat_assignment=GIVEN, chat_message=SAID, operator=NAMES, operator_group_member=members
    )
    books = held(tables)
    assert figures(operators(books, asked(group=["7"]))) == {1: (1, 2, 4), 2: (2, 0, 0)}
    assert figures(operators(books, asked(operator=["2", "9"]))) == {2: (2, 0, 0), 9: (0, 0, 0)}
    assert [row["operator"] for row in operators(books, asked(operator=["2", "9"])).rows] == ["Bob", "operator 9"]
    assert operators(books, asked(group=["8"])).rows == []


FILTERS = [  # few sets of them, for each is compiled anew
    {},
    {"operator": ["1", "3"], "group": ["7", "8"]},
    {"group": ["7"], "with_customer_messages": True},
    {"chat": ["1"], "messenger": ["web"], "bot": ["2"]},
]


@st.composite
def worlds(draw):
    """Dialogues, words and assignments of three days, with moments that often coincide."""
    first = datetime(2026, 10, 1)
    hours = st.integers(0, 36).map(lambda n: first + timedelta(hours=2 * n))
    moments = st.one_of(hours, hours, hours.map(lambda when: when - timedelta(microseconds=1)))
    session, operator = st.integers(1, 4), st.integers(1, 3)
    sessions = [
        dialogue(n, "2026-10-01") | {
            "closed_at": draw(st.none() | moments),
            "chat_id": draw(st.integers(1, 2)), "bot_id": draw(st.none() | st.integers(1, 2)),
        }
        for n in range(1, 5)
    ]  # fmt: skip
    word = st.fixed_dictionaries(
        {"session_id": session, "operator_id": operator, "sent_at": moments,
         "sender": st.sampled_from(["operator", "operator", "user", "bot"])}
    )  # fmt: skip
    given = st.tuples(session, operator, moments, st.none() | st.integers(0, 9))
    assignments = [
        {
            "assignment_id": n, "session_id": one, "operator_id": who, "assigned_at": since,
            "released_at": None if length is None else since + timedelta(hours=length),
        }
        for n, (one, who, since, length) in enumerate(draw(st.lists(given, max_size=8)), 1)
    ]  # fmt: skip
    members = [
        {"group_id": group, "operator_id": who, "from_at": since, "to_at": until}
        for (group, who), (since, until) in draw(
            st.dictionaries(
                st.tuples(st.integers(7, 8), operator), st.tuples(st.none() | moments, st.none() | moments), max_size=4
            )
        ).items()
    ]
    start, end = sorted(draw(st.lists(hours, min_size=2, max_size=2, unique=True)))
    question = Asked(
        Interval(utc(start), utc(end), asked().interval.zone),
        utc(draw(moments.filter(lambda when: when > start))),
        **draw(st.sampled_from(FILTERS)),
    )
    chats = [{"chat_id": 1, "messenger": "web"}, {"chat_id": 2, "messenger": "viber"}]
    tables = desks(
        chat=chats,
        chat_session=sessions,
        chat_message=draw(st.lists(word, max_size=10)),
        chat_assignment=assignments,
        operator_group_member=members,
    )
    return tables, question


def compare(warehouse, tables, question):
    found, plain = operators(warehouse, question), Desks(tables, question).figures()
    rows = {
        who: tuple(sum(pair[0] == who for pair in plain[name]) for name in ("written", "active", "skipped"))
        for who in {pair[0] for pairs in plain.values() for pair in pairs} | {int(each) for each in question.operator}
    }
    assert figures(found) == rows
    assert found.total == {name: len({thing for _, thing in pairs}) for name, pairs in plain.items()}


def test_figures_equal_plain_python(arrow):  # T-48, T-46
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def check(world):
        tables, question = world
        compare(Held(tables, question.as_of, arrow), tables, question)

    check()


def test_figures_on_both_engines(warehouse_of):  # T-74
    members = [of_group(7, 1, until="2026-10-05 10:30"), of_group(7, 2, "2026-10-05 10:30")]
    tables = desks(
        chat=[{"chat_id": 1, "messenger": "web"}],
        chat_session=[row | {"bot_id": row["session_id"] % 2} for row in SESSIONS],
        chat_assignment=[row | {"assignment_id": n} for n, row in enumerate(GIVEN, 1)],
        chat_message=[*SAID, said(3, None, "2026-10-05 10:00", "user")],
        operator_group_member=members,
    )
    warehouse = warehouse_of(tables, NOW)
    for question in (
        asked(),
        asked("2026-10-05T10:00:00/2026-10-05T10:00:00", "America/Santiago", operator=["1"]),
        asked("2026-10-05/2027-01-01", group=["7"], bot=["1"], messenger=["web"], chat=["1"]),
        asked(operator=["2"], group=["7"], with_customer_messages=True),
    ):
        compare(warehouse, tables, question)
