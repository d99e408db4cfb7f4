"""What mails say, and that nothing in them says more than was meant."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from email.policy import SMTP

import nbformat.v4 as nb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports_lib.database.schema import Run
from reports_lib.delivery.failure import Refusal, failure, undelivered
from reports_lib.delivery.letter import Letter
from reports_lib.delivery.message import message
from reports_lib.delivery.report import BODY, encoded, report
from reports_lib.display import Column, Grid, Tile, Tiles
from reports_lib.errors import CorruptSnapshotError
from reports_lib.snapshots.manifest import FileRef
from tests.delivery.conftest import MADE, read
from tests.rendering.sample import cell

LINK = "https://reports.example.com/view?id=abcdefghijklmnopqrstuv"
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
ALL = ("html", "pdf", "csv", "xlsx", "xls")


def plain_rows():
    """A report whose main table has no total, and names from the data that want to be more than names."""
    names = ["<script>alert(1)</script>", "شركة الأمل", "A\u202eevil", "Łódź & Söhne", "", "f", "g"]
    rows = [
        {"name": name, "on": date(2026, 1, 31), "share": Decimal(number), "paid": Decimal("1234.5"), "none": None}
        for number, name in enumerate(names)
    ]
    columns = [
        Column("name", "Company"),
        Column("on", "Day", "date"),
        Column("share", "Share", "percent"),
        Column("none", "Refund", "money"),
        Column("paid", "Paid", "money"),
    ]
    return nb.new_notebook(cells=[cell(Grid("Best <b>customers</b>", rows, columns))])


def times_only():
    grid = Grid(
        "Log", [{"at": datetime(2026, 1, 2, 3, 4), "what": "x"}], [Column("at", "At", "time"), Column("what", "What")]
    )
    return nb.new_notebook(cells=[cell(Tiles([Tile("One", 1)])), cell(grid)])


def no_rows():
    return nb.new_notebook(cells=[cell(Grid("Nobody", [], [Column("name", "Name"), Column("qty", "Qty", "quantity")]))])


def no_table():
    return nb.new_notebook(cells=[nb.new_markdown_cell("# Words")])


def letter(bureau, which="total", asked=ALL, limit=20_000_000, **said):
    return report(bureau.store, bureau.sealed(which, **said), asked, LINK, limit)


def mail(letter, recipient="bob@example.org"):
    return message(
        letter, sender="reports@example.com", recipient=recipient, message_id="1@example.com", written_at=MADE
    )


def raw_headers(data: bytes) -> list[str]:
    """Names at the beginnings of lines, as any mail server reads them."""
    head = data.split(b"\r\n\r\n")[0]
    assert b"\n" not in head.replace(b"\r\n", b"")
    return [line.split(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]


def test_a_report_comes_with_figures_link_and_files(bureau):
    data = mail(letter(bureau)).as_bytes()
    got = read(data)
    assert got["Subject"] == "Customer dynamics: 2025-11-01 to 2026-10-31"
    assert (got["From"], got["To"]) == ("Daybook <reports@example.com>", "bob@example.org")
    assert (got["Message-ID"], got["Auto-Submitted"]) == ("<1@example.com>", "auto-generated")
    assert got["Date"].datetime == MADE
    assert raw_headers(data) == HEADERS
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    files = {part.get_filename(): part for part in got.iter_attachments()}
    stem = "customer_dynamics_2025-11-01_2026-10-31"
    assert set(files) == {f"{stem}.{form}" for form in ("pdf", "csv", "xlsx", "xls")}  # never the page
    assert files[f"{stem}.pdf"].get_content()[:5] == b"%PDF-"
    assert files[f"{stem}.csv"].get_content().startswith("\ufeffMonth")
    for body in (got.get_body(("plain",)).get_content(), got.get_body(("html",)).get_content()):
        for text in ("2,104", "+3.2 %", "482,319.55", "Customer dynamics: total", "Clients – Overall Active", LINK):
            assert text in body
        assert "2025-11-01 to 2026-10-31, Europe/Kyiv, USD" in body
        assert "2026-11-02 11:30:00 Europe/Kyiv" in body
        assert "Secretname" not in body  # JD-75


def test_both_bodies_hold_the_same_figures(bureau):
    got = letter(bureau)
    figures = [line.split(": ", 1)[1] for line in got.text.splitlines() if line.startswith("  ")]
    assert len(figures) == 21
    assert all(f"<bdi>{figure}</bdi>" in got.html for figure in figures)


def test_the_html_leads_nowhere_but_to_the_report(bureau):
    page = letter(bureau, limit=BODY).html
    assert {part.split('"')[0] for part in page.split('href="')[1:]} == {
        LINK,
        *(f"{LINK}&amp;as={form}" for form in ("pdf", "csv", "xlsx", "xls")),
    }
    for word in ("<img", "<script", "src=", "url(", "@import", "<link", "<form"):
        assert word not in page


def test_without_a_total_the_first_rows_are_shown(bureau):
    got = letter(bureau, plain_rows)
    assert "&lt;script&gt;" in got.html
    assert "<script" not in got.html
    assert "Best &lt;b&gt;customers&lt;/b&gt;: first rows" in got.html
    assert "Company | Share | Refund" in got.text
    assert "شركة الأمل | 1.00 % | —" in got.text
    assert "A evil | 2.00 %" in got.text  # T22: nothing turns the line round
    assert got.text.count(" % | ") == 5
    assert "2 more rows in the report." in got.text


def test_what_is_personal_stays_behind_the_link(bureau):  # nobody can take a mail back
    sealed = bureau.sealed(plain_rows)
    kept = replace(sealed, retained_until=MADE)
    got, other = (report(bureau.store, each, ALL, LINK, 20_000_000) for each in (kept, sealed))
    assert (len(got.files), len(other.files)) == (0, 4)
    assert "With personal data, so behind its link:" in got.text
    assert f"{LINK}&as=csv" in got.text
    for name in ("Łódź", "evil"):
        assert name in other.text
        assert name not in got.text + got.html


@pytest.mark.parametrize(
    ("which", "text"),
    [
        (times_only, "2026-01-02 03:04 | x"),
        (no_rows, "No data for these parameters."),
        (no_table, "Attached: "),
    ],
)
def test_any_report_makes_a_letter(bureau, which, text):
    assert text in letter(bureau, which).text


def test_what_does_not_fit_stays_behind_the_link(bureau):
    manifest = bureau.sealed()
    sizes = {key: encoded(ref.bytes) for key, ref in manifest.files.items() if key in ALL[1:]}
    largest = max(sizes, key=sizes.get)
    limit = BODY + sum(sizes.values()) - 1
    got = report(bureau.store, manifest, ALL, LINK, limit)
    assert len(got.files) == 3
    assert manifest.files[largest].filename not in [file.filename for file in got.files]
    assert f"{largest.upper()} (" in got.text.split("Too large for a mail, so behind its link:")[1]
    assert f"{LINK}&as={largest}" in got.text
    assert len(mail(got).as_bytes()) <= limit
    assert len(report(bureau.store, manifest, ALL, LINK, limit + 1).files) == 4
    assert report(bureau.store, manifest, ALL, LINK, 0).files == ()


def test_a_corrupt_file_makes_no_letter(bureau):
    manifest = bureau.sealed(title="Rotten")
    path = bureau.store.path(manifest.files["csv"].name)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(good[:-1] + b"9")
    try:
        with pytest.raises(CorruptSnapshotError, match="no longer matches its name"):
            report(bureau.store, manifest, ["csv"], LINK, 10**7)
    finally:
        path.write_bytes(good)


@given(st.text(max_size=300) | st.text(st.sampled_from("=?utf-8qbQB_ \r\n\t:0AaD\x0b\x85\u2028é\ud800"), max_size=120))
@example("=?utf-8?q?Hi=0D=0ABcc:_evil@x.example?=")  # CVE-2024-6923: Python decodes it, and writes what it decoded
@example("a =?utf-8?b?DQpCY2M6IGV2aWxAeC5leGFtcGxl?= b")
@example("x\r\nBcc: evil@x.example")
@example("x\nBcc: evil@x.example\n\nbody")
@example("é" * 300)
@example("word " * 60)
@example("\u202egnp.exe")
@example("0000000000000¡¡¡¡¡ੜ𐀀𐀀𐀀𐀀 ¡ ¡")
def test_no_title_writes_a_header(title):  # T18
    sent = Letter.of("failure", title, words(title)), "bob@example.org"
    data = mail(*sent).as_bytes()
    assert raw_headers(data) == HEADERS
    got = read(data)
    assert got["To"] == "bob@example.org"
    assert got["Bcc"] is None
    # Python loses a blank now and then where it folds a long line of letters that are not ASCII
    assert "".join(got["Subject"].split()) == "".join(sent[0].subject.split())
    assert got.get_body(("plain",)).get_content().replace("\r\n", "\n").count("You get this mail as the owner") == 1


def words(title):
    said = {"title": title.encode(errors="replace").decode(), "summary": "", "facts": {}, "refusals": (), "advice": ""}
    return said | {"commands": (), "link": LINK}


@pytest.mark.parametrize("local", ["a" * 64, "o'neil", "a=b", "a?b", "x!y%z", "-rf", "#"])
def test_the_one_recipient_is_named_and_nobody_else(bureau, local):
    domain = ".".join(["b" * 60] * 3)
    got = read(mail(letter(bureau, asked=["csv"]), f"{local}@{domain}").as_bytes(policy=SMTP))
    ((only),) = got["To"].addresses
    assert only.addr_spec == f"{local}@{domain}"


@pytest.mark.parametrize(
    "name", ['a".pdf', "a\r\nX: y.pdf", "../a.pdf", "a/b.pdf", "ä.pdf", "a;b.pdf", "\u202efdp.exe"]
)
def test_files_of_a_snapshot_cannot_have_hostile_names(name):  # T18: so none gets into a mail
    with pytest.raises(ValueError, match="not a file of a snapshot"):
        FileRef("0" * 64 + ".pdf", 1, "application/pdf", name)


def test_an_owner_is_told_what_failed_and_nothing_of_the_data():
    run = Run(
        id=12,
        family="customer_dynamics",
        set_name="last-month",
        asked={"client_tags": "VIP Schmidt"},
        recipients=["customer@example.org"],
        entry="monthly",
        attempt=2,
        state="error",
        step="The table",
        error="postgresql://reader:hunter2@db/books went away\nTraceback",
        error_class="WarehouseError",
    )
    got = failure(run, 2, "https://reports.example.com")
    assert got.subject == "Failed: customer_dynamics, last-month (run 12)"
    for body in (got.text, got.html):
        for text in (
            "The table",
            "postgresql://…@db/books went away Traceback",
            "daybook retry 12",
            "/runs/12",
            "monthly",
        ):
            assert text in body
        for text in ("hunter2", "reader", "Schmidt", "customer@example.org"):
            assert text not in body
    assert got.files == ()


def test_a_failure_that_was_mended_meanwhile_says_so():
    run = Run(id=12, family="f", set_name=None, recipients=[], attempt=3, state="generated", error=None)
    got = failure(run, 2, "https://reports.example.com")
    assert "tried again; it is now generated" in got.text


def test_an_owner_is_told_who_did_not_get_the_report():
    run = Run(id=12, family="f", set_name=None, recipients=["a@x.example", "b@x.example"], attempt=1)
    got = undelivered(run, [Refusal("b@x.example", "550 <no> such user")], "https://reports.example.com")
    assert "1 of 2 recipients did not get it by mail" in got.text
    assert "b@x.example: 550 <no> such user" in got.text
    assert "550 &lt;no&gt; such user" in got.html
    assert "a@x.example" not in got.text
