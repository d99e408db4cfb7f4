"""A mail server on this machine that does what a test tells it to."""

import asyncio
import socket
import ssl
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass
class Peer:
    """What it got, and how it behaves: replies by the step they answer, seconds to sleep, whether to die."""

    replies: dict[str, str] = field(default_factory=dict)  # MAIL, RCPT (or an address), DATA
    hangs: str = ""  # at MAIL, RCPT or DATA
    dies: bool = False  # once it has the text, and before it says so
    got: list = field(default_factory=list)  # envelopes that it took
    sessions: set = field(default_factory=set)
    is_encrypted: list = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        await self._hang("MAIL")
        if "MAIL" in self.replies:
            return self.replies["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        await self._hang("RCPT")
        reply = self.replies.get(address, self.replies.get("RCPT", "250 OK"))
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):
        await self._hang("DATA")
        reply = self.replies.get("DATA", "250 taken")
        if reply.startswith("2"):
            self.got.append(envelope)
            self.sessions.add(session.peer)
            self.is_encrypted.append(session.ssl is not None)
        if self.dies:
            server.transport.abort()
        return reply

    async def _hang(self, step):
        if self.hangs == step:
            await asyncio.sleep(60)

    def url(self, login="", more=""):
        return f"smtp://{login}127.0.0.1:{self.port}{more}"


def serve(peer: Peer, certificate=None, **options) -> Controller:
    """Start it on a free port, with STARTTLS if it has a certificate; the caller stops it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        peer.port = free.getsockname()[1]
    if certificate:
        options["tls_context"] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        options["tls_context"].load_cert_chain(*certificate)
    controller = Controller(peer, "127.0.0.1", peer.port, enable_SMTPUTF8=False, **options)
    controller.start()
    return controller


def knows(password: str):
    """An authenticator that lets in whoever has that password."""
    return lambda server, session, envelope, mechanism, given: AuthResult(
        success=given.password == password.encode(), handled=False
    )
