"""Renderers: whatever a work does to its process, the next one is made, and nobody is left behind.

Where the works need no more than Python the renderers are not warmed: that is most of what one costs.
"""

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from threading import Thread

import psutil
import pytest

from reports_lib.errors import DaybookError, LimitError, NotebookError, RowLimitError, StateError
from reports_lib.rendering import renderer, works
from reports_lib.rendering.press import Press

from . import asked
from .sample import CREATED

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="module")
def reachable():
    """The works of these tests can be imported by a renderer, which is not warmed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderer, "PROGRAM", "tests.rendering.cold")
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("DAYBOOK_DATABASE_URL", "postgresql://daybook:canary@db/daybook")
        patch.setenv("DAYBOOK_SMTP_URL", "smtp://daybook:canary@mail")
        patch.setenv("PGPASSWORD", "canary")
        yield


@pytest.fixture(scope="module")
def press(reachable):
    with Press() as press:
        yield press


@pytest.fixture(scope="module")
def warm_press(reachable):
    """One renderer as it is in the product."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderer, "PROGRAM", "reports_lib.rendering")
        with Press(processes=1) as press:
            until(press.pids)
            patch.undo()
            yield press


def until(condition, seconds=20):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def whom(press, **given):
    return int(press.make(asked.who, b"", given))


def is_there(pid):
    """Whether the process runs: where nobody collects orphans, what is left of an ended one does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def works_still(press):
    return press.make(asked.echo, b"abc", {}) == b"cba"


def test_bytes_there_and_back(press):
    body = os.urandom(3_000_000)
    assert press.make(asked.echo, body, {}) == body[::-1]


def test_two_processes_work_at_a_time(press):
    until(lambda: len(press.pids()) == 2)
    line = partial(lambda make: make(asked.who, b"", {"seconds": 1}))
    assert len(set(press.together([line, line]))) == 2


def test_an_error_keeps_its_class(press):
    with pytest.raises(RowLimitError, match="more rows than that"):
        press.make(asked.raises, b"", {})
    assert works_still(press)


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (asked.raises_another, "unexpected ValueError in raises_another: two lines"),
        (asked.raises_fatally, "unexpected FatalURLFetchingError"),  # no Exception, only a BaseException
        (asked.leaves, "unexpected SystemExit"),
    ],
)
def test_any_other_error_is_one_line_and_the_process_stays(press, work, said):
    before = sorted(press.pids())
    with pytest.raises(DaybookError, match=said) as caught:
        press.make(work, b"", {})
    assert "\n" not in str(caught.value)
    assert sorted(press.pids()) == before
    assert works_still(press)


def test_a_page_that_leads_elsewhere_is_refused_there_too(warm_press):  # T6
    page = b"<html><head></head><body><img src='http://evil.example/x.png'></body></html>"
    with pytest.raises(NotebookError, match="evil"):
        warm_press.make(works.paper, page, {"created": CREATED.isoformat()})


def test_a_work_that_crashes_its_process_is_tried_twice_and_given_up(press):  # T15
    before = set(press.pids())
    with pytest.raises(DaybookError, match=r"ended 2 processes \(SIGSEGV\)"):
        press.make(asked.crashes, b"", {})
    assert works_still(press)
    until(lambda: len(press.pids()) == 2)
    assert not any(psutil.pid_exists(pid) for pid in before - set(press.pids()))


def test_a_process_that_dies_once_does_not_cost_the_work(press, tmp_path):
    assert press.make(asked.killed_once, b"", {"mark": str(tmp_path / "mark")}) == b"at last"


def test_processes_killed_while_idle_are_not_noticed(press):
    until(lambda: len(press.pids()) == 2)
    for pid in press.pids():
        psutil.Process(pid).kill()
    assert works_still(press)


def test_processes_killed_while_warming_are_not_noticed():
    with Press() as press:
        until(lambda: len(press.pids()) == 2)
        for pid in press.pids():
            psutil.Process(pid).kill()
        assert works_still(press)


def test_a_work_over_its_time_is_ended(press, tmp_path):  # T15
    mark = tmp_path / "mark"
    with pytest.raises(LimitError, match="DAYBOOK_RUN_TIMEOUT"):
        press.make(asked.hangs, b"", {"mark": str(mark)}, seconds=2)
    assert not psutil.pid_exists(int(mark.read_text()))
    assert works_still(press)


def test_a_work_ends_when_somebody_else_ends_the_run(press, tmp_path):
    mark = tmp_path / "mark"  # there once the work is under way: then nothing is left
    with pytest.raises(LimitError):
        press.make(asked.hangs, b"", {"mark": str(mark)}, seconds=lambda: 0.0 if mark.exists() else 600.0)
    until(lambda: not mark.read_text() or not psutil.pid_exists(int(mark.read_text())))
    assert works_still(press)


def test_waiting_for_others_counts_towards_the_time(tmp_path):
    with Press(processes=1) as press:
        mark = tmp_path / "mark"
        other = Thread(target=pytest.raises, args=(StateError, press.make, asked.hangs, b"", {"mark": str(mark)}))
        other.start()
        until(mark.exists)
        with pytest.raises(LimitError):
            press.make(asked.echo, b"", {}, seconds=0.5)
        press.close()  # ends the other
        other.join()


def test_the_first_error_ends_what_goes_on_beside_it(press, tmp_path):
    mark = tmp_path / "mark"
    until(lambda: len(press.pids()) == 2)

    def refuses_then(make):
        until(mark.exists)
        return make(asked.raises, b"", {})

    with pytest.raises(RowLimitError):
        press.together([lambda make: make(asked.hangs, b"", {"mark": str(mark)}), refuses_then])
    assert not psutil.pid_exists(int(mark.read_text()))
    assert works_still(press)


def test_a_process_is_replaced_after_its_share_of_works():
    with Press(processes=1, tasks_each=3) as press:
        first = whom(press)
        assert whom(press) == first
        whom(press)
        until(lambda: press.pids() != [first] and len(press.pids()) == 1)
        assert whom(press) != first
        assert not psutil.pid_exists(first)


def test_a_process_that_grew_is_replaced_and_works_until_then():
    with Press(processes=1, memory=600_000_000) as press:
        first = int(press.make(asked.grows, b"", {"bytes": 100_000_000}))
        assert int(press.make(asked.grows, b"", {"bytes": 500_000_000})) == first
        assert whom(press) == first  # its successor is not warm yet: nobody waits for that
        until(lambda: press.pids() != [first] and len(press.pids()) == 1)
        assert not psutil.pid_exists(first)
        assert whom(press) != first


def test_no_secret_is_inside(press):  # T16
    found = json.loads(press.make(asked.surroundings, b"", {}))
    assert "canary" not in json.dumps(found)
    assert not [name for name in found if name.startswith(("DAYBOOK_", "PG"))]


def test_a_renderer_is_warm_and_knows_no_database(warm_press):
    found = set(json.loads(warm_press.make(asked.modules, b"", {})))
    assert {"weasyprint", "nbconvert", "xlsxwriter", "xlwt", "nh3"} <= found
    assert not {"duckdb", "ibis", "pandas", "sqlalchemy", "psycopg"} & found


def test_close_leaves_no_process(tmp_path):
    press = Press()
    press.make(asked.who, b"", {})
    mark = tmp_path / "mark"
    other = Thread(target=pytest.raises, args=(StateError, press.make, asked.hangs, b"", {"mark": str(mark)}))
    other.start()
    until(mark.exists)
    pids = press.pids()
    press.close()
    other.join()
    assert pids
    assert not any(map(psutil.pid_exists, pids))
    assert press.pids() == []
    with pytest.raises(StateError):
        press.make(asked.echo, b"", {})


def test_close_while_warming_leaves_no_process():
    press = Press()
    until(press.pids)
    pids = press.pids()
    press.close()
    assert not any(map(psutil.pid_exists, pids))


def test_what_cannot_be_started_says_so(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        with Press() as press, pytest.raises(DaybookError, match=r"cannot be started: .*nowhere"):
            press.make(asked.echo, b"", {})


def test_a_killed_parent_takes_its_renderers_along(tmp_path):
    mark = tmp_path / "mark"
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.rendering.killed_press", mark], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    until(mark.exists)  # one of them is in the midst of a work
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not any(map(is_there, pids)), seconds=5)
