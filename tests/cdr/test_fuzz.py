"""Whatever bytes there are: each line is loaded, rejected or blank, and none is lost (T-20)."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest.limits import Limits
from tests.cdr.lines import asterisk, cucm, freeswitch
from tests.cdr.test_declared import HEAD, LINE

SMALL = Limits(line=400, block=1024)
WHOLE = {
    "asterisk": ("", asterisk()),
    "freeswitch": ("", freeswitch(codecs=False)),
    "cucm": tuple("".join(part) for part in (cucm().splitlines(True)[:2], cucm().splitlines(True)[2:])),
    "rated": (HEAD, LINE),
}
BITS = [
    b'"',
    b'""',
    b",",
    b";",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b" ",
    b"\xff",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
    b"0",
    b"x" * 500,
]
quiet = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=WHOLE)
def made(request, declare):
    if request.param == "rated":
        from tests.cdr.test_declared import ROOT

        return declare("rated", (ROOT / "parameters/cdr/rated.yaml").read_text()), *WHOLE["rated"]
    return request.param, *WHOLE[request.param]


cuts = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3), st.sampled_from(BITS)), max_size=12)


@quiet
@given(cuts=cuts, count=st.integers(0, 6), is_gzip=st.booleans(), is_cut=st.booleans())
def test_every_line_is_accounted_for(read, made, cuts, count, is_gzip, is_cut):
    name, head, line = made
    body = (line * count).encode()
    for place, gone, bit in cuts:  # a mangled file: bits put in, bytes taken out
        at = place % (len(body) + 1)
        body = body[:at] + bit + body[at + gone :]
    if is_cut:
        body = body[:-3]
    content = head.encode() + body
    if not content:
        return
    try:
        rows, bad, report = read(name, gzip.compress(content) if is_gzip else content, SMALL)
    except IngestError:  # of the file as a whole: UTF-16, as it looks, or another file's first bytes
        assert content[:1] in (b"\xff", b"P", b"B") or content[:2] == b"\x1f\x8b"
        return
    above = head.count("\n")
    lines = content.split(b"\n")[above:]
    lines = lines[:-1] if lines[-1] == b"" else lines
    if above == 0 and lines:
        lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
    blank = [n for n, each in enumerate(lines, above + 1) if not each.strip(b" \t\r")]
    assert (report.lines, report.blank) == (len(lines), len(blank))
    numbers = [row["__line"] for row in rows] + [reject.line for reject in bad] + blank
    assert sorted(numbers) == list(range(above + 1, len(lines) + above + 1))
    assert all(reject.reason and "\n" not in reject.reason for reject in bad)


def test_an_unclosed_quote_costs_its_own_line_only(read):  # T-20, as DuckDB's reader does not
    text = asterisk(1) + asterisk(2).replace('"Dial"', '"Dial') + "".join(asterisk(n) for n in range(3, 9))
    rows, bad, report = read("asterisk", text)
    assert (len(rows), [each.line for each in bad], report.lines) == (7, [2], 8)


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (b"\0", "a NUL byte"),
        (b"\xe9", "not UTF-8 at byte"),
        (b"\r", "a carriage return in the middle of the line"),
        (b"z" * 500, "longer than 400 bytes"),
        (b'","', "19 fields instead of"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(read, spoilt, reason):
    good = asterisk(1).encode()
    rows, bad, _ = read(
        "asterisk", good + good.replace(b"Dial", b"Di" + spoilt + b"al", 1) + asterisk(3).encode(), SMALL
    )
    assert (len(rows), len(bad)) == (2, 1)
    assert reason in bad[0].reason


def test_what_windows_does_to_a_file(read):
    text = "\ufeff" + (asterisk(1) + asterisk(2)).replace("\n", "\r\n")
    assert [row["client_id"] for row in read("asterisk", text)[0]] == [100001, 100001]
    with pytest.raises(IngestError, match="UTF-16; convert it"):
        read("asterisk", text.encode("utf-16"))
