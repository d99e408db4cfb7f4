"""Nothing of one run is seen by the next; the zygote holds nothing that a fork would share."""

import signal
from pathlib import Path

import psutil
import pytest

from reports_lib.kernels.pool import Pool
from tests.kernels.conftest import executed, text

pytestmark = pytest.mark.kernel

# what a run does, and what the next one asks: it must answer as a run does that has no predecessor
MARKS = {
    "variable": ("leak = 1", "'leak' in globals()"),
    "builtin": ("import builtins; builtins.leak = 1", "import builtins; hasattr(builtins, 'leak')"),
    "patched module": (
        "import pandas, math; pandas.DataFrame.sum = None; math.pi = 3",
        "import pandas, math; pandas.DataFrame.sum is None, math.pi",
    ),
    "patched library": (
        "import reports_lib.notebook as n; n.begin = None; n.MOST_SERIES = 0",
        "import reports_lib.notebook as n; n.begin is None, n.MOST_SERIES",
    ),
    "import side effect": (
        "import sys, colorsys; sys.modules['planted'] = colorsys; sys.path.append('/planted')",
        "import sys; 'planted' in sys.modules, 'colorsys' in sys.modules, '/planted' in sys.path",
    ),
    "import hook": (
        "import sys\nclass F:\n    def find_spec(self, *a): return None\nsys.meta_path.append(F())",
        "import sys; [type(f).__name__ for f in sys.meta_path if type(f).__name__ == 'F']",
    ),
    "working folder": ("import os; os.chdir('/')", "import os; os.getcwd() == os.environ['HERE']"),
    "environment": (
        "import os; os.environ['LEAK'] = '1'; os.environ['TZ'] = 'Asia/Tokyo'; import time; time.tzset()",
        "import os, time; 'LEAK' in os.environ, os.environ.get('TZ'), time.tzname",
    ),
    "DuckDB connection": (
        "import duckdb; duckdb.sql('create table leak (a int)'); duckdb.sql(\"set threads = 1\")",
        "import duckdb; duckdb.sql('show tables').fetchall(),"
        " duckdb.sql(\"select current_setting('threads')\").fetchall()",
    ),
    "ibis backend": (
        "import ibis; ibis.get_backend().raw_sql('create table leak (a int)'); ibis.options.interactive = True",
        "import ibis; ibis.get_backend().list_tables(), ibis.options.interactive",
    ),
    "signal handlers": (
        "import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN); signal.alarm(1000)",
        "import signal; signal.getsignal(signal.SIGUSR1), signal.alarm(0)",
    ),
    "locale": (
        "import locale; locale.setlocale(locale.LC_ALL, 'C')",
        "import locale; locale.setlocale(locale.LC_CTYPE)",
    ),
    "warnings and logs": (
        "import warnings, logging; warnings.simplefilter('error'); logging.disable()",
        "import warnings, logging; warnings.filters[0][0], logging.root.manager.disable",
    ),
    "pandas options": (
        "import pandas; pandas.options.display.max_rows = 1",
        "import pandas; pandas.options.display.max_rows",
    ),
    "decimal context": (
        "import decimal; decimal.getcontext().prec = 2",
        "import decimal; decimal.Decimal(1) / 3",
    ),
    "mask and priority": (
        "import os; os.umask(0o777); os.nice(5)",
        "import os; os.umask(0o022), os.nice(0)",
    ),
    "files in the home": (
        "import pathlib; (pathlib.Path.home() / 'leak').write_text('x')",
        "import pathlib; [p.name for p in pathlib.Path.home().glob('leak*')]",
    ),
    "history": (
        "secret_in_history = 1",
        "list(get_ipython().history_manager.search('*secret_in_history =*'))",
    ),
    "cells of the session": ("1", "get_ipython().execution_count, len(In), list(Out)"),
    "limits": (  # the last: little else works after it
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)); sys.setrecursionlimit(200)",
        "import resource, sys; resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64, sys.getrecursionlimit()",
    ),
}


@pytest.fixture(scope="module")
def pool():
    with Pool(size=2, idle=600) as pool:
        yield pool


def answers(kernel):
    """What a kernel answers to each question."""
    found = {}
    for name, (_, ask) in MARKS.items():
        *first, last = ask.split("; ")
        found[name] = text(kernel, "; ".join([*first, f"print(repr(({last})))"]))
    return found


def test_what_a_run_does_is_unseen_by_the_next(pool, tmp_path):
    with pool.take({"HERE": str(tmp_path)}, tmp_path) as kernel:
        before = answers(kernel)
    assert not [name for name, said in before.items() if "Error" in said]
    with pool.take({"HERE": str(tmp_path)}, tmp_path) as kernel:
        assert {name: said for name, (leave, _) in MARKS.items() if (said := text(kernel, leave))} == {}
        assert [name for name, said in answers(kernel).items() if said == before[name]] == []  # it has left them
    for _ in range(3):  # two were ready while the run went on, one is made after it
        with pool.take({"HERE": str(tmp_path)}, tmp_path) as kernel:
            assert answers(kernel) == before


DRAWS = (
    "import random; print(random.random())",
    "import numpy; print(numpy.random.rand())",
    "import numpy; print(numpy.random.default_rng().random())",
    "import uuid; print(uuid.uuid4())",
    "import secrets; print(secrets.token_hex())",
    "import tempfile; print(tempfile.mktemp(dir='/x'))",
)


def test_no_two_runs_draw_the_same(pool, tmp_path):
    drawn = []
    for _ in range(4):
        with pool.take({}, tmp_path) as kernel:
            drawn.append([text(kernel, draw) for draw in DRAWS])
    assert [len(set(each)) for each in zip(*drawn, strict=True)] == [4] * len(DRAWS)


def test_a_seed_of_one_run_is_not_the_next_ones(pool, tmp_path):
    drawn = []
    for _ in range(3):
        with pool.take({}, tmp_path) as kernel:
            drawn.append(text(kernel, "import random, numpy; print(random.random(), numpy.random.rand())"))
            text(kernel, "random.seed(1); numpy.random.seed(1)")
    assert len(set(drawn)) == 3


def test_what_runs_at_exit_is_the_runs_own(pool, tmp_path):
    mark = tmp_path / "mark"
    with pool.take({}, tmp_path) as kernel:
        text(kernel, f"import atexit, pathlib; atexit.register(pathlib.Path({str(mark)!r}).touch)")
    with pool.take({}, tmp_path) as kernel:
        executed(kernel, ["get_ipython().kernel.io_loop.add_callback(get_ipython().kernel.io_loop.stop)"])
        kernel.manager.provisioner.process.wait(10)
    assert not mark.exists()


def test_only_what_was_given_is_in_the_environment(pool, tmp_path, monkeypatch):  # T16
    monkeypatch.setenv("DAYBOOK_DATABASE_URL", "postgresql://user:canary@host/db")
    with Pool(size=0, idle=0) as fresh, fresh.take({"GIVEN": "1"}, tmp_path) as kernel:
        names = text(kernel, "import os; print(dict(os.environ))")
        memory = [Path(f"/proc/{pid}/environ").read_bytes() for pid in (*kernel.pids(), kernel.keeper)]
    assert "canary" not in names
    assert "GIVEN" in names
    assert not any(b"canary" in words for words in memory)


def test_the_zygote_has_one_thread_no_secret_and_no_connection(pool, tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBOOK_SMTP_URL", "smtp://canary@host")
    with Pool(size=0, idle=0) as fresh, fresh.take({"SECRET_GIVEN": "canary"}, tmp_path) as kernel:
        text(kernel, "import duckdb; duckdb.sql('select 1')")
        zygote = psutil.Process(kernel.keeper).parent()
        keeper = psutil.Process(kernel.keeper)
        for process in (zygote, keeper):
            proc = Path(f"/proc/{process.pid}")
            assert process.num_threads() == 1
            assert b"canary" not in (proc / "environ").read_bytes()
            assert process.net_connections(kind="inet") == []
        files = sorted(str(f.readlink()) for f in Path(f"/proc/{zygote.pid}/fd").iterdir())
        kinds = [name.split(":")[0] for name in files]
        # standard streams; a pair to be woken by, the listener; the pipe that tells when we are gone
        assert kinds.count("socket") == 3
        assert kinds.count("pipe") == 1
        assert len(files) - 4 == 3


def test_a_kernel_inherits_no_file_of_the_zygote_or_of_others(pool, tmp_path):
    with pool.take({}, tmp_path) as one, pool.take({}, tmp_path) as other:
        assert one.keeper != other.keeper
        for kernel in (one, other):
            held = {str(f.readlink()) for f in Path(f"/proc/{kernel.keeper}/fd").iterdir()}
            assert sum(name.startswith("socket") for name in held) == 3  # its connection, a pair to be woken by
            theirs = {str(f.readlink()) for f in Path(f"/proc/{kernel.pids()[0]}/fd").iterdir()}
            assert not {name for name in held & theirs if name.startswith(("socket", "pipe"))}


def test_signals_are_those_of_a_fresh_process(pool, tmp_path):
    with pool.take({}, tmp_path) as kernel:
        status = Path(f"/proc/{kernel.pids()[0]}/status").read_text()
    blocked = next(line for line in status.splitlines() if line.startswith("SigBlk"))
    assert int(blocked.split()[1], 16) & (1 << (signal.SIGINT - 1)) == 0
