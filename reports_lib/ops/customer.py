"""Customers: one as his card shows him, and a change of it (MS-13 … MS-17).

    card(installation, visitor, 17, now)                         what is there, and its stamp
    plan_edit(card, {"city": "Leeds", "metadata:team": "Ajax"})   before and after; nothing is written
    edit(installation, visitor, wish, 17, given, seen=stamp)      the change made, all of it or nothing

A visitor reaches the customers of his companies; all others are not there for him, in the same words.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Operation
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from reports_lib.ops import settle
from reports_lib.ops.fields import (
    FIELDS,
    KEY,
    LINKED,
    LONGEST_HANDLE,
    NETWORK,
    checked,
    metadata_texts,
    network_of,
    parsed,
    typed,
    with_metadata,
)
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.state import State, is_registered, stamp
from reports_lib.ops.swap import changed_meanwhile, taken
from reports_lib.runs.installation import Installation

if TYPE_CHECKING:  # half a second, for workers that change nobody
    from reports_lib.warehouse.connection import Warehouse

__all__ = ["EDIT", "FIELDS", "Card", "card", "card_in", "edit", "plan_edit", "preview", "refuse_unless_seen"]

EDIT = "edit customer"


@dataclass(frozen=True)
class Card:
    """A customer as he is `at` a moment; everything that can be changed is text, as a form shows it and takes it back.

    `fields` are those of `FIELDS`; `networks` are handles by network, `LINKED` where nobody knows it; `metadata`
    are values by key. A deleted customer has none of them.
    """

    client_id: int
    company: str
    created_at: datetime
    at: datetime
    state: State

    @property
    def name(self) -> str:
        """What lists call him."""
        return str(self.state["name"])

    @property
    def deleted_at(self) -> datetime | None:
        """Since when he is deleted, aware."""
        text = self.state["deleted_at"]
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None

    @property
    def fields(self) -> dict[str, str]:
        """Values by the names of `FIELDS`, empty where there is none."""
        return {name: self.state.get(name) or "" for name in FIELDS}

    @property
    def networks(self) -> dict[str, str]:
        """Handles by network."""
        return {name: handle or LINKED for name, handle in sorted(self.state["networks"].items())}

    @property
    def metadata(self) -> dict[str, str]:
        """Values by key; none where the warehouse has something that is no JSON object."""
        return metadata_texts(self.state.get("metadata")) or {}

    @property
    def texts(self) -> dict[str, str]:
        """Everything that can be given to `plan_edit`, as it now is."""
        networks = {f"{NETWORK}{name}": text for name, text in self.networks.items()}
        return self.fields | networks | {f"{KEY}{name}": text for name, text in self.metadata.items()}

    @property
    def stamp(self) -> str:
        """What tells this card from that of another time."""
        return stamp(self.state)


def card(installation: Installation, visitor: Visitor, client_id: int, now: datetime) -> Card:
    """The customer in the newest data, a deleted one too.

    Raises `UnknownNameError` if the visitor has no such customer, `WarehouseError` and `DatabaseError`.
    """

    with installation.opened(now) as warehouse:
        return card_in(warehouse, visitor, client_id)


def card_in(warehouse: "Warehouse", visitor: Visitor, client_id: int) -> Card:
    """As `card`, in an open warehouse of the whole group."""
    from reports_lib.ops import look

    found = look.read(warehouse, client_id) if abs(client_id) < 2**63 else None
    if found is None or not visitor.owns(found.company):
        raise UnknownNameError(f"there is no customer {client_id}")
    return Card(client_id, found.company, found.created_at, warehouse.as_of, found.state)


def plan_edit(card: Card, given: Mapping[str, str]) -> Change:
    """What the card becomes by texts that somebody typed, by field; nothing is written.

    Raises `UnknownNameError` for a field that there is not, `ParameterError` naming the field for a value that
    cannot stand there or where nothing is changed, `StateError` for a customer who is deleted or never registered.
    """
    if card.deleted_at is not None:
        raise StateError(f"customer {card.client_id} is deleted; undo that before you change anything of him")
    if not is_registered(card.state):
        raise StateError(f"customer {card.client_id} has not registered; there is nothing to change")
    before, after = card.state, dict(card.state)
    new = {name: text for name, text in given.items() if text != card.texts.get(name, "")}
    for name in [each for each in new if not each.startswith((NETWORK, KEY))]:
        after[name] = checked(name, new[name], card.at.date())
    after["networks"] = _networks(card, new)
    after["metadata"] = _metadata(card, new)
    after["name"] = _called(before, after)
    change = _asked(card.client_id, given)
    change = replace(change, before=before, after=after, is_personal=True)
    if not change.changed:
        raise ParameterError(f"nothing of customer {card.client_id} would change: say what shall be different")
    return change


def preview(
    installation: Installation, visitor: Visitor, client_id: int, given: Mapping[str, str], now: datetime
) -> tuple[Card, Change]:
    """The card and what the texts would make of it, the dry run: refused wherever `edit` would be."""

    with installation.opened(now) as warehouse:
        return _planned(warehouse, visitor, client_id, given)


def edit(  # who may reach whom, who asks and when, and what he had seen
    installation: Installation, visitor: Visitor, wish: Wish, client_id: int, given: Mapping[str, str], *, seen: str
) -> Operation:
    """Change the customer whose card had the stamp `seen`; asked again with the same key it is the same operation.

    Raises as `card` and `plan_edit`; `StateError` if somebody has changed him meanwhile, or another customer has
    his new e-mail address; and `WarehouseError` where the warehouse may not be written. Nothing is changed then.
    """

    def plan() -> tuple[Change, str]:
        with installation.opened(wish.at) as warehouse:
            refuse_unless_seen(card_in(warehouse, visitor, client_id), seen)
            found, change = _planned(warehouse, visitor, client_id, given)
        return change, found.company

    return settle.carry_out(installation, visitor, wish, _asked(client_id, given), plan)


def refuse_unless_seen(card: Card, seen: str) -> None:
    """Raise `StateError` if the card is not the one with that stamp."""
    if card.stamp != seen:
        raise StateError(changed_meanwhile(card.client_id))


def _asked(client_id: int, given: Mapping[str, str]) -> Change:
    return Change(EDIT, f"customer {client_id}", dict(given))


def _planned(warehouse: "Warehouse", visitor: Visitor, client_id: int, given: Mapping[str, str]) -> tuple[Card, Change]:
    from reports_lib.ops import look

    found = card_in(warehouse, visitor, client_id)
    change = plan_edit(found, given)
    email = change.after["email"]
    if email != change.before["email"] and look.is_taken(warehouse, client_id, found.company, email):
        raise StateError(taken(email))
    return found, change


def _networks(card: Card, given: Mapping[str, str]) -> dict[str, str | None]:
    found = dict(card.state["networks"])
    for name, text in given.items():
        if name.startswith(NETWORK):
            network, handle = network_of(name, found), typed(name, text, LONGEST_HANDLE)
            found.pop(network, None)
            if handle:
                found[network] = None if handle == LINKED else handle
    return found


def _metadata(card: Card, given: Mapping[str, str]) -> str | None:
    raw: str | None = card.state["metadata"]
    new = {name.removeprefix(KEY): text for name, text in given.items() if name.startswith(KEY)}
    present = parsed(raw)
    if new and present is None:
        raise ParameterError("metadata: what is there is no JSON object; mend it in the system that the rows come from")
    values = present or {}
    for key, text in new.items():
        values = with_metadata(values, key, text)
    if values == (present or {}):
        return raw  # as it was written, to the letter
    return json.dumps(values, ensure_ascii=False) if values else None


def _called(before: State, after: State) -> str:
    """What lists call him: it follows his names, or his address, where it was made of them."""
    for form in ("{first_name} {last_name}", "{last_name} {first_name}", "{email}"):
        was, now = (form.format_map({name: row[name] or "" for name in FIELDS}).strip() for row in (before, after))
        if was and was == before["name"]:
            return now or str(before["name"])
    return str(before["name"])
