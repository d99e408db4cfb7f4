"""Where mail goes: to a server by SMTP, or where none is set to a folder."""

from email.message import EmailMessage
from typing import Protocol

from reports_lib.delivery.addresses import address
from reports_lib.delivery.folder import Folder
from reports_lib.delivery.smtp import Smtp
from reports_lib.errors import ParameterError, SettingError
from reports_lib.workspace import Workspace


class Sender(Protocol):
    """A way out. One thread uses it at a time."""

    patience: float  # seconds: the most that `send` takes, whatever the other side does

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Hand over a mail to exactly one recipient; raises `DeliveryError`, which says whether it can heal."""

    def close(self) -> None:
        """Let go of what is open; the next `send` opens it again."""


def sender_of(workspace: Workspace) -> Sender:
    """The sender that the workspace's settings name; raises `SettingError`."""
    try:
        address(workspace.mail_from)
    except ParameterError as error:
        raise SettingError(f"DAYBOOK_MAIL_FROM: {error}") from None
    return Smtp(workspace.smtp_url, largest=workspace.mail_limit) if workspace.smtp_url else Folder(workspace.outbox)
