"""Mails as files of a folder: for trying out, and for places where something else carries them on."""

import os
from email.message import EmailMessage
from pathlib import Path
from secrets import token_hex

from reports_lib.errors import DeliveryError


class Folder:
    """`<outbox>/<message id>.eml`, written whole; a mail sent twice is one file, the first."""

    patience = 5.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Write the mail; raises `DeliveryError`, which heals once the folder can be written."""
        name = str(message["Message-ID"]).strip("<>")
        here, there = self._folder / f".{name}.{token_hex(4)}", self._folder / f"{name}.eml"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if there.exists():
                return
            try:
                _write(here, message.as_bytes())
                here.replace(there)
            finally:
                here.unlink(missing_ok=True)
        except OSError as error:
            reason = f"cannot write the outbox {self._folder}: {error.strerror or error}"
            raise DeliveryError(reason, can_heal=True) from None

    def close(self) -> None:
        """Nothing is kept open."""


def _write(path: Path, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(file, "wb") as stream:  # noqa: PTH123  # a descriptor, not a path
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
