"""An attempt that is ended while its files are made."""

import time
from dataclasses import replace
from threading import Timer

import pytest
from sqlalchemy.orm import Session

from reports_lib.database.schema import State
from reports_lib.errors import CancelledError, LimitError
from reports_lib.rendering.formats import Format
from reports_lib.rendering.press import Press
from reports_lib.runs import record
from reports_lib.runs.installation import Installation
from reports_lib.runs.make import Making, Manner, Tools
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from tests.runs.conftest import AS_OF

pytestmark = pytest.mark.kernel

LONG = "from IPython.display import Markdown\nMarkdown('\\n\\n'.join(f'Of {n}: ' + 'word ' * 99 for n in range(9000)))"


@pytest.fixture(scope="module")
def press():
    with Press(1) as press:
        yield press


@pytest.fixture
def making(office, press):
    """The first attempt at a report whose PDF takes half a minute."""
    opened = []

    def make(key, progress, **settings):
        office.write_notebook("long", LONG)
        request = Request("long", {}, AS_OF, Author("analyst", "ann"), formats=(Format.PDF,), run_key=key)
        with Session(office.installation.database) as session, session.begin():
            attempt = record.take(session, record.record(session, request).run.id, "us")
        opened.append(Installation(replace(office.workspace, **settings)))
        return Making(attempt, opened[-1], Tools(press=press), Manner(progress, is_awaited=True))

    yield make
    for installation in opened:
        installation.database.dispose()


def test_a_run_that_is_cancelled_while_its_pdf_is_made_ends_at_once(office, making):
    cancelled = []

    def cancel():
        with Session(office.installation.database) as session, session.begin():
            record.cancel(session, attempt.attempt.run, "bob")
        attempt.lease.look()
        cancelled.append(time.monotonic())

    def on(step, done, total):
        if step == "rendering":
            Timer(1, cancel).start()

    attempt = making("cancelled", on)
    ended = attempt.run()
    assert time.monotonic() - cancelled[0] < 5
    assert isinstance(ended.error, CancelledError)
    assert [(run.state, run.error) for run in office.runs(run_key="cancelled")] == [
        (State.CANCELLED, "cancelled by bob")
    ]


def test_a_deadline_that_passes_while_files_are_made_says_so(making):  # T-15
    ended = making("late", lambda *_: None, run_timeout=8).run()
    assert isinstance(ended.error, LimitError)
    assert str(ended.error) == ("long: making the files ran when the run's 8 seconds (DAYBOOK_RUN_TIMEOUT) were over")
