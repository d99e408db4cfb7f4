"""One entry of the schedule, many runs: one for each company, client tag or value that is listed.

    for_each:
      parameter: company                   # a choice that the family declares
      values: all                          # as the warehouse has them at the tick, or a list: [2, 3]
      recipients: {"3": [ops@reseller.example]}

What a recipient is to get is asked for, be it there or not: the run of a value that the warehouse
does not have fails, with a did-you-mean, and its owner is told, while the others are made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.parameters.kinds import Choice, Choices
from reports_lib.parameters.options import Finder, Lookup
from reports_lib.parameters.schema import Parameter, Schema
from reports_lib.values.formats import quoted

KEYS = ("parameter", "values", "recipients")


@dataclass(frozen=True)
class ForEach:
    """The parameter that each run gets another value of; `values` None means all that there are."""

    parameter: Parameter
    values: tuple[str, ...] | None
    recipients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def needs_lookup(self) -> bool:
        """Whether the warehouse must be asked which values there are."""
        return self.values is None and bool(self.parameter.kind.lookup)

    def given(self, value: str) -> str | list[str]:
        """The value as the parameter takes it; in a list, for a text could hold a comma."""
        return [value] if self.parameter.kind.is_list else value

    def each(self, lookup: Lookup | None) -> dict[str, tuple[str, ...]]:
        """Recipients by value: every value there is, and every one that somebody is to get."""
        if self.values is not None:
            return {value: self.recipients.get(value, ()) for value in self.values}
        options = self.parameter.kind.options(lookup) or ()
        finder = Finder(options)
        found: dict[str, tuple[str, ...]] = {option.value: () for option in options}
        for name, addresses in self.recipients.items():
            value = _value(finder, name)
            found[value] = found.get(value, ()) + addresses
        return found


def read_for_each(
    item: object, schema: Schema, recipients: Mapping[str, tuple[str, ...]], given: Mapping[str, object]
) -> ForEach:
    """The `for_each` of an entry that gives `given` besides; its `recipients` are read already.

    Raises `ParameterError` or `UnknownNameError` saying what is wrong with it.
    """
    if not isinstance(item, dict) or not item.get("parameter"):
        raise ParameterError("for_each must be like {parameter: company, values: all}")
    for key in item:
        if key not in KEYS:
            raise UnknownNameError.of("key of for_each", str(key), KEYS)
    parameter = schema[str(item["parameter"])]
    if not isinstance(parameter.kind, Choice | Choices):
        raise ParameterError(f"for_each: {parameter.name} has no options to take one by one")
    if parameter.name in given:
        raise ParameterError(f"for_each: {parameter.name} is given by parameters too; leave it out there")
    values = _values(item.get("values", "all"))
    if values is not None and (stray := [name for name in recipients if name not in values]):
        raise ParameterError(f"for_each: recipients are given of {quoted(stray[0])}, which is not among its values")
    return ForEach(parameter, values, recipients)


def _values(found: object) -> tuple[str, ...] | None:
    if found == "all":
        return None
    if not isinstance(found, list) or not found or not all(isinstance(value, str) and value for value in found):
        raise ParameterError("for_each: values must be all, or a list such as [2, 3]")
    if twice := [value for value in found if found.count(value) > 1]:
        raise ParameterError(f"for_each: {quoted(twice[0])} is listed twice")
    return tuple(found)


def _value(finder: Finder, name: str) -> str:
    try:
        return finder.find(name)
    except ParameterError:
        return name  # its run is to say what is wrong
