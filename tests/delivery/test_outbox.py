"""Rows of mails: written with their cause, each once, taken by one at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from reports_lib.database.notices import MAIL, listen
from reports_lib.database.schema import Run
from reports_lib.delivery import claims, outbox

LEASE = timedelta(minutes=1)


def again(bureau, run_id, write=outbox.write_report, workspace=None):
    with Session(bureau.database) as session, session.begin():
        return write(session, session.get_one(Run, run_id), workspace or bureau.workspace)


def test_each_recipient_has_one_mail_however_often_it_is_written(bureau):
    run = bureau.published("a@x.example", "b@x.example", "A@x.example", "a@X.example")
    assert [mail.recipient for mail in bureau.mails()] == ["a@x.example", "b@x.example", "A@x.example"]
    assert again(bureau, run) == 0
    mails = bureau.mails()
    assert len(mails) == 3
    assert len({mail.message_id for mail in mails}) == 3
    assert all(mail.message_id.endswith("@example.com") and mail.kind == "report" for mail in mails)


def test_a_failure_goes_to_the_owner_and_to_nobody_else(bureau):
    run = bureau.failed("customer@x.example", "other@x.example")
    assert [(mail.kind, mail.recipient) for mail in bureau.mails()] == [("failure", "ann@example.com")]
    assert again(bureau, run, outbox.write_failure) == 0


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"entry": "monthly"}, ["owner@example.com"]),
        ({"recipients": ["a@x.example"]}, ["owner@example.com"]),
        ({}, []),  # somebody at a terminal, who sees it there
    ],
)
def test_the_workspace_has_an_owner_for_what_has_none(bureau, asked, told):
    bureau.failed(*asked.get("recipients", ()), owner=None, entry=asked.get("entry"))
    assert [mail.recipient for mail in bureau.mails()] == told


def test_where_nobody_owns_anything_nobody_is_told(bureau):
    bureau.workspace = replace(bureau.workspace, owner="")
    bureau.failed("a@x.example", owner=None)
    assert bureau.mails() == []


def test_mail_that_is_taken_back_was_never_there(bureau):  # F3: row and cause are one transaction
    run = bureau.published()
    with Session(bureau.database) as session:
        row = session.get_one(Run, run)
        row.recipients = ["a@x.example"]
        assert outbox.write_report(session, row, bureau.workspace) == 1
        session.rollback()
    assert bureau.mails() == []


def test_new_mail_is_heard_of_at_once(bureau):
    heard = listen(bureau.workspace.database_url, [MAIL], 10)
    next(heard)
    run = bureau.published("a@x.example")
    assert next(heard) == str(run)
    heard.close()


def test_a_claim_is_one_process_s_until_it_ends(bureau):
    bureau.published("a@x.example", "b@x.example")
    first, second = claims.claim(bureau.database, LEASE), claims.claim(bureau.database, LEASE)
    assert {first.recipient, second.recipient} == {"a@x.example", "b@x.example"}
    assert claims.claim(bureau.database, LEASE) is None
    bureau.wait()
    third = claims.claim(bureau.database, LEASE)
    assert (third.id, third.attempt, third.message_id) == (first.id, 2, first.message_id)


def test_who_lost_his_claim_changes_nothing_but_that_it_was_sent(bureau):
    bureau.published("a@x.example")
    lost = claims.claim(bureau.database, LEASE)
    bureau.wait()
    held = claims.claim(bureau.database, LEASE)
    claims.give_up(bureau.database, lost, "too late", bureau.workspace)
    claims.again(bureau.database, lost, "too late")
    (row,) = bureau.mails()
    assert (row.state, row.error, row.due_at) == ("waiting", None, held.due_at)
    claims.sent(bureau.database, lost)  # whoever sent it sent it
    claims.give_up(bureau.database, held, "refused the second time", bureau.workspace)
    (row,) = bureau.mails()
    assert (row.state, row.error) == ("sent", None)


def test_a_mail_is_tried_for_about_a_day():
    assert timedelta(hours=23) < sum(claims.WAITS, timedelta()) < timedelta(hours=25)
    assert claims.WAITS[:3] == (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
