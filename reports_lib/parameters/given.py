"""What may be given for a parameter, before its kind is asked what it means."""

import re
import unicodedata

from reports_lib.errors import ParameterError
from reports_lib.values.formats import quoted

Given = str | int | bool | list[str]
"""The only things that are read as a value, and the only ones that are ever put into a notebook."""

RESERVED = "query"  # of a saved set: what is said of the set itself; no parameter is called that
LONGEST = 1_000  # characters of one text
MOST = 1_000  # values of one list
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they reorder the text around them


def one(given: object) -> str:
    """The text of a single value; raises `ParameterError` if it is a list, too long or not fit to be shown."""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, int):
        given = str(given)
    if not isinstance(given, str):
        raise ParameterError("takes one text, not a list" if isinstance(given, list) else "takes text")
    if len(given) > LONGEST:
        raise ParameterError(f"{quoted(given)} is longer than {LONGEST} characters")
    if _BIDI.search(given) or any(unicodedata.category(c) in ("Cc", "Cs") for c in given):
        raise ParameterError(f"{quoted(given)} holds a control character")
    return given


def several(given: object) -> list[str]:
    """The texts of a list as they are, or those between the commas of a text; empty ones fall out.

    Raises `ParameterError` if there are too many, or one is not fit to be shown.
    """
    texts = [one(text) for text in given] if isinstance(given, list) else [t.strip() for t in one(given).split(",")]
    if len(texts) > MOST:
        raise ParameterError(f"has more than {MOST} values")
    return [text for text in texts if text.strip()]
