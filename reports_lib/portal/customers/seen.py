"""A customer as his pages show him: what he is called, and the blocks of his card (MS-13 to MS-16)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reports_lib.ops.customer import Card
from reports_lib.ops.fields import KEY, LINKED, NETWORK, parsed
from reports_lib.ops.state import is_registered
from reports_lib.portal import language
from reports_lib.portal.customers.address import PATH
from reports_lib.portal.customers.words import (
    ADDRESS,
    BASIC,
    LABELS,
    SHAPES,
    country_name,
    full_name,
    network_name,
    status_word,
)
from reports_lib.portal.language import _


@dataclass(frozen=True)
class Fact:
    """One thing that is known of him, or is not: then its text is empty."""

    label: str
    text: str


@dataclass(frozen=True)
class Block:
    """A part of the card; `nothing` is said where it has no facts."""

    title: str
    facts: Sequence[Fact]
    nothing: str = ""


@dataclass(frozen=True)
class Seen:
    """The card in words."""

    card: Card

    @property
    def url(self) -> str:
        """Its page."""
        return f"{PATH}/{self.card.client_id}"

    @property
    def called(self) -> str:
        """His name, or what stands for it."""
        fields = self.card.fields
        name = full_name((fields["first_name"], fields["last_name"]))
        return name or _("Customer {number}").format(number=self.card.client_id)

    @property
    def email(self) -> str:
        """Where he is written to."""
        return self.card.fields["email"]

    @property
    def is_gone(self) -> bool:
        """Whether he was deleted."""
        return self.card.deleted_at is not None

    @property
    def has_told(self) -> bool:
        """Whether there is anything that he told; of some who were deleted elsewhere there still is."""
        return is_registered(self.card.state)

    @property
    def word(self) -> str:
        """How far the registration is."""
        return status_word(self.card.fields["registration_status"])

    @property
    def shape(self) -> str:
        """The shape of its badge."""
        return SHAPES.get(self.card.fields["registration_status"], "queued")

    @property
    def blocks(self) -> Sequence[Block]:
        """All that can be known of him; nothing where he told nothing, or it was taken away."""
        if not self.has_told:
            return ()
        texts = self.card.texts
        social = [name for name in texts if name.startswith(NETWORK)]
        metadata = [name for name in texts if name.startswith(KEY)]
        return (
            Block(_("Basic Information"), _facts(BASIC, texts)),
            Block(_("Address Information"), _facts(ADDRESS, texts)),
            Block(_("Social"), _facts(social, texts), _("No social network is linked.")),
            Block(_("Metadata"), _facts(metadata, texts), self._no_metadata),
        )

    @property
    def _no_metadata(self) -> str:
        if parsed(self.card.state.get("metadata")) is None:
            return _("What the warehouse has here is no JSON object; it is mended where it comes from.")
        return _("There is nothing more.")


def label_of(name: str) -> str:
    """What a field is called: those of the card in the language of the answer, others as they call themselves."""
    if name.startswith(NETWORK):
        return network_name(name.removeprefix(NETWORK))
    return _(LABELS[name]) if name in LABELS else name.removeprefix(KEY)


def word_of(name: str, text: str) -> str:
    """A value as people read it, "" where there is none."""
    if name == "registration_status":
        return status_word(text)
    if name == "country":
        return country_name(text)
    if name == "birth_date" and text:
        return language.day(date.fromisoformat(text))
    if name.startswith(NETWORK) and text == LINKED:
        return _("linked")
    return text


def _facts(names: Sequence[str], texts: Mapping[str, str]) -> Sequence[Fact]:
    return [Fact(label_of(name), word_of(name, texts[name])) for name in names]
