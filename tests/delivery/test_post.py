"""What is due, sent to a real server with real faults (F11), and to the folder."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from reports_lib.database.schema import Link, Mail, Run
from reports_lib.delivery import claims
from reports_lib.delivery.folder import Folder
from reports_lib.delivery.smtp import Smtp
from tests.delivery.conftest import read

ROOT = Path(__file__).parents[2]
THREE = ("a@x.example", "b@x.example", "c@y.example")


def test_each_recipient_gets_a_mail_of_his_own(bureau, peer, smtp):  # T18
    run = bureau.published(*THREE)
    assert bureau.deliver(smtp) == 3
    assert [envelope.rcpt_tos for envelope in peer.got] == [[each] for each in THREE]
    assert len(peer.sessions) == 1  # one connection for all
    for envelope, to in zip(peer.got, THREE, strict=True):
        got = read(envelope.content)
        assert (envelope.mail_from, got["To"]) == ("reports@example.com", to)
        assert not {"Cc", "Bcc"} & set(got.keys())
        others = [each for each in THREE if each != to]
        assert not any(each.encode() in envelope.content for each in others)
        assert f"https://reports.example.com/view?id={bureau.token(run)}" in got.get_body(("plain",)).get_content()
        assert [part.get_content_type() for part in got.iter_attachments()] == ["application/pdf", "text/csv"]
    assert {(mail.state, mail.attempt, mail.error) for mail in bureau.mails()} == {("sent", 1, None)}
    assert len({read(envelope.content)["Message-ID"] for envelope in peer.got}) == 3
    assert bureau.deliver(smtp) == 0
    assert len(peer.got) == 3


def test_hostile_words_are_words(bureau, peer, smtp):  # T18
    title = "=?utf-8?q?Hi=0D=0ABcc:_evil@x.example?=\r\nBcc: evil@x.example\x0b\x85\u2028 \u202e<b>ü</b>"
    bureau.published("a@x.example", manifest=bureau.sealed(title=title))
    assert bureau.deliver(smtp) == 1
    (envelope,) = peer.got
    assert envelope.rcpt_tos == ["a@x.example"]
    got = read(envelope.content)
    assert got["Bcc"] is None
    assert got["Subject"].endswith("<b>ü</b>: 2025-11-01 to 2026-10-31")


@pytest.mark.parametrize(
    "recipient", ["a@x.example, evil@y.example", "a@x.example\r\nRCPT TO:<evil@y.example>", "nobody"]
)
def test_a_recipient_who_is_not_one_address_gets_nothing(bureau, peer, smtp, recipient):  # T18
    bureau.published(recipient, "b@x.example")
    assert bureau.deliver(smtp) == 1
    assert [envelope.rcpt_tos for envelope in peer.got] == [["b@x.example"]]
    (bad,) = bureau.mails(state="failed")
    assert "is not one e-mail address" in bad.error


def test_mail_goes_to_no_other_domain(bureau, peer, smtp):
    bureau.workspace = replace(bureau.workspace, mail_domains=("x.example",))
    bureau.published(*THREE)
    assert bureau.deliver(smtp) == 2
    (bad,) = bureau.mails(state="failed")
    assert bad.error == "mail may not go to c@y.example (DAYBOOK_MAIL_DOMAINS)"


def test_a_server_that_is_away_gets_the_mail_later(bureau, peer):  # F11
    bureau.published(*THREE)
    nobody = Smtp("smtp://127.0.0.1:1", silence=1.0)
    assert bureau.deliver(nobody) == 0
    mails = bureau.mails()
    assert {(mail.state, mail.attempt) for mail in mails} == {("waiting", 1)}
    assert "mail server 127.0.0.1:1: Connection refused" in mails[0].error
    assert bureau.deliver(Smtp(peer.url())) == 0  # none is due yet
    bureau.wait()
    assert bureau.deliver(Smtp(peer.url())) == 3
    assert {mail.error for mail in bureau.mails()} == {None}


def test_tries_come_further_and_further_apart_and_end(bureau):  # F11
    bureau.published("a@x.example")
    waits = []
    for _ in range(claims.TRIES):
        bureau.wait()
        bureau.deliver(Smtp("smtp://127.0.0.1:1"))
        row = bureau.mails()[0]
        waits.append(row.due_at)
    assert (row.state, row.attempt) == ("failed", 12)
    assert all(before < after for before, after in pairwise(waits[:7]))
    assert [(mail.recipient, mail.kind) for mail in bureau.mails(state="waiting")] == [("ann@example.com", "failure")]


def test_not_now_is_not_never(bureau, peer, smtp):  # F11: 4xx
    peer.replies = {"b@x.example": "451 4.7.1 greylisted"}
    bureau.published(*THREE)
    assert bureau.deliver(smtp) == 2
    (row,) = bureau.mails(state="waiting")
    assert row.error == f"mail server 127.0.0.1:{peer.port}: 451 4.7.1 greylisted"
    peer.replies = {}
    bureau.wait()
    assert bureau.deliver(smtp) == 1
    assert [envelope.rcpt_tos[0] for envelope in peer.got] == ["a@x.example", "c@y.example", "b@x.example"]


@pytest.mark.parametrize("step", ["b@x.example", "DATA", "MAIL"])
def test_never_is_said_in_the_row_and_to_the_owner(bureau, peer, smtp, step):  # F11: 5xx
    peer.replies = {step: "550 5.1.1 no such user"}
    bureau.published("b@x.example")
    assert bureau.deliver(smtp) == 0
    (row,) = bureau.mails(kind="report")
    assert (row.state, row.attempt) == ("failed", 1)
    assert "550 5.1.1 no such user" in row.error
    peer.replies = {}
    assert bureau.deliver(smtp) == 0  # the notice waits, to gather what else is refused
    bureau.wait()
    assert bureau.deliver(smtp) == 1
    (envelope,) = peer.got
    assert envelope.rcpt_tos == ["ann@example.com"]
    assert "b@x.example: mail server" in read(envelope.content).get_body(("plain",)).get_content()


def test_refusals_of_one_run_come_in_one_mail_and_a_later_one_in_a_new_mail(bureau, peer, smtp):
    peer.replies = {"a@x.example": "550 no", "b@x.example": "550 no", "c@y.example": "451 later"}
    bureau.published(*THREE)
    bureau.deliver(smtp)
    (notice,) = bureau.mails(kind="failure")
    with Session(bureau.database) as session, session.begin():
        session.execute(update(Mail).where(Mail.id == notice.id).values(due_at=notice.written_at))
    assert bureau.deliver(smtp) == 1
    peer.replies["c@y.example"] = "550 no"
    bureau.wait()
    bureau.deliver(smtp)
    (anew,) = bureau.mails(kind="failure")
    assert (anew.state, anew.id) == ("waiting", notice.id)
    assert anew.message_id != notice.message_id
    bureau.wait()
    assert bureau.deliver(smtp) == 1
    texts = [read(envelope.content).get_body(("plain",)).get_content() for envelope in peer.got]
    assert [[each in text for each in THREE] for text in texts] == [[True, True, False], [True, True, True]]


def test_a_failure_mail_that_fails_makes_no_other(bureau, peer, smtp):  # no loops
    peer.replies = {"RCPT": "550 no"}
    bureau.failed("a@x.example")
    assert bureau.deliver(smtp) == 0
    (row,) = bureau.mails()
    assert (row.kind, row.state) == ("failure", "failed")


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_says_nothing_is_not_waited_for(bureau, peer, smtp, step):  # F11: silence, here of a second
    peer.hangs = step
    bureau.published(*(f"p{number}@x.example" for number in range(20)))
    begun = time.monotonic()
    assert bureau.deliver(smtp) == 0
    assert time.monotonic() - begun < 15  # once, not once for each
    assert {(mail.state, mail.attempt) for mail in bureau.mails()} == {("waiting", 1)}
    assert "timed out" in bureau.mails()[0].error
    peer.hangs = ""
    bureau.wait()
    assert bureau.deliver(smtp) == 20


def test_a_server_that_dies_with_the_text_gets_it_again_under_the_same_id(bureau, peer, smtp):  # F11
    peer.dies = True
    bureau.published("a@x.example")
    assert bureau.deliver(smtp) == 0
    (row,) = bureau.mails()
    assert (row.state, row.attempt) == ("waiting", 1)
    peer.dies = False
    bureau.wait()
    assert bureau.deliver(smtp) == 1
    first, second = (read(envelope.content) for envelope in peer.got)
    assert first["Message-ID"] == second["Message-ID"] == f"<{row.message_id}>"
    assert first["Date"] == second["Date"]


def test_a_corrupt_file_is_never_sent(bureau, peer, smtp):
    manifest = bureau.sealed(title="Rotten")
    path = bureau.store.path(manifest.files["csv"].name)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(good[:-1] + b"9")
    try:
        bureau.published("a@x.example", manifest=manifest)
        assert bureau.deliver(smtp) == 0
    finally:
        path.write_bytes(good)
    assert peer.got == []
    (row,) = bureau.mails(kind="report")
    assert row.state == "failed"
    assert "no longer matches its name" in row.error
    assert [mail.recipient for mail in bureau.mails(kind="failure")] == ["ann@example.com"]


def test_what_is_too_large_stays_behind_the_link(bureau, peer, smtp):
    bureau.workspace = replace(bureau.workspace, mail_limit=80_000)
    bureau.published("a@x.example", formats=("html", "pdf", "csv"))
    assert bureau.deliver(smtp) == 1
    got = read(peer.got[0].content)
    assert len(peer.got[0].content) <= 80_000
    assert [part.get_content_type() for part in got.iter_attachments()] == ["text/csv"]
    assert "&as=pdf" in got.get_body(("plain",)).get_content()


def test_a_report_whose_links_were_revoked_is_not_sent(bureau, peer, smtp):
    run = bureau.published("a@x.example")
    with Session(bureau.database) as session, session.begin():
        session.execute(update(Link).where(Link.token == bureau.token(run)).values(revoked_at=Link.made_at))
    assert bureau.deliver(smtp) == 0
    assert bureau.mails(kind="report")[0].error == "every link to the report has expired or was revoked"


def test_a_mail_that_kills_whoever_sends_it_is_given_up(bureau, peer, smtp):
    bureau.published("a@x.example")
    for _ in range(claims.TRIES):
        assert claims.claim(bureau.database, timedelta(0))
    assert bureau.deliver(smtp) == 0
    (row,) = bureau.mails(kind="report")
    assert (row.state, peer.got) == ("failed", [])
    assert "12 tries ended without a word" in row.error


def test_a_process_that_is_to_end_begins_no_other_mail(bureau, peer, smtp):
    from reports_lib.delivery.post import deliver

    bureau.published(*THREE)
    assert deliver(bureau.database, bureau.store, smtp, bureau.workspace, lambda: len(peer.got) == 1) == 1
    assert sorted(mail.state for mail in bureau.mails()) == ["sent", "waiting", "waiting"]


# several processes

POST = """
import os, signal, sys
from pathlib import Path
from reports_lib.database.engine import engine_of
from reports_lib.delivery import claims
from reports_lib.delivery.folder import Folder
from reports_lib.delivery.post import deliver
from reports_lib.delivery.smtp import Smtp
from reports_lib.snapshots.store import Store
from reports_lib.workspace import Workspace

root, url, out, kill = sys.argv[1:]
people = {"mail_from": "reports@example.com", "owner": "owner@example.com"}
workspace = Workspace(Path(root), Path(root) / "outputs", database_url=url, **people)
sender = Smtp(out) if out.startswith("smtp") else Folder(Path(out))
if kill:
    claims.sent = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
print("ready", flush=True)
sys.stdin.readline()
print(deliver(engine_of(url), Store(workspace.snapshots), sender, workspace))
"""


def process(bureau, out, kill=""):
    arguments = [bureau.workspace.root, bureau.workspace.database_url, out, kill]
    return subprocess.Popen(
        [sys.executable, "-c", POST, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ,
    )


def let_go(*started):
    for each in started:
        assert each.stdout.readline() == "ready\n"
    for each in started:
        each.stdin.write("\n")
        each.stdin.flush()


def test_several_processes_send_each_mail_once(bureau, peer):  # F7
    people = [f"p{number}@x.example" for number in range(30)]
    bureau.published(*people[:20])
    bureau.published(*people[20:])
    started = [process(bureau, peer.url()) for _ in range(3)]
    let_go(*started)
    counts = [int(each.communicate(timeout=60)[0]) for each in started]
    assert sum(counts) == 30
    assert sorted(envelope.rcpt_tos[0] for envelope in peer.got) == sorted(people)
    assert {mail.state for mail in bureau.mails()} == {"sent"}


@pytest.mark.parametrize("out", ["folder", "smtp"])
def test_a_process_killed_between_sending_and_saying_so(bureau, peer, tmp_path, out):  # F3
    bureau.published(*THREE)
    where = str(tmp_path) if out == "folder" else peer.url()
    killed = process(bureau, where, kill="yes")
    let_go(killed)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    sender = Folder(tmp_path) if out == "folder" else Smtp(where)
    assert bureau.deliver(sender) == 2  # the killed one's claim has not ended
    bureau.wait()
    assert bureau.deliver(sender) == 1
    ids = sorted(mail.message_id for mail in bureau.mails(state="sent"))
    if out == "folder":  # exactly once
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"{each}.eml" for each in ids]
    else:  # at least once, and always the same mail
        got = [read(envelope.content)["Message-ID"].strip("<>") for envelope in peer.got]
        assert len(got) == 4
        assert sorted(set(got)) == ids


def test_a_mail_of_the_folder_is_whole_and_for_nobody_else_s_eyes(bureau, tmp_path):
    bureau.published("a@x.example")
    assert bureau.deliver(Folder(tmp_path / "out")) == 1
    (path,) = (tmp_path / "out").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    got = read(path.read_bytes())
    assert (got["To"], path.name) == ("a@x.example", f"{bureau.mails()[0].message_id}.eml")
    assert len(list(got.iter_attachments())) == 2


def test_an_outbox_that_cannot_be_written_is_tried_again(bureau, tmp_path):
    (tmp_path / "file").write_text("")
    bureau.published("a@x.example")
    assert bureau.deliver(Folder(tmp_path / "file" / "out")) == 0
    (row,) = bureau.mails()
    assert row.state == "waiting"
    assert "cannot write the outbox" in row.error


def test_runs_and_snapshots_stay_as_they_are_whatever_the_mail_does(bureau):  # F11: the snapshot exists anyway
    run = bureau.published("a@x.example")
    bureau.deliver(Smtp("smtp://127.0.0.1:1"))
    with Session(bureau.database) as session:
        assert session.get_one(Run, run).state == "generated"
