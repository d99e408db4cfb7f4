"""The query form as a value: its three blocks (JD-02), their fields, what stands in each and what is wrong with it.

It is made of the family's schema, of what was entered and of the faults found; a template draws it.
"""

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reports_lib.parameters.kinds import (
    Choice,
    Choices,
    CurrencyKind,
    FlagKind,
    IntervalKind,
    TimeZoneKind,
    WholeKind,
)
from reports_lib.parameters.options import Option
from reports_lib.parameters.schema import Parameter, Schema
from reports_lib.portal.ask.entered import Entered
from reports_lib.portal.ask.span import Span
from reports_lib.portal.language import _

GROUP_BY, OUTPUT = "Group by", "Output"  # sections that are blocks of their own; all others are groups of filters
ABBREVIATIONS = ("fx", "id", "ip", "url", "utc", "vat", "cdr", "xdr", "ott", "asr", "acd", "pdd")
FEW = 12  # options up to this many are all shown
ENDLESS = 2**63  # no bound that a person would be told of

Labels = Callable[[str, Sequence[str]], Sequence[Option]]
"""From a lookup and values picked of it to these with what people read."""


@dataclass(frozen=True)
class Field:
    """One field. `texts` stand in it; `options` are what there is to choose, or what of a lookup is picked."""

    name: str
    label: str
    help: str
    control: str  # which macro of the template draws it
    texts: Sequence[str]
    options: Sequence[Option] = ()
    fault: str = ""
    lack: str = ""  # why nothing can be entered
    default: str = ""  # what stands in it when it is picked
    span: Span | None = None
    low: int | None = None
    high: int | None = None
    is_required: bool = False
    is_many: bool = False
    is_fixed: bool = False  # a filter that is always there
    is_shown: bool = True  # one that is not waits in the menu

    @property
    def text(self) -> str:
        """What stands in it, in one line."""
        return ", ".join(self.texts)

    @property
    def values(self) -> list[str]:
        """The values there are to choose."""
        return [option.value for option in self.options]

    @property
    def picked(self) -> list[dict[str, str]]:
        """What is picked, with its words, as a script takes it."""
        words = {option.value: option.label for option in self.options}
        return [{"value": text, "label": words.get(text, text)} for text in self.texts if text]

    @property
    def is_on(self) -> bool:
        """Of a tick: whether it is there."""
        return self.text.casefold() in ("yes", "true", "on", "1")

    @property
    def written(self) -> str:
        """What is picked as it can be typed: by its words where they say which it is."""
        words = {option.value: option.label for option in self.options}
        is_plain = all("," not in label for label in words.values())
        return ", ".join(words.get(text, text) if is_plain else text for text in self.texts)


@dataclass(frozen=True)
class Group:
    """Fields under one heading."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Form:
    """The blocks."""

    filters: tuple[Group, ...]
    group_by: tuple[Field, ...]
    output: tuple[Field, ...]

    def __iter__(self) -> Iterator[Field]:
        for group in self.filters:
            yield from group.fields
        yield from self.group_by
        yield from self.output

    @property
    def fixed(self) -> list[Field]:
        """Filters that are always there: the period, and the zone in which its days begin (JD-08, JD-09)."""
        return [field for group in self.filters for field in group.fields if field.is_fixed]

    @property
    def optional(self) -> list[Group]:
        """Filters that may be picked, in their groups (JD-04, JD-14)."""
        kept = (Group(g.title, tuple(f for f in g.fields if not f.is_fixed)) for g in self.filters)
        return [group for group in kept if group.fields]


def form(
    schema: Schema, entered: Entered, faults: Mapping[str, str], labels: Labels, lacking: Container[str] = ()
) -> Form:
    """The form of a family with what was entered and what is wrong with it, by the names of its fields.

    Where something would be picked of a lookup that is `lacking` everything, and is not, nothing can be entered,
    and the field says why (TW-84).
    """
    sections: dict[str, list[Field]] = {}
    for parameter in schema:
        field = _field(parameter, entered, faults.get(parameter.name, ""), labels)
        if parameter.kind.lookup in lacking and not field.text:
            is_shown = field.is_fixed or bool(field.fault)
            field = replace(field, lack=nothing_of(parameter.kind.lookup), is_shown=is_shown)
        sections.setdefault(parameter.section or "Filters", []).append(field)
    return Form(
        filters=tuple(
            Group(_(title), tuple(fields)) for title, fields in sections.items() if title not in (GROUP_BY, OUTPUT)
        ),
        group_by=tuple(sections.get(GROUP_BY, ())),
        output=tuple(sections.get(OUTPUT, ())),
    )


def label(name: str) -> str:
    """A parameter's name as people read it."""
    words = name.replace("_", " ").capitalize().split()
    said = " ".join(word.upper() if word.lower() in ABBREVIATIONS else word for word in words)
    return _(said)


def nothing_of(lookup: str) -> str:
    """Why nothing can be picked of a lookup."""
    said = {
        "bot": _("There is no bot yet."),
        "chat": _("There is no chat yet."),
        "client_tag": _("No client has a tag yet."),
        "company": _("There is no company yet."),
        "operator": _("There is no operator yet."),
        "operator_group": _("There is no operator group yet."),
        "owner_user": _("There is no user yet."),
        "package": _("There is no package yet."),
    }
    return said.get(lookup) or _("There is nothing to choose from yet.")


def help_of(parameter: Parameter) -> str:
    """What its notebook says of a parameter, without the name that stands beside it already."""
    if not parameter.help:
        return ""
    said = _(parameter.help)
    lead = re.match(rf"{re.escape(label(parameter.name))}\s*[:;]\s*", said, re.IGNORECASE)
    return said[lead.end()][:1].upper() + said[lead.end() + 1 :] if lead and lead.end() < len(said) else said


def control(parameter: Parameter) -> str:
    """How a parameter is entered."""
    kind = parameter.kind
    match kind:
        case IntervalKind():
            return "span"
        case FlagKind():
            return "flag"
        case WholeKind():
            return "whole"
        case TimeZoneKind() | CurrencyKind():
            return "picker"
        case Choice() | Choices():
            many = len(kind.source.fixed) > FEW
            return "picker" if kind.lookup or many else "pills" if kind.is_list else "choice"
    return "line"


def _field(parameter: Parameter, entered: Entered, fault: str, labels: Labels) -> Field:
    kind, texts, drawn = parameter.kind, entered.texts(parameter), control(parameter)
    options: Sequence[Option] = ()
    if drawn in ("pills", "choice"):
        options = [Option(option.value, _(option.label)) for option in kind.options() or ()]
    elif kind.lookup and any(texts):
        options = labels(kind.lookup, texts)
    is_fixed = isinstance(kind, IntervalKind | TimeZoneKind)
    low, high = (kind.low, kind.high) if isinstance(kind, WholeKind) else (-ENDLESS, ENDLESS)
    return Field(
        name=parameter.name,
        label=label(parameter.name),
        help=help_of(parameter),
        control=drawn,
        texts=texts,
        options=options,
        fault=fault,
        default=default if isinstance(default := parameter.default, str) else "",
        span=entered.spans.get(parameter.name, Span.of(texts[0] if texts else "")) if drawn == "span" else None,
        low=low if low > -ENDLESS else None,
        high=high if high < ENDLESS - 1 else None,
        is_required=parameter.required,
        is_many=kind.is_list,
        is_fixed=is_fixed,
        is_shown=is_fixed or bool(fault) or parameter.name in entered.picked,
    )
