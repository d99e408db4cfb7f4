"""The code by which a banking app fills in a transfer: EPC069-12 version 002, for euro and an IBAN only."""

import string
from decimal import Decimal
from itertools import pairwise

import segno

from reports_lib.invoicing.document import Document

LEAST, MOST = Decimal("0.01"), Decimal("999999999.99")  # what the code can carry
_LETTERS = {letter: str(value) for value, letter in enumerate(string.digits + string.ascii_uppercase)}
_MASK = 2  # any of the eight is allowed; to weigh them all costs four times the rest of the code
_SPACE = 4  # modules of white around, as ISO 18004 wants


def payment_code(document: Document) -> str | None:
    """An SVG of the code for the whole amount due, or None where there is nothing to pay or no such transfer."""
    said = payment_text(document)
    if said is None:
        return None
    code = segno.make_qr(said.encode(), error="m", boost_error=False, mask=_MASK)  # the scheme asks for level M
    return _svg([tuple(map(bool, row)) for row in code.matrix])


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


def _svg(rows: list[tuple[bool, ...]]) -> str:
    """One path of horizontal strokes, in units of a module: half as long to read as a path around them."""
    side = len(rows) + 2 * _SPACE
    strokes = "".join(_stroke(row, _SPACE + y) for y, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path stroke="#000" fill="none" d="{strokes}"/></svg>'
    )


def _stroke(row: tuple[bool, ...], y: int) -> str:
    """The dark modules of `row` as `M4 4.5h7m1 0h3`."""
    path, end = "", -_SPACE
    for start, after in _runs(row):
        path += f"m{start - end} 0h{after - start}" if path else f"M{_SPACE + start} {y}.5h{after - start}"
        end = after
    return path


def _runs(row: tuple[bool, ...]) -> list[tuple[int, int]]:
    """Where dark modules begin and where they have ended."""
    edges = [place for place, (left, right) in enumerate(pairwise((False, *row, False))) if left != right]
    return list(zip(edges[::2], edges[1::2], strict=True))
