"""Popular phrases: what is one phrase, which are shown, and what is never shown (M-35, TW-101, TW-102, Q-25)."""

from datetime import UTC

import pytest
from books import at
from chatting import EMPTY, asked, said, session

from reports_lib.metrics.phrases import LONGEST, phrase, phrases, popular


def talk(*messages):
    return EMPTY | {"chat": [], "chat_session": [session(1, "2026-10-01")], "chat_message": list(messages)}


def shown(rows):
    return [(row["phrase"], row["messages"]) for row in rows]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  Where  is\tmy order?!", "where is my order"),
        ("Hello !", "hello"),
        ("\uff28\uff45\uff4c\uff4c\uff4f\u3000\uff01", "hello"),  # full width: NFKC
        ("cafe\u0301", "caf\u00e9"),
        ("STRASSE", "strasse"),
        ("Stra\u00dfe", "strasse"),
        ("Дякую…", "дякую"),
        ("?!…", ""),
        ("(!)", ""),
        ("press «Balance».", "press «balance»"),
        ('say "yes"!', 'say "yes"'),
        ("thanks :)", "thanks"),
        (" \n", ""),
        ("thanks 👍", "thanks 👍"),
        ("Order 1234", "order 1234"),
        ("Order 12345.", "order [number]"),
        ("call +380 (44) 123-45-67 please", "call +[number] please"),
        ("4111 1111 1111 1111", "[number]"),
        ("１２３４５", "[number]"),
        ("write to Ann.Smith@Example.co.uk!", "write to [e-mail]"),
        ("ann＠example.com", "[e-mail]"),
    ],
)
def test_what_a_text_comes_to(text, plain):
    assert phrase(text) == plain


def test_the_twenty_most_said_twice_at_least_and_of_equals_by_the_alphabet():
    counted = [(f"Phrase {number:02}", 5) for number in range(30)] + [("often", 9), ("once", 1)]
    rows = shown(popular(reversed(counted)))
    assert rows == [("often", 9)] + [(f"phrase {number:02}", 5) for number in range(19)]
    assert shown(popular([("Hi!", 1), ("hi", 1), ("Bye", 1), ("???", 7)])) == [("hi", 2)]
    (row,) = popular([("a" * 500, 2)])
    assert len(row["phrase"]) == LONGEST + 1


def test_phrases_of_users_and_robots_apart(held):  # M-35, M-34
    tables = talk(
        *[said(1, "2026-10-02", "user", text) for text in ("Hi", "hi!", "My code is 123456", "my code is 98765!", "x")],
        *[said(1, "2026-10-02", "user", None, has_attachment=True)] * 3,
        *[said(1, "2026-10-02", sender, "Hello") for sender in ("bot", "bot", "operator", "system", "user")],
        said(1, "2026-09-30 23:59:59.999999", "user", "x"),  # before the period
        said(1, "2026-11-01", "user", "x"),  # after it
    )
    found = phrases(held(tables), asked())
    assert shown(found.user) == [("hi", 2), ("my code is [number]", 2)]
    assert shown(found.bot) == [("hello", 2)]
    assert found.note == ""
    assert shown(phrases(held(tables), asked("2026-07-01/2026-07-31")).user) == []  # T-11


def test_filters_narrow_whose_phrases_are_read(held):  # M-32
    tables = talk(*[said(of, "2026-10-02", "user", "Hi") for of in (1, 1, 2)])
    tables["chat_session"] = [session(1, "2026-10-01", 1), session(2, "2026-10-01", 2)]
    assert shown(phrases(held(tables), asked(chat=["1"])).user) == [("hi", 2)]


def test_of_too_many_texts_the_rarest_are_left_out_and_it_says_so(held):
    texts = ["often"] * 5 + ["seldom"] * 3 + ["a"] * 2 + ["b"] * 2 + [f"mail {n}@x.com" for n in range(4)]
    tables = talk(*[said(1, "2026-10-02", "user", text) for text in texts])
    found = phrases(held(tables), asked(), most_texts=4)  # addresses are one text before they are counted
    assert shown(found.user) == [("often", 5), ("mail [e-mail]", 4), ("seldom", 3)]
    assert found.left_out == 2
    assert "2 times or less" in found.note
    assert phrases(held(tables), asked(), most_texts=5).left_out == 0
    none = phrases(held(talk(*[said(1, "2026-10-02", "user", f"word {n}") for n in "abc"])), asked(), most_texts=2)
    assert (none.user, none.left_out) == ([], 1)


def test_as_of_ends_what_is_read(held):  # G-1
    tables = talk(said(1, "2026-10-02", "user", "Hi"), said(1, "2026-10-03", "user", "Hi"))
    early = at("2026-10-03").replace(tzinfo=UTC)
    assert phrases(held(tables, early), asked(as_of=early)).user == []
