"""How companies bill: `parameters/billing.yaml`, for all of them and for each.

    default:
      tax_rate: "20"          # percent, of charges that say nothing of their tax
      due_days: "14"          # from the invoice's date
      record: auto            # auto: invoices that nothing holds get their number at once; draft: a person does it
    companies:
      "3": {prefix: DC-, language: ru, time_zone: Europe/Kyiv}

Every scalar is the text in the file. What neither names is as in `Settings`; a file that is not there says
nothing. Numbers of a series have no gap, so no two companies may have one prefix, nor one that another has used
before: `record.py` sees to that, as only the invoices tell.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from reports_lib.errors import ParameterError, SettingError, UnknownNameError
from reports_lib.invoicing import number
from reports_lib.invoicing.document import Category, Language
from reports_lib.values.clock import zone
from reports_lib.values.formats import quoted
from reports_lib.workspace import Workspace

Annex = Literal["none", "csv", "pages"]
Recording = Literal["auto", "draft"]
CLIENT_TYPES = ("client", "reseller", "calling_card", "call_shop", "ott_user")


@dataclass(frozen=True, slots=True)
class Settings:
    """How one company bills.

    `tax_rate` (percent) splits charges that say nothing of their tax, and is what invoices say where it is that of
    the charges; None: such charges are held back. `tax_reason` says why no tax is due, where the category asks for
    it. `time_zone` "" is that of the company in the warehouse, else the workspace's. `annex` lists the calls.
    """

    prefix: str = ""  # what numbers begin with
    tax_rate: Decimal | None = None
    tax_category: Category = "S"
    tax_reason: str = ""
    due_days: int = 14
    language: Language = "en"
    generate_empty: bool = False  # an invoice also for a client without a charge (M-61)
    payment_text: str = ""
    annex: Annex = "none"
    record: Recording = "auto"
    time_zone: str = ""
    client_types: tuple[str, ...] = ("client", "reseller")


@dataclass(frozen=True)
class Billing:
    """The settings of all companies."""

    default: Settings = field(default_factory=Settings)
    companies: Mapping[str, Settings] = field(default_factory=dict)

    def of(self, company: str) -> Settings:
        """Those of one company; a company without a prefix of its own is told by its id."""
        found = self.companies.get(company, self.default)
        return found if found.prefix else replace(found, prefix=f"INV{company}-")


def read_billing(workspace: Workspace) -> Billing:
    """The workspace's settings; raises `SettingError` naming the company, the key and why."""
    path = workspace.parameters / "billing.yaml"
    found = _mapping(_loaded(path), path.name)
    if unknown := set(found) - {"default", "companies"}:
        raise SettingError(f"{path.name}: {quoted(min(unknown))} is neither default nor companies")
    default = _settings(found.get("default"), Settings(), f"{path.name}: default")
    named = _mapping(found.get("companies"), f"{path.name}: companies")
    companies = {
        str(company): _settings(each, replace(default, prefix=""), f"{path.name}: company {company}")
        for company, each in named.items()
    }
    if default.prefix:
        raise SettingError(f"{path.name}: default: a prefix is of one company; give it under companies")
    _apart({company: Billing(default, companies).of(company).prefix for company in companies}, path.name)
    return Billing(default, companies)


def _loaded(path: Path) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506  # every scalar stays text
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingError(f"{path.name} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None


def _mapping(found: object, where: str) -> Mapping[str, object]:
    if not isinstance(found or {}, dict):
        raise SettingError(f"{where} must be names with values")
    return found or {}  # type: ignore[return-value]  # keys of YAML's base loader are texts


def _settings(found: object, base: Settings, where: str) -> Settings:
    """`base` with what is given."""
    given = _mapping(found, where)
    known = [each.name for each in fields(Settings)]
    changes: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise SettingError(f"{where}: {UnknownNameError.of('setting', str(key), known)}")
        try:
            changes[key] = _read(key, value)
        except ParameterError as error:
            raise SettingError(f"{where}: {key} {error}") from None
    return replace(base, **changes)


def _read(key: str, value: object) -> object:
    """The value of a setting; raises `ParameterError` with a predicate."""
    if key == "client_types":
        return _types(value)
    if not isinstance(value, str):
        raise ParameterError("must be one text")
    return READERS.get(key, str)(value)


def _types(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ParameterError("must be a list such as [client, reseller]")
    return tuple(_one_of(str(each), CLIENT_TYPES) for each in value)


def _rate(value: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", value) or Decimal(value) > 100:
        raise ParameterError(f"{quoted(value)} is not a percentage such as 20 or 5.5")
    return Decimal(value)


def _days(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", value):
        raise ParameterError(f"{quoted(value)} is not a number of days from 0 to 999")
    return int(value)


def _one_of(value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ParameterError(f"{quoted(value)} is not one of {', '.join(known)}")
    return value


def _zone(value: str) -> str:
    return zone(value).key if value else ""


def _choice(choice: Any) -> Callable[[str], str]:  # noqa: ANN401  a Literal has no type of its own
    return lambda value: _one_of(value, get_args(choice))


def _apart(prefixes: Mapping[str, str], name: str) -> None:
    by_prefix: dict[str, str] = {}
    for company, prefix in prefixes.items():
        if (other := by_prefix.setdefault(prefix.casefold(), company)) != company:  # files may not tell a from A
            raise SettingError(f"{name}: companies {other} and {company} have one prefix {prefix!r}")
    for company, prefix in prefixes.items():  # also of a company that the file does not name
        usual = re.fullmatch("INV([0-9]+)-", prefix, re.IGNORECASE)
        if usual and usual[1] != company:
            raise SettingError(f"{name}: company {company}: prefix {prefix!r} is that of company {usual[1]}")


READERS: Mapping[str, Callable[[str], object]] = {
    "prefix": number.series,
    "tax_rate": _rate,
    "tax_category": _choice(Category),
    "due_days": _days,
    "language": _choice(Language),
    "generate_empty": lambda value: _one_of(value, ("yes", "no")) == "yes",
    "annex": _choice(Annex),
    "record": _choice(Recording),
    "time_zone": _zone,
}
