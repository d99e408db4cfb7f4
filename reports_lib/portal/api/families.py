"""The families that can be asked for, their parameters, and what there is to choose."""

from typing import Annotated

from fastapi import Query, Request

from reports_lib.accounts.role import Right
from reports_lib.parameters.kinds import Kind, WholeKind
from reports_lib.parameters.schema import Parameter as Declared
from reports_lib.parameters.schema import Schema
from reports_lib.portal.api import models
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import Name, Words, installation_of
from reports_lib.portal.ask import options as lists
from reports_lib.portal.ask.form import control, help_of, label
from reports_lib.portal.language import _
from reports_lib.portal.reports.rows import families_of

PLAIN = ("choice", "flag", "pills")  # controls that show all there is to choose


def list_families(request: Request) -> models.Families:
    """The families of reports that can be asked for, by name."""
    known = families_of(installation_of(request).workspace)
    return models.Families(families=[models.Family(name=name, **vars(about)) for name, about in known.items()])


def get_family(request: Request, family: Name) -> models.FamilySchema:
    """A family and its parameters: what each takes, what it is by default, and what there is to choose."""
    workspace = installation_of(request).workspace
    schema = Schema.read(workspace.notebook(family))
    about = vars(families_of(workspace)[family])
    return models.FamilySchema(name=family, **about, parameters=[_parameter(each) for each in schema])


def list_options(
    request: Request,
    family: Name,
    parameter: Name,
    q: Words = "",
    limit: Annotated[int, Query(ge=1, le=lists.MOST)] = lists.LIMIT,
) -> models.Options:
    """What can be chosen for a parameter, of the own companies only: those whose label or value contains `q`."""
    found, more = lists.pick(request, family, parameter, q, limit)
    return models.Options(options=[models.Option(value=each.value, label=each.label) for each in found], more=more)


def _parameter(declared: Declared) -> models.Parameter:
    kind = declared.kind
    fixed = kind.options() if control(declared) in PLAIN or not kind.lookup else None
    low, high = (kind.low, kind.high) if isinstance(kind, WholeKind) else (None, None)
    return models.Parameter(
        name=declared.name,
        label=label(declared.name),
        kind=_word(kind),
        section=_(declared.section or "Filters"),
        help=help_of(declared),
        default=declared.default,
        is_required=declared.required,
        is_many=kind.is_list,
        is_looked_up=bool(kind.lookup),
        options=None if fixed is None else [models.Option(value=o.value, label=_(o.label)) for o in fixed],
        low=low,
        high=high,
    )


def _word(kind: Kind[object]) -> str:
    """`IntervalKind` is `interval`, `TimeZoneKind` is `time_zone`, `Choices` is `choices`."""
    name = type(kind).__name__.removesuffix("Kind")
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in name).lower().removeprefix("_")


CALLS = (
    Call("GET", "/families", list_families, Right.ASK, models.Families),
    Call("GET", "/families/{family}", get_family, Right.ASK, models.FamilySchema, refusals=(404,)),
    Call("GET", "/families/{family}/options/{parameter}", list_options, Right.ASK, models.Options, refusals=(404,)),
)
