"""One process that renders: warmed when it starts, asked for one work at a time, gone with its parent.

    parent                                   python -m reports_lib.rendering
      Renderer()    -------- starts ----------->  warm(), then `ready`
      ask(work, …)  --- name, given, body ----->  work(body, given)
                    <-- error or null, bytes ---

It is a new Python, not a fork, for its parent has threads; and nothing is pickled either way, so a page
that took a renderer over could not make its parent run anything. It is started with the few variables
that Python and typefaces need: no database's address and no password ever gets there. When the parent
goes, by SIGKILL too, the connection closes, and the renderer ends itself in the midst of any work.
"""

import gc
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import psutil

from reports_lib.errors import DaybookError, named
from reports_lib.kernels.surroundings import inherited
from reports_lib.rendering.works import Given, Work, warm

# beside what every process of ours may see: where its code lies, and where typefaces and their index do
KEPT = (
    *("PYTHONPATH", "HOME", "TMPDIR"),
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
)
READY = b"ready"
GARBAGE = 10_000  # new objects after which Python looks for those that nobody needs (700 by itself)
PROGRAM = "reports_lib.rendering"


class RendererDiedError(Exception):
    """The process is gone, and what it was asked for with it."""


class Renderer:
    """The parent's end of one such process; `tasks` counts what it was asked for."""

    def __init__(self) -> None:
        self.tasks = 0
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-P", "-m", PROGRAM, str(theirs.fileno())],
                env=inherited() | {name: os.environ[name] for name in KEPT if name in os.environ},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for its parent, which decides what becomes of the work
            )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    @property
    def memory(self) -> int:
        """Bytes that the process holds now, 0 if it is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0

    @property
    def last_word(self) -> str:
        """How a process that is gone has ended, such as `SIGKILL`."""
        code = self._process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def wait_until_ready(self) -> None:
        """Wait for the process to be warm; raises `RendererDiedError`."""
        self._received()

    def ask(self, work: Work, body: bytes, given: Given) -> bytes:
        """What `work`, a function of a module, makes of `body` and `given` over there.

        Raises what it raised if that is a `DaybookError`, a plain one for any other error, and
        `RendererDiedError` if the process ended meanwhile.
        """
        self.tasks += 1
        try:
            self._connection.send_bytes(json.dumps([work.__module__, work.__qualname__, given]).encode())
            self._connection.send_bytes(body)
        except OSError:
            raise RendererDiedError from None
        error, made = json.loads(self._received()), self._received()
        if error is not None:
            raise named(*error) or DaybookError(error[1])
        return made

    def kill(self) -> None:
        """End the process now, whatever it does; whoever waits for it gets `RendererDiedError`."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the process and give back what it took here; only when nobody waits for it."""
        self.kill()
        self._connection.close()

    def _received(self) -> bytes:
        try:
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            raise RendererDiedError from None


def main(descriptor: int) -> None:
    """Be a renderer: answer what comes over `descriptor` until it closes."""
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    asked: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(connection, asked), daemon=True).start()
    warm()
    gc.collect()
    with suppress(OSError):  # where memory ends, a renderer goes before the process that makes runs
        Path("/proc/self/oom_score_adj").write_text("500")
    gc.freeze()  # what is loaded by now stays: looking through it again took a fifth of the time of a PDF
    gc.set_threshold(GARBAGE, 20, 50)  # pages are made of a million objects that stay until the work is done
    connection.send_bytes(READY)
    while True:
        error, made = _made(asked.get(), asked.get())
        connection.send_bytes(json.dumps(error).encode())
        connection.send_bytes(made)


def _listen(connection: Connection, asked: "SimpleQueue[bytes]") -> None:
    while True:
        try:
            asked.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)  # the parent is gone: nobody waits for what is being made


def _made(asked: bytes, body: bytes) -> tuple[list[str] | None, bytes]:
    module, name, given = json.loads(asked)
    work: Any = getattr(import_module(module), name)
    try:
        return None, work(body, given)
    except DaybookError as error:
        return [type(error).__name__, str(error)], b""
    except BaseException as error:  # WeasyPrint, for one, raises errors that would end the process
        said = " ".join(str(error).split())
        return [DaybookError.__name__, f"unexpected {type(error).__name__} in {name}: {said}"], b""
