"""Which parameters a family has, and what a request means in them.

    given  {"interval": "last month", "client_tags": "vip"}      text of a form, the command line or a saved set
    values {"interval": Interval(…), "client_tags": ["vip"], …}   typed by the declared kinds, defaults filled in
    literals {"interval": "2024-03-01/2024-03-31", …}             what is put into the notebook, and kept

A request is resolved once, at as-of; resolving its literals again, at any time, gives the same values.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from reports_lib.errors import ParameterError, SettingError, UnknownNameError
from reports_lib.parameters import cell
from reports_lib.parameters.given import Given
from reports_lib.parameters.kinds import Context, IntervalKind, Kind, TimeZoneKind
from reports_lib.parameters.options import Lookup, Option
from reports_lib.values.clock import zone as zone_of
from reports_lib.values.formats import NOTHING

__all__ = ["Option", "Parameter", "Resolved", "Schema"]

_ANY_DAY = datetime.fromisoformat("2024-01-01T00:00:00Z")  # defaults must be readable whenever they are read


@dataclass(frozen=True)
class Parameter:
    """One declared parameter."""

    name: str
    kind: Kind[Any]
    default: Given
    help: str = ""
    section: str = ""

    @property
    def required(self) -> bool:
        """Whether it cannot be left empty (JD-08)."""
        return isinstance(self.kind, IntervalKind) or (self.kind.is_required and self.default != "")

    def value(self, given: Given, context: Context) -> object:
        """The typed value of what is given; raises `ParameterError` naming the parameter."""
        if isinstance(given, str) and not given.strip():
            if self.required:
                example = ", such as last month or 2024-01-01/2024-03-31" if isinstance(self.kind, IntervalKind) else ""
                raise ParameterError(f"{self.name} is required{example}")
            if isinstance(self.kind, TimeZoneKind):
                return context.zone
            return [] if self.kind.is_list else ""
        try:
            return self.kind.parse(given, context)
        except ParameterError as problem:
            raise ParameterError(f"{self.name} {problem}") from None


@dataclass(frozen=True)
class Resolved:
    """What a request means, four ways."""

    asked: dict[str, Given]  # as it was given, defaults left out
    values: dict[str, Any]  # typed
    literals: dict[str, Given]  # plain, absolute, canonical
    labels: dict[str, str]  # for people


@dataclass(frozen=True)
class Schema:
    """The parameters of a family, in the order of its notebook."""

    family: str
    parameters: tuple[Parameter, ...]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def __getitem__(self, name: str) -> Parameter:
        """The parameter of that name; raises `UnknownNameError`."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = [parameter.name for parameter in self.parameters]
        raise UnknownNameError.of(f"parameter of {self.family}", str(name)[:60], known)

    @classmethod
    def read(cls, notebook: Path) -> Self:
        """The schema in the notebook's parameters cell, which is not run.

        Raises `SettingError` naming notebook, line and reason if the cell breaks its contract.
        """
        try:
            declared = cell.declarations(cell.source(notebook))
            parameters = tuple(_parameter(each) for each in declared)
        except cell.CellError as problem:
            where = f"{notebook.name}, parameters cell, line {problem.line}"
            raise SettingError(f"{where}: {problem}") from None
        return cls(notebook.stem, parameters)

    @classmethod
    def of(cls, annotations: Mapping[str, object], defaults: Mapping[str, Any], family: str = "this notebook") -> Self:
        """The schema inside a running notebook, from its own annotations and the values they have now.

        What is annotated with something else than a kind is no parameter.
        """
        found = {name: _annotated(annotation) for name, annotation in annotations.items()}
        return cls(family, tuple(Parameter(n, kind, defaults[n]) for n, kind in found.items() if kind is not None))

    def resolve(
        self, given: Mapping[str, Given], as_of: datetime, options: Lookup | None = None, zone: str = "UTC"
    ) -> Resolved:
        """What `given` means at `as_of`, defaults filled in and looked-up options checked where they can be.

        `zone` is the time zone of reports that name none (G-3).

        Raises `UnknownNameError` for a name that is not declared, so that none else ever reaches a
        notebook, and `ParameterError` for a value that its kind cannot read.
        """
        asked = {self[name].name: value for name, value in given.items()}
        context = Context(as_of, self._zone(asked, as_of, zone_of(zone)), options)
        values = {p.name: p.value(asked.get(p.name, p.default), context) for p in self}
        return Resolved(
            asked=asked,
            values=values,
            literals={p.name: _literal(p, values[p.name]) for p in self},
            labels={p.name: _label(p, values[p.name], context) for p in self},
        )

    def faults(
        self, given: Mapping[str, Given], as_of: datetime, options: Lookup | None = None, zone: str = "UTC"
    ) -> dict[str, str]:
        """What `resolve` would refuse, all of it: by the parameter's name, what is wrong with its value.

        A zone that cannot be read spares the others: they are read in `zone`.
        """
        fallback = zone_of(zone)
        try:
            local = self._zone(given, as_of, fallback)
        except ParameterError:
            local = fallback
        context = Context(as_of, local, options)
        found = {}
        for parameter in self:
            try:
                parameter.value(given.get(parameter.name, parameter.default), context)
            except ParameterError as problem:
                found[parameter.name] = str(problem)
        return found

    def _zone(self, asked: Mapping[str, Given], as_of: datetime, fallback: ZoneInfo) -> ZoneInfo:
        """The report's zone: of its first parameter of that kind, else `fallback` (G-3)."""
        for parameter in self:
            if isinstance(parameter.kind, TimeZoneKind):
                found = parameter.value(asked.get(parameter.name, parameter.default), Context(as_of, fallback))
                assert isinstance(found, ZoneInfo)
                return found
        return fallback


def _literal(parameter: Parameter, value: object) -> Given:
    return "" if value == "" else parameter.kind.literal(value)


def _label(parameter: Parameter, value: object, context: Context) -> str:
    return NOTHING if value == "" else parameter.kind.label(value, context)


def _parameter(declared: cell.Declaration) -> Parameter:
    """A declaration whose default is known to be readable, unless it waits to be looked up."""
    section, bar, text = (part.strip() for part in declared.comment.partition("|"))
    parameter = Parameter(
        declared.name, declared.kind, declared.default, help=text if bar else section, section=section if bar else ""
    )
    if declared.default != "":
        try:
            parameter.value(declared.default, Context(_ANY_DAY, zone_of("UTC")))
        except ParameterError as problem:
            raise cell.CellError(declared.line, f"has a default that is refused: {problem}") from None
    return parameter


def _annotated(annotation: object) -> Kind[Any] | None:
    """The kind that an annotation is, or names if annotations are kept as text."""
    if isinstance(annotation, str):
        try:
            annotation = cell.kind(ast.parse(annotation, mode="eval").body)
        except (SyntaxError, ValueError):
            return None
    return annotation if isinstance(annotation, Kind) else None
