"""One text, one address (T18)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports_lib.delivery.addresses import address, allowed, check_sendable, recipients
from reports_lib.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ann@example.com", "ann@example.com"),
        ("Ann.O'Neil+x@Example.COM", "Ann.O'Neil+x@example.com"),  # before the @ letters may count
        ("ann@localhost", "ann@localhost"),
        ("ann@müller.de", "ann@xn--mller-kva.de"),
        ("ann@faß.de", "ann@xn--fa-hia.de"),  # not fass.de, which belongs to somebody else
        ("ann@xn--mller-kva.de", "ann@xn--mller-kva.de"),
        (f"{'a' * 64}@example.com", f"{'a' * 64}@example.com"),
    ],
)
def test_an_address_is_taken_in_one_form(text, plain):
    assert address(text) == plain
    assert address(plain) == plain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "ann@b@example.com",
        "a@b.c,evil@x.y",
        "a@b.c, evil@x.y",
        "a@b.c;evil@x.y",
        "Ann <a@b.c>",
        "<a@b.c>",
        '"a b"@b.c',
        "a@b.c (Ann)",
        "team:a@b.c;",
        " a@b.c",
        "a@b.c ",
        "a b@b.c",
        "a@b.c\n",
        "a@b.c\r\nBcc: evil@x.y",
        "a\x0b@b.c",
        "a@b\x85.c",
        "a\u2028@b.c",
        "a@b.c\x00",
        "a\u00a0@b.c",
        "=?utf-8?q?evil=40x.y=2C?=@b.c",
        "änn@b.c",
        "a..b@b.c",
        ".a@b.c",
        "a.@b.c",
        "a@b..c",
        "a@.b.c",
        "a@b.c.",
        "a@-b.c",
        "a@b_c.d",
        "a@[127.0.0.1]",
        f"{'a' * 65}@b.c",
        f"a@{'b' * 64}.c",
        f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}",  # RFC 5321: 254 in all
        "a@\u2100.de",  # one letter that is three: a/c
    ],
)
def test_whatever_is_not_exactly_one_is_refused(text):  # T18
    with pytest.raises(ParameterError, match="is not one e-mail address such as") as refused:
        address(text)
    assert str(refused.value).isprintable()


@given(st.text(max_size=80) | st.from_regex(r"[a-z,; <>\"@.=?\r\n]{1,40}", fullmatch=True))
def test_what_is_taken_holds_nothing_that_separates(text):  # T18
    try:
        taken = address(text)
    except ParameterError:
        return
    assert taken.isascii()
    assert taken.count("@") == 1
    assert not set(taken) & set(' ,;:<>()[]\\"\r\n\t\x0b\x0c')


def test_domains_are_those_named_and_no_others():
    assert allowed("a@anywhere.example", ())
    assert allowed("a@example.com", ("example.com",))
    assert allowed("a@xn--mller-kva.de", ("müller.de",))
    assert not allowed("a@mail.example.com", ("example.com",))
    assert not allowed("a@notexample.com", ("example.com",))
    with pytest.raises(ParameterError, match=r"mail may not go to a@b\.example, only to example\.com"):
        recipients(["x@example.com", "a@b.example"], ("example.com",))


def test_recipients_are_each_taken_once():
    assert recipients(["b@x.example", "a@x.example", "b@X.example"]) == ("b@x.example", "a@x.example")


@pytest.mark.parametrize("formats", [["html"], []])
def test_a_report_for_the_web_alone_cannot_be_sent(formats):  # JD-30
    check_sendable(formats, [])
    check_sendable([*formats, "csv"], ["a@b.c"])
    with pytest.raises(ParameterError, match="for the web alone cannot be sent by mail: add pdf"):
        check_sendable(formats, ["a@b.c"])
