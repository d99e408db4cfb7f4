"""The address of a mail server.

smtp://host                       port 25, TLS when the server offers it, as between mail servers
smtp://user:password@host         port 587, TLS or nothing: the password never goes in the clear
smtps://user:password@host        port 465, TLS from the first byte
smtp://…?tls=require              TLS or nothing, also without a password
smtp://…?tls=off                  none, for a server on this machine

Where TLS is required the certificate must be the host's, signed by somebody the machine trusts.
User and password are percent-encoded: `@` is `%40`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from reports_lib.errors import SettingError


class Tls(StrEnum):
    """How far the connection is encrypted."""

    ALWAYS = "always"  # from the first byte
    REQUIRE = "require"  # by STARTTLS, or there is no mail
    OFFERED = "offered"  # by STARTTLS if the server has it
    OFF = "off"


PORTS = {Tls.ALWAYS: 465, Tls.REQUIRE: 587, Tls.OFFERED: 25, Tls.OFF: 25}


@dataclass(frozen=True)
class Server:
    """A mail server and who we are there."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read an address; raises `SettingError`, which does not repeat it, for it may hold a password."""
        try:
            parts = urlsplit(url)
            asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            tls = _tls(parts.scheme, asked.pop("tls", ""), has_password=bool(user))
            if not parts.hostname or asked or parts.path.strip("/") or parts.fragment or not url.isprintable():
                raise ValueError
            return cls(parts.hostname, parts.port or PORTS[tls], tls, user, password)
        except ValueError:
            raise SettingError(
                "DAYBOOK_SMTP_URL must be like smtp://user:password@host:587 or smtps://user:password@host, "
                "with ?tls=require or ?tls=off at the end of a smtp:// one if need be"
            ) from None

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"


def _tls(scheme: str, asked: str, *, has_password: bool) -> Tls:
    if scheme == "smtps" and not asked:
        return Tls.ALWAYS
    if scheme != "smtp" or asked not in ("", Tls.REQUIRE, Tls.OFF):
        raise ValueError(scheme)
    return Tls(asked) if asked else Tls.REQUIRE if has_password else Tls.OFFERED
