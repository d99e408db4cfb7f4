"""The pages: what is shown, what is refused, and the headers on everything."""

import re
import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from reports_lib.database.schema import State
from reports_lib.snapshots import links


def test_the_page_of_a_failed_run_says_where_and_why(client, rows, installation):
    run = rows.add(State.ERROR, step="The sums", done=2, total=9, error="'The sums' raised KeyError: <script>")
    page = client.get(f"/runs/{run}").text
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Failed" in words
    assert "In “The sums”, cell 3 of 9 &#39;The sums&#39; raised KeyError: &lt;script&gt; There is no report." in words
    assert "Currency USD, EUR" in words
    assert "Attempt 1 of 5 at most" in words
    assert "Secretname" in page
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


@pytest.mark.parametrize(
    ("host", "policy"),
    [("127.0.0.1:8127", "no-referrer"), ("localhost", "no-referrer"), ("reports.example.com", "strict-origin")],
)
def test_a_page_says_where_it_is_only_where_a_browser_cannot_tell_otherwise(client, host, policy):
    assert client.get("/ask", headers={"Host": host}).headers["referrer-policy"] == policy


@pytest.mark.parametrize("address", ["/", "/view?id=x", "/nowhere", "/static/daybook.css", "/health"])
def test_every_answer_carries_the_guarding_headers(client, address):
    headers = client.get(address).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] in ("no-referrer", "strict-origin")  # a path, and so a token, by neither
    assert headers["referrer-policy"] == "no-referrer" or not address.startswith("/view")
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_name_no_foreign_address(client, sealed):
    _, token = sealed
    for address in ("/", f"/view?id={token}", f"/view?id={token}&as=html", "/static/daybook.css"):
        text = client.get(address).text.replace("http://www.w3.org/", "")
        assert not re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text), address


def test_nothing_can_be_written(client):
    assert client.post("/view").status_code in (404, 405)
