"""A worker beside the web: a process of its own, begun anew if it dies, and gone when the web is, however that ends.

It holds the reading end of a pipe whose other end nobody but the web has. The kernel closes that end
with the web, also when it is killed; the worker sees it and leaves in order.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from reports_lib.workspace import Workspace

PATIENCE = 25.0  # seconds that a worker gets to leave in order; more than it takes for itself
FIRST, LONGEST = 1.0, 60.0  # seconds before a worker that died is begun anew: twice as long each time
STEADY = 60.0  # seconds after which one that dies has not died of how it was begun


class Companion:
    """A worker of the workspace, in a `with` statement."""

    def __init__(self, workspace: Workspace, *, quiet: bool = False) -> None:
        settings = {"DAYBOOK_HOME": str(workspace.root), "DAYBOOK_PORT": str(workspace.port)}  # mail names the port
        self._environment = os.environ | settings
        self._command = [sys.executable, "-P", "-m", __name__, "work", *(["--quiet"] if quiet else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="companion", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._ending.set()
        if self._process:
            _end(self._process)
        self._thread.join()

    def _keep(self) -> None:
        wait = FIRST
        while process := self._begun():
            since = time.monotonic()
            code = process.wait()
            wait = FIRST if time.monotonic() - since > STEADY else wait
            if not self._ending.is_set():
                click.echo(f"daybook: the worker ended ({_ended(code)}); another begins in {wait:g} s", err=True)
            self._ending.wait(wait)
            wait = min(wait * 2, LONGEST)

    def _begun(self) -> subprocess.Popen[bytes] | None:
        """A new worker; None if there is to be none any more."""
        with self._lock:
            if self._ending.is_set():
                return None
            # In a session of its own: Ctrl-C is for us, and it is us who tell the worker.
            self._process = subprocess.Popen(  # noqa: S603  # our own program, and nothing of a user's
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # what it has to say it says on standard error
                start_new_session=True,
            )
            return self._process


def tied(*words: str, home: Path) -> subprocess.Popen[bytes]:
    """A command of ours as a process that is gone when we are, however that ends; what it says is said with us."""
    return subprocess.Popen(  # noqa: S603  # our own program, and nothing of a user's
        [sys.executable, "-P", "-m", __name__, *words],
        env=os.environ | {"DAYBOOK_HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
    finally:
        if process.stdin:
            process.stdin.close()


def _ended(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _held() -> int:
    """The pipe on standard input, moved to where no child of ours has it."""
    pipe = os.dup(0)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return pipe


def _leave_with(pipe: int) -> None:
    os.read(pipe, 1)  # nothing is ever written: it returns when the other end is closed
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)


if __name__ == "__main__":
    from reports_lib.cli.main import main

    threading.Thread(target=_leave_with, args=(_held(),), daemon=True).start()
    main()
