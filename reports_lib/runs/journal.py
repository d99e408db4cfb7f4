"""A worker's log: one line an event, names with values, nothing in it that a terminal would obey."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime

Say = Callable[[str], None]


def on_stderr(line: str) -> None:
    """Write a line where a service manager collects it."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def silent(line: str) -> None:
    """Nobody wants to read it."""


def entry(event: str, **facts: object) -> str:
    """`2026-11-22T09:00:00.125Z run run=12 state=generated`; what is None is left out."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = [f"{name}={_plain(value)}" for name, value in facts.items() if value is not None]
    return " ".join([moment, event, *told])


def _plain(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return json.dumps(safe, ensure_ascii=False) if not safe or set(safe) & set(' "=\\') else safe


class Journal(logging.Handler):
    """Puts what libraries complain of among the lines, one each, without the traceback."""

    def __init__(self, say: Say) -> None:
        super().__init__(logging.ERROR)
        self._say = say
        for name in ("procrastinate", "asyncio"):
            logging.getLogger(name).addHandler(self)
            logging.getLogger(name).propagate = False
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # a database that is away is told once, by us

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        why = record.exc_info[1] if record.exc_info else None
        self._say(entry("complaint", of=record.name, text=record.getMessage().splitlines()[0], why=why and repr(why)))

    def close(self) -> None:
        """Listen no more."""
        for name in ("procrastinate", "asyncio"):
            logging.getLogger(name).removeHandler(self)
            logging.getLogger(name).propagate = True
        super().close()
