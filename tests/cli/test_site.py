"""`daybook serve` as a process: the address it says, and what it leaves behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import pytest

from reports_lib.cli.site import _listening
from reports_lib.errors import SettingError
from reports_lib.workspace import Workspace
from tests.cli.conftest import PROGRAM

pytestmark = pytest.mark.kernel


@pytest.fixture
def outputs():
    folder = Path(tempfile.mkdtemp(prefix="daybook-serve-"))
    folder.chmod(0o755)  # reachable for the user who runs Postgres where we are root
    yield folder
    shutil.rmtree(folder)


def test_it_says_its_real_address_and_ends_in_order(office, outputs):
    own = {"DAYBOOK_PORT": "0", "DAYBOOK_OUTPUTS": str(outputs), "DAYBOOK_DATABASE_URL": ""}
    serving = subprocess.Popen(
        [PROGRAM, "serve"], env=os.environ | office.environment | own, stdout=subprocess.PIPE, text=True
    )
    with serving:
        said = serving.stdout.readline()
        address = said.split()[1]
        assert not address.endswith(":0/")
        with urllib.request.urlopen(f"{address}health") as answer:
            assert answer.status == 200
        assert (outputs / "database/data/postmaster.pid").exists()
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(20) == 143
    assert not (outputs / "database/data/postmaster.pid").exists()  # the embedded database went with it


def test_a_port_that_is_taken_is_told(tmp_path):
    workspace = Workspace(tmp_path, tmp_path, port=0)
    with _listening(workspace) as door:
        taken = Workspace(tmp_path, tmp_path, port=door.getsockname()[1])
        with pytest.raises(SettingError, match=r"cannot listen on .* set DAYBOOK_HOST or DAYBOOK_PORT"):
            _listening(taken)
