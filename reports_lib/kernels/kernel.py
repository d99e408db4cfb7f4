"""One kernel for one use: ready, connected, and ended with all that it started."""

import asyncio
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psutil
import zmq
import zmq.asyncio
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from reports_lib.errors import NotebookError
from reports_lib.kernels.processes import end_tree
from reports_lib.kernels.surroundings import kernel_environment

ARGV = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.hist_file=:memory:"]
MOST_WORDS = 2**20  # bytes of a kernel's own words that are kept
DRESS = "__import__('importlib').import_module('reports_lib.kernels.dress')"  # leaves no name behind


class Kernel:
    """A kernel, its manager and its client; close it, or use it in a `with` statement.

    `client` is connected, subscribed, ready and has no message waiting, and no event loop has used
    it yet: give it to nbclient (`notebook_client.kc = kernel.client`, `km=kernel.manager`,
    `cleanup_kc=False`) and it neither starts nor waits for anything. Like every zmq client it
    belongs to one thread at a time; `end`, `alive` and `pids` may be called from any.
    """

    def __init__(self, folder: Path, context: zmq.asyncio.Context, provisioner: Mapping[str, Any]) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True, mode=0o700)
        self.log: IO[bytes] | None = None  # gets, at the end, what the process itself had to say
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self._ending = threading.Lock()
        self._process: Any = None  # a Forked or a Popen
        metadata = {
            "kernel_provisioner": {"provisioner_name": "daybook", "config": {**provisioner, "folder": str(folder)}}
        }
        self.manager = _Manager(
            context=context,
            transport="ipc",
            connection_file=str(folder / "kernel.json"),
            spec=KernelSpec(argv=list(ARGV), display_name="Daybook", language="python", metadata=metadata),
        )
        self.client: AsyncKernelClient = None  # from start() on
        self.about: dict[str, Any] = {}  # what it says of itself: its language, its versions

    def start(self, timeout: float, *, warm: Mapping[str, str] | None) -> None:
        """Start it, connect and wait until it is ready; not to be called inside an event loop.

        Unless `warm` is None it also does what it can before it is asked; those variables it will have then,
        in all likelihood. Raises `NotebookError`, and leaves nothing behind, if it is not ready after
        `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        environment = kernel_environment({}, str(self.home))
        try:
            asyncio.run(
                self.manager.start_kernel(env=environment, cwd=str(self.home), stdout=self._words, stderr=self._words)
            )
            self._process = self.manager.provisioner.process
            self.client = self.manager.client(context=self.manager.context)
            self.client.start_channels(hb=False)
            self.client.allow_stdin = False
            self._receive("iopub", deadline, "iopub_welcome")
            self.about = self._asked_about_itself(deadline)
            self.say("" if warm is None else f"{DRESS}.warm({dict(warm)!r})", deadline - time.monotonic())
        except BaseException:
            self.close()
            raise

    def dress(self, environment: Mapping[str, str], cwd: Path, log: IO[bytes] | None) -> None:
        """Give it its last variables and its working folder; raises `NotebookError`."""
        self.log = log
        self.say(f"{DRESS}.dress({dict(environment)!r}, {str(cwd)!r})", timeout=30)

    def say(self, code: str, timeout: float) -> None:
        """Have it run `code` so that no output, name, history or cell number tells of it.

        Raises `NotebookError` if it fails or takes longer than `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        content = {"code": code, "silent": True, "store_history": False, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": True}
        message = self.client.session.send(self._socket("shell"), "execute_request", content)["header"]["msg_id"]
        reply = self._receive("shell", deadline, "execute_reply", message)["content"]
        while self._receive("iopub", deadline, "status", message)["content"]["execution_state"] != "idle":
            pass
        if reply["status"] != "ok":
            raise NotebookError(f"a kernel could not be prepared: {reply.get('ename')}: {reply.get('evalue')}")

    def _asked_about_itself(self, deadline: float) -> dict[str, Any]:
        asked = self.client.session.send(self._socket("shell"), "kernel_info_request")["header"]["msg_id"]
        content: dict[str, Any] = self._receive("shell", deadline, "kernel_info_reply", asked)["content"]
        while self._receive("iopub", deadline, "status", asked)["content"]["execution_state"] != "idle":
            pass
        return content

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the kernel itself."""
        return int(self._process.pid)

    @property
    def keeper(self) -> int | None:
        """The process id of its keeper; None for a plain process."""
        found: int | None = getattr(self._process, "keeper", None)
        return found

    def pids(self) -> list[int]:
        """The kernel and every living descendant of it, wherever that has moved."""
        try:
            root = psutil.Process(self.keeper or self._process.pid)
            found = [process.pid for process in root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
        return found if self.keeper else [root.pid, *found]

    def interrupt(self) -> None:
        """Raise `KeyboardInterrupt` in the running cell, unless the cell has seen to it that nothing can."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Have it end without waiting for that; what descends from it ends too if it has a keeper."""
        self._process.kill()

    def end(self) -> None:
        """End it and everything that descends from it, and wait until that is gone; from any thread, any time."""
        process = self._process
        if process is None:
            return
        with self._ending:
            if self.keeper:
                process.end()
                return
            with suppress(psutil.NoSuchProcess):
                end_tree(psutil.Process(process.pid))
            process.wait()

    def close(self) -> None:
        """End it, hand over its own words, and let go of its sockets and its folder."""
        if self._words.closed:
            return
        self.end()
        if self.client:
            self.client.stop_channels()
        self.manager._close_control_socket()
        if self.keeper:
            self._process.close()
        with self._words:
            if self.log and not self.log.closed:
                self._words.seek(0)
                self.log.write(self._words.read(MOST_WORDS))
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _socket(self, channel: str) -> zmq.Socket[bytes]:
        """The client's socket as one without an event loop: its loop will be that of whoever runs the notebook."""
        return zmq.Socket.shadow(getattr(self.client, f"{channel}_channel").socket.underlying)

    def _receive(self, channel: str, deadline: float, kind: str, parent: str = "") -> dict[str, Any]:
        """The next message of a kind, and if given of a parent; drops all others."""
        socket = self._socket(channel)
        while (left := deadline - time.monotonic()) > 0:
            if not socket.poll(int(min(left * 1000, 100))):
                if self.alive:
                    continue
                raise NotebookError("a kernel ended before it was ready")
            _, parts = self.client.session.feed_identities(socket.recv_multipart())
            message: dict[str, Any] = self.client.session.deserialize(parts)
            if message["msg_type"] == kind and parent in ("", message["parent_header"].get("msg_id")):
                return message
        raise NotebookError("a kernel did not become ready in time")


class _Manager(AsyncKernelManager):
    """A manager that is told its kernelspec, so that none need be installed."""

    def __init__(self, spec: KernelSpec, **options: Any) -> None:  # noqa: ANN401  Jupyter's own
        self._spec = spec
        super().__init__(**options)

    @property
    def kernel_spec(self) -> KernelSpec:
        return self._spec
