"""The process that has imported everything, and forks.

    python -P -m reports_lib.kernels.zygote FOLDER FINGERPRINT READY LIFE|IDLE

It imports the analysis stack once, listens on `FOLDER/FINGERPRINT`, and gives everyone who connects a
keeper and a kernel of their own (`reports_lib.kernels.keeper`). It has one thread, no connection to
anything else and no secret: a fork would multiply them. Whatever a kernel does stays in the kernel.

It ends when the pipe LIFE is closed, taking its kernels along; without one, after IDLE seconds
without a kernel. When the library on disk is no longer what it imported it ends with its last kernel.
"""

import gc
import importlib
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

from reports_lib.kernels.fingerprint import LIBRARY, fingerprint
from reports_lib.kernels.keeper import keep
from reports_lib.kernels.newborn import become_kernel, launch
from reports_lib.kernels.processes import adopt_orphans, end_descendants, reap

# By name: the machinery does not depend on what notebooks are written with.
PRELOAD = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
    "sqlite3",
    "tornado.platform.asyncio",
    "tornado.queues",
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.compute",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "duckdb",
    "ibis",
    "ibis.backends.duckdb",
    "ibis.backends.duckdb.converter",
    "ibis.expr.types.groupby",
    "ibis.formats.pandas",
    "ibis.formats.pyarrow",
    "importlib.resources.readers",
    "vl_convert",
    "reports_lib.ahead",
)
METRICS = LIBRARY / "metrics"
LOOK = 2.0  # seconds between looks at the library on disk


def preload() -> None:
    """Import what notebooks use, and compile the usual queries, once for every kernel.

    What cannot be imported is left to the notebook that needs it, and its error.
    """
    for name in (*PRELOAD, *(f"reports_lib.metrics.{path.stem}" for path in METRICS.glob("[a-z]*.py"))):
        try:
            importlib.import_module(name)
        except Exception:
            traceback.print_exc()
    if ahead := sys.modules.get("reports_lib.ahead"):
        ahead.compile_ahead()
    if duckdb := sys.modules.get("duckdb"):
        duckdb.close()  # its import opens a database, which a fork would share; the next use opens one anew


def prepare_further() -> None:
    """Compile what is asked now and then: nobody waits for it, and whoever needs it can do so itself."""
    try:
        sys.modules["reports_lib.ahead"].compile_further()
    except Exception:
        traceback.print_exc()
    gc.collect()
    gc.freeze()


def main() -> None:
    """Import, listen and fork until it is time to end; returns only in kernels, which are then to be launched."""
    folder, print_, ready, how = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    if os.fork():  # whoever starts us need not wait for us
        os._exit(0)
    os.setsid()
    life, idle = (int(how.removeprefix("life=")), 0.0) if how.startswith("life=") else (None, float(how))
    given = set(os.environ)
    preload()
    imported = {name: value for name, value in os.environ.items() if name not in given}
    if fingerprint() != print_:
        sys.exit("the library changed while it was imported")
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        sys.exit("an import has started a thread, which a fork would lose")
    gc.collect()
    gc.freeze()  # or the collector would write to, and so copy, every page of every kernel
    server = Server(folder / print_, life, idle)
    os.write(ready, b"%d" % os.getpid())
    os.close(ready)
    if connection := server.serve():
        become_kernel(*keep(connection, server.pid), imported)
        return
    if server.orphaned:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # at once: there is nothing that needs an orderly end


class Server:
    """Forks for everyone who connects to the socket `path`."""

    def __init__(self, path: Path, life: int | None, idle: float) -> None:
        self.pid = os.getpid()
        self.orphaned = False  # nobody holds the other end of `life` any more
        self._path = path
        self._life = life
        self._idle = idle
        self._keepers: set[int] = set()
        self._used = self._looked = time.monotonic()
        self._is_done = False  # with what can wait
        adopt_orphans()
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{path}.new")
        self._listener.listen(64)
        Path(f"{path}.new").rename(path)  # who finds it finds somebody listening

    def serve(self) -> socket.socket | None:
        """Fork until it is time to end; returns a connection in each fork, None in the zygote."""
        poll = select.poll()
        for end in (self._listener.fileno(), self._woken.fileno(), self._life):
            if end is not None:
                poll.register(end, select.POLLIN)
        while not self._is_over():
            ready = {number for number, _ in poll.poll(LOOK * 1000)}
            self.orphaned = self._life in ready
            if not ready and not self._is_done:
                self._is_done = True
                prepare_further()
            if self._woken.fileno() in ready:
                self._woken.recv(4096)
                self._bury()
            if self._listener.fileno() in ready and (connection := self._fork()):
                return connection
        self._end()
        return None

    def _is_over(self) -> bool:
        """Whether nobody needs us any more."""
        now = time.monotonic()
        if self.orphaned:
            return True
        if self._keepers:
            self._used = now
        elif now >= self._looked + LOOK:
            self._looked = now
            return (self._life is None and now > self._used + self._idle) or fingerprint() != self._path.name
        return False

    def _fork(self) -> socket.socket | None:
        """The connection in the keeper that is to be; None in the zygote."""
        connection, _ = self._listener.accept()
        try:
            pid = os.fork()
        except OSError as error:  # no more processes now: those there are must not end with us
            print(f"cannot fork: {error.strerror}", file=sys.stderr)  # noqa: T201
            connection.close()
            return None
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for end in (self._listener, self._woken, self._wake):
                end.close()
            if self._life is not None:
                os.close(self._life)
            return connection
        self._keepers.add(pid)
        connection.close()
        return None

    def _bury(self) -> None:
        """Take leave of keepers that have ended; if one was killed, end whom it left behind."""
        codes = reap()
        self._keepers -= codes.keys()
        if any(codes.values()):
            end_descendants(spared=self._keepers)

    def _end(self) -> None:
        """End every kernel, then nothing is left but us."""
        for left in (self._path, Path(f"{self._path}.log")):
            left.unlink(missing_ok=True)
        for keeper in self._keepers:
            os.kill(keeper, signal.SIGTERM)
        while self._keepers:
            self._keepers -= reap().keys()
            time.sleep(0.001)
        end_descendants()


if __name__ == "__main__":
    main()
    launch()  # from here, so that a notebook's stack is no deeper than in a kernel like any other
