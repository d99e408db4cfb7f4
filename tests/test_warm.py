"""What a kernel may do before anybody asks: nothing that a fork would break, nothing that a report could tell."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports_lib import ahead
from reports_lib.warehouse import lake
from reports_lib.warehouse.connection import connect, prepare

AS_OF = datetime(2030, 1, 1, tzinfo=UTC)
STATE = """
    select name, value from duckdb_settings()
    where name not in ('temp_directory', 'allowed_directories', 'home_directory') order by name
"""


def run(code: str) -> str:
    """What a new Python says."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_import_leaves_nothing_that_a_fork_would_break():
    code = """
import os
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
import duckdb
duckdb.close()  # its own import opens one
import reports_lib.ahead
reports_lib.ahead.compile_ahead()
from reports_lib.picture import _converter
from reports_lib.warehouse.lake import _ready
print(len(os.listdir("/proc/self/task")), _ready, _converter.cache_info().currsize)
"""
    assert run(code) == "1 [] 0"


def test_a_warm_process_answers_as_a_cold_one(lake_address, as_reader, monkeypatch, tmp_path):
    monkeypatch.setattr(lake, "_ready", [])
    monkeypatch.setenv("DAYBOOK_TABLES", str(tmp_path))
    address = as_reader(lake_address)

    def seen():
        with connect(address, as_of=AS_OF) as warehouse:
            con = warehouse.backend.con
            return (
                con.execute(STATE).fetchall(),
                con.execute("select database_name, internal from duckdb_databases() order by 1").fetchall(),
                con.execute("select * from duckdb_variables()").fetchall(),
            )

    cold = seen()
    environment = dict(os.environ)
    ahead.warm()
    assert len(lake._ready) == 1
    assert seen() == cold
    assert not lake._ready
    assert dict(os.environ) == environment
    assert list(tmp_path.iterdir()) == []  # no table that the notebook did not make


def test_what_is_random_stays_so():
    code = """
import random, numpy
from reports_lib import ahead
random.seed(1); numpy.random.seed(1)
before = random.getstate(), numpy.random.get_state()[1].tobytes()
ahead.warm()
print((random.getstate(), numpy.random.get_state()[1].tobytes()) == before)
"""
    assert run(code) == "True"


def test_a_prepared_session_is_used_once_and_never_after_a_fork(lake_address, as_reader, monkeypatch):
    monkeypatch.setattr(lake, "_ready", [])
    prepare()
    prepared = lake.prepared()
    prepare()
    assert [ready.con for ready in lake._ready] == [prepared]
    with connect(as_reader(lake_address), as_of=AS_OF) as one, connect(as_reader(lake_address), as_of=AS_OF) as other:
        assert one.backend.con is prepared
        assert other.backend.con is not prepared
    monkeypatch.setattr(lake, "_ready", [lake._Ready(os.getppid(), prepared, "")])  # as a child would find it
    with connect(as_reader(lake_address), as_of=AS_OF) as warehouse:
        assert warehouse.backend.con is not prepared


def test_warming_needs_no_workspace(tmp_path):
    code = "from reports_lib import ahead; ahead.warm(); print('warm')"
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, env=plain, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("warm", "")
    assert [path.name for path in Path(tmp_path).rglob("*") if path.is_file()] == []


@pytest.fixture(autouse=True)
def _none_left():
    yield
    lake._ready.clear()
