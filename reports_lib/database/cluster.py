"""One Postgres cluster of our own: made, started and stopped with the binaries of a wheel."""

import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from reports_lib.database.programs import SYSTEM_FOLDER, SYSTEM_USER, copied, installed, login, make_user, reaches, runs
from reports_lib.database.url import build
from reports_lib.errors import DatabaseError

SUPERUSER = "postgres"
LONGEST_SOCKET = 100  # bytes; the kernel takes 107
START_SECONDS = 60
ORPHAN_SECONDS = 5


@dataclass(frozen=True)
class Cluster:
    """A cluster in `home`, run by the programs in `programs` as the system user `user` ("" is ourselves)."""

    home: Path
    programs: Path
    user: str = ""

    @classmethod
    def of(cls, outputs: Path) -> Self:
        """The cluster of a workspace's outputs folder, wherever the server can reach it.

        Raises `DatabaseError` if the wheel with the binaries is missing, or the system user cannot be made.
        """
        home, programs = outputs / "database", installed()
        if os.geteuid() != 0:
            return cls(home, programs)
        make_user()
        outputs.mkdir(parents=True, exist_ok=True)
        if not reaches(outputs):
            home = SYSTEM_FOLDER / sha256(str(outputs).encode()).hexdigest()[:16]
        if not runs(programs):
            programs = copied(programs)
        return cls(home, programs, SYSTEM_USER)

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self.home / "data"

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: beside the data, or in the temporary folder where that path is too long."""
        if len(str(self.home / "socket" / ".s.PGSQL.5432").encode()) <= LONGEST_SOCKET:
            return self.home / "socket"
        return Path(tempfile.gettempdir()) / f"daybook-{sha256(str(self.home).encode()).hexdigest()[:16]}"

    @property
    def url(self) -> str:
        """Address of the cluster's maintenance database, as its superuser, password and all."""
        words = {"user": SUPERUSER, "dbname": "postgres", "host": str(self.socket_folder)}
        return build(words | {"password": self._password()})

    def make_home(self) -> None:
        """Make the home folder; the server's user may pass through it and see nothing."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o711)

    def is_running(self) -> bool:
        """Whether a server answers at the socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket_folder / ".s.PGSQL.5432"))
            except OSError:
                return False
        return True

    def start(self) -> None:
        """Make the cluster if there is none, and start its server; raises `DatabaseError`.

        The caller sees to it that nobody else does the same.
        """
        self._own_folder(self.data)
        self._own_folder(self.socket_folder)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._drop_stale_locks()
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self.socket_folder}' -c max_connections=200"
        log = self.data / "server.log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-o", settings, "-w", "-t", START_SECONDS, "start")

    def stop(self) -> None:
        """Stop the server; its clients are cut off."""
        with suppress(DatabaseError):  # it is gone already
            self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", START_SECONDS, "stop")

    def _initialise(self) -> None:
        # a set-up that was killed half-way leaves files that initdb would stumble over
        for left in self.data.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        # text sorts by code point, as it does in DuckDB: one order of rows on both engines
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        with tempfile.NamedTemporaryFile("w", dir=self.socket_folder) as file:
            file.write(self._password())
            file.flush()
            if self.user:
                os.chown(file.name, pwd.getpwnam(self.user).pw_uid, -1)
            # a password even on a socket of our own: SQL in a notebook could open it as any user
            login = ("-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={file.name}")
            # a random password needs no hashing that is made slow, 2 ms of each connection
            self._run("initdb", "-D", self.data, "--no-instructions", "-c", "scram_iterations=1", *login, *locale)

    def _password(self) -> str:
        file = self.home / "password"
        if not file.exists():
            partial = self.home / "password.partial"
            partial.touch(mode=0o600)
            partial.write_text(secrets.token_hex(24))
            partial.replace(file)
        return file.read_text()

    def _own_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = pwd.getpwnam(self.user).pw_uid if self.user else os.geteuid()
        if os.geteuid() == 0 and folder.stat().st_uid == 0:
            os.chown(folder, owner, pwd.getpwuid(owner).pw_gid)
        if folder.is_symlink() or folder.stat().st_uid != owner:
            raise DatabaseError(f"{folder} belongs to another user; run as that user or choose other DAYBOOK_OUTPUTS")
        folder.chmod(stat.S_IRWXU)

    def _drop_stale_locks(self) -> None:
        # Postgres clears the lock files of a killed server itself, except when its number still stands
        # for something: a dead process that nobody reaps, or another one after the restart of a
        # container, both usual where there is no init. Then it would never start again.
        if not Path("/proc/self/cwd").exists():
            return
        deadline = time.monotonic() + ORPHAN_SECONDS
        while self._is_used():  # by a server whose socket is gone, or by children of a killed one, on their way out
            if time.monotonic() > deadline:
                return
            time.sleep(0.05)
        for left in (self.data / "postmaster.pid", *self.socket_folder.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)

    def _is_used(self) -> bool:
        data = self.data.resolve()
        for folder in Path("/proc").glob("[0-9]*/cwd"):
            with suppress(OSError):  # it ended, or is not of our user and so not of our server
                if folder.readlink() == data:
                    return True
        return False

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        with tempfile.TemporaryFile("w+") as said:  # a pipe would be kept open by the server
            who = login(self.user)
            done = subprocess.run(  # noqa: S603  # our own binaries
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", check=False, **who
            )
            said.seek(0)
            lines = [line for line in [*said.read().splitlines(), *self._last_words()] if line.strip()]
        if done.returncode:
            told = lines[-1].strip() if lines else f"exit code {done.returncode}"
            raise DatabaseError(f"the embedded database cannot {program} in {self.data}: {told}")

    def _last_words(self) -> list[str]:
        with suppress(OSError):
            lines = (self.data / "server.log").read_text(errors="replace").splitlines()
            return [line for line in lines[-50:] if "FATAL" in line][-1:]
        return []
