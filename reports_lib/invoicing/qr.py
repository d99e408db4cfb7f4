"""The code by which a banking app fills in a transfer: EPC069-12 version 002, for euro and an IBAN only."""

import string
import struct
import zlib
from collections.abc import Sequence
from decimal import Decimal

import segno

from reports_lib.invoicing.document import Document

LEAST, MOST = Decimal("0.01"), Decimal("999999999.99")  # what the code can carry
_LETTERS = {letter: str(value) for value, letter in enumerate(string.digits + string.ascii_uppercase)}
_MASK = 2  # any of the eight is allowed; to weigh them all costs four times the rest of the code
_SCALE = 6  # pixels of a module: 220 to the inch on paper
_SPACE = 4  # modules of white around, as ISO 18004 wants


def payment_code(document: Document) -> bytes | None:
    """A PNG of the code for the whole amount due, or None where there is nothing to pay or no such transfer."""
    said = payment_text(document)
    if said is None:
        return None
    code = segno.make_qr(said.encode(), error="m", boost_error=False, mask=_MASK)  # the scheme asks for level M
    return _png(code.matrix)


def payment_text(document: Document) -> str | None:
    """What the code says, a fact a line."""
    supplier = document.supplier
    is_payable = document.currency == "EUR" and not document.draft and LEAST <= document.due <= MOST
    if not is_payable or document.kind == "credit_note" or not is_iban(supplier.bank):
        return None
    bic = compact(supplier.bic)
    return "\n".join(
        (
            "BCD",
            "002",
            "1",  # UTF-8
            "SCT",
            bic if len(bic) in {8, 11} else "",
            _cut(supplier.called, 70),
            compact(supplier.bank),
            f"EUR{document.due:.2f}",
            "",  # no purpose
            "",  # no structured reference: ours are texts
            _cut(document.payment.reference or document.account_number, 70),  # 140 letters, 331 bytes in all
        )
    )


def is_iban(text: str) -> bool:
    """Whether `text` is an IBAN whose check digits are right (ISO 13616: remainder 1 of 97)."""
    iban = compact(text)
    if not (15 <= len(iban) <= 34 and set(iban) <= set(_LETTERS) and iban[:2].isalpha() and iban[2:4].isdigit()):
        return False
    return int("".join(_LETTERS[letter] for letter in iban[4:] + iban[:4])) % 97 == 1


def compact(iban: str) -> str:
    """An IBAN as machines write it: no spaces, capitals."""
    return "".join(iban.split()).upper()


def grouped(iban: str) -> str:
    """An IBAN as people read it: in fours."""
    text = compact(iban)
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _cut(text: str, letters: int) -> str:
    return " ".join(text.split())[:letters]


def _png(rows: Sequence[Sequence[int]]) -> bytes:
    """The modules, true where dark, as eight-bit grey: WeasyPrint takes it in a third of the time of a path."""
    side = (len(rows) + 2 * _SPACE) * _SCALE
    margin, light, dark = (b"\xff" * _SPACE * _SCALE, b"\xff" * _SCALE, b"\x00" * _SCALE)
    blank = b"\x00" + b"\xff" * side  # a line begins with its filter: none
    lines = [blank] * (_SPACE * _SCALE)
    for row in rows:
        lines += [b"\x00" + margin + b"".join(dark if module else light for module in row) + margin] * _SCALE
    lines += [blank] * (_SPACE * _SCALE)
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
