"""The pages: what is shown, what is refused, and the headers on everything."""

import csv
import re
import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from reports_lib.database.schema import State
from reports_lib.snapshots import links


def test_a_report_is_shown_in_its_frame_with_its_info(client, sealed):  # JD-68, JD-71, JD-74, JD-75, JD-76
    _, token = sealed
    page = client.get("/view", params={"id": token})
    assert page.status_code == 200
    words = re.sub(r"<[^>]+>", " ", page.text)
    for said in (
        "2025-11-01 to 2026-10-31",  # requested, JD-74
        "2025-11-01 02:03:12 to 2026-11-01 01:58:00",  # the data's own, local to the report, JD-68
        "analyst, 2026-11-02 11:30:00",
        "1.2 s",
        "Data version 17",
        "As of 2026-11-02 11:30:00",
    ):
        assert said in re.sub(r"\s+", " ", words)
    assert "Secretname" not in page.text  # the role is for everyone, the name is not


def test_what_data_says_is_never_markup(client, sealed):
    _, token = sealed
    page = client.get("/view", params={"id": token}).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>dynamics</b>" not in page


def test_the_sealed_page_is_the_stored_bytes_and_can_do_nothing(client, sealed, installation):  # JD-24, JD-73
    manifest, token = sealed
    page = client.get("/view", params={"id": token, "as": "html"})
    assert page.content == installation.store.read(manifest.files["html"].name)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy


@pytest.mark.parametrize(
    ("form", "begins", "mime"),
    [
        ("pdf", b"%PDF", "application/pdf"),
        ("csv", "\ufeffMonth".encode(), "text/csv; charset=utf-8"),
        ("xlsx", b"PK", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("xls", b"\xd0\xcf\x11\xe0", "application/vnd.ms-excel"),
    ],
)
def test_a_file_is_handed_out_with_its_name(client, sealed, form, begins, mime):  # JD-25 … JD-27, JD-58, JD-59
    # xlsx and xls were not made at the time: they are made of the snapshot's own tables, not of the warehouse (T-67)
    _, token = sealed
    answer = client.get("/view", params={"id": token, "as": form})
    assert answer.status_code == 200
    assert answer.content.startswith(begins)
    assert answer.headers["content-type"] == mime
    assert f'filename="customer_dynamics_2025-11-01_2026-10-31.{form}"' in answer.headers["content-disposition"]


def test_an_export_holds_what_is_shown(client, sealed):  # JD-60
    _, token = sealed
    text = client.get("/view", params={"id": token, "as": "csv"}).content.decode("utf-8-sig")
    exported = [[each.lstrip("'") for each in line] for line in csv.reader(text.splitlines())]
    page = client.get("/view", params={"id": token, "as": "html"}).text
    grid = page[page.index('<table class="grid') : page.index("</table>")]
    rows = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", grid, re.S)]
    shown = [[_plain(cell) for cell in row] for row in rows[2:]]  # below the two lines of the head
    assert len(shown) == 13  # twelve months and the total
    assert exported[1:] == shown


def _plain(cell: str) -> str:
    """A cell of the page as a program reads it: no marks, no grouping, a minus of the keyboard."""
    text = re.sub(r"<[^>]+>", "", cell).strip()
    return "" if text == "—" else text.replace(",", "").replace("−", "-")


@pytest.mark.parametrize("token", ["", "x", "A" * 22, "../../etc/passwd", "%00", "a" * 10_000])
def test_unknown_expired_and_revoked_links_answer_alike(client, sealed, installation, token):  # T-68
    manifest, _ = sealed
    with Session(installation.database) as session, session.begin():
        revoked = links.make(session, manifest.id, by="ann", at=datetime(2026, 1, 1, tzinfo=UTC))
        links.revoke(session, revoked, datetime(2026, 1, 2, tzinfo=UTC))
        past = links.Access(expires_at=datetime(2026, 1, 2, tzinfo=UTC))
        expired = links.make(session, manifest.id, by="ann", at=datetime(2026, 1, 1, tzinfo=UTC), access=past)
    answers = [client.get("/view", params={"id": each}) for each in (token, revoked, expired)]
    assert {a.status_code for a in answers} == {404}
    assert len({a.text for a in answers}) == 1


def test_an_unknown_format_is_told(client, sealed):
    _, token = sealed
    answer = client.get("/view", params={"id": token, "as": "docx"})
    assert answer.status_code == 404
    assert "no format named" in answer.text


def test_bytes_that_changed_are_never_served(client, sealed, installation):  # F9
    manifest, token = sealed
    path = installation.store.path(manifest.files["html"].name)
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:-1] + b"!")
    try:
        answer = client.get("/view", params={"id": token, "as": "html"})
        assert answer.status_code == 500
        assert "no longer matches its name" in answer.text
    finally:
        path.write_bytes(whole)
        path.chmod(0o444)


def test_the_list_names_reports_and_families(client, sealed):  # JD-71
    _, token = sealed
    page = client.get("/").text
    assert f"/view?id={token}" in page
    assert "last-12-months" in page


def test_the_list_says_what_became_of_runs(client, sealed, rows):
    failed = rows.add(State.ERROR, set_name="weekly", step="The <i>sums</i>", done=2, total=9, error="a <b>lot</b>")
    running = rows.add(State.GENERATING, step="Packages", done=3, total=8)
    rows.add(State.CANCELLED, error="cancelled by bob")
    page = client.get("/").text
    lines = re.findall(r'<tr role="row" class="(\w+)">(.*?)</tr>', page, re.S)
    assert [state for state, _ in lines][:3] == ["cancelled", "generating", "error"]  # the newest first
    words = {state: " ".join(re.sub(r"<[^>]+>", " ", line).split()) for state, line in lines}
    assert "Cancelled" in words["cancelled"]
    assert "Running customer_dynamics Cell 4 of 8: Packages" in words["generating"]
    assert "Failed customer_dynamics In “The &lt;i&gt;sums&lt;/i&gt;”, cell 3 of 9 a &lt;b&gt;lot" in words["error"]
    assert f'href="/runs/{failed}"' in page
    assert f'href="/runs/{running}"' in page
    assert "/view?" not in dict(lines)["error"]  # a run that failed leads to no report


def test_the_page_of_a_failed_run_says_where_and_why(client, rows, installation):
    run = rows.add(State.ERROR, step="The sums", done=2, total=9, error="'The sums' raised KeyError: <script>")
    page = client.get(f"/runs/{run}").text
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Failed" in words
    assert "In “The sums”, cell 3 of 9 &#39;The sums&#39; raised KeyError: &lt;script&gt; There is no report." in words
    assert "Currency USD, EUR" in words
    assert "Attempt 1 of 5 at most" in words
    assert "Secretname" not in page
    assert "http-equiv" not in page  # nothing will change any more
    assert "/view?" not in page
    assert "/notebook" not in page  # it left none
    assert client.get(f"/runs/{run}/notebook").status_code == 404


def test_the_notebook_as_far_as_it_came_is_handed_out(client, rows, installation):
    run = rows.add(State.ERROR, attempt=10)
    for attempt in (2, 10):
        folder = installation.workspace.outputs / f"runs/{run}/{attempt}"
        folder.mkdir(parents=True)
        (folder / "executed.ipynb").write_text(f'{{"attempt": {attempt}}}')
    assert f'href="/runs/{run}/notebook" download' in client.get(f"/runs/{run}").text
    answer = client.get(f"/runs/{run}/notebook")
    assert answer.json() == {"attempt": 10}
    assert answer.headers["content-disposition"] == f'attachment; filename="customer_dynamics_run_{run}.ipynb"'
    assert answer.headers["content-type"] == "application/x-ipynb+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    rows.change(run, state=State.GENERATING, error=None, error_class=None, exit_code=None, formed_at=None)
    assert client.get(f"/runs/{run}/notebook").status_code == 404  # it is being made again


def test_no_file_beside_a_run_is_handed_out(client, rows, installation, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    run = rows.add(State.ERROR)
    folder = installation.workspace.outputs / f"runs/{run}/1"
    folder.mkdir(parents=True)
    (folder / "executed.ipynb").symlink_to(secret)
    assert client.get(f"/runs/{run}/notebook").status_code == 404
    shutil.rmtree(folder.parent)
    (tmp_path / "1").mkdir()
    (tmp_path / "1/executed.ipynb").write_text("of somebody else")
    folder.parent.symlink_to(tmp_path)
    assert client.get(f"/runs/{run}/notebook").status_code == 404


def test_a_folder_that_no_attempt_made_is_passed_over(client, rows, installation):
    run = rows.add(State.ERROR)
    for name in ("1", "2x", "3_0"):
        folder = installation.workspace.outputs / f"runs/{run}/{name}"
        folder.mkdir(parents=True)
        (folder / "executed.ipynb").write_text(f'"{name}"')
    assert client.get(f"/runs/{run}/notebook").json() == "1"


def test_a_run_whose_link_has_gone_says_so(client, rows, sealed, installation):
    manifest, token = sealed
    run = rows.add(State.GENERATED, snapshot_id=manifest.id)
    assert f"/view?id={token}" in client.get(f"/runs/{run}").text
    with Session(installation.database) as session, session.begin():
        open_ = links.links_of(session, manifest.id)
        was = {link.token: link.revoked_at for link in open_}
        for link in open_:
            link.revoked_at = datetime(2026, 1, 1, tzinfo=UTC)
    try:
        page = client.get(f"/runs/{run}").text
        assert "/view?" not in page
        assert "No link to it is open any more" in page
    finally:
        with Session(installation.database) as session, session.begin():
            for link in links.links_of(session, manifest.id):
                link.revoked_at = was[link.token]


def test_only_files_of_ours_are_run_and_none_of_a_page(client, sealed, rows):
    _, token = sealed
    for address in ("/", f"/runs/{rows.add()}", f"/view?id={token}", "/nowhere"):
        answer = client.get(address)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        scripts = re.findall(r"<script([^>]*)>([^<]*)</script>", answer.text)
        assert scripts
        assert all('src="/static/' in where and not inside for where, inside in scripts)
        assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)


def test_a_notebook_that_cannot_be_read_spares_the_list(client, sealed, installation):
    broken = installation.workspace.notebooks / "torn.ipynb"
    broken.write_text("{")
    try:
        page = client.get("/")
        assert page.status_code == 200
        assert "torn.ipynb cannot be read as a notebook" in page.text
    finally:
        broken.unlink()


@pytest.mark.parametrize("address", ["/", "/view?id=x", "/nowhere", "/static/daybook.css", "/health"])
def test_every_answer_carries_the_guarding_headers(client, address):
    headers = client.get(address).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_name_no_foreign_address(client, sealed):
    _, token = sealed
    for address in ("/", f"/view?id={token}", f"/view?id={token}&as=html", "/static/daybook.css"):
        text = client.get(address).text.replace("http://www.w3.org/", "")
        assert not re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text), address


def test_nothing_can_be_written(client):
    assert client.post("/view").status_code in (404, 405)
