"""A letter as an e-mail to exactly one address."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from reports_lib.delivery.letter import Letter

POLICY = SMTP.clone(cte_type="7bit")  # every server takes it


def message(letter: Letter, *, sender: str, recipient: str, message_id: str, written_at: datetime) -> EmailMessage:
    """The mail; `sender` and `recipient` are addresses as `address` gives them, nobody else is named in it.

    The same row gives the same mail, but for the borders between its parts.
    """
    mail = EmailMessage(POLICY)
    mail["From"] = _address(sender, "Daybook")
    mail["To"] = _address(recipient)
    mail["Subject"] = letter.subject
    mail["Date"] = written_at
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes back
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for file in letter.files:
        kind, *rest = file.mime.split(";")
        maintype, subtype = kind.strip().split("/")
        charset = dict(part.strip().split("=", 1) for part in rest)
        mail.add_attachment(file.data, maintype, subtype, filename=file.filename, params=charset or None)
    return mail


def _address(text: str, name: str = "") -> Address:
    local, _, domain = text.rpartition("@")
    return Address(name, local, domain)
