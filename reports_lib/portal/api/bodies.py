"""What the API takes: fields that are not named here are refused, and nothing is read as another type than it is."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

from reports_lib.portal.charts.choice import MOST_COLUMNS, MOST_SERIES
from reports_lib.portal.charts.choice import NAME as LONGEST_COLUMN
from reports_lib.portal.charts.choice import TITLE as LONGEST_TITLE
from reports_lib.portal.charts.templates import NAME as LONGEST_CHART

MOST = 100  # of formats, addresses and parameters
LONGEST = 2_000  # letters of any one text; what is told of each field is stricter


def _value(given: object, read: Callable[[object], Any]) -> Any:  # noqa: ANN401  whatever the type is
    try:
        return read(given)
    except ValidationError:
        raise PydanticCustomError("value", "takes a text, a whole number, true or false, or a list of texts") from None


Text = Annotated[str, Field(max_length=LONGEST)]
Name = Annotated[str, Field(max_length=200)]
Value = Annotated[str | int | bool | list[str], WrapValidator(_value)]
Values = Annotated[dict[Name, Value], Field(max_length=MOST)]
Texts = Annotated[list[Text], Field(max_length=MOST)]


class In(BaseModel):
    """A body."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Listed(BaseModel):
    """Which runs are listed; moments are of the workspace's time zone where they do not say."""

    state: Literal["all", "generated", "generating", "error"] = "all"
    q: Annotated[str, Field(max_length=200, description="Words that are all in the name.")] = ""
    since: Annotated[str, Field(max_length=40, description="Such as 2026-11-01T08:00; inclusive.")] = ""
    until: Annotated[str, Field(max_length=40, description="Exclusive.")] = ""
    before: Annotated[str, Field(max_length=40, description="The `next` of an answer.")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class Ask(In):
    """A report to be made."""

    family: Name
    parameters: Values = Field(default_factory=dict, description="By name; what is left out is as the notebook says.")
    query: Name = Field("", description="A saved query of the family, whose parameters these are changes to.")
    name: Text = Field("", description="What lists call the report.")
    formats: Texts | None = Field(None, description="The first is waited for. By default the query's, or html.")
    send_to: Texts = Field(default_factory=list, description="Addresses; a web page is not sent by mail.")
    as_of: Name = Field("", description="The moment that counts as now, such as 2026-11-01T12:00Z; by default, now.")
    run_key: Name = Field("", description="Sent twice with one key and the same content it is one run.")


class MakeLink(In):
    """A link to be made."""

    audience: Literal["any_user", "company", "named", "public"] = "any_user"
    company: Name = Field("", description="Its id, for the audience `company`.")
    readers: Texts = Field(default_factory=list, description="Names of users, for the audience `named`.")
    until: Name = Field("", description="The last day, such as 2026-12-31, in the report's zone; empty is for ever.")
    sure: bool = Field(False, description="For `public`: whoever has the link may see the report, not signed in.")


class Revoke(In):
    """A link to be ended."""

    token: Name


class KeepQuery(In):
    """What a saved query says."""

    name: Text
    parameters: Values = Field(default_factory=dict)
    note: Annotated[str, Field(max_length=20_000)] = ""
    visibility: Literal["private", "company", "public"] = "private"
    interval: Literal["relative", "fixed"] = Field(
        "relative", description="`fixed` keeps a relative period as the days that it means now."
    )
    formats: Texts = Field(default_factory=lambda: ["html"])
    recipients: Texts = Field(default_factory=list)
    chart: Text = ""
    cron: Name = Field("", description="When it is asked for by itself, such as `0 6 1 * *`; empty is never.")
    time_zone: Name = Field("", description="Of the cron line; empty is the workspace's.")


class NewQuery(KeepQuery):
    """A query to be saved."""

    family: Name


class ChangedQuery(KeepQuery):
    """A query to be replaced by what is sent; what is left out is as in a new one."""

    version: Name = Field("", description="As it was read: refused with 409 if somebody changed it since.")


class RunQuery(In):
    """How a saved query is to be run."""

    send: bool = Field(False, description="Send the report to the query's recipients.")


class Choice(In):
    """What a chart shows."""

    table: Annotated[str, Field(max_length=LONGEST_COLUMN)]
    kind: Literal["line", "bar", "stacked", "area", "pie", "scatter"]
    x: Annotated[str, Field(max_length=LONGEST_COLUMN)]
    y: Annotated[list[Name], Field(min_length=1, max_length=MOST_COLUMNS)]
    by: Annotated[str, Field(max_length=LONGEST_COLUMN)] = ""
    sort: Literal["table", "largest", "smallest", "name"] = "table"
    palette: Literal["daybook", "blue", "warm", "grey"] = "daybook"
    colours: Annotated[dict[Name, Name], Field(max_length=MOST_SERIES)] = Field(
        default_factory=dict, description="By the name of a series, such as #0b5c8a."
    )
    title: Annotated[str, Field(max_length=LONGEST_TITLE)] = ""


class NewChart(In):
    """A chart to be kept."""

    name: Annotated[str, Field(max_length=LONGEST_CHART)]
    choice: Choice
    visibility: Literal["private", "company", "public"] = "private"


class RenamedChart(In):
    """Another name of a chart."""

    name: Annotated[str, Field(max_length=LONGEST_CHART)]
