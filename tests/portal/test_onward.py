"""Where one goes on after signing in: nothing but a page of ours (T5)."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports_lib.portal.users.onward import onward

BAD = (
    "",
    " ",
    "evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "http://evil.example",
    "https:evil.example",
    "HTTPS://evil.example/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nSet-Cookie: sid=1",
    "/\x00",
    "\t//evil.example",
    " //evil.example",
    " /runs",
    "/runs\x7f",
    "/a b",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/%2e%2e//evil.example",
    "/x/..//evil.example",
    "/\u2215evil.example",
    "/\uff0fevil.example",
    "?next=/",
    "#x",
    "./runs",
    "runs",
    "@evil.example",
    "/sign-in",
    "/sign-in?next=/sign-in",
    "/sign-out",
    "/language",
    "/api/v1/runs",
    "/" + "x" * 3000,
)
GOOD = (
    "/",
    "/runs/7",
    "/view?id=dctKDmDRmXLDQ19HojMk_Q",
    "/view?id=x&as=html#top",
    "/?state=error&q=a%20b&since=2026-11-01",
    "/ask/customer_dynamics?interval=last%2012%20months",
    "/?q=http://example.com",
)


@pytest.mark.parametrize("asked", BAD)
def test_what_is_no_page_of_ours_is_the_list(asked):
    assert onward(asked) == "/"


@pytest.mark.parametrize("asked", GOOD)
def test_a_page_of_ours_is_gone_on_to(asked):
    assert onward(asked) == asked


@given(st.text() | st.text(alphabet="/\\:.?#@%2f5c evil\t\r\n", max_size=12).map(lambda text: f"/{text}"))
def test_whatever_is_asked_one_stays_here(asked):
    url = urlsplit(urljoin("https://reports.example.com/sign-in", onward(asked)))
    assert (url.scheme, url.netloc) == ("https", "reports.example.com")
