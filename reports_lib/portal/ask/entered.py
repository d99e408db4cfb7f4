"""What somebody has entered in a query form: texts as they are, before anything is known to be right.

Fields of the form itself have a hyphen in their names, or could be taken for a parameter's.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from starlette.datastructures import FormData

from reports_lib.parameters.given import Given, one
from reports_lib.parameters.kinds import FlagKind, IntervalKind
from reports_lib.parameters.schema import Parameter, Schema
from reports_lib.portal.ask.span import Span
from reports_lib.rendering.formats import Format

Texts = dict[str, str | list[str]]
WEB = str(Format.HTML)


@dataclass(frozen=True)
class Entered:
    """The texts of one form.

    `given` are those of parameters, without those that say what they say by themselves. `picked` names
    the parameters whose fields were there. `output` is the format that is waited for, `also` are others.
    """

    given: Texts = field(default_factory=dict)
    picked: frozenset[str] = frozenset()
    spans: Mapping[str, Span] = field(default_factory=dict)
    output: str = WEB
    also: tuple[str, ...] = ()
    send_to: tuple[str, ...] = ()
    name: str = ""
    as_of: str = ""
    set_name: str = ""
    key: str = field(default_factory=lambda: secrets.token_hex(16))

    @classmethod
    def sent(cls, fields: FormData, schema: Schema) -> Self:
        """What a sent form holds."""
        picked = frozenset(p.name for p in schema if p.name in fields)
        texts = {name: str(value) for name, value in fields.items()}
        spans = {p.name: Span.sent(texts, p.name) for p in schema if _is_span(p) and p.name in picked}
        given = {p.name: _sent(p, fields, spans) for p in schema if p.name in picked}
        return cls(
            given={name: text for name, text in given.items() if _says_more(schema[name], text)},
            picked=picked,
            spans=spans,
            output=texts.get("output-type", WEB),
            also=tuple(dict.fromkeys(str(form) for form in fields.getlist("also-as"))),
            send_to=_addresses(str(text) for text in fields.getlist("send-to")),
            name=texts.get("report-name", "").strip(),
            as_of=texts.get("as-of", "").strip(),
            set_name=texts.get("set-name", ""),
            key=texts.get("run-key", "") or secrets.token_hex(16),
        )

    @classmethod
    def begun(cls, schema: Schema, given: Mapping[str, Given]) -> Self:
        """A form that begins with these texts, which must be of parameters that there are."""
        texts: Texts = {}
        for name, value in given.items():
            texts[name] = [str(each) for each in value] if isinstance(value, list) else one(value)
        spans = {p.name: Span.of(_plain(texts.get(p.name, p.default))) for p in schema if _is_span(p)}
        return cls(given=texts, picked=frozenset(texts), spans=spans)

    def with_output(self, formats: Sequence[str], send_to: Sequence[str], name: str) -> Self:
        """The same with an output: the first of `formats` is the one that is waited for."""
        known = [form for form in formats if form in list(Format)] or [WEB]
        return replace(self, output=known[0], also=tuple(known[1:]), send_to=tuple(send_to), name=name)

    def texts(self, parameter: Parameter) -> list[str]:
        """What stands in the parameter's field."""
        value = self.given.get(parameter.name, parameter.default)
        if isinstance(value, list):
            return list(value)
        if parameter.kind.is_list:
            return [text for text in (part.strip() for part in _plain(value).split(",")) if text]
        return [_plain(value)]

    @property
    def formats(self) -> tuple[str, ...]:
        """All formats asked for, that which is waited for first, each once."""
        return tuple(dict.fromkeys((self.output, *self.also)))


def _sent(parameter: Parameter, fields: FormData, spans: Mapping[str, Span]) -> str | list[str]:
    texts = [str(text) for text in fields.getlist(parameter.name)]
    if parameter.name in spans:
        return spans[parameter.name].text
    if parameter.kind.is_list:
        found = [text for text in texts if text.strip()]
        # alone it was typed, with commas between several; what was picked comes after an empty text, and may hold one
        return found[0] if texts == found[:1] and "," in found[0] else found
    return texts[-1]  # a flag sends what it is without its tick first


def _says_more(parameter: Parameter, text: str | list[str]) -> bool:
    """Whether a text says something else than the notebook says by itself; a period is always said."""
    if _is_span(parameter):
        return True
    default = parameter.default
    if isinstance(parameter.kind, FlagKind):
        return text != one(default)
    if isinstance(text, list):
        return text != (default if isinstance(default, list) else [default] if default else [])
    return text.strip() != _plain(default) or isinstance(default, list)


def _addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """One address between commas, semicolons or spaces; none of them can be in one."""
    return tuple(dict.fromkeys(" ".join(texts).replace(",", " ").replace(";", " ").split()))


def _is_span(parameter: Parameter) -> bool:
    return isinstance(parameter.kind, IntervalKind)


def _plain(value: Given) -> str:
    return ", ".join(value) if isinstance(value, list) else one(value)
