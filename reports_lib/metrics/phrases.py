"""Popular phrases: what users and robots say most in chats (TW-101, TW-102, M-35).

Texts are counted in the warehouse, and only those counts are made one phrase here, so what is read from 50 million
messages is at most `MOST_TEXTS` texts of each sender. Where there are more, the rarest are left out, all that are
equally rare, and the result says how rare.

The report is shared, so no number that may be a telephone's or a card's and no e-mail address is in it, nor what
was said once.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.chats import READ
from reports_lib.metrics.dialogues import BOT, USER, Narrowed, bounds, dialogues, picks
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import end, start
from reports_lib.warehouse.statement import Dialect, Tables, slot, statement

TOP = 20
MIN_COUNT = 2
MOST_TEXTS = 20_000  # of each sender
LONGEST = 160  # letters of a phrase that are shown
NUMBER, ADDRESS = "[number]", "[e-mail]"

# in the warehouse, by what every engine takes for the same: each is masked again here, with all that touches it
_NUMBERS = ("[0-9]{5,}", "00000")
_ADDRESSES = ("[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]{2,}", "x@x.xx")
_OPENS = dict(zip(")]}»”’“\"'", "([{«“‘„\"'", strict=True))
_A_NUMBER = re.compile(r"\d(?:[ ()+-]{0,2}\d){4,}")  # five digits or more, as telephone numbers are written too
_AN_ADDRESS = re.compile(r"\S+@\S+")


@dataclass(frozen=True)
class Phrases:
    """The most popular phrases of each sender, and how often a text was said that was too rare to be read; 0: none."""

    user: list[dict[str, Any]]
    bot: list[dict[str, Any]]
    left_out: int

    @property
    def note(self) -> str:
        """What a reader must know of them; empty if nothing."""
        if not self.left_out:
            return ""
        return f"There are so many texts that those which were sent {self.left_out} times or less are not counted."


def phrases(warehouse: Warehouse, asked: Narrowed, most_texts: int = MOST_TEXTS) -> Phrases:
    """The phrases that users and robots sent most in the period, each with the number of its `messages`.

    Raises `WarehouseError` naming all that the warehouse lacks.
    """
    warehouse.check(READ)
    chosen = picks(asked)
    values = chosen | bounds(asked) | {"most_texts": str(most_texts)}
    found = warehouse.ask(texts, frozenset(chosen), values)
    read = [row for row in found if row["text"] is not None]
    return Phrases(
        user=popular((row["text"], row["messages"]) for row in read if row["sender"] == USER),
        bot=popular((row["text"], row["messages"]) for row in read if row["sender"] == BOT),
        left_out=int(max((row["rarer"] or 0 for row in found), default=0)),
    )


def popular(counted: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """The `TOP` phrases of these texts and their counts, those of one count by the alphabet (G-11)."""
    sums: Counter[str] = Counter()
    for text, count in counted:
        sums[phrase(text)] += int(count)  # an engine's sum may be a decimal
    del sums[""]
    ranked = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    return [_row(item) for item in ranked[:TOP] if item[1] >= MIN_COUNT]


def phrase(text: str) -> str:
    """What a text comes to, however it was typed; nothing where it holds no word."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    words = " ".join(plain.split())
    if all(_is_punctuation(letter) or letter == " " for letter in words):
        return ""
    while _is_punctuation(words[-1]) and not _closes(words):
        words = words[:-1].rstrip()
    return _A_NUMBER.sub(NUMBER, _AN_ADDRESS.sub(ADDRESS, words))


def _is_punctuation(letter: str) -> bool:
    return unicodedata.category(letter).startswith("P")


def _closes(words: str) -> bool:
    """Whether the last letter is a bracket or a quotation mark that belongs to one before it."""
    opening = _OPENS.get(words[-1])
    return opening is not None and opening in words[:-1]


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), texts, frozenset())


def texts(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """How often each text was sent by users and by robots: the most frequent ones, or all if they are not too many.

    `rarer` is the count of the most frequent text that is left out; null if none is.
    """
    message = tables("chat_message")
    said = message.filter(
        message.sender.isin((USER, BOT)), message.text != "", message.sent_at >= start(), message.sent_at < end()
    )
    if chosen:
        said = said.semi_join(dialogues(tables, chosen), "session_id")
    raw = said.group_by("sender", "text").aggregate(messages=_.count())  # first, for to mask a text takes time
    masked = raw.mutate(text=raw.text.re_replace(*_NUMBERS).re_replace(*_ADDRESSES))
    counted = masked.group_by("sender", "text").aggregate(messages=_.messages.sum())
    frequency = counted.group_by("sender", "messages").aggregate(texts=_.count())
    falling = ibis.window(group_by="sender", order_by=ibis.desc("messages"), preceding=None, following=0)
    upto = frequency.mutate(upto=frequency.texts.sum().over(falling))
    is_read = upto.upto <= slot("most_texts").cast("int64")
    rarer = upto.group_by("sender").aggregate(rarer=upto.messages.max(where=~is_read))
    kept = counted.semi_join(upto.filter(is_read), ["sender", "messages"])
    return rarer.left_join(kept, "sender").select(rarer.sender, rarer.rarer, kept.text, kept.messages)


def _row(counted: tuple[str, int]) -> dict[str, Any]:
    text, messages = counted
    return {"phrase": text if len(text) <= LONGEST else f"{text[:LONGEST]}…", "messages": messages}
