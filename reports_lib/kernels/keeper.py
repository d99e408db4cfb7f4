"""The parent of one kernel: nothing that the kernel starts outlives it.

    zygote ── keeper ── kernel ── whatever a notebook starts

The keeper adopts every orphan among the kernel's descendants, so that a program which moved into a
session of its own is still found. It ends them all when the kernel ends, when whoever asked for
the kernel closes the connection or dies, and when the zygote dies; then it ends itself. The
kernel in turn is killed by the system should the keeper die.

On the connection: first the order (one line of JSON, and the files that become standard output
and standard error); back comes a line with both process ids, and one with the exit code when the
kernel has ended. After its order the asker sends only numbers of signals, a byte each.
"""

import json
import os
import select
import shutil
import signal
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

from reports_lib.kernels.processes import adopt_orphans, die_with_parent, end_descendants, reap

LARGEST = 16 * 2**20  # bytes of an order; a Linux environment is smaller


class Order(NamedTuple):
    """What somebody wants of a new kernel."""

    argv: Sequence[str]  # what follows `python -m ipykernel_launcher`
    environment: dict[str, str]
    cwd: str
    folder: str | None  # is the kernel's own: removed when it has ended

    def sent(self) -> bytes:
        """The order as a line."""
        return json.dumps(self._asdict()).encode() + b"\n"


def keep(connection: socket.socket, zygote: int) -> tuple[Order, list[int]]:
    """Become the keeper of the kernel that is ordered on `connection`.

    Returns only in the kernel's process: the order, and the files for its standard output and error.
    """
    os.setsid()
    adopt_orphans()
    die_with_parent(zygote, signal.SIGTERM)
    keeper = os.getpid()
    order, files = _receive(connection)
    kernel = os.fork()
    if kernel == 0:
        os.setsid()
        die_with_parent(keeper, signal.SIGKILL)
        connection.close()
        return order, files
    try:
        for file in files:
            os.close(file)
        _watch(connection, kernel)
    finally:  # whatever happens in here, nobody is left behind
        end_descendants()
        if order.folder:
            shutil.rmtree(order.folder, ignore_errors=True)
        connection.close()  # which says that everyone is gone; our own end takes some milliseconds
        os._exit(0)


def _receive(connection: socket.socket) -> tuple[Order, list[int]]:
    connection.settimeout(10)
    data, files, _, _ = socket.recv_fds(connection, 65536, 2)
    while not data.endswith(b"\n"):
        more = connection.recv(65536)
        if not more or len(data) > LARGEST:
            os._exit(1)
        data += more
    connection.settimeout(None)
    return Order(**json.loads(data)), files


def _watch(connection: socket.socket, kernel: int) -> None:
    """Pass on signals until the kernel has ended or must end."""
    told: list[int] = []
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda signum, _: told.append(signum))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _say(connection, {"keeper": os.getpid(), "kernel": kernel})
    poll = select.poll()
    for end in (connection, woken):
        poll.register(end, select.POLLIN)
    while not told:
        ended = reap()  # also orphans that we adopted
        if kernel in ended:
            _say(connection, {"code": ended[kernel]})
            return
        ready = {number for number, _ in poll.poll()}
        if woken.fileno() in ready:
            woken.recv(4096)
        if connection.fileno() in ready and not _pass_on(connection, kernel):
            return


def _pass_on(connection: socket.socket, kernel: int) -> bool:
    """Send the kernel's process group the signals that were asked for; False when nobody asks any more."""
    try:
        signals = connection.recv(64)
    except ConnectionError:
        return False
    for signum in signals:
        os.killpg(kernel, signum)  # we have not reaped it, so this is still its group
    return bool(signals)


def _say(connection: socket.socket, words: dict[str, Any]) -> None:
    try:
        connection.sendall(json.dumps(words).encode() + b"\n")
    except OSError:
        return  # the asker is gone, which the next look at the connection tells
