"""Parameters as a program gives them, as the texts that a form would have sent."""

from collections.abc import Mapping

from reports_lib.errors import DaybookError
from reports_lib.parameters.given import Given, one
from reports_lib.parameters.schema import Parameter, Schema
from reports_lib.portal.ask.entered import Texts


def texts(schema: Schema, given: Mapping[str, Given]) -> tuple[Texts, dict[str, str]]:
    """The texts of those that can be read, and what is wrong with the others, under `parameters.<name>`."""
    kept: Texts = {}
    faults: dict[str, str] = {}
    for name, value in given.items():
        try:
            kept[name] = _text(schema[name], value)
        except DaybookError as problem:
            faults[f"parameters.{name}"] = str(problem)
    return kept, faults


def given_of(kept: Mapping[str, Given]) -> dict[str, Given]:
    """What was given once, as it is told."""
    return {name: list(map(str, value)) if isinstance(value, list) else value for name, value in kept.items()}


def _text(parameter: Parameter, value: Given) -> str | list[str]:
    if parameter.kind.is_list and isinstance(value, list):
        return list(value)
    return one(value)
