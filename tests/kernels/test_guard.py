"""Runaway notebooks (T-15): each is ended for the reason it gave, with all that it started, and the next run works."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from reports_lib.errors import CancelledError, LimitError, NotebookError
from reports_lib.kernels.guard import Guard
from reports_lib.kernels.limits import Limits, size
from reports_lib.kernels.pool import Pool
from reports_lib.parameters.schema import Resolved
from reports_lib.runs.execute import Sandbox, execute
from reports_lib.workspace import Workspace

pytestmark = pytest.mark.kernel

MB = 1_000_000
LIMITS = Limits(cell_seconds=60, run_seconds=60, memory=1_000 * MB, output=10 * MB, processes=32)
GONE = 10.0  # seconds after a limit is reached

DAEMON = """
import os, subprocess, sys
def daemon(seconds=600):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", f"import time; time.sleep({seconds})", os.environ["MARK"]])
        os._exit(0)
"""
DEAF = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        time.sleep(0.01)
    except BaseException:
        pass
"""


@pytest.fixture(scope="module")
def pool():
    with Pool(0, 60, largest=LIMITS.output) as made:  # none kept: to warm one a run would cost a second each
        yield made


@pytest.fixture
def mark():
    """In the environment of the run's processes, and of theirs."""
    return f"mark-{uuid4()}"


@pytest.fixture
def run(tmp_path, pool, mark):
    """`run(source, guard)`: what the last cell, under the heading "The sums", printed."""

    def make(source, guard=None, cell_timeout=60.0, folder="run"):
        path = tmp_path / "sales.ipynb"
        cells = [new_markdown_cell("# Sales"), new_code_cell("1"), new_markdown_cell("## The sums")]
        nbformat.write(new_notebook(cells=[*cells, new_code_cell(source)]), path)
        sandbox = Sandbox(tmp_path / folder, {"MARK": mark}, cell_timeout, pool, guard or Guard(LIMITS))
        executed = execute(path, Resolved({}, {}, {}, {}), sandbox, lambda *_: None)
        return "".join(output.get("text", "") for output in executed.cells[-1].outputs)

    return make


@pytest.fixture
def ends(run, mark, tmp_path):
    """`with ends(LimitError, "…", seconds)`: so it ends, in time; what it did is kept, nobody left, the next works."""

    @contextmanager
    def check(error, told, seconds=0.0):
        began = time.monotonic()
        with pytest.raises(error, match=told):
            yield
        assert time.monotonic() - began < seconds + GONE
        assert marked(mark) == []
        assert nbformat.read(tmp_path / "run/executed.ipynb", 4).cells[1].outputs
        assert run("print(6 * 7)", folder="next") == "42\n"

    return check


def marked(mark):
    """The processes that carry the mark in their environment or their arguments."""
    found = []
    for process in psutil.process_iter():
        try:
            if mark in process.environ().values() or mark in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def highest():
    """The most memory that this process ever had."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def test_a_loop_without_end_is_interrupted(run, ends):
    with ends(LimitError, r"^sales: 'The sums' took longer than 2 seconds \(DAYBOOK_CELL_TIMEOUT\)$", 2):
        run("while True: pass", cell_timeout=2)


def test_a_loop_that_hears_no_signal_is_killed(run, ends):
    with ends(LimitError, "DAYBOOK_CELL_TIMEOUT", 2):
        run(DAEMON + "daemon()" + DEAF, cell_timeout=2)


def test_a_run_has_its_time(run, ends):
    run("1", folder="before")  # so that there is a zygote, and the cell is begun long before the time is over
    with ends(LimitError, r"^sales: 'The sums' ran when the run's 10 seconds \(DAYBOOK_RUN_TIMEOUT\) were over$", 10):
        run(DEAF, Guard(replace(LIMITS, run_seconds=10)))


def test_memory_taken_in_steps(run, ends):
    with ends(LimitError, r"'The sums' took more than 1 GB of memory \(DAYBOOK_RUN_MEMORY\); \S+ held 1\.", 20):
        run("held = []\nwhile True:\n    held.append(b'x' * 20_000_000)")


def test_memory_taken_at_once(run, ends):
    with ends(LimitError, "DAYBOOK_RUN_MEMORY", 20):
        run("import time\nheld = b'x' * 3_000_000_000\ntime.sleep(60)")


def test_memory_that_children_share_counts_once_and_counts(run, ends):
    fork = "held = b'x' * 700_000_000\nimport os, time\n"
    fork += "for _ in range(3):\n    if os.fork() == 0: time.sleep({0}); os._exit(0)\n"
    assert run(fork.format(2) + "time.sleep(1)\nprint('fine')") == "fine\n"
    with ends(LimitError, "DAYBOOK_RUN_MEMORY", 20):
        run(fork.format(60) + "more = b'x' * 600_000_000\ntime.sleep(60)")


def test_rows_put_aside_count_as_memory(run, ends):
    spill = "import tempfile, time\nfiles = [tempfile.NamedTemporaryFile() for _ in range(2)]\n"
    spill += "for _ in range(40):\n    for file in files: file.write(b'x' * 15_000_000); file.flush()\n"
    with ends(LimitError, r"DAYBOOK_RUN_MEMORY.* (9\d\d MB|1[.0-9]* GB) were put aside on disk", 20):
        run(spill + "time.sleep(60)")


def test_processes_without_end(run, ends):
    bomb = DAEMON + "for _ in range(200): daemon()\nimport time; time.sleep(60)"
    told = r"'The sums' had more than 32 processes at a time \(DAYBOOK_RUN_PROCESSES\); \d+ of \d+ were python"
    with ends(LimitError, told, 5):
        run(bomb)


@pytest.mark.parametrize(
    "source",
    ["for _ in range(1000): print('x' * 1_000_000)", "print('x' * 1_000_000_000)"],
    ids=["in steps", "at once"],
)
def test_a_gigabyte_printed_stays_out_of_our_memory(run, ends, source):
    with ends(LimitError, r"'The sums' brought what the run prints.*more than 10 MB \(DAYBOOK_RUN_OUTPUT\)", 60):
        Path("/proc/self/clear_refs").write_text("5")  # forget the highest so far
        before = highest()
        try:
            run(source, Guard(replace(LIMITS, memory=20_000 * MB)))
        finally:
            assert highest() - before < 100 * MB


@pytest.mark.parametrize("then", ["import time; time.sleep(60)", "pass"], ids=["and more to do", "at the end"])
def test_a_large_file(run, ends, then):
    write = "file = open('big.bin', 'wb')\nfor _ in range(50): file.write(b'x' * 1_000_000)\nfile.close()\n"
    with ends(LimitError, r"DAYBOOK_RUN_OUTPUT\); big\.bin has 50 MB$", 5):
        run(write + then)


def test_no_file_is_endless_and_no_core_is_dumped(run):
    source = (
        "import resource\nprint(resource.getrlimit(resource.RLIMIT_FSIZE), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    assert run(source) == f"({LIMITS.memory}, {LIMITS.memory}) (0, 0)\n"


def test_what_a_good_run_leaves_behind_is_gone_too(run, mark):
    assert run(DAEMON + "daemon()\nprint('done')") == "done\n"
    deadline = time.monotonic() + GONE
    while marked(mark):
        assert time.monotonic() < deadline


def test_a_run_is_cancelled_from_another_thread(run, ends):
    guard = Guard(LIMITS)
    threading.Timer(1.0, guard.end, [CancelledError("cancelled by ann")]).start()
    with ends(CancelledError, "^cancelled by ann$", 1):
        run(DAEMON + "daemon()" + DEAF, guard)
    guard.end(LimitError("too late"))
    with pytest.raises(CancelledError):
        guard.check()
    assert guard.remaining == 0


def test_a_run_that_was_cancelled_before_its_kernel_came(run):
    guard = Guard(LIMITS)
    guard.end(CancelledError("cancelled by ann"))
    with pytest.raises(CancelledError):
        run("1", guard)


@pytest.mark.parametrize(
    "source", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)"], ids=["exits", "segmentation fault"]
)
def test_a_kernel_that_dies_by_itself_is_the_notebooks_own(run, ends, source):
    with ends(NotebookError, "^sales: the kernel died in 'The sums'"):
        run(source)


def test_the_limits_of_a_workspace():
    found = Limits.of(
        Workspace(Path("/"), Path("/"), cell_timeout=1, run_timeout=2, run_memory=3, run_output=4, run_processes=5)
    )
    assert found == Limits(1, 2, 3, 4, 5)


def test_sizes_as_words():
    assert [size(n) for n in (0, 999, 5_000, 256 * MB, 5_912 * MB)] == ["0 B", "999 B", "5 KB", "256 MB", "5.91 GB"]


def test_time_runs_from_the_making_of_the_guard():
    guard = Guard(replace(LIMITS, run_seconds=0.05))
    guard.check()
    assert 0 < guard.remaining <= 0.05
    time.sleep(0.06)
    with pytest.raises(LimitError, match=r"^the run ran when"):
        guard.check()
