"""What a worker does when its disk is full, its database is away or its notebook fails: the truth, and no more."""

import re
import subprocess
from contextlib import contextmanager

import nbformat
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from reports_lib.database import server
from reports_lib.database.cluster import Cluster
from reports_lib.database.schema import Mail, MailState, Snapshot, State
from reports_lib.rendering.formats import Format
from reports_lib.runs import queue
from reports_lib.runs.outcome import outcome_of
from reports_lib.snapshots.verify import verify
from tests.cli.conftest import daybook
from tests.portal.people import signed_in
from tests.runs.crew import Crew, is_gone, until

__all__ = ["daybook"]

pytestmark = pytest.mark.kernel

TO, OWNER = "ann@example.com", "eve@example.com"
# while its name lies in the folder it fills the disk but for some bytes; half a megabyte of report comes after that
FILLS = """
import os
from pathlib import Path
from reports_lib.display import Column, Grid
place, disk = Path({folder!r}), Path({disk!r})
if (place / {family!r}).exists():
    room = os.statvfs(disk)
    with (disk / "ballast").open("ab") as ballast:
        ballast.write(bytes(max(room.f_bavail * room.f_frsize - {left}, 0)))
Grid("One", [{{"text": os.urandom(32).hex()}} for _ in range(1_000)], [Column("text", "Text")], is_main=True)
"""


@pytest.fixture(scope="module")
def crew(office, tmp_path_factory):
    """One worker for all of these tests."""
    made = Crew(office.installation, dict(office.environment), tmp_path_factory.mktemp("crew"), [])
    made.hire()
    yield made
    made.dismiss()


@contextmanager
def small_disk(folder):
    """A file system of two megabytes at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "daybook", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount the small disk that this fills")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def mails(crew, run):
    with Session(crew.installation.database) as session:
        found = session.execute(select(Mail.kind, Mail.recipient).filter_by(run_id=run).order_by(Mail.id))
        return [tuple(row) for row in found]


def is_left_alone(crew, run):
    """Whether no worker is going to touch the run."""
    with Session(crew.installation.database) as session:
        jobs = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND args->>'run' = :run"
        return session.scalar(text(jobs), {"run": str(run)}) == 0


@pytest.mark.parametrize(
    ("full", "left", "said"),
    [
        ("snapshots", 8_192, r"cannot write the snapshot store .*: No space left on device"),
        ("snapshots", 131_072, r"cannot write the snapshot store .*: No space left on device"),  # one file still fits
        ("runs", 4_096, r".* cannot be run in .*: No space left on device"),  # not even the notebook as far as it came
        ("runs", 32_768, r"table 'One' cannot be kept in .*: No space left on device"),  # in the kernel
    ],
)
def test_a_full_disk_ends_the_run_and_nothing_else(office, crew, full, left, said):  # F5
    family = f"fills_{full}_{left}"
    with small_disk(office.workspace.outputs / full) as disk:
        office.write_notebook(family, FILLS.format(folder=str(crew.folder), family=family, disk=str(disk), left=left))
        asked = {"formats": (Format.HTML, Format.CSV), "recipients": (TO,), "owner": OWNER}
        old = crew.ask(family, **asked)
        assert crew.ends(old).state == State.GENERATED
        link = outcome_of(office.installation, old).url
        before = {form: office.open(link, **{"as": form}).content for form in ("html", "csv", "xlsx")}
        counted = office.count()

        (crew.folder / family).touch()
        runs = [crew.ask(family, **asked)]
        crew.ends(runs[0])
        runs.append(crew.ask(family, **asked))  # and one that finds it full
        for run in runs:
            found = crew.ends(run)
            assert (found.state, found.error_class, found.exit_code) == (State.ERROR, "StoreError", 8)
            assert found.snapshot_id is None
            assert "No space left on device" in found.error
            assert mails(crew, run) == [("failure", OWNER)]
        assert re.fullmatch(said, crew.run(runs[0]).error)
        assert office.count() == counted
        for form, content in before.items():
            answer = office.open(link, **{"as": form})
            assert (answer.status_code, answer.content) == (200, content)
        for run in runs:  # nobody tries again what only a person can mend
            assert crew.run(run).attempt == 1
            assert is_left_alone(crew, run)
            assert crew.log(crew.workers[0]).count(f" run={run} ") == 1

        (crew.folder / family).unlink()
        (disk / "ballast").unlink()  # there is room again
        assert not list(verify(office.store))
        with Session(office.installation.database) as session, session.begin():
            queue.retry(session, runs[0])
        again = crew.ends(runs[0])
        assert (again.state, again.attempt) == (State.GENERATED, 2)
        new = crew.ask(family, **asked)
        assert (crew.ends(new).state, crew.run(new).attempt) == (State.GENERATED, 1)
        assert mails(crew, runs[0]) == [("failure", OWNER), ("report", TO)]
        assert mails(crew, runs[1]) == [("failure", OWNER)]
        assert office.count() == (counted[0] + 2, counted[1] + 2)
        assert not list(verify(office.store))
        until(lambda: not (office.workspace.outputs / f"runs/{new}").exists())
        until(lambda: mailed(crew, [old, *runs, new]))  # before its files are gone


def mailed(crew, runs):
    with Session(crew.installation.database) as session:
        states = session.scalars(select(Mail.state).where(Mail.run_id.in_(runs))).all()
        return set(states) == {MailState.SENT}


def plain(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_run_that_failed_never_looks_like_success(office, crew, daybook, monkeypatch):  # F15, T-73
    office.write_notebook("fails", "print('so far')\n1 / 0")
    before = office.count()
    run = crew.ask("fails", formats=(Format.HTML, Format.CSV), recipients=(TO, "bob@example.com"), owner=OWNER)
    found = crew.ends(run)
    why = "fails: 'The sums' raised ZeroDivisionError: division by zero"
    assert (found.state, found.error, found.exit_code, found.attempt) == (State.ERROR, why, 4, 1)

    with monkeypatch.context() as terminal:
        terminal.setenv("FORCE_COLOR", "1")
        terminal.setenv("COLUMNS", "200")
        (line,) = [each for each in daybook("runs").out.splitlines() if " fails " in each]
    assert "\x1b[31merror" in line  # red
    assert "http" not in line
    shown = dict(each.split(": ", 1) for each in daybook("show", str(run)).out.splitlines())
    assert (shown["state"], shown["step"], shown["cell"], shown["error"]) == ("error", "The sums", "6 of 6", why)
    assert not {"snapshot", "links", "file"} & set(shown)
    kept = nbformat.read(shown["notebook as far as it came"], 4)
    assert [each.output_type for each in kept.cells[-1].outputs] == ["stream", "error"]
    assert kept.cells[-1].outputs[0].text == "so far\n"

    with signed_in(office.installation) as client:
        rows = re.findall(r'<tr role="row" class="(\w+)" [^>]*>(.*?)</tr>', client.get("/").text, re.S)
        (listed,) = [(state, row) for state, row in rows if f"/runs/{run}" in row]
        page = client.get(f"/runs/{run}").text
        notebook = client.get(f"/runs/{run}/notebook").json()
    assert listed[0] == "error"
    assert "In “The sums”" in plain(listed[1])
    assert "division by zero" in plain(listed[1])
    assert "Failed" in plain(page)
    assert "There is no report" in plain(page)
    assert "/view?" not in listed[1] + page
    assert notebook["cells"][-1]["outputs"][1]["ename"] == "ZeroDivisionError"

    assert found.snapshot_id is None
    assert office.count() == before  # neither a snapshot nor a link
    with Session(office.installation.database) as session:
        assert not session.query(Snapshot).filter_by(family="fails").count()
    assert mails(crew, run) == [("failure", OWNER)]
    until(lambda: mailed(crew, [run]))
    letters = [path.read_text() for path in office.workspace.root.glob("outputs/outbox/*.eml")]
    assert not [each for each in letters if "bob@example.com" in each]
    (letter,) = [each for each in letters if f"/runs/{run}" in each]
    assert f"To: {OWNER}" in letter


def test_a_database_that_is_away_when_the_report_is_done_gets_it_later(house):  # F6
    # told of as somebody else's: the worker does not start it again
    own = house.installation.workspace
    worker = house.hire(DAYBOOK_LEASE="60", DAYBOOK_DATABASE_URL=server.database_url(own))
    run = house.ask("restarted", recipients=(TO,), formats=(Format.HTML, Format.PDF))
    until(house.begun, 60)
    cluster = Cluster.of(own.outputs)
    cluster._run("pg_ctl", "-D", cluster.data, "-m", "immediate", "-w", "-t", 60, "stop")
    house.go()
    until(lambda: all(map(is_gone, house.begun())), 60)
    until(lambda: list(house.installation.store.files()))  # sealed, and known to nobody
    until(lambda: "state=away" in house.log(worker))
    assert worker.poll() is None
    server.database_url(own)  # there it is again
    assert house.ends(run).attempt == 1
    house.is_published_once(run)
    assert not list(verify(house.installation.store))
    assert mails(house, run) == [("report", TO)]
    until(lambda: "state=back" in house.log(worker))
    assert house.ends(house.ask("restarted")).state == State.GENERATED
