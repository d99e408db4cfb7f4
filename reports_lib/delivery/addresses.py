"""E-mail addresses: one text, one address, in plain ASCII (T18).

Only the bare form `ann@example.com` is taken. Names beside it, quoted local parts, comments and
groups are where one text becomes two recipients, and nobody needs them in a list of recipients.
"""

import re
from collections.abc import Iterable, Sequence

import idna

from reports_lib.errors import ParameterError
from reports_lib.values.formats import quoted

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ENCODED = "=?"  # where mail programs begin to decode: no address of a person holds it
LOCAL_LETTERS, DOMAIN_LETTERS, LETTERS = 64, 253, 254  # RFC 5321, 4.5.3.1; two of a path's 256 are its brackets


def address(text: str) -> str:
    """The one address that `text` is, its domain in small ASCII letters (`müller.de` is `xn--mller-kva.de`).

    Raises `ParameterError` for anything else: nothing is trimmed, cut or guessed.
    """
    local, at, domain = text.rpartition("@")
    plain = ascii_domain(domain)
    is_one = at and plain and _LOCAL.fullmatch(local) and _ENCODED not in local and len(local) <= LOCAL_LETTERS
    if not is_one or len(local) + 1 + len(plain) > LETTERS:
        raise ParameterError(f"{quoted(text)} is not one e-mail address such as ann@example.com")
    return f"{local}@{plain}"


def ascii_domain(domain: str) -> str:
    """The domain as the mail system knows it; empty if it is none."""
    try:
        plain = idna.encode(domain, uts46=True).decode() if not domain.isascii() else domain.lower()
    except (idna.IDNAError, UnicodeError):
        return ""
    return plain if _DOMAIN.fullmatch(plain) and len(plain) <= DOMAIN_LETTERS else ""


def allowed(recipient: str, domains: Sequence[str]) -> bool:
    """Whether mail may go to an address: anywhere if no domains are named, else to these and no others.

    A domain does not stand for those below it: `example.com` does not let `mail.example.com` in.
    """
    domain = recipient.rpartition("@")[2]
    return not domains or domain in {ascii_domain(each) for each in domains}


def recipients(texts: Iterable[str], domains: Sequence[str] = ()) -> tuple[str, ...]:
    """The addresses in their order, each once; raises `ParameterError` for one that is none, or not allowed."""
    found = tuple(dict.fromkeys(address(text) for text in texts))
    for each in found:
        if not allowed(each, domains):
            raise ParameterError(f"mail may not go to {each}, only to {', '.join(domains)} (DAYBOOK_MAIL_DOMAINS)")
    return found


def check_sendable(formats: Iterable[str], recipients: Iterable[str]) -> None:
    """Raise `ParameterError` if a report is to be sent that is for the web alone: nothing could be attached (JD-30)."""
    if any(True for _ in recipients) and not {str(form) for form in formats} - {"html"}:
        raise ParameterError("a report for the web alone cannot be sent by mail: add pdf, csv, xlsx or xls")
