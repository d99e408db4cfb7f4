"""The form of a card (MS-17): its fields with what was typed, what is wrong with each, and what others put there.

Only what was typed over is given on: a form brings what it showed (`was`), so the same form sent twice asks for the
same, and what it cannot hold to the letter, such as a line break, is not changed by being shown.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from reports_lib.ops.customer import Card
from reports_lib.ops.fields import KEY, NETWORK
from reports_lib.portal.customers.seen import label_of, word_of
from reports_lib.portal.customers.words import ADDRESS, BASIC, STATUSES, country_name
from reports_lib.portal.language import _
from reports_lib.values.geography import countries
from reports_lib.values.selling import NETWORKS

KINDS = {"birth_date": "date", "phone": "tel"}  # of inputs; the rules of an address are ours, not the browser's
FRESH = ("fresh-key", "fresh-value")  # an entry of the metadata that there is not yet


@dataclass(frozen=True)
class Entered:
    """What a form brought: its texts by name, and those that it had shown."""

    texts: Mapping[str, str] = field(default_factory=dict)
    was: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def sent(cls, fields: Mapping[str, str]) -> Self:
        """Of the fields of a form, as they came."""
        texts = {name: _lines(text) for name, text in fields.items() if name not in ("seen", "key", "was")}
        return cls(texts, _texts(fields.get("was", "")))

    @property
    def given(self) -> dict[str, str]:
        """What was typed over, by the names that operations know."""
        names = [name for name in self.texts if name not in FRESH]
        given = {name: self.texts[name] for name in names if self.texts[name] != self.was.get(name, "")}
        key, value = (self.texts.get(name, "").strip() for name in FRESH)
        if key or value:
            given[f"{KEY}{key}"] = value
        return given


@dataclass(frozen=True)
class Field:
    """One field: what it shows, what is kept now, what is wrong with it; `is_others` if that came meanwhile."""

    name: str
    label: str
    typed: str
    kept: str
    fault: str = ""
    is_others: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What the page calls it."""
        return "_".join(self.name.split())

    @property
    def kept_word(self) -> str:
        """What is kept now, as people read it."""
        return word_of(self.name, self.kept)

    @property
    def kind(self) -> str:
        """The type of its input."""
        return KINDS.get(self.name, "text")

    @property
    def is_long(self) -> bool:
        """Whether it takes more than a line."""
        return "\n" in self.typed or len(self.typed) > 80


@dataclass(frozen=True)
class Block:
    """Some fields of the form."""

    title: str
    fields: Sequence[Field]
    hint: str = ""
    is_metadata: bool = False


@dataclass(frozen=True)
class Form:
    """The card with what was entered: where somebody has changed it meanwhile, what was not typed over is his now."""

    card: Card
    entered: Entered = Entered()
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> dict[str, str]:
        """The texts of the card as a form can show them; with them the form says what it showed."""
        return {name: _lines(text) for name, text in self.card.texts.items()}

    @property
    def was(self) -> str:
        """The same to be sent along."""
        return json.dumps(self.kept)

    @property
    def blocks(self) -> Sequence[Block]:
        """All fields."""
        kept = self.kept
        social = [f"{NETWORK}{name}" for name in dict.fromkeys((*NETWORKS, *self.card.networks))]
        metadata = [f"{KEY}{key}" for key in self.card.metadata]
        handles = _("A name there links the network, an empty field unlinks it. “?” is a link whose name is not known.")
        emptied = _("An entry that is emptied is taken away.")
        return (
            Block(_("Basic Information"), [self._field(name, kept) for name in BASIC]),
            Block(_("Address Information"), [self._field(name, kept) for name in ADDRESS]),
            Block(_("Social"), [self._field(name, kept) for name in social], handles),
            Block(_("Metadata"), [self._field(name, kept) for name in metadata], emptied if metadata else "", True),
        )

    @property
    def fresh(self) -> Sequence[str]:
        """What was typed as another entry of the metadata: what it is, and its value."""
        return [self.entered.texts.get(name, "") for name in FRESH]

    @property
    def fresh_fault(self) -> str:
        """What is wrong with it."""
        return self.faults.get(f"{KEY}{self.fresh[0].strip()}", "") if any(self.fresh) else ""

    def _field(self, name: str, kept: Mapping[str, str]) -> Field:
        now, was = kept.get(name, ""), self.entered.was.get(name, "")
        typed = self.entered.texts.get(name, now)
        if typed == was:  # nobody typed over it here
            typed = now
        is_others = bool(self.entered.texts) and was != now
        return Field(name, label_of(name), typed, now, self.faults.get(name, ""), is_others, _options(name, typed, now))


def _options(name: str, *present: str) -> Mapping[str, str]:
    """What can be picked, those that are present too; nothing if it is typed."""
    if name == "registration_status":
        return {status: _(word) for status, word in STATUSES.items()} | {t: word_of(name, t) for t in present if t}
    if name != "country":
        return {}
    known = sorted(((code, country_name(code)) for code in countries()), key=lambda each: each[1].casefold())
    return {"": _("not known"), **dict(known)} | {text: word_of(name, text) for text in present if text}


def _lines(text: str) -> str:
    """A text as browsers send it back: with plain line breaks, and without what is no letter."""
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()


def _texts(text: str) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
