"""The codes of coupons: those that people think of, and those that are drawn.

A code is kept in capital letters, as NFKC writes them: no two are alike whatever their letters' case or width, in
any database. A drawn one cannot be guessed: it has 12 of 32 letters, so there are 10^18 of them. Whoever tries a
thousand codes a second for a year, where a million can be redeemed, finds one with a chance of 1 in 36. It holds
nothing that is taken for something else when it is read aloud or typed: no I and no 1, no O and no 0.
"""

import secrets
import unicodedata

from reports_lib.errors import ParameterError
from reports_lib.values.formats import quoted

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 12  # of a drawn code
LEAST, MOST = 3, 40  # letters of one that somebody thinks of
SIGNS = "-_+="

_OF_BYTE = (LETTERS * (256 // len(LETTERS))).encode()  # each letter for as many bytes


def code(text: str) -> str:
    """The code that somebody thought of, as it is kept; raises `ParameterError`."""
    found = normal(text)
    if not LEAST <= len(found) <= MOST:
        raise ParameterError(f"{quoted(text)} does not have {LEAST} to {MOST} letters")
    if not all(map(_is_fit, found)) or unicodedata.combining(found[0]):
        raise ParameterError(f"{quoted(text)} has other signs than letters, digits and {' '.join(SIGNS)}")
    return found


def normal(text: str) -> str:
    """The text as codes are kept, whether it can be one or not."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).upper())


def drawn(quantity: int) -> list[str]:
    """So many codes that nobody can guess, no two of them alike."""
    found: dict[str, None] = {}
    while missing := quantity - len(found):
        letters = secrets.token_bytes(missing * LENGTH).translate(_OF_BYTE).decode()
        found |= dict.fromkeys(letters[at : at + LENGTH] for at in range(0, len(letters), LENGTH))
    return list(found)


def _is_fit(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] in "LM" or category == "Nd" or letter in SIGNS
