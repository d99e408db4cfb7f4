"""Asking a zygote for kernels: it is found, or started, by whoever needs one first."""

import fcntl
import os
import select
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reports_lib.errors import NotebookError, SettingError
from reports_lib.kernels.fingerprint import fingerprint
from reports_lib.kernels.forked import Forked
from reports_lib.kernels.keeper import Order
from reports_lib.kernels.surroundings import inherited

IDLE = 900.0  # seconds without a kernel after which a shared zygote ends
ONE_THREAD = {  # while libraries are imported
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
START = 60.0  # seconds that its imports may take
PROGRAM = ("-m", "reports_lib.kernels.zygote")


def shared_folder() -> Path:
    """Where this user's commands find the zygote that they share; made if it is not there.

    Raises `SettingError` if somebody else could reach into it.
    """
    given = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(given) / "daybook" if given else Path(tempfile.gettempdir()) / f"daybook-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SettingError(f"{folder} must be a folder that is yours and closed to others; remove it")
    return folder


class Zygote:
    """Kernels from the zygote of a `folder`.

    One that is `shared` outlives us by IDLE seconds; else it ends with us, and its kernels and the
    folder with it. Safe to use from several threads.
    """

    def __init__(self, folder: Path, *, shared: bool) -> None:
        self._folder = folder
        self._processes: list[int] = []  # of our own: file descriptors that tell when they have ended
        self._life = None if shared else os.pipe()

    def fork(self, order: Order, files: Sequence[int]) -> Forked:
        """A new kernel whose standard output and error are `files`; raises `NotebookError` if there is no zygote."""
        for _ in range(3):  # a zygote may end, or the library change, just when we ask
            connection = self._connect()
            try:
                sent = order.sent()
                count = socket.send_fds(connection, [sent], files)
                connection.sendall(sent[count:])
                return Forked(connection)
            except (ConnectionError, TimeoutError):
                connection.close()
        raise NotebookError("kernels cannot be started: their zygote ends again and again")

    def close(self) -> None:
        """End a zygote of our own, its kernels and its folder; waits until they are gone."""
        if self._life is None:
            return
        for end in self._life:
            os.close(end)
        for process in self._processes:
            select.select([process], [], [], 15)
            os.close(process)
        self._life = None

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            path = self._folder / fingerprint()
            connection = socket.socket(socket.AF_UNIX)
            with self._alone():
                try:
                    connection.connect(str(path))
                    return connection
                except (FileNotFoundError, ConnectionRefusedError):
                    connection.close()
                    self._start(path)
        raise NotebookError("kernels cannot be started: the library keeps changing on disk")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Of several who need a zygote one starts it, and the others wait."""
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self, path: Path) -> None:
        """Start a zygote and wait until it listens."""
        home = str(self._folder)
        environment = inherited() | dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"), home)
        environment |= {"PYTHONHASHSEED": "0"} | ONE_THREAD
        read, ready = os.pipe()
        kept = [ready] if self._life is None else [ready, self._life[0]]
        how = str(IDLE) if self._life is None else f"life={self._life[0]}"
        command = [sys.executable, "-P", *PROGRAM, home, path.name, str(ready), how]
        with Path(f"{path}.log").open("w+b") as log, os.fdopen(read, "rb", buffering=0) as answer:
            try:
                subprocess.run(  # noqa: S603  ourselves
                    command,
                    env=environment,
                    cwd="/",
                    pass_fds=kept,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    check=False,
                )
            finally:
                os.close(ready)
            pid = answer.read() if select.select([answer], [], [], START)[0] else b""
            log.seek(0)
            said = log.read().decode(errors="replace").strip().splitlines()
        if pid:
            if self._life is not None:
                self._processes.append(os.pidfd_open(int(pid)))
            return
        Path(f"{path}.log").unlink(missing_ok=True)
        if said[-1:] != ["the library changed while it was imported"]:
            raise NotebookError(f"kernels cannot be started: {said[-1] if said else 'the zygote said nothing'}")
