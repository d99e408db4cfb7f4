"""The kernelspec "Daybook", as JupyterLab and Papermill use it."""

import asyncio
import json
import os
import signal
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient

from reports_lib.errors import SettingError
from reports_lib.kernels.forking import shared_folder
from tests.kernels.conftest import gone, notebook

pytestmark = pytest.mark.kernel

SPEC = Path(__file__).parents[2] / "reports_lib/kernels/kernelspec"


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """A runtime folder of our own, and the kernelspec as it is installed."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    kernels = tmp_path / "share/kernels"
    kernels.mkdir(parents=True)
    (kernels / "daybook").symlink_to(SPEC)
    yield tmp_path
    for zygote in psutil.process_iter():
        if zygote.pid != os.getpid() and str(tmp_path / "daybook") in " ".join(_command(zygote)):
            zygote.kill()


def _command(process):
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def test_the_kernelspec_is_one_that_jupyter_reads():
    spec = KernelSpec.from_resource_dir(str(SPEC))
    assert spec.display_name == "Daybook"
    assert spec.metadata["kernel_provisioner"] == {"provisioner_name": "daybook"}
    assert json.loads((SPEC / "kernel.json").read_text())["language"] == "python"


def test_jupyter_starts_interrupts_restarts_and_ends_it(runtime):
    async def use():
        manager = AsyncKernelManager(kernel_name="daybook")
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        reply = await client.execute("import sys; assert 'duckdb' in sys.modules", reply=True, timeout=30)
        assert reply["content"]["status"] == "ok"
        waiting = asyncio.create_task(client.execute("import time; time.sleep(60)", reply=True, timeout=30))
        await asyncio.sleep(0.5)
        await manager.interrupt_kernel()
        assert (await waiting)["content"]["ename"] == "KeyboardInterrupt"
        first = manager.provisioner.pid
        await manager.restart_kernel()
        await client.wait_for_ready(timeout=60)
        assert gone([first])
        second = manager.provisioner.pid
        assert await manager.is_alive()
        await manager.shutdown_kernel()
        client.stop_channels()
        assert gone([first, second])
        assert not await manager.is_alive()

    asyncio.run(use())


def test_a_notebook_that_names_it_runs_as_anywhere(runtime):
    done = NotebookClient(notebook(["import os; os.getppid() > 1", "print('fine')"]), kernel_name="daybook").execute()
    assert done.cells[1].outputs[0].text == "fine\n"


def test_papermill_uses_it_by_name(runtime):
    source = runtime / "in.ipynb"
    nbformat.write(notebook(["import os; print(os.environ['DAYBOOK_SEEN'], os.path.basename(os.getcwd()))"]), source)
    import papermill

    os.environ["DAYBOOK_SEEN"] = "inherited"
    try:
        done = papermill.execute_notebook(
            source, runtime / "out.ipynb", kernel_name="daybook", cwd=runtime, progress_bar=False
        )
    finally:
        del os.environ["DAYBOOK_SEEN"]
    assert done.cells[0].outputs[0].text == f"inherited {runtime.name}\n"


def test_a_kernel_that_dies_is_seen(runtime):
    async def use():
        manager = AsyncKernelManager(kernel_name="daybook")
        await manager.start_kernel()
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        assert await asyncio.wait_for(manager.provisioner.wait(), 10) == -signal.SIGKILL
        assert not await manager.is_alive()
        await manager.cleanup_resources()

    asyncio.run(use())


def test_a_manager_that_is_not_asynchronous_works_too(runtime):
    manager = KernelManager(kernel_name="daybook")
    manager.start_kernel()
    assert manager.is_alive()
    pid = manager.provisioner.pid
    manager.shutdown_kernel(now=True)
    assert gone([pid])


def test_somebody_elses_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "daybook").mkdir()
    (tmp_path / "daybook").chmod(0o777)
    with pytest.raises(SettingError, match="yours and closed"):
        shared_folder()
