"""The part of a declared format that says what one column of the table comes of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from reports_lib.cdr.batch import Place
from reports_lib.cdr.plain import Plain
from reports_lib.cdr.steps import Chosen, Lookup, Pattern, Replaced, Scaled, Step, Without
from reports_lib.cdr.terms import Case, Check, End, Term
from reports_lib.cdr.times import ISO, UNIX, Clock, pattern
from reports_lib.errors import SettingError
from reports_lib.values.formats import quoted
from reports_lib.warehouse.ingest import cells
from reports_lib.warehouse.tables import TABLES, Column

SOURCES = ("column", "value", "identity", "cases")
STEPS = ("pattern", "none", "decimal")
ENDS = ("values", "else", "times", "divide", "round", "time", "zone", "lookup", "unknown")
WORDS = (*SOURCES, *STEPS, *ENDS)
ROUNDINGS = {"up": "towards_infinity", "down": "towards_zero", "half up": "half_towards_infinity"}


@dataclass(frozen=True, slots=True)
class Common:
    """What holds for all terms of a format: the zone of its clock (None is UTC), and tests that have a name."""

    zone: ZoneInfo | None = None
    tests: Mapping[str, Plain] = field(default_factory=dict)


def term_of(raw: Plain, column: Column, common: Common, where: str) -> Term:
    """The term that a text (a column of the file) or a mapping declares; raises `SettingError`."""
    given: Mapping[str, Plain] = {"column": raw} if isinstance(raw, str) else raw if isinstance(raw, dict) else {}
    _known_words(given, where)
    if "cases" in given:
        return Term(cases=_cases(given["cases"], column, common, where))
    if "identity" in given:
        if not column.type.is_int64():
            raise SettingError(f"{where}: only a whole number can be an identity")
        return Term(identity=_texts(given["identity"], f"{where}, identity"))
    end = _end(given, column, common.zone, where)
    if "value" in given:
        constant = _text(given["value"], f"{where}, value")
        if end is None:
            _fits(constant, column, where)
        return Term(constant=constant or None, steps=(), end=end)
    return Term(source=_text(given["column"], f"{where}, column"), steps=_steps(given, where), end=end)


def _known_words(given: Mapping[str, Plain], where: str) -> None:
    if sum(name in given for name in SOURCES) != 1:
        raise SettingError(f"{where}: must be a column of the file, or have one of {', '.join(SOURCES)}")
    for key in given:
        if key not in WORDS:
            close = get_close_matches(key, WORDS, n=1)
            raise SettingError(f"{where}: there is no {quoted(key)}" + (f"; did you mean {close[0]}?" if close else ""))


def check_of(column: str, raw: Plain, where: str) -> Check:
    """What a cell must be: a text, one of a list of texts, `{not: …}` or `{like: regex}`; raises `SettingError`."""
    where = f"{where}, {column}"
    if isinstance(raw, dict):
        if raw.keys() == {"like"}:
            return Check(column, regex=_regex(_text(raw["like"], where), where))
        if raw.keys() == {"not"}:
            return Check(column, _texts(raw["not"], where), is_not=True)
        raise SettingError(f"{where}: must be a text, a list of texts, {{not: …}} or {{like: …}}")
    return Check(column, _texts(raw, where))


def _cases(raw: Plain, column: Column, common: Common, where: str) -> tuple[Case, ...]:
    if not isinstance(raw, list) or not raw:
        raise SettingError(f"{where}: cases must be a list")
    found = []
    for number, each in enumerate(raw, 1):
        at = f"{where}, case {number}"
        if not isinstance(each, dict):
            raise SettingError(f"{at}: must be a mapping")
        checks = _checks(each.get("when", {}), common, at)
        inner = {name: value for name, value in each.items() if name != "when"}
        found.append(Case(checks, term_of(inner, column, common, at)))
    return tuple(found)


def _checks(when: Plain, common: Common, where: str) -> tuple[Check, ...]:
    """Tests of cells, or the name of some that the format lists."""
    if isinstance(when, str):
        if when not in common.tests:
            raise SettingError(f"{where}: tests has no {quoted(when)}")
        when = common.tests[when]
    if not isinstance(when, dict):
        raise SettingError(f"{where}: when must be a mapping of columns to texts, or the name of one of tests")
    return tuple(check_of(name, test, where) for name, test in when.items())


def _steps(given: Mapping[str, Plain], where: str) -> tuple[Step, ...]:
    found: list[Step] = []
    if "pattern" in given:
        found.append(Pattern(_kept(_text(given["pattern"], where), f"{where}, pattern")))
    if "none" in given:
        found.append(Without(_texts(given["none"], f"{where}, none")))
    if "decimal" in given:
        found.append(Replaced(_text(given["decimal"], where), "."))
    return tuple(found)


def _end(given: Mapping[str, Plain], column: Column, zone: ZoneInfo | None, where: str) -> End | None:
    kinds = [name for name in ("values", "lookup", "times", "divide", "time") if name in given]
    if len(kinds) > 1 and kinds != ["times", "divide"]:
        raise SettingError(f"{where}: {' and '.join(kinds)} do not go together")
    if "values" in given:
        return _chosen(given, column, where)
    if "lookup" in given:
        return _lookup(given, column, where)
    if "times" in given or "divide" in given:
        return _scaled(given, column, where)
    if column.type.is_timestamp():
        return _clock(given, zone, where)
    if "time" in given:
        raise SettingError(f"{where}: {column.name} is no time")
    return None


def _chosen(given: Mapping[str, Plain], column: Column, where: str) -> Chosen:
    raw = given["values"]
    if not isinstance(raw, dict) or not raw:
        raise SettingError(f"{where}: values must be a mapping of texts of the file to texts")
    values = {name: _text(value, f"{where}, values, {name}") for name, value in raw.items()}
    other = _text(given["else"], f"{where}, else") if "else" in given else None
    for text in (*values.values(), other or ""):
        _fits(text, column, where)
    return Chosen(values, other)


def _lookup(given: Mapping[str, Plain], column: Column, where: str) -> Lookup:
    if not column.type.is_int64():
        raise SettingError(f"{where}: a lookup gives an id, which {column.name} is not")
    places = []
    for text in _texts(given["lookup"], f"{where}, lookup"):
        table, _, name = text.partition(".")
        known = {c.name: c for c in TABLES[table].columns} if table in TABLES else {}
        if name not in known or len(TABLES[table].key) != 1 or known[TABLES[table].key[0]].type.is_string():
            raise SettingError(f"{where}: lookup {quoted(text)} is not like client.external_id or trunk.name")
        places.append(Place(table, name))
    unknown = given.get("unknown", "reject")
    if unknown not in ("reject", "empty"):
        raise SettingError(f"{where}: unknown is reject or empty")
    if unknown == "empty" and not column.type.nullable:
        raise SettingError(f"{where}: {column.name} cannot be empty, so unknown must be reject")
    return Lookup(tuple(places), unknown == "reject")


def _scaled(given: Mapping[str, Plain], column: Column, where: str) -> Scaled:
    if not (column.type.is_decimal() or column.type.is_int64()):
        raise SettingError(f"{where}: {column.name} is no number")
    times, divide = _text(given.get("times", "1"), where), _text(given.get("divide", "1"), where)
    if not re.fullmatch("-?[1-9][0-9]{0,8}", times) or not re.fullmatch("10{0,9}", divide):
        raise SettingError(f"{where}: times is a whole number, divide 1, 10, 100 and so on")
    if (rounding := given.get("round", "")) not in ("", *ROUNDINGS):
        raise SettingError(f"{where}: round is {', '.join(ROUNDINGS)}")
    return Scaled(Decimal(times).scaleb(1 - len(divide)), ROUNDINGS.get(str(rounding), ""))


def _clock(given: Mapping[str, Plain], zone: ZoneInfo | None, where: str) -> Clock:
    form = _text(given.get("time", ISO), where)
    if form != ISO and form not in UNIX:
        try:
            pattern(form)
        except ValueError as problem:
            known = f"{ISO}, {', '.join(UNIX)} or a pattern such as %d.%m.%Y %H:%M:%S"
            raise SettingError(f"{where}: time {quoted(form)} is not {known}: {problem}") from None
    if "zone" in given:
        try:
            zone = ZoneInfo(_text(given["zone"], where))
        except (KeyError, ValueError, OSError):
            raise SettingError(f"{where}: {given['zone']} is not a zone such as Europe/Kyiv") from None
    return Clock(form, zone)


def _fits(text: str, column: Column, where: str) -> None:
    """Whether the column may hold a text that the format itself gives."""
    try:
        if text:
            cells.value(column, text)
    except ValueError as problem:
        raise SettingError(f"{where}: {problem}") from None


def _kept(regex: str, where: str) -> str:
    """The regular expression, with its one pair of brackets named."""
    found, count = re.subn(r"(?<!\\)\((?!\?)", "(?P<kept>", regex)
    if count != 1:
        raise SettingError(f"{where}: {quoted(regex)} must have one pair of brackets, around what is kept")
    return _regex(found, where)


def _regex(regex: str, where: str) -> str:
    try:
        pc.match_substring_regex(pa.array([""]), regex)
    except pa.ArrowInvalid:
        raise SettingError(f"{where}: {quoted(regex)} is not a regular expression (RE2)") from None
    return regex


def _text(raw: Plain, where: str) -> str:
    if not isinstance(raw, str):
        raise SettingError(f"{where}: must be one text")
    return raw


def _texts(raw: Plain, where: str) -> tuple[str, ...]:
    each = [raw] if isinstance(raw, str) else raw
    if not isinstance(each, list) or not each or not all(isinstance(one, str) for one in each):
        raise SettingError(f"{where}: must be a text or a list of texts")
    return tuple(str(one) for one in each)
