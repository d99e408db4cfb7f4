"""A forked kernel, as seen by whoever asked for it: one end of the connection to its keeper."""

import json
import select
import socket
import subprocess
import threading
import time
from contextlib import suppress
from typing import Any

START = 30.0  # seconds that a fork may take


class Forked:
    """A kernel that was forked, in the manner of `subprocess.Popen`: what ends with it is its whole tree."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._heard = b""
        self._gone = False
        self.returncode: int | None = None
        ids = self._line(time.monotonic() + START)
        self.pid: int = ids["kernel"]
        self.keeper: int = ids["keeper"]

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while the kernel runs."""
        with self._lock:
            if self.returncode is None and self._readable(0):
                self._hear()
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code once the kernel has ended; raises `subprocess.TimeoutExpired`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("kernel", timeout or 0)
            self._readable(left)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and its process group, if it has not ended."""
        try:
            self._connection.sendall(bytes([signum]))
        except OSError:
            return

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(15)

    def kill(self) -> None:
        """End the kernel; its keeper then ends the rest."""
        self.send_signal(9)

    def end(self, timeout: float = 10) -> bool:
        """End the kernel and everything that descends from it; whether all of it was gone in `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with suppress(OSError):  # it may be closed already
            self._connection.shutdown(socket.SHUT_WR)
        while not self._gone and (left := deadline - time.monotonic()) > 0:
            if self._readable(left):
                with self._lock:
                    self._hear()
        return self._gone

    def close(self) -> None:
        """Let go of the connection, which ends the kernel too."""
        with self._lock:
            self._gone = True
            self.returncode = -9 if self.returncode is None else self.returncode
            self._connection.close()

    def fileno(self) -> int:
        """What becomes readable when the kernel has ended."""
        return self._connection.fileno()

    def _readable(self, timeout: float | None) -> bool:
        if self._gone:
            return True
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(None if timeout is None else max(timeout, 0) * 1000))

    def _hear(self) -> None:
        """Read what the keeper says; the end of it means that nobody is left."""
        if self._gone or not self._readable(0):
            return
        try:
            heard = self._connection.recv(4096)
        except OSError:
            heard = b""
        self._heard += heard
        self._gone = not heard
        if b"\n" in self._heard:
            self.returncode = json.loads(self._heard.split(b"\n")[0])["code"]
        elif self._gone:  # the keeper was killed, and the kernel with it
            self.returncode = -9

    def _line(self, deadline: float) -> dict[str, Any]:
        while b"\n" not in self._heard:
            self._connection.settimeout(max(deadline - time.monotonic(), 0.001))
            heard = self._connection.recv(4096)
            if not heard:
                raise ConnectionResetError("the zygote ended")
            self._heard += heard
        self._connection.settimeout(None)
        line, self._heard = self._heard.split(b"\n", 1)
        found: dict[str, Any] = json.loads(line)
        return found
