"""Text from anywhere, as one line that a mail can hold."""

import re
import unicodedata

# controls, lone surrogates, ends of lines, and what turns the direction of all that follows (T22)
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_ENCODED = re.compile(r"=(?=\?)")
_LOGIN = re.compile(r"(://)[^\s/@]+@")


def one_line(text: str, most: int = 200) -> str:
    """`text` on one line of at most `most` letters, without what no mail should hold."""
    line = " ".join(_UNFIT.sub(" ", unicodedata.normalize("NFC", text)).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def header(text: str, most: int = 120) -> str:
    """The same for a header: Python's own `email` decodes `=?utf-8?q?…?=`, line ends in it and all, so none is left."""
    return _ENCODED.sub("= ", one_line(text, most))


def without_login(text: str) -> str:
    """`text` without users and passwords of addresses in it."""
    return _LOGIN.sub(r"\1…@", text)
