"""The pool hands out what is ready, at once and only once, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from nbclient import NotebookClient

from reports_lib.errors import NotebookError
from reports_lib.kernels import fingerprint, forking
from reports_lib.kernels import pool as pools
from reports_lib.kernels.pool import CALM, Pool
from tests.kernels import light_zygote
from tests.kernels.conftest import executed, gone, notebook, text

pytestmark = pytest.mark.kernel

# a grandchild that has left its session and its parent
ESCAPE = """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    import signal, time
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(600)
    os._exit(0)
import subprocess
sleeper = subprocess.Popen(["sleep", "600"])
"""


@pytest.fixture(autouse=True)
def light(monkeypatch):
    monkeypatch.setattr(forking, "PROGRAM", light_zygote.PROGRAM)


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ready(pool):
    return [kernel for _, kernel in list(pool._ready)]


def escaped(kernel):
    """All processes of a kernel whose notebook has let two others loose."""
    text(kernel, ESCAPE)
    until(lambda: len(kernel.pids()) >= 3)
    time.sleep(0.1)
    return [*kernel.pids(), kernel.keeper]


def test_kernels_are_ready_before_they_are_asked_for(tmp_path):
    with Pool(size=2, idle=600) as pool:
        until(lambda: len(ready(pool)) == 2)
        waiting = {kernel.pids()[0] for kernel in ready(pool)}
        with pool.take({}, tmp_path) as one, pool.take({}, tmp_path) as two:
            assert {one.pids()[0], two.pids()[0]} == waiting
            until(lambda: len(ready(pool)) == 2)  # there are new ones
            assert not waiting & {kernel.pids()[0] for kernel in ready(pool)}


def test_the_next_kernel_is_not_made_beside_the_run_that_begins(tmp_path):
    with Pool(size=1, idle=600) as pool:
        until(lambda: ready(pool))
        taken = time.monotonic()
        with pool.take({}, tmp_path):
            time.sleep(CALM / 2)
            is_made = bool(ready(pool)) or pool._making > 0
            assert not is_made or time.monotonic() - taken > CALM  # on a machine that let us wait for longer
            until(lambda: ready(pool))


def test_taking_leaves_no_trace_in_the_notebook(tmp_path):
    with Pool(size=1, idle=600) as pool, pool.take({"GIVEN": "1"}, tmp_path) as kernel:
        outputs = executed(kernel, ["import os; os.environ['GIVEN'], os.getcwd()", "In, list(Out), _"])
        assert outputs[0][0]["execution_count"] == 1
        assert " ".join(outputs[0][0]["data"]["text/plain"].split()) == f"('1', {str(tmp_path)!r})"
        assert "dress" not in outputs[1][0]["data"]["text/plain"]


def test_nbclient_neither_starts_nor_waits_for_it(tmp_path):
    with Pool(size=1, idle=600) as pool, pool.take({}, tmp_path) as kernel:
        client = NotebookClient(notebook(["1 + 1"]), km=kernel.manager)
        client.kc = kernel.client
        assert client.execute().cells[0].outputs[0].data["text/plain"] == "2"
        assert client.kc is kernel.client


@pytest.mark.parametrize("size", [0, 2])
def test_many_threads_take_at_once_and_nobody_gets_the_same(tmp_path, size):
    with Pool(size=size, idle=600) as pool:
        taken = []
        threads = [threading.Thread(target=lambda: taken.append(pool.take({}, tmp_path))) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({kernel.keeper for kernel in taken}) == 5
        assert [text(kernel, "print(6 * 7)") for kernel in taken] == ["42"] * 5
        for kernel in taken:
            kernel.close()


def test_idle_kernels_are_let_go_and_come_back(tmp_path):
    with Pool(size=1, idle=2) as pool:
        until(lambda: ready(pool))
        pids = ready(pool)[0].pids()
        until(lambda: not ready(pool))
        assert gone(pids)
        with pool.take({}, tmp_path) as kernel:
            assert text(kernel, "print(1)") == "1"
        until(lambda: ready(pool))


def test_a_dead_kernel_is_not_handed_out(tmp_path):
    with Pool(size=1, idle=600) as pool:
        until(lambda: ready(pool))
        os.kill(ready(pool)[0].pids()[0], signal.SIGKILL)
        with pool.take({}, tmp_path) as kernel:
            assert text(kernel, "print(1)") == "1"


def test_a_killed_zygote_takes_its_kernels_along_and_a_new_one_is_started(tmp_path):
    with Pool(size=1, idle=600) as pool:
        kernel = pool.take({}, tmp_path)
        zygote = psutil.Process(kernel.keeper).parent()
        everyone = [*escaped(kernel), *(pid for k in ready(pool) for pid in k.pids())]
        zygote.kill()
        assert gone(everyone)
        assert not kernel.alive
        kernel.close()
        with pool.take({}, tmp_path) as kernel:
            assert text(kernel, "print(1)") == "1"
            assert psutil.Process(kernel.keeper).parent() != zygote


def test_a_killed_keeper_leaves_nobody_behind(tmp_path):
    with Pool(size=0, idle=0) as pool:
        kernel = pool.take({}, tmp_path)
        everyone = escaped(kernel)
        os.kill(kernel.keeper, signal.SIGKILL)
        assert gone(everyone)
        assert not kernel.alive
        kernel.close()


def test_a_kernel_that_ends_takes_its_grandchildren_along(tmp_path):  # T15
    with Pool(size=0, idle=0) as pool, pool.take({}, tmp_path) as kernel:
        everyone = escaped(kernel)
        os.kill(next(pid for pid in everyone if psutil.Process(pid).ppid() == kernel.keeper), signal.SIGKILL)
        assert gone(everyone)


def test_end_ends_everybody_from_any_thread(tmp_path):  # T15
    with Pool(size=0, idle=0) as pool, pool.take({}, tmp_path) as kernel:
        everyone = escaped(kernel)
        threads = [threading.Thread(target=kernel.end) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert gone(everyone, seconds=1)
        assert kernel.pids() == []
        assert not kernel.alive


def test_close_leaves_no_process_and_no_file(tmp_path):
    pool = Pool(size=2, idle=600)
    kernel = pool.take({}, tmp_path)
    everyone = [psutil.Process(kernel.keeper).ppid(), *escaped(kernel)]
    until(lambda: len(ready(pool)) == 2)
    everyone += [pid for k in ready(pool) for pid in (k.keeper, *k.pids())]
    pool.close()
    assert gone(everyone, seconds=2)
    assert not pool._folder.exists()
    kernel.close()
    with pytest.raises(NotebookError, match="closed"):
        pool.take({}, tmp_path)


def test_a_killed_owner_leaves_no_process_and_no_file(tmp_path):  # F1
    program = """
import sys, time
from pathlib import Path
from reports_lib.kernels.pool import Pool
from tests.kernels.light_zygote import use
from tests.kernels.test_pool import escaped, ready, until
use()
pool = Pool(size=1, idle=600)
kernel = pool.take({}, Path.cwd())
found = escaped(kernel)
until(lambda: ready(pool))
print(pool._folder, *found, *(pid for k in ready(pool) for pid in (k.keeper, *k.pids())), flush=True)
time.sleep(600)
"""
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with owner:
        assert owner.stdout
        folder, *pids = owner.stdout.readline().split()
        owner.kill()
    assert len(pids) >= 6
    assert gone([int(pid) for pid in pids])
    until(lambda: not Path(folder).exists(), 5)


def test_what_the_process_itself_says_goes_to_the_log(tmp_path):
    with Pool(size=1, idle=600) as pool, (tmp_path / "log").open("wb") as log, pool.take({}, tmp_path, log) as kernel:
        text(kernel, "import os, sys; os.write(sys.stderr._original_stdstream_copy, b'from below')")
    assert b"from below" in (tmp_path / "log").read_bytes()


def test_a_change_of_the_library_makes_new_kernels_and_keeps_those_in_use(tmp_path, monkeypatch):
    with Pool(size=1, idle=600) as pool:
        used = pool.take({}, tmp_path)
        until(lambda: ready(pool))
        old = ready(pool)[0].pids()
        zygote = psutil.Process(used.keeper).parent()
        touched = Path(pools.__file__)  # of which nobody depends on the time
        before = touched.stat()
        os.utime(touched, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        try:
            with pool.take({}, tmp_path) as kernel:
                assert psutil.Process(kernel.keeper).parent() != zygote
            assert gone(old)
            assert text(used, "print('still there')") == "still there"
            used.close()
            assert gone([zygote.pid], seconds=15)  # when it was left by its last kernel
        finally:
            os.utime(touched, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_pool_that_is_never_closed_leaves_nothing(tmp_path):
    program = """
from pathlib import Path
from reports_lib.kernels.pool import Pool
from tests.kernels.light_zygote import use
use()
pool = Pool(size=1, idle=600)
kernel = pool.take({}, Path.cwd())
print(pool._folder, kernel.keeper, *kernel.pids(), flush=True)
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    folder, *pids = done.stdout.split()
    assert gone([int(pid) for pid in pids])
    until(lambda: not Path(folder).exists(), 5)


def test_where_fork_is_missing_plain_kernels_are_kept(tmp_path):
    with Pool(size=1, idle=600, fork=False) as pool:
        until(lambda: ready(pool))
        with pool.take({"GIVEN": "1"}, tmp_path) as kernel:
            assert kernel.keeper is None
            outputs = executed(kernel, ["import os, sys; os.environ['GIVEN'], os.getcwd()"])
            assert " ".join(outputs[0][0].data["text/plain"].split()) == f"('1', {str(tmp_path)!r})"
            pids = kernel.pids()
            assert len(pids) == 1
            text(kernel, "import subprocess; p = subprocess.Popen(['sleep', '600'])")
            pids = kernel.pids()
        assert len(pids) == 2
        assert gone(pids, seconds=2)


def test_a_shared_zygote_serves_two_owners_and_stays(tmp_path):
    folder = tmp_path / "z"
    folder.mkdir(mode=0o700)
    with Pool(size=0, idle=0, zygote_folder=folder) as one, one.take({}, tmp_path) as kernel:
        zygote = psutil.Process(kernel.keeper).parent()
        with Pool(size=0, idle=0, zygote_folder=folder) as two, two.take({}, tmp_path) as other:
            assert psutil.Process(other.keeper).parent() == zygote
    assert zygote.is_running()
    zygote.kill()


def test_a_kernel_can_be_interrupted(tmp_path):
    with Pool(size=0, idle=0) as pool, pool.take({}, tmp_path) as kernel:
        threading.Timer(0.5, kernel.manager.provisioner.process.send_signal, [signal.SIGINT]).start()
        assert text(kernel, "import time; time.sleep(60)").startswith("KeyboardInterrupt")
        assert text(kernel, "print('goes on')") == "goes on"


def test_an_editors_mark_beside_a_module_stops_nothing(tmp_path, monkeypatch):
    (tmp_path / "facts.py").touch()
    monkeypatch.setattr(fingerprint, "LIBRARY", tmp_path)
    before = fingerprint.fingerprint()
    (tmp_path / ".#facts.py").symlink_to("ann@desk.1234:1")  # as Emacs does while the file is being changed
    assert fingerprint.fingerprint() == before
