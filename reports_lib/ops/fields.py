"""The fields of a customer's card that can be changed (MS-13 … MS-17), and what may stand in each.

A field is named as its column, `network:<name>` is the handle in a social network, and `metadata:<key>` one value
of the metadata. Everything is text here; an empty text takes away what stands there.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from reports_lib.delivery.addresses import address
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.values.formats import quoted
from reports_lib.values.geography import countries
from reports_lib.values.selling import NETWORKS, REGISTRATION_STATUSES

BASIC, ADDRESS, SOCIAL, METADATA = "Basic information", "Address information", "Social", "Metadata"
NETWORK, KEY = "network:", "metadata:"  # what names of these two kinds begin with
LINKED = "?"  # the text of a network that is linked and whose handle nobody knows
LONGEST_HANDLE, LONGEST_KEY, LONGEST_VALUE, MOST_KEYS = 100, 100, 2_000, 100
_PHONE = re.compile(r"[+(0-9][0-9 ()./-]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNSEEN = {"Cc", "Cs", "Cn", "Co", "Zl", "Zp"}  # categories of what nobody types: control characters and the like
_TURNING = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # letters behind them lie


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the card: what people call it, the block it stands in, how long it may be, whether it may be empty."""

    label: str
    block: str
    longest: int
    is_needed: bool = False


FIELDS = {
    "registration_status": Field("Registration status", BASIC, 20, is_needed=True),
    "first_name": Field("First name", BASIC, 100),
    "last_name": Field("Last name", BASIC, 100),
    "email": Field("E-mail", BASIC, 254, is_needed=True),
    "phone": Field("Phone", BASIC, 40),
    "birth_date": Field("Date of birth", BASIC, 10),
    "gender": Field("Gender", BASIC, 40),
    "address": Field("Address", ADDRESS, 200),
    "city": Field("City", ADDRESS, 100),
    "state": Field("State", ADDRESS, 100),
    "country": Field("Country", ADDRESS, 2),
}


def label_of(name: str) -> str:
    """What people call a field."""
    if name.startswith(NETWORK):
        network = name.removeprefix(NETWORK)
        return NETWORKS.get(network, network)
    return FIELDS[name].label if name in FIELDS else name.removeprefix(KEY)


def checked(name: str, text: str, today: date) -> str | None:
    """What a field of `FIELDS` becomes by a text that somebody typed, None where that is empty.

    Raises `UnknownNameError` if there is no such field, and `ParameterError` naming it for what cannot stand there.
    """
    if name not in FIELDS:
        raise UnknownNameError.of("field of a customer", name, (*FIELDS, "network:NAME", "metadata:KEY"))
    field, value = FIELDS[name], typed(name, text, FIELDS[name].longest)
    if not value:
        if field.is_needed:
            raise ParameterError(f"{name}: it cannot be empty")
        return None
    if name == "birth_date":
        return _day(value, today)
    return _CHECKS[name](value) if name in _CHECKS else value


def typed(name: str, text: str, longest: int) -> str:
    """A line of text as people mean it; raises `ParameterError` for what no line holds, or too many letters."""
    value = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(sign) in _UNSEEN or sign in _TURNING for sign in value):
        raise ParameterError(f"{name}: take out the control characters, such as tabs and line breaks")
    if len(value) > longest:
        raise ParameterError(f"{name}: {len(value)} letters are too many; at most {longest}")
    return value


def network_of(name: str, known: Mapping[str, object]) -> str:
    """The network that a field is of; raises `UnknownNameError` for one that is neither usual nor `known`."""
    network = name.removeprefix(NETWORK)
    if network not in NETWORKS and network not in known:
        raise UnknownNameError.of("social network", network, {*NETWORKS, *known})
    return network


def metadata_texts(raw: str | None) -> dict[str, str] | None:
    """The values of metadata as people read and type them, by key; None if it is no JSON object."""
    values = parsed(raw)
    return None if values is None else {key: shown(value) for key, value in values.items()}


def parsed(raw: str | None) -> dict[str, Any] | None:
    """The values of metadata by key, none where there is no metadata; None if it is no JSON object."""
    try:
        found = json.loads(raw or "{}", parse_constant=_no_constant)
        # a number may be larger, and a letter another one, than any that can be written again
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def with_metadata(values: Mapping[str, Any], key: str, text: str) -> dict[str, Any]:
    """`values` with one changed to a text that was typed; what is a number, or a yes or no, stays one.

    Raises `ParameterError` naming the key.
    """
    name = f"{KEY}{key}"
    if not typed(name, key, LONGEST_KEY) or key != key.strip():
        raise ParameterError(f"{KEY} name what is to be changed, such as metadata:favourite_team")
    if key in values and text == shown(values[key]):
        return dict(values)
    value = typed(name, text, LONGEST_VALUE)
    if not value:
        return {each: kept for each, kept in values.items() if each != key}
    if key not in values and len(values) >= MOST_KEYS:
        raise ParameterError(f"{name}: {MOST_KEYS} values are all that metadata may have")
    return {**values, key: _like(name, values.get(key), value)}


def shown(value: object) -> str:
    """A value of metadata as text: a text as it is, anything else as JSON has it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _like(name: str, present: object, text: str) -> object:
    if present is None or isinstance(present, str):
        return text
    words = {bool: "true or false", int: "a number", float: "a number", list: "a JSON list", dict: "a JSON object"}
    kind = type(present)
    try:
        value = json.loads(text, parse_constant=_no_constant)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        value = None
    kinds = (int, float) if kind in (int, float) else (kind,)
    if type(value) not in kinds:
        raise ParameterError(f"{name}: {quoted(text)} is not {words[kind]}, as what stands there is")
    return value


def _day(value: str, today: date) -> str:
    try:
        found = date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        found = None
    if found is None or not date(1880, 1, 1) <= found < today:
        raise ParameterError(f"birth_date: {quoted(value)} is not a day of the past such as 1990-05-31")
    return value


def _phone(value: str) -> str:
    if not _PHONE.fullmatch(value) or not 4 <= sum(sign.isdigit() for sign in value) <= 15:
        raise ParameterError(f"phone: {quoted(value)} is not a number such as +44 20 7946 0000")
    return value


def _email(value: str) -> str:
    try:
        return address(value)
    except ParameterError as error:
        raise ParameterError(f"email: {error}") from None


def _country(value: str) -> str:
    if value.upper() not in countries():
        raise ParameterError(f"country: {quoted(value)} is not a code of two letters such as DE (ISO 3166)")
    return value.upper()


def _status(value: str) -> str:
    if value.lower() not in REGISTRATION_STATUSES:
        raise ParameterError(f"registration_status: {quoted(value)} is none of {', '.join(REGISTRATION_STATUSES)}")
    return value.lower()


def _no_constant(text: str) -> None:
    raise ValueError(text)


_CHECKS: dict[str, Callable[[str], str]] = {
    "email": _email,
    "phone": _phone,
    "country": _country,
    "registration_status": _status,
}
