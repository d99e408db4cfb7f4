"""One short text for all that a zygote has imported: when it changes on disk, so must the zygote."""

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reports_lib.kernels.surroundings import inherited

LIBRARY = Path(__file__).parents[1]


def fingerprint() -> str:
    """16 hexadecimal digits of this library's files, of what is installed, and of our surroundings.

    It looks at names, sizes and times, not at contents, and takes a millisecond or two.
    """
    packages = Path(sysconfig.get_path("purelib"))  # its time changes whenever a package comes or goes
    parts = [
        sys.executable,
        sys.version,
        f"{packages} {packages.stat().st_mtime_ns}",
        *sorted(f"{name}={value}" for name, value in inherited().items()),
        *sorted(_sources(str(LIBRARY))),
    ]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]


def _sources(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sources(entry.path)
            elif entry.name.endswith(".py"):
                with suppress(FileNotFoundError):  # gone since, or an editor's mark that leads nowhere
                    found = entry.stat()
                    yield f"{entry.path} {found.st_size} {found.st_mtime_ns}"
