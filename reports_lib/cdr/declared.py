"""YAML -> a format, with every mistake named where it stands."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from reports_lib.cdr.declared_terms import Common, check_of, term_of
from reports_lib.cdr.format import NAMES, NONE, TYPES, Format
from reports_lib.cdr.plain import Plain
from reports_lib.cdr.terms import Term, Terms
from reports_lib.errors import SettingError
from reports_lib.values.formats import quoted
from reports_lib.warehouse.tables import TABLES, Table

KEYS = (
    "like",
    "title",
    "table",
    "switch",
    "heading",
    "columns",
    "widths",
    "optional",
    "delimiter",
    "quotes",
    "padded",
    "zone",
    "only",
    "ascending",
    "tests",
    "rows",
)
TRUTHS = {"yes": True, "no": False}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", ",": ",", ";": ";", "\t": "\t", "|": "|"}


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A declared mapping, asked by name; what is wrong is told with the name of the file."""

    where: str
    given: Mapping[str, Plain]

    def text(self, name: str, usual: str = "") -> str:
        found = self.given.get(name, usual)
        if not isinstance(found, str):
            raise SettingError(f"{self.where}: {name} must be one text")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        found = self.given.get(name, [])
        each = [found] if isinstance(found, str) else found
        if not isinstance(each, list) or not all(isinstance(one, str) for one in each):
            raise SettingError(f"{self.where}: {name} must be a list of texts")
        return tuple(str(one) for one in each)

    def mapping(self, name: str) -> Mapping[str, Plain]:
        found = self.given.get(name, {})
        if not isinstance(found, dict):
            raise SettingError(f"{self.where}: {name} must be a mapping")
        return found

    def one_of(self, name: str, known: Iterable[str], usual: str) -> str:
        if (found := self.text(name, usual)) not in (words := list(known)):
            raise SettingError(f"{self.where}: {name} is {quoted(found)}, not {' or '.join(words)}")
        return found


def merged(given: Mapping[str, Plain], base: Mapping[str, Plain]) -> dict[str, Plain]:
    """A declaration on top of another: its own words win; of `rows` and `tests`, each entry alone does."""
    found = dict(base) | dict(given)
    for name in ("rows", "tests"):
        own, others = given.get(name, {}), base.get(name, {})
        if isinstance(own, dict) and isinstance(others, dict):
            found[name] = others | own
    return found


def format_of(name: str, given: Mapping[str, Plain]) -> Format:
    """The format that a mapping declares; raises `SettingError` in one line."""
    sheet = _Sheet(f"cdr/{name}.yaml", given)
    for key in given:
        if key not in KEYS:
            close = get_close_matches(key, KEYS, n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; there is {', '.join(KEYS)}"
            raise SettingError(f"{sheet.where}: there is no {quoted(key)}{hint}")
    table_name = sheet.one_of("table", TABLES, "call")
    table = TABLES[table_name]
    found = Format(
        name=name,
        title=sheet.text("title", name),
        table=table,
        switch=sheet.text("switch", name),
        terms=_terms(sheet, table),
        heading=sheet.one_of("heading", (NONE, NAMES, TYPES), NONE),
        columns=sheet.texts("columns"),
        widths=_widths(sheet),
        optional=frozenset(sheet.texts("optional")),
        delimiter=DELIMITERS[sheet.one_of("delimiter", DELIMITERS, "comma")],
        is_quoted=TRUTHS[sheet.one_of("quotes", TRUTHS, "no")],
        is_padded=TRUTHS[sheet.one_of("padded", TRUTHS, "no")],
        only=tuple(check_of(column, raw, sheet.where) for column, raw in sheet.mapping("only").items()),
        ascending=sheet.texts("ascending"),
    )
    _agree(sheet.where, found)
    return found


def _widths(sheet: _Sheet) -> tuple[int, ...]:
    columns = sheet.texts("columns")
    texts = sheet.texts("widths")
    if not all(re.fullmatch("[1-9][0-9]{0,3}", text) and int(text) <= len(columns) for text in texts):
        raise SettingError(f"{sheet.where}: widths must be numbers up to the {len(columns)} columns")
    return tuple(sorted({int(text) for text in texts})) or (len(columns),)


def _terms(sheet: _Sheet, table: Table) -> Terms:
    common = Common(_zone(sheet), sheet.mapping("tests"))
    known = {column.name: column for column in table.columns}
    found: dict[str, Term] = {}
    for name, raw in sheet.mapping("rows").items():
        where = f"{sheet.where}, rows, {name}"
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise SettingError(f"{where}: table {table.name} has no such column{hint}")
        if raw != "":  # which takes away what the other format says
            found[name] = term_of(raw, known[name], common, where)
    missing = [c.name for c in table.columns if not c.type.nullable and c.name not in found]
    if missing:
        raise SettingError(f"{sheet.where}: rows must say what {', '.join(missing)} of table {table.name} comes of")
    return Terms({column.name: found[column.name] for column in table.columns if column.name in found})


def _zone(sheet: _Sheet) -> ZoneInfo | None:
    name = sheet.text("zone", "UTC")
    try:
        return None if name == "UTC" else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SettingError(f"{sheet.where}: zone {quoted(name)} is not one such as Europe/Kyiv") from None


def _agree(where: str, made: Format) -> None:
    if made.heading == NONE:
        if not made.columns:
            raise SettingError(f"{where}: columns must list the columns of a line, or heading say that the file does")
        if unknown := sorted(made.sources - set(made.columns)):
            raise SettingError(f"{where}: {', '.join(unknown)} is not in columns")
    if len(set(made.columns)) != len(made.columns):
        raise SettingError(f"{where}: a column stands in columns twice")
    times = {column.name for column in made.table.columns if column.type.is_timestamp()}
    if wrong := [name for name in made.ascending if name not in times or name not in made.terms.by_name]:
        raise SettingError(f"{where}: ascending names {', '.join(wrong)}, which is no time of rows")
