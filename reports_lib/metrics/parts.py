"""Parts of an SMS: one message to its reader, several to the carrier (M-26).

encoding   fits in one   else in each, for a header says how they belong together
gsm7       160           153
ucs2        70            67
"""

import ibis
import ibis.expr.types as ir

SMS, UCS2 = "sms", "ucs2"
EXTENSION = frozenset("|^€{}[]~\\\f")  # two places each in GSM-7: an escape goes before them


def places(text: str, encoding: str) -> int:
    """How many places of an SMS a text takes: the `text_length` to load where the text itself is known."""
    if encoding == UCS2:
        return len(text.encode("utf-16-le")) // 2  # an emoji takes two
    return len(text) + sum(letter in EXTENSION for letter in text)


def parts(message: ir.Table) -> ir.IntegerValue:
    """The parts of each SMS: as the source counts them, else by length and encoding; one if nothing is known."""
    length = message.text_length
    is_wide = message.encoding == UCS2
    alone, in_row = ibis.ifelse(is_wide, 70, 160), ibis.ifelse(is_wide, 67, 153)
    counted = ibis.ifelse(length <= alone, 1, (length + in_row - 1) // in_row)
    return ibis.coalesce(message.parts, counted, 1)


def is_unmeasured(message: ir.Table) -> ir.BooleanValue:
    """Whether the source says neither how many parts an SMS had nor how long it was."""
    return (message.channel == SMS) & message.parts.isnull() & message.text_length.isnull()
