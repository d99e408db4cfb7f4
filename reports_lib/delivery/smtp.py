"""Mail by SMTP, one connection for several mails, and patience that ends.

A server that refuses a mail for good (5xx to its sender, recipient or text) has decided about that
mail. Everything else heals or must be mended here: no connection, a 4xx, silence, a wrong password.
After a failed connection, the others of the round are not made to wait for the same.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from threading import Event, Thread
from time import monotonic

from reports_lib.delivery.smtp_url import Server, Tls
from reports_lib.delivery.words import one_line
from reports_lib.errors import DeliveryError

SILENCE = 30.0  # seconds that a server may take over an answer, or over a mail of no size
CONNECTING = 10.0  # seconds for each step on the way to the first mail
RATE = 1_000_000  # bytes a second that a server must take
NEEDS_LOGIN = 530


class Smtp:
    """A mail server; `largest` is the size in bytes of the largest mail that it will be given."""

    def __init__(self, url: str, largest: int = 0, silence: float = SILENCE) -> None:
        self._server = Server.parse(url)
        self._silence = silence
        self._connection: smtplib.SMTP | None = None
        self._down: DeliveryError | None = None
        self.patience = 2 * silence + largest / RATE

    def send(self, message: EmailMessage, sender: str, recipient: str) -> None:
        """Hand the mail over; raises `DeliveryError`. The password is in no message."""
        if self._down:
            raise self._down
        data = message.as_bytes()
        try:
            connection = self._connected(sender)
            with _ending(connection, monotonic() + self._silence + len(data) / RATE):
                connection.sendmail(sender, [recipient], data)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
            code, answer = _answer(error)
            raise self._error(f"{code} {answer}", heals=code < 500 or code == NEEDS_LOGIN) from None
        except (OSError, ValueError) as error:  # smtplib's own errors are OSErrors
            self._down = self._error(_reason(error), heals=True)
            self._drop()
            raise self._down from None

    def close(self) -> None:
        """End the connection in order, and forget that the server was away."""
        self._down = None
        if self._connection:
            with suppress(OSError), _ending(self._connection, monotonic() + CONNECTING):
                self._connection.quit()
            self._drop()

    def _connected(self, sender: str) -> smtplib.SMTP:
        if self._connection and self._connection.sock:
            return self._connection
        host, port, patience = self._server.host, self._server.port, min(CONNECTING, self._silence)
        name = sender.rpartition("@")[2]  # who greets; asking the machine for its name may take long
        if self._server.tls is Tls.ALWAYS:
            context = ssl.create_default_context()
            self._connection = smtplib.SMTP_SSL(host, port, name, timeout=patience, context=context)
        else:
            self._connection = smtplib.SMTP(host, port, name, timeout=patience)
        self._encrypt(self._connection)
        if self._server.user:
            self._connection.login(self._server.user, self._server.password)
        if self._connection.sock:
            self._connection.sock.settimeout(self._silence)
        return self._connection

    def _encrypt(self, connection: smtplib.SMTP) -> None:
        connection.ehlo_or_helo_if_needed()
        if self._server.tls in (Tls.ALWAYS, Tls.OFF):
            return
        if connection.has_extn("starttls"):
            connection.starttls(context=_context(self._server.tls))
            connection.ehlo_or_helo_if_needed()
        elif self._server.tls is Tls.REQUIRE:
            raise ValueError("it offers no TLS; add ?tls=off to DAYBOOK_SMTP_URL if it may go without")

    def _drop(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _error(self, reason: str, *, heals: bool) -> DeliveryError:
        text = one_line(f"mail server {self._server.place}: {reason}", 300)
        return DeliveryError(text.replace(self._server.password or "\0", "…"), can_heal=heals)


@contextmanager
def _ending(connection: smtplib.SMTP, deadline: float) -> Iterator[None]:
    """Cut the connection at `deadline`: a server that answers a letter every few seconds is never silent."""
    done = Event()

    def watch() -> None:
        wait = max(deadline - monotonic(), 0.0)
        while not done.wait(wait):
            wait = 1.0
            with suppress(OSError, AttributeError):
                # past the TLS layer, which another thread is using
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)  # type: ignore[arg-type]

    thread = Thread(target=watch, name="mail patience", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if tls is Tls.OFFERED:  # better than none, as mail servers do among themselves; who it is nobody can say
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _answer(error: smtplib.SMTPException) -> tuple[int, str]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, answer),) = error.recipients.values()
        return code, answer.decode(errors="replace")
    assert isinstance(error, smtplib.SMTPResponseException)
    said = error.smtp_error
    return error.smtp_code, said.decode(errors="replace") if isinstance(said, bytes) else said


def _reason(error: Exception) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"it refuses our user or password ({error.smtp_code})"
        case UnicodeError():
            return "user and password must be plain ASCII"
        case smtplib.SMTPResponseException():
            code, answer = _answer(error)
            return f"{code} {answer}"
        case TimeoutError():
            return "no answer in time"
        case OSError(strerror=str() as reason):
            return reason
    return str(error) or type(error).__name__
