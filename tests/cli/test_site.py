"""`daybook serve` as a process: the address it says, the worker it has, and what it leaves behind."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from reports_lib.cli.site import _listening, is_local
from reports_lib.database.cluster import Cluster
from reports_lib.errors import SettingError
from reports_lib.workspace import Workspace
from tests.cli.conftest import PROGRAM
from tests.portal.people import token_of

pytestmark = pytest.mark.kernel


def until(found, seconds=60.0):
    """What `found` returns, once it returns something."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


@pytest.fixture
def outputs():
    """Outputs of the test's own, with an embedded database."""
    folder = Path(tempfile.mkdtemp(prefix="daybook-serve-"))
    folder.chmod(0o755)  # reachable for the user who runs Postgres where we are root
    yield folder
    Cluster.of(folder).stop()  # where the last to leave was killed
    shutil.rmtree(folder)


def is_up(outputs):
    return (outputs / "database/data/postmaster.pid").exists()


@pytest.fixture
def serve(office):
    """`serve(*options)`: a `daybook serve` in the office, and its address; with `outputs` on a database there."""
    begun = []

    def begin(*options, outputs=None):
        own = {"DAYBOOK_OUTPUTS": str(outputs), "DAYBOOK_DATABASE_URL": ""} if outputs else {}
        serving = subprocess.Popen(
            [PROGRAM, "serve", *options],
            env=os.environ | office.environment | {"DAYBOOK_PORT": "0"} | own,
            stdout=subprocess.PIPE,
            text=True,
        )
        begun.append(serving)
        return serving, serving.stdout.readline().split()[1]

    yield begin
    for each in begun:
        each.terminate()
        each.wait()
        each.stdout.close()


def workers(serving):
    """The processes of workers that `daybook serve` has."""
    children = [child for child in psutil.Process(serving.pid).children() if not is_gone(child)]
    return [child for child in children if "reports_lib.cli.companion" in child.cmdline()]


def is_gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_it_says_its_real_address_and_ends_in_order(serve, outputs):
    serving, address = serve(outputs=outputs)
    assert not address.endswith(":0/")
    with urllib.request.urlopen(f"{address}health") as answer:
        assert answer.status == 200
    assert is_up(outputs)
    (worker,) = until(lambda: workers(serving))
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(40) == 143
    assert is_gone(worker)
    assert not is_up(outputs)  # the embedded database went with them


def test_its_worker_makes_what_is_asked_for_and_is_followed_by_another(serve, office):
    serving, address = serve()
    office.write_notebook("broken", "1 / 0")
    asked = [PROGRAM, "run", "broken", "--format", "html", "--queue", "--json"]
    run = json.loads(subprocess.check_output(asked, env=os.environ | office.environment))["run"]
    cookie = {"Cookie": f"sid={token_of(office.installation)}"}
    with urllib.request.urlopen(urllib.request.Request(f"{address}runs/{run}/events", headers=cookie)) as stream:
        told = [json.loads(line[6:]) for line in stream if line.startswith(b"data: ")]
    assert (told[-1]["state"], told[-1]["step"], told[-1]["snapshot"]) == ("error", "The sums", None)
    assert "ZeroDivisionError" in told[-1]["error"]
    with urllib.request.urlopen(urllib.request.Request(f"{address}runs/{run}/notebook", headers=cookie)) as answer:
        cells = json.load(answer)["cells"]
    assert cells[-1]["outputs"][0]["ename"] == "ZeroDivisionError"

    (first,) = workers(serving)
    first.kill()
    (second,) = until(lambda: [each for each in workers(serving) if each.pid != first.pid])
    serving.send_signal(signal.SIGINT)
    assert serving.wait(40) == 130
    assert is_gone(second)


def test_a_worker_does_not_outlive_a_web_that_is_killed(serve):
    serving, _ = serve()
    (worker,) = until(lambda: workers(serving))
    serving.kill()
    until(lambda: is_gone(worker), 40)


def test_a_port_that_is_taken_is_told(tmp_path):
    workspace = Workspace(tmp_path, tmp_path, port=0)
    with _listening(workspace) as door:
        taken = Workspace(tmp_path, tmp_path, port=door.getsockname()[1])
        with pytest.raises(SettingError, match=r"cannot listen on .* set DAYBOOK_HOST or DAYBOOK_PORT"):
            _listening(taken)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("reports", False),
    ],
)
def test_what_only_this_machine_reaches(tmp_path, host, expected):
    assert is_local(Workspace(tmp_path, tmp_path, host=host)) is expected


def test_it_can_do_without_a_worker_and_warns_of_what_is_missing(office, outputs):
    own = {"DAYBOOK_OUTPUTS": str(outputs), "DAYBOOK_DATABASE_URL": "", "DAYBOOK_PORT": "0", "DAYBOOK_HOST": "0.0.0.0"}
    serving = subprocess.Popen(
        [PROGRAM, "serve", "--no-worker"],
        env=os.environ | office.environment | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    word, address = serving.stdout.readline().split()[:2]
    assert word == "serving"
    with urllib.request.urlopen(f"{address.replace('0.0.0.0', '127.0.0.1')}health"):
        assert workers(serving) == []
    serving.terminate()
    _, said = serving.communicate(timeout=40)
    nobody, open_ = said.splitlines()
    assert "nobody can sign in yet: daybook user add NAME --role admin" in nobody
    assert "unencrypted" in open_
