"""Works that a renderer of the tests is asked for: each breaks it in its own way, or looks around in it."""

import ctypes
import json
import os
import signal
import time
from pathlib import Path

from reports_lib.errors import RowLimitError

hoard = []


def echo(body, given):
    return body[::-1]


def who(body, given):
    time.sleep(given.get("seconds", 0))
    return str(os.getpid()).encode()


def raises(body, given):
    raise RowLimitError("a table has more rows than that")


def raises_another(body, given):
    raise ValueError("two\nlines")


def raises_fatally(body, given):
    from weasyprint.urls import FatalURLFetchingError  # half a second, for this one alone

    raise FatalURLFetchingError("http://evil.example/")


def leaves(body, given):
    raise SystemExit(3)


def crashes(body, given):
    ctypes.string_at(0)


def killed_once(body, given):
    mark = Path(given["mark"])
    if not mark.exists():
        mark.write_text("was here")
        os.kill(os.getpid(), signal.SIGKILL)
    return b"at last"


def hangs(body, given):
    if "mark" in given:
        Path(given["mark"]).write_text(str(os.getpid()))
    time.sleep(600)


def spins(body, given):
    Path(given["mark"]).write_text(str(os.getpid()))
    while True:
        pass


def grows(body, given):
    hoard.append(bytearray(os.urandom(1)) * given["bytes"])
    return str(os.getpid()).encode()


def surroundings(body, given):
    own = Path("/proc/self/environ")
    return json.dumps(dict(os.environ) | {"at start": own.read_text() if own.exists() else ""}).encode()


def modules(body, given):
    import sys

    return json.dumps(sorted(sys.modules)).encode()
