"""The database server: the one that `DAYBOOK_DATABASE_URL` names, or one of our own.

    <home>/data/         the cluster of the embedded server, made on first use
    <home>/socket/       its only door: a Unix socket in a folder that none but its owner may enter
    <home>/password      of the server's owner, for us alone
    <home>/start.lock    held by whoever starts or stops it
    <home>/users.lock    shared by every process that uses it; the last one to leave stops it

`<home>` is `outputs/database`. Postgres refuses to run as root, so for root the server runs as the
system user `daybook`; where that user cannot reach the outputs, or the wheel's binaries, they lie
under `/var/lib/daybook` instead. The rights of folders that are not ours are never changed.

The locks are the kernel's: they end with a process however it ends, so a killed run leaves nothing
behind that a person would have to clear away.
"""

import atexit
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from reports_lib.database.cluster import Cluster
from reports_lib.database.roles import close_database, make_database, make_reader
from reports_lib.database.url import check, name, replaced
from reports_lib.errors import DatabaseError
from reports_lib.workspace import Workspace

DATABASE = "daybook"  # users, runs, links, invoices, the queue
PATIENCE = 60.0  # seconds to wait for another process that starts or stops the server


@dataclass
class _Use:
    """The embedded server as this process holds it."""

    cluster: Cluster
    users: IO[str]
    pid: int = field(default_factory=os.getpid)  # a forked child must not stop its parent's server


_uses: dict[Path, _Use] = {}
_made: dict[tuple[str, str], str] = {}


def database_url(workspace: Workspace) -> str:
    """`postgresql://` address of the workspace's database, as its owner; starts the embedded server.

    Raises `DatabaseError` within seconds if the database cannot be reached. The embedded server runs
    until the last process that asked for it ends.
    """
    if workspace.database_url:
        return _once("given", workspace.database_url, check)
    return _once("embedded", _embedded(workspace), _make_private)


def lake_url(workspace: Workspace) -> str:
    """Address of the database of the lake's catalogue, as its owner; made if absent.

    It stands beside the workspace's database and is called `<name>_lake`.
    """
    return _once("lake", database_url(workspace), _make_lake)


def reader_url(workspace: Workspace) -> str:
    """Address of the lake's catalogue as the role that may read it and nothing else: `daybook_reader`.

    It is called after the database, and has no rights in that database itself, where users and links are.
    """
    role = f"{name(database_url(workspace))}_reader"
    return _once("reader", lake_url(workspace), lambda url: make_reader(url, role))


def stop(workspace: Workspace) -> None:
    """Leave the workspace's embedded server, if this process uses it; it stops if nobody else does."""
    if use := _uses.pop(workspace.outputs, None):
        _made.clear()
        _leave(use)


def _make_private(url: str) -> str:
    made = make_database(replaced(url, dbname=DATABASE), beside=url)
    for address in (url, made):
        close_database(address)
    return made


def _make_lake(url: str) -> str:
    return make_database(replaced(url, dbname=f"{name(url)}_lake"), beside=url)


def _once(what: str, url: str, make: Callable[[str], str]) -> str:
    if (what, url) not in _made:
        _made[what, url] = make(url)
    return _made[what, url]


def _embedded(workspace: Workspace) -> str:
    use = _uses.get(workspace.outputs)
    if use is None or use.pid != os.getpid():
        cluster = Cluster.of(workspace.outputs)
        cluster.make_home()
        use = _Use(cluster, (cluster.home / "users.lock").open("a"))
        atexit.register(stop, workspace)
    with _exclusive(use.cluster):  # a socket answers before its server does: whoever starts it lets go when it is ready
        fcntl.flock(use.users, fcntl.LOCK_SH)
        _uses[workspace.outputs] = use
        if not use.cluster.is_running():
            use.cluster.start()
    return use.cluster.url


def _leave(use: _Use) -> None:
    use.users.close()  # and with it our share of the lock
    if use.pid != os.getpid():
        return
    with _exclusive(use.cluster), (use.cluster.home / "users.lock").open("a") as users:
        if _lock(users, fcntl.LOCK_EX):
            use.cluster.stop()


@contextmanager
def _exclusive(cluster: Cluster) -> Iterator[None]:
    with (cluster.home / "start.lock").open("a") as file:
        deadline = time.monotonic() + PATIENCE
        while not _lock(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise DatabaseError(f"another process has been starting the database in {cluster.home} for a minute")
            time.sleep(0.02)
        yield


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
