"""A customer's rows as one JSON value: what operations keep of before and after, compare and put back.

name, deleted_at                    of `client`
registration_status … metadata      of `client_profile`, each column as it is; absent where he has no profile
networks                            of `client_social`: handles by network
ips, raw                            only of a deletion: addresses by session, gateways' answers by payment
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from reports_lib.errors import StateError
from reports_lib.ops.fields import FIELDS

State = dict[str, Any]
Row = Mapping[str, Any]

CLIENT = ("name", "deleted_at")
PROFILE = (*FIELDS, "metadata")
TRACES = ("ips", "raw")


def of_rows(client: Row, profile: Row | None, social: Iterable[Row]) -> State:
    """The state that these rows are; raises `StateError` if it cannot be kept."""
    handles: dict[str, str | None] = {row["network"]: row["handle"] for row in social}
    found: State = {name: _plain(client[name]) for name in CLIENT}
    if profile is not None:
        found |= {name: _plain(profile[name]) for name in PROFILE}
    if any("\0" in (text or "") for text in (*found.values(), *handles, *handles.values())):
        raise StateError("a row of the customer holds a character 0; take it out in the system that the rows come from")
    return found | {"networks": handles}


def is_registered(state: State) -> bool:
    """Whether there is a profile."""
    return "email" in state


def without_traces(state: State) -> State:
    """What his card shows of it."""
    return {name: value for name, value in state.items() if name not in TRACES}


def stamp(state: State) -> str:
    """SHA-256, to tell whether anything has changed since it was seen."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _plain(value: date | str | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value  # a datetime is a date too
